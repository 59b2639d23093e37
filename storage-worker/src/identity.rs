//! The worker's identity: an Ed25519 key in a file of the base path. Its public half is the peer id and is registered on
//! the chain; its secret half signs receipts. A worker that loses it has to register as a new one.

use meganet_net::Keypair;
use meganet_primitives::receipt::PeerSignature;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The file in the base path: 64 hexadecimal digits, the key's seed.
pub const FILE: &str = "identity.key";

/// Why the identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("cannot {action} {path:?}: {source}")]
    File {
        /// The operation that failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file does not hold a key.
    #[error(
        "{path:?} is not an identity key (64 hexadecimal digits): restore it from a backup; without it this becomes a new worker, and the bond of the old one stays locked"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Other users can read the file.
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

/// Loads the identity in a base path; creates one, readable by its owner only, if there is none.
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

/// Loads the identity in a base path.
///
/// # Errors
/// [`IdentityError`], also if there is none.
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

/// The identity key cannot sign.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the identity key cannot sign ({0}): restore identity.key from a backup")]
pub struct BadKey(String);

/// Signs with an Ed25519 identity.
///
/// # Errors
/// If the key is of another kind.
pub fn sign(identity: &Keypair, message: &[u8]) -> Result<PeerSignature, BadKey> {
    let signature = identity.sign(message).map_err(|error| BadKey(error.to_string()))?;
    let bytes = signature.try_into().map_err(|_| BadKey("it is not an Ed25519 key".to_owned()))?;
    Ok(PeerSignature(bytes))
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
