//! Finds the part of a folder that is published already, and groups the rest into new objects.

use super::{FoundFile, digest::ContentHasher};
use codec::{Decode, Encode};
use meganet_primitives::{
    content::ContentRef,
    convert::to_u32,
    hash::Hash,
    manifest::{Entry, Extent, Manifest},
};
use std::collections::{HashMap, HashSet};

/// Names a pack by its content: equal ids, equal plaintext.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct PackId(pub Hash);

/// The plaintext of one new object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its id.
    pub id: PackId,
    /// The parts of files that it is made of, one after another.
    pub pieces: Vec<Piece>,
    /// Its bytes, at least one.
    pub len: u64,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index of the file in [`Plan::files`].
    pub file: usize,
    /// Where the part begins in the file, in bytes.
    pub offset: u64,
    /// Its bytes.
    pub len: u64,
}

/// A file of the site, and where its content lies or will lie.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// The file on the disk.
    pub found: FoundFile,
    /// The digest of its content.
    pub hash: Hash,
    mtime: i64,
    extents: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    object: Object,
    offset: u64,
    len: u64,
}

#[derive(Clone, Copy, Debug)]
enum Object {
    /// Of the previous manifest.
    Old(u32),
    /// The pack of this index.
    New(usize),
}

/// Sums over a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files of the site.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files whose content has to be uploaded.
    pub new_files: usize,
    /// Bytes of plaintext that have to be uploaded.
    pub new_bytes: u64,
}

/// The plaintexts to upload, and the manifest to publish afterwards.
#[derive(Clone, Debug)]
pub struct Plan {
    files: Vec<PlannedFile>,
    packs: Vec<Pack>,
    old_objects: Vec<ContentRef>,
}

impl Plan {
    /// Compares files (sorted by path, with their digests in the same order) with what is published, and groups the rest
    /// into packs of at most `max_pack` bytes. A file that fits into a pack is never split.
    ///
    /// `usable` returns whether new versions may still point to an object of the previous one.
    pub fn new(
        files: Vec<FoundFile>,
        hashes: &[Hash],
        previous: Option<&Manifest>,
        max_pack: u64,
        usable: &dyn Fn(&ContentRef) -> bool,
    ) -> Self {
        let published = previous.map(|manifest| Published::new(manifest, usable)).unwrap_or_default();
        let mut packer = Packer { max: max_pack.max(1), ..Packer::default() };
        let planned = files.into_iter().zip(hashes).enumerate().map(|(index, (found, hash))| {
            let key = (*hash, found.size());
            let mtime = published.mtime(&found, hash).unwrap_or(found.mtime);
            let extents = match (published.contents.get(&key), packer.placed.get(&key)) {
                (Some(extents), _) => old_places(extents),
                (None, Some(places)) => places.clone(),
                (None, None) => packer.place(index, &found, *hash),
            };
            PlannedFile { found, hash: *hash, mtime, extents }
        });
        let files = planned.collect();
        let old_objects = previous.map(|manifest| manifest.objects.clone()).unwrap_or_default();
        Self { files, packs: packer.finish(), old_objects }
    }

    /// The files of the site.
    pub fn files(&self) -> &[PlannedFile] {
        &self.files
    }

    /// The packs to upload.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// Sums for people.
    pub fn totals(&self) -> Totals {
        let new_files = self.packs.iter().flat_map(|pack| &pack.pieces).map(|piece| piece.file);
        Totals {
            files: self.files.len(),
            bytes: self.files.iter().map(|file| file.found.size()).sum(),
            new_files: new_files.collect::<HashSet<_>>().len(),
            new_bytes: self.packs.iter().map(|pack| pack.len).sum(),
        }
    }

    /// The manifest, once each pack is an object: `sealed` are these objects, in the order of the packs. Without one for
    /// each pack the manifest would not be valid; those missing are left out.
    pub fn manifest(&self, sealed: &[ContentRef]) -> Manifest {
        let used: HashSet<u32> = self.places().filter_map(|place| place.object.old()).collect();
        let kept = self.old_objects.iter().zip(0_u32..).filter(|(_, index)| used.contains(index));
        let (mut objects, kept): (Vec<_>, Vec<_>) = kept.map(|(object, index)| (*object, index)).unzip();
        let renamed: HashMap<u32, u32> = kept.into_iter().zip(0..).collect();
        let first_new = to_u32(objects.len());
        objects.extend_from_slice(sealed);
        let index_of = |object| match object {
            Object::Old(index) => renamed.get(&index).copied().unwrap_or(u32::MAX),
            Object::New(index) => first_new.saturating_add(to_u32(index)),
        };
        let extent = |place: &Place| Extent { object: index_of(place.object), offset: place.offset, len: place.len };
        let entries = self.files.iter().map(|file| Entry {
            path: file.found.path.clone(),
            size: file.found.size(),
            mtime: file.mtime,
            mode: file.found.mode,
            hash: file.hash,
            extents: file.extents.iter().map(extent).collect(),
        });
        Manifest { entries: entries.collect(), objects }
    }

