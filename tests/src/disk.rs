//! Disks that fail: small file systems of their own, and files with flipped bits.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// A file system of its own, in a file. Unmounted when it is dropped.
pub struct Disk {
    image: PathBuf,
    at: PathBuf,
}

impl Disk {
    /// Puts a folder and what it holds on a new disk of `size` bytes. Only what is used takes up space.
    pub fn under(folder: &Path, size: u64) -> Result<Self> {
        let disk = Self { image: folder.with_extension("img"), at: folder.into() };
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside)?;
        fs::create_dir(folder)?;
        fs::File::create(&disk.image)?.set_len(size)?;
        run("mkfs.ext4", &["-q", "-m", "0", path(&disk.image)?])?;
        disk.mount()?;
        run("cp", &["-a", &format!("{}/.", path(&aside)?), path(folder)?])?;
        fs::remove_dir_all(&aside)?;
        Ok(disk)
    }

    /// Mounts it.
    pub fn mount(&self) -> Result<()> {
        run("mount", &["-o", "loop", path(&self.image)?, path(&self.at)?])
    }

    /// Unmounts it: what is left is an empty folder.
    pub fn unmount(&self) -> Result<()> {
        run("umount", &[path(&self.at)?])
    }

    /// The folder that is on it.
    pub fn folder(&self) -> &Path {
        &self.at
    }

    /// Puts the folder back to where it was, and removes the disk.
    pub fn put_back(self) -> Result<()> {
        let aside = self.at.with_extension("aside");
        run("cp", &["-a", path(&self.at)?, path(&aside)?])?;
        self.unmount()?;
        fs::remove_dir(&self.at)?;
        fs::rename(&aside, &self.at)?;
        Ok(fs::remove_file(&self.image)?)
    }

    /// Writes a file that takes up all but about `left` bytes.
    pub fn fill(&self, left: u64) -> Result<PathBuf> {
        let filler = self.at.join("somebody-elses-file");
        let len = free(&self.at)?.saturating_sub(left).to_string();
        run("fallocate", &["--length", &len, path(&filler)?])?;
        Ok(filler)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: after a failure the worker may still run.
        let _ = Command::new("umount").arg("-l").arg(&self.at).output();
    }
}

/// Free bytes of the disk of a folder.
pub fn free(folder: &Path) -> Result<u64> {
    let disk = nix::sys::statvfs::statvfs(folder)?;
    Ok(disk.blocks_available() * disk.fragment_size())
}

/// A path as an argument.
pub fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a Unicode path")
}

/// Runs a program, which must succeed.
pub fn run(program: &str, args: &[&str]) -> Result<()> {
    let output = Command::new(program).args(args).output().with_context(|| format!("could not run {program}"))?;
    ensure!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The shard files of a worker.
pub fn shard_files(data: &Path) -> Result<Vec<PathBuf>> {
    let files = walkdir::WalkDir::new(data.join("shards")).into_iter();
    let files: Vec<PathBuf> = files.map(|entry| Ok(entry?.into_path())).collect::<Result<_>>()?;
    Ok(files.into_iter().filter(|path| path.is_file() && path.extension().is_some()).collect())
}

/// Flips a bit in the middle of a file. Returns false if it is empty.
pub fn flip(path: &Path) -> Result<bool> {
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(false);
    }
    let mut byte = [0];
    file.seek(SeekFrom::Start(len / 2))?;
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(len / 2))?;
    file.write_all(&[byte[0] ^ 1])?;
    Ok(true)
}
