//! The links of stored files, on the disk: encrypted, each durable before its file is paid for. A link holds the only key of its
//! file, so a terminal that closes must not be its only place.

// The SCALE derive casts the indices of variants.
#![allow(clippy::cast_possible_truncation)]

use crate::{kept::read_folder, sealing::SealingKey};
use codec::{Decode, DecodeAll, Encode};
use meganet_chain_client::Signer;
use meganet_primitives::{Epoch, content::ContentRef, hash::Hash, link::Link, object::ObjectId};
use meganet_wallet::{PassedOver, files};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The first bytes of a file: its format and version.
const MAGIC: &[u8; 4] = b"MGL1";
/// The derivation of the key, which nothing else uses.
const JUNCTION: &str = "meganet/links/1";

/// The links cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot {action} {path:?}: {source}. The links of stored files are kept there; free space, or correct its permissions"
)]
pub struct LinkError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LinkError {
    let path = path.to_owned();
    move |source| LinkError { action, path, source }
}

/// The progress of a stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum LinkState {
    /// It was about to be registered, and may be.
    Registering,
    /// It is registered, and the link was not shown as far as is known.
    Registered,
    /// The link was shown.
    Shown,
}

impl LinkState {
    /// For programs: `registering`, `registered` or `shown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registering => "registering",
            Self::Registered => "registered",
            Self::Shown => "shown",
        }
    }
}

/// A link that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeptLink {
    /// The manifest of the file, with its key.
    pub content: ContentRef,
    /// The path that was stored, for its owner.
    pub path: String,
    /// A digest of path and content: the same file gives the same.
    pub source: Hash,
    /// Bytes of the file.
    pub size: u64,
    /// When it was stored, in seconds since the Unix epoch.
    pub stored: u64,
    /// The epoch at whose beginning it expires.
    pub expiry: Epoch,
    /// How far it came.
    pub state: LinkState,
}

impl KeptLink {
    /// The link.
    pub fn link(&self) -> Link {
        link_to(&self.content)
    }
}

/// The link to an object.
pub(crate) fn link_to(content: &ContentRef) -> Link {
    let ContentRef { object, group, sealed_len, key } = *content;
    Link::Object { object, group, sealed_len, key }
}

/// The links of one account on one chain: `GENESIS/ACCOUNT/`, a file each.
pub struct LinkStore {
    dir: PathBuf,
    key: SealingKey,
}

impl LinkStore {
    /// The folder of an account. It need not exist.
    pub fn at(root: &Path, genesis: &Hash, signer: &Signer) -> Self {
        let dir = root.join(files::short_hex(genesis)).join(files::short_hex(&signer.account()));
        Self { dir, key: SealingKey::derive(signer, genesis, JUNCTION) }
    }

