//! The bytes of files: the plaintext of a pack, and the first bytes of a single file.

use super::{
    FoundFile, PackError, Plan,
    digest::{ContentHasher, check_unchanged},
};
use meganet_primitives::{
    convert::{to_u64, to_usize},
    hash::Hash,
};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

/// Reads the bytes of a pack and checks that they are those that were digested. Blocking.
///
/// As a [`Read`] it wraps its [`PackError`]s into [`io::Error`]s, from which they can be downcast.
pub struct PackReader {
    plan: Arc<Plan>,
    pack: usize,
    /// Index of the next piece.
    next: usize,
    open: Option<OpenPiece>,
}

struct OpenPiece {
    file: File,
    found: FoundFile,
    hash: Hash,
    left: u64,
    /// The digest so far, where the piece is the whole file.
    whole: Option<ContentHasher>,
}

impl PackReader {
    /// A reader of a plan's pack with this index; one that is out of range is empty.
    pub fn new(plan: Arc<Plan>, pack: usize) -> Self {
        Self { plan, pack, next: 0, open: None }
    }

    /// Fills the buffer as far as there are bytes; 0 at the end of the pack (or for an empty buffer).
    ///
    /// # Errors
    /// [`PackError::Changed`] where a file has changed or is gone since it was digested, [`PackError::Io`] where it cannot be read.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, PackError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let Some(mut open) = self.open.take().map_or_else(|| self.next_piece(), |open| Ok(Some(open)))? else {
                break;
            };
            if open.left == 0 {
                open.finish()?;
                continue;
            }
            filled += open.read(&mut buffer[filled..])?;
            self.open = Some(open);
        }
        Ok(filled)
    }

    fn next_piece(&mut self) -> Result<Option<OpenPiece>, PackError> {
        let piece = self.plan.packs().get(self.pack).and_then(|pack| pack.pieces.get(self.next));
        let Some((piece, planned)) = piece.and_then(|piece| Some((piece, self.plan.files().get(piece.file)?))) else {
            return Ok(None);
        };
        self.next += 1;
        let found = planned.found.clone();
        let mut file = File::open(&found.disk).map_err(PackError::io(&found.disk))?;
        check_unchanged(&file, &found)?;
        file.seek(SeekFrom::Start(piece.offset)).map_err(PackError::io(&found.disk))?;
        let whole = (piece.len == found.size()).then(ContentHasher::default);
        Ok(Some(OpenPiece { file, found, hash: planned.hash, left: piece.len, whole }))
    }
}

impl Read for PackReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(buffer).map_err(io::Error::other)
    }
}

impl FoundFile {
    /// Its first bytes, at most `max` of them. Blocking.
    ///
    /// # Errors
    /// [`PackError::Changed`] where it is not what was listed, [`PackError::Io`] where it cannot be read.
    pub fn head(&self, max: u64) -> Result<Vec<u8>, PackError> {
        let file = File::open(&self.disk).map_err(PackError::io(&self.disk))?;
        let mut bytes = Vec::new();
        (&file).take(max).read_to_end(&mut bytes).map_err(PackError::io(&self.disk))?;
        check_unchanged(&file, self)?;
        Ok(bytes)
    }
}

impl OpenPiece {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PackError> {
        let disk = &self.found.disk;
        let want = to_usize(self.left).min(buffer.len());
        let part = &mut buffer[..want];
        let count = loop {
            match self.file.read(part) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(PackError::io(disk))?,
            }
        };
        if count == 0 {
            return Err(PackError::Changed(disk.clone()));
        }
        if let Some(whole) = &mut self.whole {
            whole.update(&part[..count]);
        }
        self.left = self.left.saturating_sub(to_u64(count));
        Ok(count)
    }

    fn finish(self) -> Result<(), PackError> {
        check_unchanged(&self.file, &self.found)?;
        if self.whole.is_some_and(|whole| whole.finish() != self.hash) {
            return Err(PackError::Changed(self.found.disk.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::{Digester, Plan, Selection, walk};
    use meganet_transfer::progress::Silent;
    use std::{fs, path::Path};

    fn plan(root: &Path, max: u64) -> Arc<Plan> {
        let files = walk(root, &Selection::default()).unwrap().files;
        let hashes = Digester::new().digest(&files, &Silent).unwrap();
        Arc::new(Plan::new(files, &hashes, None, max, &|_| true))
    }

    fn read_all(plan: &Arc<Plan>, index: usize, step: usize) -> Result<Vec<u8>, PackError> {
        let mut reader = PackReader::new(plan.clone(), index);
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; step]);
        loop {
            match reader.fill(&mut buffer)? {
                0 => return Ok(bytes),
                count => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn gives_the_bytes_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [("a", "first"), ("b", ""), ("c", "second"), ("d", "0123456789")] {
            fs::write(dir.path().join(name), content).unwrap();
        }
        let plan = plan(dir.path(), 11);
        for step in [1, 3, 100] {
            assert_eq!(read_all(&plan, 0, step).unwrap(), b"firstsecond");
            assert_eq!(read_all(&plan, 1, step).unwrap(), b"0123456789");
        }
    }

    #[test]
    fn notices_files_that_changed_after_they_were_digested() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, "content").unwrap();
        let before = plan(dir.path(), 100);
        fs::write(&file, "longer content").unwrap();
        assert!(matches!(read_all(&before, 0, 100), Err(PackError::Changed(_))));

        // Even one whose stamp looks the same.
        let mut forged = plan(dir.path(), 100);
        fs::write(&file, "LONGER content").unwrap();
        let stamp = walk(dir.path(), &Selection::default()).unwrap().files[0].stamp;
        Arc::get_mut(&mut forged).unwrap().files_mut()[0].found.stamp = stamp;
        assert!(matches!(read_all(&forged, 0, 100), Err(PackError::Changed(_))));

        fs::remove_file(&file).unwrap();
        assert!(matches!(read_all(&before, 0, 100), Err(PackError::Changed(_))));
    }
}