    /// Whether a manifest equals the one of this plan, so that there is nothing to publish.
    pub fn is_published(&self, previous: &Manifest) -> bool {
        self.packs.is_empty() && self.manifest(&[]) == *previous
    }

    #[cfg(test)]
    pub(super) fn files_mut(&mut self) -> &mut [PlannedFile] {
        &mut self.files
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.files.iter().flat_map(|file| &file.extents)
    }
}

impl Object {
    fn old(self) -> Option<u32> {
        match self {
            Self::Old(index) => Some(index),
            Self::New(_) => None,
        }
    }
}

/// The content that is published already.
#[derive(Default)]
struct Published<'a> {
    contents: HashMap<(Hash, u64), &'a [Extent]>,
    paths: HashMap<&'a str, &'a Entry>,
}

impl<'a> Published<'a> {
    fn new(manifest: &'a Manifest, usable: &dyn Fn(&ContentRef) -> bool) -> Self {
        let usable: Vec<bool> = manifest.objects.iter().map(usable).collect();
        let is_usable = |extent: &Extent| {
            usize::try_from(extent.object).ok().and_then(|object| usable.get(object)).copied().unwrap_or(false)
        };
        let entries = manifest.entries.iter();
        let contents = entries.filter(|entry| entry.extents.iter().all(is_usable));
        Self {
            contents: contents.map(|entry| ((entry.hash, entry.size), entry.extents.as_slice())).collect(),
            paths: manifest.entries.iter().map(|entry| (entry.path.as_str(), entry)).collect(),
        }
    }

    /// The published time of change of a file that did not change.
    fn mtime(&self, found: &FoundFile, hash: &Hash) -> Option<i64> {
        let entry = self.paths.get(found.path.as_str())?;
        let same = entry.hash == *hash && entry.size == found.size() && entry.mode == found.mode;
        same.then_some(entry.mtime)
    }
}

fn old_places(extents: &[Extent]) -> Vec<Place> {
    let place = |e: &Extent| Place { object: Object::Old(e.object), offset: e.offset, len: e.len };
    extents.iter().map(place).collect()
}

/// Fills packs in the order of the files.
#[derive(Default)]
struct Packer {
    max: u64,
    packs: Vec<Pack>,
    open: Vec<Piece>,
    open_len: u64,
    open_id: Option<ContentHasher>,
    placed: HashMap<(Hash, u64), Vec<Place>>,
}

impl Packer {
    fn place(&mut self, file: usize, found: &FoundFile, hash: Hash) -> Vec<Place> {
        let size = found.size();
        // A file that does not fit into the rest of the pack begins a new one.
        if size > self.max.saturating_sub(self.open_len) {
            self.close();
        }
        let mut places = Vec::new();
        let mut offset = 0;
        while offset < size {
            if self.open_len == self.max {
                self.close();
            }
            let len = (size - offset).min(self.max - self.open_len);
            places.push(Place { object: Object::New(self.packs.len()), offset: self.open_len, len });
            self.add(Piece { file, offset, len }, &hash);
            offset += len;
        }
        self.placed.insert((hash, size), places.clone());
        places
    }

    fn add(&mut self, piece: Piece, hash: &Hash) {
        let id = self.open_id.get_or_insert_with(|| {
            let mut id = ContentHasher::default();
            id.update(b"meganet/pack/1");
            id
        });
        id.update(hash);
        id.update(&piece.offset.to_le_bytes());
        id.update(&piece.len.to_le_bytes());
        self.open_len += piece.len;
        self.open.push(piece);
    }

    fn close(&mut self) {
        if let Some(id) = self.open_id.take() {
            let pieces = std::mem::take(&mut self.open);
            self.packs.push(Pack { id: PackId(id.finish()), pieces, len: self.open_len });
            self.open_len = 0;
        }
    }

    fn finish(mut self) -> Vec<Pack> {
        self.close();
        self.packs
    }
}

impl std::fmt::Debug for PackId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackId({})", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests;
