//! The free bytes of the disk, and the ballast: bytes that are given up when the disk is full, so that the index can still be
//! written and shards be removed.

use super::{Store, StoreError, files, files::at};
use nix::{fcntl::posix_fallocate, sys::statvfs::statvfs};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// The ballast's file in the base path.
const BALLAST: &str = "ballast";
/// With fewer free bytes than this the index may not open.
const TOO_FEW: u64 = 16 << 20;

/// Free bytes of the file system that holds a folder, for users without privileges.
pub fn free(folder: &Path) -> Result<u64, StoreError> {
    let disk = statvfs(folder).map_err(|error| at("examine", folder)(error.into()))?;
    Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// Removes the ballast if the index may not open without its bytes.
pub(super) fn make_way(base: &Path) -> Result<(), StoreError> {
    if free(base)? < TOO_FEW {
        tracing::warn!("the disk is full: giving up the ballast");
        drop_ballast(base)?;
    }
    Ok(())
}

fn drop_ballast(base: &Path) -> Result<(), StoreError> {
    let path = base.join(BALLAST);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &path)(error)),
        _ => Ok(()),
    }
}

impl Store {
    /// Free bytes for shards and index: of the fuller disk, if they have one each.
    pub fn free(&self) -> Result<u64, StoreError> {
        Ok(free(&self.base)?.min(free(&self.base.join(files::SHARDS))?))
    }

    /// Length of the ballast in bytes; 0 if it was given up.
    pub fn ballast(&self) -> Result<u64, StoreError> {
        let path = self.base.join(BALLAST);
        match fs::metadata(&path) {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    /// Removes the ballast.
    pub fn drop_ballast(&self) -> Result<(), StoreError> {
        drop_ballast(&self.base)
    }

    /// Lays a ballast of `len` bytes, which really take up space. Lays none where the disk turns out to lack room.
    pub fn lay_ballast(&self, len: u64) -> Result<(), StoreError> {
        let path = self.base.join(BALLAST);
        let file = File::create(&path).map_err(at("create", &path))?;
        let wanted = i64::try_from(len).unwrap_or(i64::MAX);
        if let Err(error) = posix_fallocate(&file, 0, wanted) {
            tracing::warn!(%error, "cannot lay the ballast");
            return self.drop_ballast();
        }
        // Not synced: after a power cut it is laid again.
        Ok(())
    }
}
