//! Manifests: the files of a site and the places of their bytes.
//!
//! One version of a site is one manifest, sealed in an object of its own that the site's name points to. Its bytes are
//! [`MAGIC`], then in SCALE the objects and the entries. Entries are sorted by path, so that a path is found by binary
//! search and a set of files has one encoding. [`Manifest::decode`] and [`Manifest::encode`] both check everything
//! that can be checked without the objects.

mod path;

pub use path::{MAX_PATH, MAX_PATH_SEGMENT, PathError, check_path};

use crate::{content::ContentRef, hash::Hash, merkle::count_of};
use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MemTrackingInput};

/// The first bytes of a manifest, which identify it and the version of its format.
pub const MAGIC: &[u8; 4] = b"MGM1";
/// The permission bits that an entry's mode may have.
pub const MODE_MASK: u32 = 0o7777;
/// The most bytes that a manifest's [weight](Manifest::weight) may have for each of its encoded bytes. An extent of three bytes
/// is 24 in memory: without this rule, a list that is short enough to be fetched would be too long to be kept.
pub const MAX_EXPANSION: usize = 4;
/// The weight of an object.
const OBJECT_WEIGHT: usize = 96;
/// The weight of an entry, without its path and its extents.
const ENTRY_WEIGHT: usize = 112;
/// The weight of an extent.
const EXTENT_WEIGHT: usize = 24;

/// Bytes that the decoder may reserve for what has not been read, since it reserves 16 KiB at once for each list.
const ADVANCE: usize = 64 << 10;

/// The files of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The objects that extents are in. Each has its key.
    pub objects: Vec<ContentRef>,
    /// The files, sorted by path (as bytes).
    pub entries: Vec<Entry>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// Its path, valid by [`check_path`].
    pub path: String,
    /// Its bytes.
    #[codec(compact)]
    pub size: u64,
    /// The time of its last change, in seconds since 1970 (UTC), negative before.
    pub mtime: i64,
    /// Its Unix permission bits, within [`MODE_MASK`]. Programs that write files must apply no more than `0o777` of it.
    #[codec(compact)]
    pub mode: u32,
    /// BLAKE2b-256 of its bytes, without a tag.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub hash: Hash,
    /// Its bytes, piece after piece; empty if it has no bytes.
    pub extents: Vec<Extent>,
}

/// A run of plaintext bytes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Extent {
    /// Index in [`Manifest::objects`].
    #[codec(compact)]
    pub object: u32,
    /// First byte.
    #[codec(compact)]
    pub offset: u64,
    /// Bytes, at least 1.
    #[codec(compact)]
    pub len: u64,
}

/// Why bytes are not a manifest, or a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Does not begin with [`MAGIC`].
    #[error("this is not a manifest: check that the name or link points to a site")]
    NotAManifest,
    /// Begins like a manifest of another version.
    #[error("this program does not know the manifest's format: update it")]
    UnknownVersion,
    /// Ends too early or does not decode.
    #[error("the manifest is truncated or damaged: fetch it again, or publish the site again")]
    Damaged,
    /// More bytes follow it.
    #[error("{0} bytes follow the end of the manifest: publish the site again")]
    TrailingBytes(u64),
    /// Its weight is over [`MAX_EXPANSION`] times its bytes.
    #[error(
        "the list of files would take more than {MAX_EXPANSION} times its bytes in memory: join the pieces of its files"
    )]
    Expands,
    /// A path that could lead out of the folder that it is written to, or that no file system accepts.
    #[error("the path {path:?} is refused: {error}")]
    Path {
        /// The path.
        path: String,
        /// The rule that it breaks.
        error: PathError,
    },
    /// Paths are not in order.
    #[error("the path {0:?} is not in order: sort entries by the bytes of their paths")]
    Unsorted(String),
    /// Two entries have the same path.
    #[error("the path {0:?} occurs twice: keep one")]
    Duplicate(String),
    /// An entry is in the path of another, so it would have to be a file and a folder.
    #[error("{0:?} is both a file and a folder: rename one")]
    FileIsFolder(String),
    /// An object without its key, or of an impossible length.
    #[error("object {0} has no key or an impossible length: publish the site again")]
    BadObject(u32),
    /// An extent that is empty or not within its object, or whose object is missing.
    #[error("{0:?} has bytes that are not within its objects: publish the site again")]
    BadExtent(String),
    /// The extents do not add up to the size.
    #[error("{0:?} has more or fewer bytes than its size: publish the site again")]
    WrongSize(String),
    /// Mode bits outside [`MODE_MASK`].
    #[error("{0:?} has mode bits that are not permissions: keep only the lowest twelve")]
    BadMode(String),
}

impl Manifest {
    /// Encodes the manifest.
    ///
    /// # Errors
    /// Those of [`Manifest::check`], and [`ManifestError::Expands`], so that nobody publishes a site that nobody can read.
    pub fn encode(&self) -> Result<Vec<u8>, ManifestError> {
        self.check()?;
        let mut bytes = MAGIC.to_vec();
        (&self.objects, &self.entries).encode_to(&mut bytes);
        self.check_weight(bytes.len())?;
        Ok(bytes)
    }

