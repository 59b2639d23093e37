//! Who the worker is: an Ed25519 key in a file of the base path. Its public half is the peer id and is registered on the
//! chain; the other half signs receipts. Lost, the worker is another one.

use meganet_net::Keypair;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The file in the base path: 64 hexadecimal digits, the key's seed.
pub const FILE: &str = "identity.key";

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The system refused.
    #[error("cannot {action} {path:?}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not a key.
    #[error(
        "{path:?} is not an identity key (64 hexadecimal digits): restore it from a backup; removing it makes this a new worker, and the old one's bond stays where it is"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Others can read it.
    #[error("{path:?} can be read by other users of this machine (mode {mode:o}): run chmod 600 on it")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> IdentityError {
    let path = path.to_path_buf();
    move |source| IdentityError::File { action, path, source }
}

/// The identity in a base path; a new one, readable by its owner only, if there is none yet.
///
/// # Errors
/// [`IdentityError`].
pub fn load_or_create(base: &Path) -> Result<Keypair, IdentityError> {
    let path = base.join(FILE);
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(base, &path),
        _ => load_existing(base),
    }
}

/// The identity in a base path.
///
/// # Errors
/// [`IdentityError`], also where there is none.
pub fn load_existing(base: &Path) -> Result<Keypair, IdentityError> {
    let path = base.join(FILE);
    let mode = fs::metadata(&path).map_err(at("read", &path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(IdentityError::Open { path, mode });
    }
    load(&path)
}

fn load(path: &Path) -> Result<Keypair, IdentityError> {
    let text = Zeroizing::new(fs::read_to_string(path).map_err(at("read", path))?);
    let mut seed = Zeroizing::new([0; 32]);
    let malformed = || IdentityError::Malformed { path: path.to_path_buf() };
    hex::decode_to_slice(text.trim(), seed.as_mut()).map_err(|_| malformed())?;
    Keypair::ed25519_from_bytes(seed.as_mut()).map_err(|_| malformed())
}

fn create(base: &Path, path: &Path) -> Result<Keypair, IdentityError> {
    let mut seed = Zeroizing::new(rand::random::<[u8; 32]>());
    let text = Zeroizing::new(format!("{}\n", hex::encode(seed.as_ref())));
    // Under another name first: a crash must not leave half a key.
    let unfinished = base.join(format!("{FILE}.new"));
    let _ = fs::remove_file(&unfinished);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        fs::File::open(base)?.sync_all()
    };
    write().map_err(at("create", path))?;
    tracing::info!(?path, "created a new identity: keep a copy of this file");
    Keypair::ed25519_from_bytes(seed.as_mut()).map_err(|_| IdentityError::Malformed { path: path.to_path_buf() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_for_its_owner_only() {
        let base = tempfile::tempdir().unwrap();
        let first = load_or_create(base.path()).unwrap();
        let mode = fs::metadata(base.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = load_or_create(base.path()).unwrap();
        assert_eq!(first.public(), again.public());
    }

    #[test]
    fn a_damaged_or_open_identity_is_refused_and_not_replaced() {
        let base = tempfile::tempdir().unwrap();
        load_or_create(base.path()).unwrap();
        let path = base.path().join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_create(base.path()).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "abc").unwrap();
        assert!(matches!(load_or_create(base.path()), Err(IdentityError::Malformed { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "abc");
    }
}
