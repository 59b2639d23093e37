//! The state folder: `GENESIS/SITE/` with a lock, a journal, digests, and the expiry of objects.

use super::{
    error::PublishError,
    journal::{Journal, is_journal},
};
use crate::pack::content_hash;
use codec::{Decode, DecodeAll, Encode};
use meganet_chain_client::Signer;
use meganet_primitives::{Epoch, hash::Hash, manifest::Manifest, object::ObjectId};
use meganet_wallet::files;
use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The first bytes of the file of paid-for objects: its format and version.
const MAGIC: &[u8; 4] = b"MGO1";

/// The state of one site (or one file that is put): locked for this process, or only read.
pub(super) struct State {
    dir: PathBuf,
    /// Holds the lock; `None` if the state was only read.
    lock: Option<File>,
    /// Objects that were uploaded and are not registered yet.
    pub(super) journal: Journal,
    /// The epoch at whose beginning each object expires, as far as this folder knows.
    paid: BTreeMap<ObjectId, Epoch>,
}

#[derive(Encode, Decode)]
struct Paid {
    object: ObjectId,
    expiry: Epoch,
}

/// The key of a site's state: a digest of the name and the folder.
pub(super) fn site(label: &str, dir: &Path) -> String {
    key("site", label, dir)
}

/// The key of the state of a file that is put, under another name than its own if one was chosen.
pub(super) fn file(path: &Path, name: Option<&str>) -> String {
    key("put", name.unwrap_or_default(), path)
}

/// The key of the state of a stream that is put under this name.
pub(super) fn stream(name: &str) -> String {
    digest("stream", name, OsStr::new(""))
}

fn key(kind: &str, label: &str, path: &Path) -> String {
    // The same folder by any path. A path that cannot be resolved fails later, with a better error.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    digest(kind, label, path.as_os_str())
}

fn digest(kind: &str, label: &str, path: &OsStr) -> String {
    let hash = content_hash(&(label, path.as_encoded_bytes()).encode());
    format!("{kind}-{}", files::short_hex(&hash))
}

impl State {
    /// Opens or creates the state of a site on a chain, for an account, and locks it.
    pub(super) fn open(root: &Path, genesis: &Hash, key: &str, signer: &Signer) -> Result<Self, PublishError> {
        let dir = folder(root, genesis, key);
        files::create_private_dir(&dir).map_err(PublishError::state("make", &dir))?;
        let path = dir.join("lock");
        let Some(lock) = files::lock(&path).map_err(PublishError::state("lock", &path))? else {
            return Err(PublishError::Busy(path));
        };
        let journal = Journal::open(&dir, genesis, signer)?;
        let paid = read_paid(&dir.join("objects")).unwrap_or_default();
        Ok(Self { dir, lock: Some(lock), journal, paid })
    }

    /// Reads the state of a site. Nothing on the disk is created, locked or written, now or later.
    pub(super) fn look(root: &Path, genesis: &Hash, key: &str, signer: &Signer) -> Result<Self, PublishError> {
        let dir = folder(root, genesis, key);
        let journal = Journal::look(&dir, genesis, signer)?;
        let paid = read_paid(&dir.join("objects")).unwrap_or_default();
        Ok(Self { dir, lock: None, journal, paid })
    }

    /// Whether this process may write the state.
    pub(super) fn is_kept(&self) -> bool {
        self.lock.is_some()
    }

    /// The file of remembered digests.
    pub(super) fn digests(&self) -> PathBuf {
        self.dir.join("digests")
    }

    /// The epoch at whose beginning an object expires, if it is known here.
    pub(super) fn expiry(&self, object: &ObjectId) -> Option<Epoch> {
        self.paid.get(object).copied()
    }

    /// Records the expiry of an object.
    pub(super) fn paid(&mut self, object: ObjectId, expiry: Epoch) {
        self.paid.insert(object, expiry);
    }