    /// Decodes and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`]
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let Some((magic, mut body)) = bytes.split_first_chunk::<4>() else {
            let begins = MAGIC.starts_with(bytes);
            return Err(if begins { ManifestError::Damaged } else { ManifestError::NotAManifest });
        };
        if magic != MAGIC {
            let known = magic[..3] == MAGIC[..3];
            return Err(if known { ManifestError::UnknownVersion } else { ManifestError::NotAManifest });
        }
        // The weights are at least the sizes in memory, so what is stopped here would be refused at the end.
        let limit = bytes.len().saturating_mul(MAX_EXPANSION).saturating_add(ADVANCE);
        let mut input = MemTrackingInput::new(&mut body, limit);
        let (objects, entries) = match Decode::decode(&mut input) {
            Ok(decoded) => decoded,
            Err(_) if input.used_mem() >= limit => return Err(ManifestError::Expands),
            Err(_) => return Err(ManifestError::Damaged),
        };
        if !body.is_empty() {
            return Err(ManifestError::TrailingBytes(count_of(body)));
        }
        let manifest = Self { objects, entries };
        manifest.check_weight(bytes.len())?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The bytes that the decoded manifest takes in memory at most, the same on every machine: 96 for each object, 112 and the
    /// path for each entry, 24 for each extent. Allocators add some to it.
    pub fn weight(&self) -> usize {
        let entry = |entry: &Entry| {
            let extents = entry.extents.len().saturating_mul(EXTENT_WEIGHT);
            entry.path.len().saturating_add(extents).saturating_add(ENTRY_WEIGHT)
        };
        let objects = self.objects.len().saturating_mul(OBJECT_WEIGHT);
        self.entries.iter().fold(objects, |sum, next| sum.saturating_add(entry(next)))
    }

    fn check_weight(&self, encoded: usize) -> Result<(), ManifestError> {
        if self.weight() > encoded.saturating_mul(MAX_EXPANSION) {
            return Err(ManifestError::Expands);
        }
        Ok(())
    }

    /// Checks order and safety of the paths, the objects, and that the extents are within them and add up.
    ///
    /// # Errors
    /// [`ManifestError`] about the first violation.
    pub fn check(&self) -> Result<(), ManifestError> {
        let mut lens = Vec::with_capacity(self.objects.len());
        for (index, object) in (0..).zip(&self.objects) {
            let len = object.plain_len().ok().filter(|_| object.key.is_some());
            lens.push(len.ok_or(ManifestError::BadObject(index))?);
        }
        for entry in &self.entries {
            entry.check(&lens)?;
        }
        for pair in self.entries.windows(2) {
            match pair[0].path.cmp(&pair[1].path) {
                core::cmp::Ordering::Less => {}
                core::cmp::Ordering::Equal => return Err(ManifestError::Duplicate(pair[1].path.clone())),
                core::cmp::Ordering::Greater => return Err(ManifestError::Unsorted(pair[1].path.clone())),
            }
        }
        for entry in &self.entries {
            let folders = entry.path.match_indices('/').map(|(end, _)| &entry.path[..end]);
            if let Some(folder) = folders.into_iter().find(|folder| self.find(folder).is_some()) {
                return Err(ManifestError::FileIsFolder(folder.into()));
            }
        }
        Ok(())
    }

    /// Returns the file with this path. Expects the entries to be sorted, as in every manifest that was decoded.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        self.entries.get(index)
    }

    /// Returns the files below a folder (`""` is the site), in order. Expects the entries to be sorted.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Entry> {
        let inside = move |entry: &&Entry| match entry.path.strip_prefix(folder) {
            Some(rest) => folder.is_empty() || rest.starts_with('/'),
            None => false,
        };
        let first = self.entries.partition_point(|entry| entry.path.as_str() < folder);
        let candidates = self.entries.iter().skip(first);
        candidates.take_while(move |entry| entry.path.starts_with(folder)).filter(inside)
    }

    /// Returns the bytes of all files.
    pub fn total_size(&self) -> u64 {
        self.entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.size))
    }
}

impl Entry {
    /// `lens` are the plaintext bytes of the manifest's objects.
    fn check(&self, lens: &[u64]) -> Result<(), ManifestError> {
        check_path(&self.path).map_err(|error| ManifestError::Path { path: self.path.clone(), error })?;
        if self.mode & !MODE_MASK != 0 {
            return Err(ManifestError::BadMode(self.path.clone()));
        }
        let mut sum = 0u64;
        for extent in &self.extents {
            let object_len = usize::try_from(extent.object).ok().and_then(|index| lens.get(index));
            let end = extent.offset.checked_add(extent.len);
            if extent.len == 0 || end.zip(object_len).is_none_or(|(end, len)| end > *len) {
                return Err(ManifestError::BadExtent(self.path.clone()));
            }
            sum = sum.checked_add(extent.len).ok_or_else(|| ManifestError::WrongSize(self.path.clone()))?;
        }
        if sum != self.size {
            return Err(ManifestError::WrongSize(self.path.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
