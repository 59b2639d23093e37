//! Shard files: written under a temporary name, made durable, then renamed to their place in one step, so that a file
//! with a shard's name is always whole.

use super::{error::StoreError, footer, footer::Footer, keys::ShardKey, marker, marker::StoreId};
use crate::durable;
use meganet_objects::ShardHasher;
use meganet_primitives::{convert::to_u64, hash::Hash, merkle::FrameTree, object::FRAME_LEN, object::ObjectId};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Called at each step of the store and before each operation on its files. Tests kill the process there, or return an error,
/// which then counts as that of the operation.
pub type StepHook = Arc<dyn Fn(&'static str) -> io::Result<()> + Send + Sync>;

/// The hook of a store that is not tested.
pub fn no_hook() -> StepHook {
    Arc::new(|_| Ok(()))
}

/// The folder of shards in the base path. It may be on a disk of its own.
pub(super) const SHARDS: &str = "shards";
/// Running uploads, in the folder of shards: a rename must not leave the file system.
const UNFINISHED: &str = "unfinished";
/// Files that no record of the index explains and that are not whole shards, in the folder of shards.
const ORPHANS: &str = "orphans";

/// The folders of shard files and of unfinished files.
pub struct Files {
    shards: PathBuf,
    unfinished: PathBuf,
    orphans: PathBuf,
    next: AtomicU64,
    hook: StepHook,
}

/// A shard file that was read and hashed from its first byte to its last.
pub struct WholeFile {
    /// The object and group that the file names.
    pub footer: Footer,
    /// Length of the shard in bytes.
    pub len: u64,
    /// The Merkle root of its bytes.
    pub root: Hash,
    /// The tree below the root.
    pub tree: FrameTree,
}

/// Adds operation and path to an error of the system.
pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::File { action, path, source }
}

impl Files {
    /// Opens the folder of shards in `base`, which must name the store `id`, and removes unfinished files.
    ///
    /// # Errors
    /// [`StoreError::ShardsMissing`] if the folder is not there or belongs to another store.
    pub fn open(base: &Path, id: StoreId, hook: StepHook) -> Result<Self, StoreError> {
        let shards = base.join(SHARDS);
        if marker::read_id(&shards)? != Some(id) {
            return Err(StoreError::ShardsMissing { folder: shards });
        }
        let (unfinished, orphans) = (shards.join(UNFINISHED), shards.join(ORPHANS));
        let files = Self { shards, unfinished, orphans, next: AtomicU64::new(0), hook };
        for folder in [&files.unfinished, &files.orphans] {
            fs::create_dir_all(folder).map_err(at("create", folder))?;
        }
        for path in list(&files.unfinished)? {
            fs::remove_file(&path).map_err(at("remove", &path))?;
        }
        files.sync_folder(&files.shards)?;
        Ok(files)
    }

    /// Calls the hook of tests.
    pub fn reached(&self, step: &'static str) -> Result<(), StoreError> {
        (self.hook)(step).map_err(at(step, &self.shards))
    }

    /// The path of a shard's file: in a folder for the first byte of the object, named by object and shard.
    pub fn path(&self, key: &ShardKey) -> PathBuf {
        self.folder(key.object.0[0]).join(format!("{}.{}", key.object, key.shard))
    }

    fn folder(&self, first: u8) -> PathBuf {
        self.shards.join(format!("{first:02x}"))
    }

    /// Begins a file under a temporary name.
    pub fn begin(&self) -> Result<UnfinishedFile, StoreError> {
        let path = self.unfinished.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let file = (self.hook)("create").and_then(|()| File::create(&path)).map_err(at("create", &path))?;
        Ok(UnfinishedFile { file, path, placed: false, hook: self.hook.clone() })
    }

    /// Renames a synced file to its shard's name; replaces an older one.
    pub fn place(&self, mut unfinished: UnfinishedFile, key: &ShardKey) -> Result<(), StoreError> {
        let folder = self.folder(key.object.0[0]);
        if !folder.is_dir() {
            (self.hook)("make-folder").and_then(|()| fs::create_dir_all(&folder)).map_err(at("create", &folder))?;
            self.sync_folder(&self.shards)?;
        }
        let path = self.path(key);
        (self.hook)("rename").and_then(|()| fs::rename(&unfinished.path, &path)).map_err(at("create", &path))?;
        unfinished.placed = true;
        self.reached("shard-renamed")?;
        self.sync_folder(&folder)
    }

    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> Result<(), StoreError> {
        (self.hook)("sync-folder").and_then(|()| durable::sync_folder(folder)).map_err(at("write", folder))
    }