    /// Records that this manifest is published: forgets objects that it does not use, and empties the journal.
    pub(super) fn settle(&mut self, manifest: &Manifest) -> Result<(), PublishError> {
        let used: HashSet<ObjectId> = manifest.objects.iter().map(|object| object.object).collect();
        self.paid.retain(|object, _| used.contains(object));
        if !self.is_kept() {
            return Ok(());
        }
        let lines: Vec<_> =
            self.paid.iter().map(|(object, expiry)| Paid { object: *object, expiry: *expiry }).collect();
        let mut bytes = MAGIC.to_vec();
        lines.encode_to(&mut bytes);
        let path = self.dir.join("objects");
        files::replace(&path, &bytes).map_err(PublishError::state("write", &path))?;
        self.journal.clear()
    }

    /// Removes the state, which no later run will need, except the journals of other accounts.
    pub(super) fn remove(self) {
        let own = self.journal.path();
        let of_others = fs::read_dir(&self.dir)
            .is_ok_and(|entries| entries.flatten().any(|entry| is_journal(&entry.file_name()) && entry.path() != own));
        let removed = if of_others { fs::remove_file(own) } else { fs::remove_dir_all(&self.dir) };
        if let Err(error) = removed {
            tracing::debug!(dir = %self.dir.display(), %error, "the state of a finished upload is left behind");
        }
    }
}

/// The folder of a site's state.
fn folder(root: &Path, genesis: &Hash, key: &str) -> PathBuf {
    root.join(files::short_hex(genesis)).join(key)
}

fn read_paid(path: &Path) -> Option<BTreeMap<ObjectId, Epoch>> {
    let bytes = fs::read(path).ok()?;
    let lines = Vec::<Paid>::decode_all(&mut bytes.strip_prefix(MAGIC)?).ok()?;
    Some(lines.into_iter().map(|line| (line.object, line.expiry)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::content::{ContentRef, ReadKey};

    #[test]
    fn one_process_at_a_time_and_remembers_what_is_paid_for() {
        let dir = tempfile::tempdir().unwrap();
        let alice = Signer::from_suri("//Alice").unwrap();
        let open = || State::open(dir.path(), &[1; 32], "site-x", &alice);
        let look = |key: &str| State::look(dir.path(), &[1; 32], key, &alice).unwrap();
        let mut state = open().unwrap();
        assert!(matches!(open(), Err(PublishError::Busy(_))));
        state.paid(ObjectId([1; 32]), 7);
        state.paid(ObjectId([2; 32]), 8);
        let object = ContentRef { object: ObjectId([2; 32]), group: 0, sealed_len: 17, key: Some(ReadKey([0; 32])) };
        state.settle(&Manifest { objects: vec![object], entries: Vec::new() }).unwrap();
        drop(state);
        let state = open().unwrap();
        assert_eq!((state.expiry(&ObjectId([1; 32])), state.expiry(&ObjectId([2; 32]))), (None, Some(8)));
        // Looking on needs no lock and leaves nothing behind.
        let mut seen = look("site-x");
        seen.paid(ObjectId([2; 32]), 9);
        seen.settle(&Manifest { objects: vec![object], entries: Vec::new() }).unwrap();
        assert_eq!(look("site-x").expiry(&ObjectId([2; 32])), Some(8));
        assert_eq!(look("site-y").expiry(&ObjectId([2; 32])), None);
        assert_eq!(fs::read_dir(dir.path().join(files::short_hex(&[1; 32]))).unwrap().count(), 1);
        let other = State::open(dir.path(), &[2; 32], "site-x", &alice).unwrap();
        assert_eq!(other.expiry(&ObjectId([2; 32])), None, "another chain is another state");
        state.remove();
        assert_eq!(open().unwrap().expiry(&ObjectId([2; 32])), None);
    }

    #[test]
    fn a_finished_upload_leaves_only_the_journals_of_other_accounts() {
        let dir = tempfile::tempdir().unwrap();
        let [alice, bob] = ["//Alice", "//Bob"].map(|suri| Signer::from_suri(suri).unwrap());
        let open = |signer: &Signer| State::open(dir.path(), &[1; 32], "put-x", signer).unwrap();
        let (of_bob, folder) = {
            let state = open(&bob);
            (state.journal.path().to_owned(), state.dir.clone())
        };
        let state = open(&alice);
        let of_alice = state.journal.path().to_owned();
        assert!(of_alice.exists());
        state.remove();
        assert!(of_bob.exists() && !of_alice.exists());
        open(&bob).remove();
        assert!(!folder.exists());
    }
}
