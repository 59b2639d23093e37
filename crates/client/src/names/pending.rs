//! Registrations under way, on the disk: encrypted, each durable before the chain sees anything of it.

// The SCALE derive casts the indices of variants.
#![allow(clippy::cast_possible_truncation)]

use super::{NameError, secret::NameKey};
use crate::kept::read_folder;
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::{
    AccountId, BlockNumber,
    hash::Hash,
    name::{Secret, commitment},
};
use meganet_wallet::{PassedOver, files};
use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The first bytes of a file: its format and version.
const MAGIC: &[u8; 4] = b"MGR1";

/// A registration under way.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Pending {
    /// The label.
    pub label: String,
    /// The number of years to register for.
    pub years: u32,
    /// The block at which the secret was made.
    pub born: BlockNumber,
    /// The secret of the commitment.
    pub secret: Secret,
    /// An older commitment to the same label, which is taken back when this one is made.
    pub replaces: Option<Hash>,
}

impl Pending {
    /// A new registration, started at block `born`.
    pub fn new(key: &NameKey, label: &str, years: u32, born: BlockNumber, replaces: Option<Hash>) -> Self {
        Self { label: label.to_owned(), years, born, secret: key.secret(label, born), replaces }
    }

    /// The commitment, which is submitted first.
    pub fn commitment(&self, owner: &AccountId) -> Hash {
        commitment(owner, self.label.as_bytes(), &self.secret)
    }
}

impl std::fmt::Debug for Pending {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pending({}, {} years, since block {})", self.label, self.years, self.born)
    }
}

/// The registrations of one account on one chain: `GENESIS/ACCOUNT/`, a file each.
#[derive(Debug)]
pub struct PendingStore {
    dir: PathBuf,
    key: NameKey,
}

/// Held while a name is being registered.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl PendingStore {
    /// Opens (or makes) the folder of an account.
    ///
    /// # Errors
    /// [`NameError::State`]
    pub fn open(root: &Path, genesis: &Hash, key: NameKey) -> Result<Self, NameError> {
        let store = Self::at(root, genesis, key);
        files::create_private_dir(&store.dir).map_err(NameError::state("make", &store.dir))?;
        Ok(store)
    }

    /// The folder of an account, for reading only: it need not exist.
    pub(super) fn at(root: &Path, genesis: &Hash, key: NameKey) -> Self {
        let dir = root.join(files::short_hex(genesis)).join(files::short_hex(&key.account()));
        Self { dir, key }
    }

    /// The account's key.
    pub fn key(&self) -> &NameKey {
        &self.key
    }

    /// Keeps other processes from registering the same label.
    ///
    /// # Errors
    /// [`NameError::Busy`] or [`NameError::State`].
    pub fn lock(&self, label: &str) -> Result<Lock, NameError> {
        let path = self.path(label).with_extension("lock");
        let file = files::lock(&path).map_err(NameError::state("lock", &path))?;
        file.map(|file| Lock { _file: file }).ok_or(NameError::Busy(path))
    }

    /// Loads the registration of a label. A file that cannot be decrypted counts as missing: its secret can be recovered from the chain.
    ///
    /// # Errors
    /// [`NameError::State`]
    pub fn load(&self, label: &str) -> Result<Option<Pending>, NameError> {
        Ok(self.read(&self.path(label))?.filter(|pending| pending.label == label))
    }

    /// Keeps a registration. It is durable when this returns.
    ///
    /// # Errors
    /// [`NameError::State`]
    pub fn save(&self, pending: &Pending) -> Result<(), NameError> {
        let path = self.path(&pending.label);
        let plain = zeroize::Zeroizing::new(pending.encode());
        let sealed =
            self.key.seal(&plain).ok_or_else(|| NameError::state("encrypt", &path)(ErrorKind::InvalidData.into()))?;
        let bytes = [MAGIC.as_slice(), &sealed].concat();
        files::replace(&path, &bytes).map_err(NameError::state("write", &path))
    }

    /// Removes a registration that is finished or given up, if there is one.
    ///
    /// # Errors
    /// [`NameError::State`]
    pub fn remove(&self, label: &str) -> Result<(), NameError> {
        let path = self.path(label);
        match fs::remove_file(&path) {
            Ok(()) => files::sync_dir_of(&path).map_err(NameError::state("sync", &path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(NameError::state("remove", &path)(error)),
        }
    }

    /// All of them, by label, and the other entries of the folder.
    ///
    /// # Errors
    /// [`NameError::State`] if the folder cannot be listed.
    pub fn all(&self) -> Result<(Vec<Pending>, Vec<PassedOver>), NameError> {
        let read = read_folder(&self.dir, |bytes| self.decode(bytes));
        let (mut all, passed_over) = read.map_err(NameError::state("list", &self.dir))?;
        all.sort_by(|a, b| a.label.cmp(&b.label));
        Ok((all, passed_over))
    }

    fn read(&self, path: &Path) -> Result<Option<Pending>, NameError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(NameError::state("read", path)(error)),
        };
        let pending = self.decode(&bytes);
        if pending.is_none() {
            tracing::debug!(path = %path.display(), "a pending registration cannot be read");
        }
        Ok(pending)
    }

    fn decode(&self, bytes: &[u8]) -> Option<Pending> {
        let plain = bytes.strip_prefix(MAGIC).and_then(|sealed| self.key.open(sealed))?;
        Pending::decode_all(&mut plain.as_slice()).ok()
    }

    fn path(&self, label: &str) -> PathBuf {
        self.dir.join(self.key.file_name(label))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_chain_client::Signer;

    const GENESIS: Hash = [1; 32];

    fn store(root: &Path, suri: &str) -> PendingStore {
        PendingStore::open(root, &GENESIS, NameKey::new(&Signer::from_suri(suri).unwrap(), &GENESIS)).unwrap()
    }

    #[test]
    fn registrations_are_kept_encrypted_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let alice = store(dir.path(), "//Alice");
        let pending = Pending::new(alice.key(), "alice", 2, 9, Some([3; 32]));
        assert_eq!(alice.load("alice").unwrap(), None);
        alice.save(&pending).unwrap();
        alice.save(&Pending::new(alice.key(), "zebra", 1, 9, None)).unwrap();
        let alice = store(dir.path(), "//Alice");
        assert_eq!(alice.load("alice").unwrap(), Some(pending.clone()));
        let labels: Vec<String> = alice.all().unwrap().0.into_iter().map(|pending| pending.label).collect();
        assert_eq!(labels, ["alice", "zebra"]);
        assert!(store(dir.path(), "//Bob").all().unwrap().0.is_empty());

        let file = alice.path("alice");
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"alice"), "the label shows");
        assert!(!bytes.windows(32).any(|window| window == pending.secret), "the secret shows");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
        }
        fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(alice.load("alice").unwrap(), None);
        assert_eq!(alice.all().unwrap().1.len(), 1);
        alice.remove("alice").unwrap();
        alice.remove("alice").unwrap();
        assert_eq!(alice.all().unwrap().0.len(), 1);
    }

    #[test]
    fn one_process_registers_a_name_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let alice = store(dir.path(), "//Alice");
        let lock = alice.lock("alice").unwrap();
        assert!(matches!(alice.lock("alice"), Err(NameError::Busy(_))));
        alice.lock("other").unwrap();
        drop(lock);
        alice.lock("alice").unwrap();
        assert_eq!(alice.all().unwrap(), (vec![], vec![]), "a lock is no registration");
    }
}