    /// Fills `buffer` from a shard's file, from byte `offset` on. Returns false if
    /// the file is missing or too short.
    pub fn read(&self, key: &ShardKey, offset: u64, buffer: &mut [u8]) -> Result<bool, StoreError> {
        let path = self.path(key);
        let file = match (self.hook)("read").and_then(|()| File::open(&path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(at("read", &path)(error)),
        };
        match file.read_exact_at(buffer, offset) {
            Ok(()) => Ok(true),
            // An unreadable sector is damage to this shard, not a failure of the worker.
            Err(error) if damaged(&error) => Ok(false),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    /// Returns true if a shard's file has at least `len` bytes.
    pub fn has(&self, key: &ShardKey, len: u64) -> Result<bool, StoreError> {
        let path = self.path(key);
        match fs::metadata(&path) {
            Ok(file) => Ok(file.is_file() && file.len() >= len),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    /// Reads a shard's file whole and hashes it. `None` if it is missing, cut, unreadable or without a footer.
    pub fn hash(&self, key: &ShardKey) -> Result<Option<WholeFile>, StoreError> {
        let path = self.path(key);
        match (self.hook)("hash").and_then(|()| hash_file(&path)) {
            Ok(whole) => Ok(whole),
            Err(error) if damaged(&error) || error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    /// Returns true if a shard's file has `footer` after the `len` bytes of the shard and nothing more, or if there is
    /// no file.
    pub fn ends_with(&self, key: &ShardKey, len: u64, footer: &[u8]) -> Result<bool, StoreError> {
        let path = self.path(key);
        let mut found = vec![0; footer.len()];
        let size = (self.hook)("read-footer").and_then(|()| {
            let file = File::open(&path)?;
            file.read_exact_at(&mut found, len)?;
            Ok(file.metadata()?.len())
        });
        match size {
            Ok(size) => Ok(found == footer && size == len.saturating_add(to_u64(footer.len()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) if damaged(&error) => Ok(false),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    /// Writes `footer` after the `len` bytes of a shard in its file, durably. Returns false if this part of the disk
    /// cannot be written.
    pub fn end_with(&self, key: &ShardKey, len: u64, footer: &[u8]) -> Result<bool, StoreError> {
        let path = self.path(key);
        let written = (self.hook)("write-footer").and_then(|()| {
            let file = OpenOptions::new().write(true).open(&path)?;
            file.write_all_at(footer, len)?;
            file.set_len(len.saturating_add(to_u64(footer.len())))?;
            file.sync_all()
        });
        match written {
            Ok(()) => Ok(true),
            Err(error) if damaged(&error) => Ok(false),
            Err(error) => Err(at("write", &path)(error)),
        }
    }

    /// Removes a shard's file, if it exists.
    pub fn remove(&self, key: &ShardKey) -> Result<(), StoreError> {
        let path = self.path(key);
        match (self.hook)("remove").and_then(|()| fs::remove_file(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Moves a shard's file, if it exists, to the folder of orphans. Nothing removes it from there but the operator.
    pub fn put_aside(&self, key: &ShardKey) -> Result<(), StoreError> {
        let path = self.path(key);
        let name = path.file_name().unwrap_or_default();
        match (self.hook)("put-aside").and_then(|()| fs::rename(&path, self.orphans.join(name))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("move", &path)(error)),
            _ => Ok(()),
        }
    }

    /// The shards that have a file, of objects whose id begins with byte `first`, in no order.
    pub fn named(&self, first: u8) -> Result<Vec<ShardKey>, StoreError> {
        let folder = self.folder(first);
        if !folder.try_exists().map_err(at("list", &folder))? {
            return Ok(Vec::new());
        }
        // A file with another name is not a file of this store, and is left alone.
        Ok(list(&folder)?.iter().filter_map(|path| parse_name(path)).filter(|key| key.object.0[0] == first).collect())
    }

    /// Number and bytes of the files that were put aside.
    pub fn orphans(&self) -> Result<(u64, u64), StoreError> {
        let mut sum = (0u64, 0u64);
        for path in list(&self.orphans)? {
            let len = fs::metadata(&path).map_or(0, |file| file.len());
            sum = (sum.0.saturating_add(1), sum.1.saturating_add(len));
        }
        Ok(sum)
    }
}

/// Hashes a shard's file; `None` if its footer and length contradict each other.
fn hash_file(path: &Path) -> io::Result<Option<WholeFile>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let Some((footer, len)) = footer::read(&file, size)? else { return Ok(None) };
    let mut hasher = ShardHasher::new();
    let mut left = len;
    let mut buffer = vec![0; usize::try_from(FRAME_LEN).unwrap_or(1 << 16)];
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(bytes) = buffer.get_mut(..part) else { break };
        file.read_exact(bytes)?;
        hasher.push(bytes);
        left = left.saturating_sub(FRAME_LEN);
    }
    Ok(hasher.finish().ok().map(|(root, tree)| WholeFile { footer, len, root, tree }))
}

fn damaged(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.kind() == io::ErrorKind::UnexpectedEof || error.raw_os_error() == Some(EIO)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(at("list", folder))? {
        paths.push(entry.map_err(at("list", folder))?.path());
    }
    Ok(paths)
}

fn parse_name(path: &Path) -> Option<ShardKey> {
    let (object, shard) = path.file_name()?.to_str()?.split_once('.')?;
    Some(ShardKey { object: ObjectId::from_str(object).ok()?, shard: shard.parse().ok()? })
}

/// A file under a temporary name, which is removed when this is dropped.
pub struct UnfinishedFile {
    file: File,
    path: PathBuf,
    placed: bool,
    hook: StepHook,
}

impl UnfinishedFile {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        (self.hook)("write").and_then(|()| self.file.write_all(bytes)).map_err(at("write", &self.path))
    }

    /// Makes the bytes durable, but not the name.
    pub fn sync(&self) -> Result<(), StoreError> {
        (self.hook)("sync").and_then(|()| self.file.sync_all()).map_err(at("write", &self.path))
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing is lost if this fails: the next start empties the folder.
            let _ = fs::remove_file(&self.path);
        }
    }
}
