//! Files to publish, and the files that came back.

use meganet_client::pack::{Selection, walk};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Writes a file below a folder, with the folders above it.
pub fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Bytes that look random and are the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Every file below a folder with its bytes, sorted by path.
pub fn tree(root: &Path) -> Vec<(String, Vec<u8>)> {
    let walked = walk(root, &Selection::everything()).unwrap();
    let read = |disk: PathBuf| fs::read(disk).unwrap();
    walked.files.into_iter().map(|file| (file.path, read(file.disk))).collect()
}
