//! Shard files: written under a temporary name, made durable, then renamed to their place in one step, so that a file
//! with a shard's name is always whole.

use super::{error::StoreError, keys::ShardKey};
use meganet_primitives::object::ObjectId;
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

/// Called after each step of the store that changes the state on disk. Tests kill the process there.
pub type CrashHook = Box<dyn Fn(&'static str) + Send + Sync>;

/// The folders of shard files and of unfinished files.
pub struct Files {
    shards: PathBuf,
    unfinished: PathBuf,
    next: AtomicU64,
    hook: CrashHook,
}

/// Adds operation and path to an error of the system.
pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::File { action, path, source }
}

impl Files {
    /// Creates the folders in `base` and removes unfinished files.
    pub fn open(base: &Path, hook: CrashHook) -> Result<Self, StoreError> {
        let files =
            Self { shards: base.join("shards"), unfinished: base.join("unfinished"), next: AtomicU64::new(0), hook };
        for folder in [&files.shards, &files.unfinished] {
            fs::create_dir_all(folder).map_err(at("create", folder))?;
        }
        for entry in fs::read_dir(&files.unfinished).map_err(at("list", &files.unfinished))? {
            let path = entry.map_err(at("list", &files.unfinished))?.path();
            fs::remove_file(&path).map_err(at("remove", &path))?;
        }
        sync_folder(base)?;
        Ok(files)
    }

    /// Calls the hook of tests.
    pub fn reached(&self, step: &'static str) {
        (self.hook)(step);
    }

    /// The path of a shard's file: in a folder for the first byte of the object, named by object and shard.
    pub fn path(&self, key: &ShardKey) -> PathBuf {
        self.folder(&key.object).join(format!("{}.{}", key.object, key.shard))
    }

    fn folder(&self, object: &ObjectId) -> PathBuf {
        self.shards.join(format!("{:02x}", object.0[0]))
    }

    /// Begins a file under a temporary name.
    pub fn begin(&self) -> Result<UnfinishedFile, StoreError> {
        let path = self.unfinished.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let file = File::create(&path).map_err(at("create", &path))?;
        Ok(UnfinishedFile { file, path, placed: false })
    }

    /// Renames a synced file to its shard's name; replaces an older one.
    pub fn place(&self, mut unfinished: UnfinishedFile, key: &ShardKey) -> Result<(), StoreError> {
        let folder = self.folder(&key.object);
        if !folder.is_dir() {
            fs::create_dir_all(&folder).map_err(at("create", &folder))?;
            sync_folder(&self.shards)?;
        }
        let path = self.path(key);
        fs::rename(&unfinished.path, &path).map_err(at("create", &path))?;
        unfinished.placed = true;
        self.reached("shard-renamed");
        sync_folder(&folder)
    }

    /// Fills `buffer` from a shard's file, from byte `offset` on. Returns false if
    /// the file is missing or too short.
    pub fn read(&self, key: &ShardKey, offset: u64, buffer: &mut [u8]) -> Result<bool, StoreError> {
        let path = self.path(key);
        let file = match File::open(&path) {
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

    /// Removes a shard's file, if it exists.
    pub fn remove(&self, key: &ShardKey) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Removes every file for which `wanted` returns false: those of a crash between the file and its record, and those
    /// of an interrupted removal. Returns the number of removed files.
    pub fn sweep(&self, mut wanted: impl FnMut(&ShardKey) -> Result<bool, StoreError>) -> Result<u64, StoreError> {
        let mut removed = 0;
        for folder in list(&self.shards)? {
            for path in list(&folder)? {
                let keep = match parse_name(&path) {
                    Some(key) => wanted(&key)?,
                    // Not a shard's name, so not a file of this store.
                    None => true,
                };
                if !keep {
                    fs::remove_file(&path).map_err(at("remove", &path))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
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

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at("write", folder))
}

/// A file under a temporary name, which is removed when this is dropped.
pub struct UnfinishedFile {
    file: File,
    path: PathBuf,
    placed: bool,
}

impl UnfinishedFile {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(at("write", &self.path))
    }

    /// Makes the bytes durable, but not the name.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(at("write", &self.path))
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