    /// Keeps a link. It is durable when this returns.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn save(&self, link: &KeptLink) -> Result<(), LinkError> {
        files::create_private_dir(&self.dir).map_err(at("make", &self.dir))?;
        let path = self.path(&link.content.object);
        let plain = zeroize::Zeroizing::new(link.encode());
        let sealed = self.key.seal(&plain).ok_or_else(|| at("encrypt", &path)(ErrorKind::InvalidData.into()))?;
        files::replace(&path, &[MAGIC.as_slice(), &sealed].concat()).map_err(at("write", &path))
    }

    /// Removes the link of an object. Returns false if none was kept. The file can then be read only with another copy of the link.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn forget(&self, object: &ObjectId) -> Result<bool, LinkError> {
        let path = self.path(object);
        match fs::remove_file(&path) {
            Ok(()) => files::sync_dir_of(&path).map(|()| true).map_err(at("sync", &path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at("remove", &path)(error)),
        }
    }

    /// All links, the oldest first, and the other entries of the folder.
    ///
    /// # Errors
    /// [`LinkError`] if the folder cannot be listed; one that does not exist is empty.
    pub fn all(&self) -> Result<(Vec<KeptLink>, Vec<PassedOver>), LinkError> {
        let open = |bytes: &[u8]| {
            let plain = bytes.strip_prefix(MAGIC).and_then(|sealed| self.key.open(sealed))?;
            KeptLink::decode_all(&mut plain.as_slice()).ok()
        };
        let (mut links, passed_over) = match read_folder(&self.dir, open) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            read => read.map_err(at("list", &self.dir))?,
        };
        links.sort_by_key(|link| (link.stored, link.content.object));
        Ok((links, passed_over))
    }

    /// The newest link of a file, by [`KeptLink::source`], that is registered, was not shown, and does not expire before epoch
    /// `until`.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn unshown(&self, source: &Hash, until: Epoch) -> Result<Option<KeptLink>, LinkError> {
        let (links, _) = self.all()?;
        let is_usable = |link: &KeptLink| link.state == LinkState::Registered && link.expiry >= until;
        Ok(links.into_iter().rfind(|link| link.source == *source && is_usable(link)))
    }

    fn path(&self, object: &ObjectId) -> PathBuf {
        self.dir.join(self.key.file_name(&object.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::content::ReadKey;

    fn link(seed: u8) -> KeptLink {
        let content =
            ContentRef { object: ObjectId([seed; 32]), group: 3, sealed_len: 99, key: Some(ReadKey([0xab; 32])) };
        KeptLink {
            content,
            path: "tax/2026.pdf".to_owned(),
            source: [seed; 32],
            size: 80,
            stored: u64::from(seed),
            expiry: 9,
            state: LinkState::Registering,
        }
    }

    #[test]
    fn links_come_back_for_their_account_only() {
        let root = tempfile::tempdir().unwrap();
        let store = |suri: &str| LinkStore::at(root.path(), &[1; 32], &Signer::from_suri(suri).unwrap());
        assert_eq!(store("//Alice").all().unwrap(), (vec![], vec![]));
        for seed in [2, 1] {
            store("//Alice").save(&link(seed)).unwrap();
        }
        let shown = KeptLink { state: LinkState::Shown, ..link(2) };
        store("//Alice").save(&shown).unwrap();
        assert_eq!(store("//Alice").all().unwrap(), (vec![link(1), shown], vec![]));
        assert_eq!(store("//Bob").all().unwrap().0, []);
        // Neither key nor path can be read from the disk.
        for entry in walk(root.path()) {
            let bytes = fs::read(entry).unwrap();
            assert!(!bytes.windows(8).any(|part| part == [0xab; 8] || part == b"2026.pdf"));
        }
        assert!(store("//Alice").forget(&ObjectId([1; 32])).unwrap());
        assert!(!store("//Alice").forget(&ObjectId([1; 32])).unwrap());
        assert_eq!(store("//Alice").all().unwrap().0.len(), 1);
    }

    #[test]
    fn a_damaged_file_hides_only_itself() {
        let root = tempfile::tempdir().unwrap();
        let store = LinkStore::at(root.path(), &[1; 32], &Signer::from_suri("//Alice").unwrap());
        store.save(&link(1)).unwrap();
        let bytes = fs::read(walk(root.path()).pop().unwrap()).unwrap();
        store.save(&link(2)).unwrap();
        fs::write(store.path(&ObjectId([1; 32])), &bytes[..bytes.len() - 1]).unwrap();
        fs::create_dir(store.dir.join("folder")).unwrap();
        let (links, passed_over) = store.all().unwrap();
        assert_eq!((links, passed_over.len()), (vec![link(2)], 2));
        assert_eq!(store.unshown(&[2; 32], 0).unwrap(), None);
    }

    #[test]
    fn an_unshown_link_is_used_if_it_lasts_long_enough() {
        let root = tempfile::tempdir().unwrap();
        let store = LinkStore::at(root.path(), &[1; 32], &Signer::from_suri("//Alice").unwrap());
        let unshown = KeptLink { state: LinkState::Registered, ..link(1) };
        store.save(&unshown).unwrap();
        assert_eq!(store.unshown(&[1; 32], 9).unwrap(), Some(unshown));
        assert_eq!(store.unshown(&[1; 32], 10).unwrap(), None);
        assert_eq!(store.unshown(&[2; 32], 9).unwrap(), None);
    }

    fn walk(root: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }
}
