//! Digests of file contents.

use super::{FoundFile, PackError, Stamp, cache::Cache};
use meganet_primitives::{convert::to_u64, hash::Hash};
use meganet_transfer::progress::Progress;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Bytes read at a time.
const BUFFER: usize = 256 * 1024;

/// BLAKE2b-256 of content, untagged: the same as `b2sum -l 256`.
pub fn content_hash(bytes: &[u8]) -> Hash {
    let mut hasher = ContentHasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// [`content_hash`] of bytes that come in parts.
pub(crate) struct ContentHasher(blake2b_simd::State);

impl Default for ContentHasher {
    fn default() -> Self {
        Self(blake2b_simd::Params::new().hash_length(32).to_state())
    }
}

impl ContentHasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Hash {
        let digest = self.0.finalize();
        let mut hash = Hash::default();
        hash.copy_from_slice(digest.as_bytes());
        hash
    }
}

/// Digests files, except those that have not changed since they were digested.
pub struct Digester {
    cache: Cache,
}

impl Digester {
    /// Keeps digests between runs in a file. A missing or damaged file counts as empty.
    pub fn with_cache(path: &Path) -> Self {
        Self { cache: Cache::load(path) }
    }

    /// Keeps no digests between runs.
    pub fn new() -> Self {
        Self { cache: Cache::default() }
    }

    /// The digest of each file, in order. Reads whole files: run it where blocking is allowed.
    ///
    /// # Errors
    /// [`PackError`] where one cannot be read, or changed since it was listed.
    pub fn digest(&mut self, files: &[FoundFile], progress: &dyn Progress) -> Result<Vec<Hash>, PackError> {
        self.digest_while(files, progress, &|| true)
    }

    /// [`Self::digest`] for as long as the digests are wanted, which is asked before each read.
    pub(crate) fn digest_while(
        &mut self,
        files: &[FoundFile],
        progress: &dyn Progress,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Vec<Hash>, PackError> {
        let hashes = files.iter().map(|file| {
            let hash = match self.cache.get(&file.disk, &file.stamp) {
                Some(hash) => hash,
                None => hash_file(file, wanted)?,
            };
            progress.advance(file.size());
            Ok(hash)
        });
        let hashes = hashes.collect::<Result<Vec<_>, PackError>>()?;
        self.cache.replace(files, &hashes);
        Ok(hashes)
    }

    /// Saves the digests for the next run. They only save time, so a failure is only logged.
    pub fn save(&self) {
        self.cache.save();
    }
}

impl Default for Digester {
    fn default() -> Self {
        Self::new()
    }
}

fn hash_file(file: &FoundFile, wanted: &dyn Fn() -> bool) -> Result<Hash, PackError> {
    let mut opened = File::open(&file.disk).map_err(PackError::io(&file.disk))?;
    let mut hasher = ContentHasher::default();
    let mut buffer = vec![0; BUFFER];
    let mut read = 0_u64;
    loop {
        if !wanted() {
            return Err(PackError::io(&file.disk)(io::ErrorKind::Interrupted.into()));
        }
        match opened.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                read = read.saturating_add(to_u64(count));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(PackError::io(&file.disk)(error)),
        }
        if read > file.size() {
            return Err(PackError::Changed(file.disk.clone()));
        }
    }
    check_unchanged(&opened, file)?;
    Ok(hasher.finish())
}

/// Checks that an open file is the one that was listed, and has not been written to since.
pub(super) fn check_unchanged(opened: &File, file: &FoundFile) -> Result<(), PackError> {
    let now = opened.metadata().map_err(PackError::io(&file.disk))?;
    if Stamp::of(&now) == file.stamp { Ok(()) } else { Err(PackError::Changed(file.disk.clone())) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::{Selection, walk};
    use meganet_transfer::progress::Silent;
    use std::{cell::Cell, fs};

    #[test]
    fn known_answer() {
        // `printf abc | b2sum -l 256`
        let expected = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
        assert_eq!(hex::encode(content_hash(b"abc")), expected);
    }

    #[test]
    fn remembers_what_did_not_change() {
        let dir = tempfile::tempdir().unwrap();
        let (site, cache) = (dir.path().join("site"), dir.path().join("digests"));
        fs::create_dir(&site).unwrap();
        fs::write(site.join("a"), b"a").unwrap();
        fs::write(site.join("b"), b"b").unwrap();
        let mut files = walk(&site, &Selection::default()).unwrap().files;
        // Long at rest, as far as the cache can tell.
        for file in &mut files {
            file.stamp.mtime_ns = 1;
            file.stamp.ctime_ns = 1;
        }
        let mut digester = Digester::with_cache(&cache);
        digester.cache.replace(&files, &[[1; 32], [2; 32]]);
        digester.save();
        let mut again = Digester::with_cache(&cache);
        assert_eq!(again.digest(&files, &Silent).unwrap(), [[1; 32], [2; 32]]);
        // Another stamp, so the content decides again.
        let fresh = walk(&site, &Selection::default()).unwrap().files;
        assert_eq!(again.digest(&fresh, &Silent).unwrap(), [content_hash(b"a"), content_hash(b"b")]);
        // A file written a moment ago is not remembered: it could be written again within the same tick.
        again.save();
        assert_eq!(Digester::with_cache(&cache).cache.get(&fresh[0].disk, &fresh[0].stamp), None);
    }

    #[test]
    fn ends_before_the_next_read_once_nobody_wants_the_digests() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(dir.path().join(name), vec![7; BUFFER]).unwrap();
        }
        let files = walk(dir.path(), &Selection::default()).unwrap().files;
        let asked = Cell::new(0);
        // Each file takes two reads, of which the second finds its end.
        let wanted = || asked.replace(asked.get() + 1) < 3;
        let ended = Digester::new().digest_while(&files, &Silent, &wanted);
        assert!(matches!(&ended, Err(PackError::Io { path, .. }) if *path == files[1].disk), "{ended:?}");
        assert_eq!(asked.get(), 4);
    }

    #[test]
    fn notices_a_change() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"a").unwrap();
        let files = walk(dir.path(), &Selection::default()).unwrap().files;
        fs::write(dir.path().join("a"), b"other").unwrap();
        assert!(matches!(Digester::new().digest(&files, &Silent), Err(PackError::Changed(_))));
    }
}
