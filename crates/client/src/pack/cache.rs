//! Digests kept between runs.

use super::{FoundFile, Stamp, found::now_ns};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::hash::Hash;
use meganet_wallet::files;
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// The first bytes of the file: its format and version.
const MAGIC: &[u8; 4] = b"MGD1";
/// A larger file is not read: it is far more than [`super::MAX_FILES`] need.
const MAX_LEN: u64 = 512 * 1024 * 1024;

#[derive(Encode, Decode)]
struct Line {
    path: String,
    stamp: Stamp,
    hash: Hash,
}

/// Digests by file; each holds as long as the file's stamp does.
#[derive(Default)]
pub(super) struct Cache {
    file: Option<PathBuf>,
    digests: HashMap<PathBuf, (Stamp, Hash)>,
}

impl Cache {
    pub(super) fn load(path: &Path) -> Self {
        let digests = read(path).unwrap_or_default();
        let digests = digests.into_iter().map(|line| (line.path.into(), (line.stamp, line.hash))).collect();
        Self { file: Some(path.to_owned()), digests }
    }

    pub(super) fn get(&self, path: &Path, stamp: &Stamp) -> Option<Hash> {
        self.digests.get(path).filter(|(known, _)| known == stamp).map(|(_, hash)| *hash)
    }

    /// Replaces all digests by these.
    pub(super) fn replace(&mut self, files: &[FoundFile], hashes: &[Hash]) {
        let lines = files.iter().zip(hashes);
        self.digests = lines.map(|(file, hash)| (file.disk.clone(), (file.stamp, *hash))).collect();
    }

    pub(super) fn save(&self) {
        let Some(path) = &self.file else { return };
        let now = now_ns();
        let lines: Vec<_> = self
            .digests
            .iter()
            .filter(|(_, (stamp, _))| stamp.settled(now))
            .filter_map(|(path, (stamp, hash))| {
                Some(Line { path: path.to_str()?.to_owned(), stamp: *stamp, hash: *hash })
            })
            .collect();
        let mut bytes = MAGIC.to_vec();
        lines.encode_to(&mut bytes);
        if let Err(error) = files::create_private_dir(files::dir_of(path)).and_then(|()| files::replace(path, &bytes)) {
            tracing::warn!(path = %path.display(), %error, "could not save digests; the next run computes them again");
        }
    }
}

fn read(path: &Path) -> Option<Vec<Line>> {
    if fs::metadata(path).ok()?.len() > MAX_LEN {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    Vec::<Line>::decode_all(&mut bytes.strip_prefix(MAGIC)?).ok()
}
