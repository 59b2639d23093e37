//! The worker's identity: an Ed25519 key in a file of the base path. Its public half is the peer id and is registered on
//! the chain; its secret half signs receipts. A worker that loses it has to register as a new one.

use crate::durable;
use meganet_net::Keypair;
use meganet_primitives::receipt::PeerSignature;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
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
    /// There is no such file, and the base path says that there was one.
    #[error(
        "{path:?} is missing: restore it from a backup. Without it this cannot be the worker {peer}; to give that one up, and its bond with it, make a new base path with `meganet-worker init`"
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The peer id of the lost identity.
        peer: String,
    },
    /// There is no such file, but a worker has kept something here before.
    #[error(
        "{path:?} is missing, but {kept:?} belongs to an earlier worker: put its key back from a backup and run `meganet-worker init` again. If the key is lost, so are that worker and its bond: make a new worker in another folder, or move {kept:?} away first"
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// The folder that the earlier worker has left.
        kept: PathBuf,
    },
    /// The file holds another key than the base path was made with.
    #[error(
        "{path:?} is the identity {found}, but this base path belongs to {peer}: restore the right key from a backup"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The peer id of the key in the file.
        found: String,
        /// The peer id of the base path.
        peer: String,
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
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path),
        _ => load_existing(base),
    }
}

/// As [`load_or_create`], but creates none where an earlier worker has left `kept`: its identity is lost, or not put back
/// yet.
///
/// # Errors
/// [`IdentityError`].
pub fn load_or_create_beside(base: &Path, kept: Option<PathBuf>) -> Result<Keypair, IdentityError> {
    let path = base.join(FILE);
    match kept {
        Some(kept) if !path.try_exists().map_err(at("read", &path))? => Err(IdentityError::Lost { path, kept }),
        _ => load_or_create(base),
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

/// Loads the identity that a base path was made with.
///
/// # Errors
/// [`IdentityError`], also if the file is missing or holds another identity.
pub fn load_of(base: &Path, peer_id: &str) -> Result<Keypair, IdentityError> {
    let (path, peer) = (base.join(FILE), peer_id.to_owned());
    if !path.try_exists().map_err(at("read", &path))? {
        return Err(IdentityError::Missing { path, peer });
    }
    let identity = load_existing(base)?;
    let found = identity.public().to_peer_id().to_base58();
    if found == peer { Ok(identity) } else { Err(IdentityError::Foreign { path, found, peer }) }
}

fn load(path: &Path) -> Result<Keypair, IdentityError> {
    let text = Zeroizing::new(fs::read_to_string(path).map_err(at("read", path))?);
    let mut seed = Zeroizing::new([0; 32]);
    let malformed = || IdentityError::Malformed { path: path.to_path_buf() };
    hex::decode_to_slice(text.trim(), seed.as_mut()).map_err(|_| malformed())?;
    Keypair::ed25519_from_bytes(seed.as_mut()).map_err(|_| malformed())
}

fn create(path: &Path) -> Result<Keypair, IdentityError> {
    let mut seed = Zeroizing::new(rand::random::<[u8; 32]>());
    let text = Zeroizing::new(format!("{}\n", hex::encode(seed.as_ref())));
    durable::write(path, text.as_bytes(), 0o600).map_err(at("create", path))?;
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
