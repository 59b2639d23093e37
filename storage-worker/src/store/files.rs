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

/// A step of the store after which a crash leaves another state on disk. Tests kill the process at each of them.
pub type CrashHook = Box<dyn Fn(&'static str) + Send + Sync>;

/// The folders of shard files and of unfinished ones.
pub struct Files {
    shards: PathBuf,
    unfinished: PathBuf,
    next: AtomicU64,
    hook: CrashHook,
}

/// Adds what was tried to an error of the system.
pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::File { action, path, source }
}

impl Files {
    /// Creates the folders under `base` and empties the one of unfinished files.
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

    /// Tells tests how far a write has come.
    pub fn reached(&self, step: &'static str) {
        (self.hook)(step);
    }

    /// The place of a shard: a folder by the first byte of the object, a file named object and shard.
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

    /// Gives a file, synced before, its shard's name, over an older one if there is one.
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

    /// Fills `buffer` from a shard's file, from byte `offset` on. A file that is missing or too short gives `false`.
    pub fn read(&self, key: &ShardKey, offset: u64, buffer: &mut [u8]) -> Result<bool, StoreError> {
        let path = self.path(key);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(at("read", &path)(error)),
        };
        match file.read_exact_at(buffer, offset) {
            Ok(()) => Ok(true),
            // A sector that cannot be read any more is damage to this shard, not a failure of the worker.
            Err(error) if damaged(&error) => Ok(false),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    /// Removes a shard's file, if it is there.
    pub fn remove(&self, key: &ShardKey) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Removes every file that `wanted` does not want: those of a crash between the file and its record, and those
    /// of a removal that was cut short. Returns how many.
    pub fn sweep(&self, mut wanted: impl FnMut(&ShardKey) -> Result<bool, StoreError>) -> Result<u64, StoreError> {
        let mut removed = 0;
        for folder in list(&self.shards)? {
            for path in list(&folder)? {
                let keep = match parse_name(&path) {
                    Some(key) => wanted(&key)?,
                    // Not a name of ours: somebody else's file, left alone.
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

/// A file that has not got its name yet. Dropped, it is gone.
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

    /// Makes the bytes durable; the name is not yet.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(at("write", &self.path))
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing is lost when this fails: start-up empties the folder.
            let _ = fs::remove_file(&self.path);
        }
    }
}
