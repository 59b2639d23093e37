//! The progress of an upload, record by record, each durable before the next step relies on it.
//!
//! The file is a sequence of `length (u32 LE) ‖ check (8 bytes) ‖ record (SCALE)`. A crash can only cut the last record
//! short or corrupt it: reading stops there and the file is truncated.

// The SCALE derive casts the indices of variants.
#![allow(clippy::cast_possible_truncation)]

use super::error::PublishError;
use crate::pack::{PackId, content_hash};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::{
    Epoch,
    content::ContentRef,
    convert::{to_u32, to_u64},
    object::{ObjectHeader, ObjectId},
};
use meganet_transfer::upload::SignedBatch;
use meganet_wallet::files;
use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The first bytes of the file: its format and version.
const MAGIC: &[u8; 4] = b"MGJ1";
/// Bytes before each record.
const PREFIX: usize = 12;
/// The longest record.
const MAX_RECORD: usize = 16 * 1024 * 1024;

/// An object that is stored, and not known to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Sealed {
    /// The pack that it holds.
    pub(super) pack: PackId,
    /// The reference to it.
    pub(super) content: ContentRef,
    /// Its header.
    pub(super) header: ObjectHeader,
}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
enum Record {
    Sealed(Sealed),
    Signed(SignedBatch),
    Registered { objects: Vec<ObjectId>, expiry: Epoch },
}

/// The journal of one upload.
pub(super) struct Journal {
    path: PathBuf,
    /// `None` if the journal was only read; records that are added then stay in memory.
    file: Option<File>,
    sealed: HashMap<PackId, Sealed>,
    signed: Vec<SignedBatch>,
    registered: HashMap<ObjectId, Epoch>,
}

impl Journal {
    /// Opens the journal, reads its complete records and truncates the rest.
    pub(super) fn open(path: &Path) -> Result<Self, PublishError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        // It holds read keys.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(PublishError::state("open", path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(PublishError::state("read", path))?;
        let mut journal = Self::empty(path, Some(file));
        let end = journal.replay(&bytes);
        if end == 0 {
            journal.clear()?;
            files::sync_dir_of(path).map_err(PublishError::state("sync", path))?;
        } else if end < bytes.len() {
            journal.cut(end)?;
        }
        if let Some(file) = &mut journal.file {
            file.seek(SeekFrom::End(0)).map_err(PublishError::state("read", path))?;
        }
        Ok(journal)
    }

    /// Reads the complete records of the journal and leaves the file as it is. A missing file is an empty journal.
    pub(super) fn look(path: &Path) -> Result<Self, PublishError> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read.map_err(PublishError::state("read", path))?,
        };
        let mut journal = Self::empty(path, None);
        journal.replay(&bytes);
        Ok(journal)
    }

    fn empty(path: &Path, file: Option<File>) -> Self {
        Self { path: path.to_owned(), file, sealed: HashMap::new(), signed: Vec::new(), registered: HashMap::new() }
    }

    /// The object that holds a pack's content, if it was stored.
    pub(super) fn sealed(&self, pack: &PackId) -> Option<Sealed> {
        self.sealed.get(pack).copied()
    }

    /// The receipts that were collected.
    pub(super) fn signed(&self) -> &[SignedBatch] {
        &self.signed
    }

    /// The epoch at whose beginning an object expires, if it has been registered.
    pub(super) fn registered(&self, object: &ObjectId) -> Option<Epoch> {
        self.registered.get(object).copied()
    }

    /// Records that an object has been stored.
    pub(super) fn add_sealed(&mut self, sealed: Sealed) -> Result<(), PublishError> {
        self.append(Record::Sealed(sealed))
    }

    /// Records that receipts have been collected.
    pub(super) fn add_signed(&mut self, signed: SignedBatch) -> Result<(), PublishError> {
        self.append(Record::Signed(signed))
    }

    /// Records that objects have been registered.
    pub(super) fn add_registered(&mut self, objects: Vec<ObjectId>, expiry: Epoch) -> Result<(), PublishError> {
        self.append(Record::Registered { objects, expiry })
    }

    /// Empties the journal: the upload is done, or there is nothing worth keeping.
    pub(super) fn clear(&mut self) -> Result<(), PublishError> {
        self.sealed.clear();
        self.signed.clear();
        self.registered.clear();
        self.cut(0)?;
        self.write(MAGIC)
    }

    fn append(&mut self, record: Record) -> Result<(), PublishError> {
        let body = record.encode();
        let mut bytes = to_u32(body.len()).to_le_bytes().to_vec();
        bytes.extend_from_slice(&content_hash(&body)[..8]);
        bytes.extend_from_slice(&body);
        self.write(&bytes)?;
        self.take(record);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PublishError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        written.map_err(PublishError::state("write", &self.path))
    }

    fn cut(&mut self, len: usize) -> Result<(), PublishError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let len = to_u64(len);
        let cut = file.set_len(len).and_then(|()| file.seek(SeekFrom::Start(len)));
        cut.and_then(|_| file.sync_all()).map_err(PublishError::state("write", &self.path))
    }

    /// Reads the complete records. Returns the length that they take; 0 for a file that is not a journal.
    fn replay(&mut self, bytes: &[u8]) -> usize {
        let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return 0 };
        while let Some((record, after)) = next_record(rest) {
            self.take(record);
            rest = after;
        }
        bytes.len() - rest.len()
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Sealed(sealed) => {
                self.sealed.insert(sealed.pack, sealed);
            }
            Record::Signed(signed) => self.signed.push(signed),
            Record::Registered { objects, expiry } => {
                self.registered.extend(objects.into_iter().map(|object| (object, expiry)));
            }
        }
    }
}

fn next_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
    let (len, check) = prefix.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok().filter(|len| *len <= MAX_RECORD)?;
    let (body, rest) = rest.split_at_checked(len)?;
    if content_hash(body)[..8] != *check {
        return None;
    }
    Some((Record::decode_all(&mut &body[..]).ok()?, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::content::ReadKey;

    fn sealed(byte: u8) -> Sealed {
        let content =
            ContentRef { object: ObjectId([byte; 32]), group: 1, sealed_len: 17, key: Some(ReadKey([byte; 32])) };
        let header = ObjectHeader { version: 1, codec: 0, k: 2, n: 6, sealed_len: 17, shards_root: [byte; 32] };
        Sealed { pack: PackId([byte; 32]), content, header }
    }

    #[test]
    fn comes_back_after_a_crash_at_any_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut journal = Journal::open(&path).unwrap();
        journal.add_sealed(sealed(1)).unwrap();
        let after_one = fs::metadata(&path).unwrap().len();
        journal.add_sealed(sealed(2)).unwrap();
        journal.add_registered(vec![ObjectId([1; 32])], 9).unwrap();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            assert_eq!(journal.sealed(&PackId([1; 32])).is_some(), u64::try_from(cut).unwrap() >= after_one, "{cut}");
            assert_eq!(journal.registered(&ObjectId([1; 32])).is_some(), cut == whole.len());
            // And it can go on.
            journal.add_sealed(sealed(3)).unwrap();
            drop(journal);
            assert_eq!(Journal::open(&path).unwrap().sealed(&PackId([3; 32])), Some(sealed(3)));
        }
    }

    #[test]
    fn a_look_changes_nothing_and_sees_what_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        assert_eq!(Journal::look(&path).unwrap().sealed(&PackId([1; 32])), None);
        assert!(!path.exists());
        Journal::open(&path).unwrap().add_sealed(sealed(1)).unwrap();
        // As a crash leaves it, or a process that is writing.
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(&[0xff; 40]);
        fs::write(&path, &bytes).unwrap();
        let mut journal = Journal::look(&path).unwrap();
        assert_eq!(journal.sealed(&PackId([1; 32])), Some(sealed(1)));
        journal.add_sealed(sealed(2)).unwrap();
        assert_eq!(journal.sealed(&PackId([2; 32])), Some(sealed(2)));
        journal.clear().unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn nonsense_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut journal = Journal::open(&path).unwrap();
        journal.add_sealed(sealed(1)).unwrap();
        drop(journal);
        let mut bytes = fs::read(&path).unwrap();
        let len = bytes.len();
        bytes.extend_from_slice(&[0xff; 40]);
        fs::write(&path, &bytes).unwrap();
        assert!(Journal::open(&path).unwrap().sealed(&PackId([1; 32])).is_some());
        assert_eq!(fs::read(&path).unwrap().len(), len);
        fs::write(&path, b"something else").unwrap();
        assert!(Journal::open(&path).unwrap().sealed(&PackId([1; 32])).is_none());
    }
}
