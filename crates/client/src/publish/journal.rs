//! The progress of an account's upload, record by record, each durable before the next step relies on it.
//!
//! The file is a sequence of `length (u32 LE) ‖ check (8 bytes) ‖ record (SCALE, encrypted)`. Reading stops before the first record that
//! is not whole. A crash or a full disk cuts the last record short: that is removed when the journal is opened, where it can only be a
//! record that nothing relied on. Anything else is damage, which hides records. It stays until the first new records replace it, which
//! record the answer to what the hidden ones may have been about. The records hold read keys, and stay for as long as the upload is not
//! finished, so only the account can decrypt them.

// The SCALE derive casts the indices of variants.
#![allow(clippy::cast_possible_truncation)]

mod foreign;

use super::error::PublishError;
use crate::{
    pack::{PackId, content_hash},
    sealing::SealingKey,
};
use codec::{Decode, DecodeAll, Encode};
use meganet_chain_client::Signer;
use meganet_primitives::{
    BlockNumber, Epoch, GroupId,
    content::ContentRef,
    convert::{to_u32, to_u64},
    hash::Hash,
    object::{ObjectHeader, ObjectId},
};
use meganet_transfer::upload::SignedBatch;
use meganet_wallet::files;
use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The first bytes of the file: its format and version.
const MAGIC: &[u8; 4] = b"MGJ2";
/// The first bytes of a file of the version before, which encrypted nothing.
const CLEAR_MAGIC: &[u8; 4] = b"MGJ1";
/// The name of such a file, which all accounts shared.
const CLEAR_NAME: &str = "journal";
/// The derivation of the key, which nothing else uses.
const JUNCTION: &str = "meganet/uploads/1";
/// Bytes before each record.
const PREFIX: usize = 12;
/// The longest record.
const MAX_RECORD: usize = 16 * 1024 * 1024;
/// Bytes of a [`Sealed`] as it is in the file, with its key.
const SEALED_LEN: usize = 206;

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

/// An extrinsic that was about to be submitted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Submission {
    /// The best block before that.
    pub(super) after: BlockNumber,
    /// The batches that it registers, by group and root.
    pub(super) batches: Vec<(GroupId, Hash)>,
    /// Their objects.
    pub(super) objects: Vec<ObjectId>,
    /// The epoch at whose beginning they expire.
    pub(super) expiry: Epoch,
}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
enum Record {
    Sealed(Sealed),
    Signed(SignedBatch),
    Registered { objects: Vec<ObjectId>, expiry: Epoch },
    Submitting(Submission),
}

/// The journal of one upload.
pub(super) struct Journal {
    path: PathBuf,
    key: SealingKey,
    /// `None` if the journal was only read; records that are added then stay in memory.
    file: Option<File>,
    /// Bytes of the complete records, where something else follows that was not replaced yet.
    damaged_after: Option<usize>,
    sealed: HashMap<PackId, Sealed>,
    signed: Vec<SignedBatch>,
    registered: HashMap<ObjectId, Epoch>,
    submitting: Option<Submission>,
    /// Whether there are receipts for objects that are not known to be registered: only with them an extrinsic is submitted.
    is_signed: bool,
}

impl Journal {
    /// Opens the journal of an account in a folder and reads its complete records. A record that was cut short is removed; the first
    /// records that are added replace damage. A file that is not a journal is put aside; that of another version is an error.
    pub(super) fn open(dir: &Path, genesis: &Hash, signer: &Signer) -> Result<Self, PublishError> {
        let mut journal = Self::empty(dir, genesis, signer);
        foreign::make_way(&journal.path)?;
        journal.adopt_clear()?;
        let path = &journal.path.clone();
        let mut file = open_file(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(PublishError::state("read", path))?;
        journal.file = Some(file);
        let end = journal.replay(&bytes);
        if end == 0 {
            journal.clear()?;
            files::sync_dir_of(path).map_err(PublishError::state("sync", path))?;
        } else if end < bytes.len() {
            if journal.is_torn(bytes.get(end..).unwrap_or_default()) {
                journal.cut(end)?;
            } else {
                journal.damaged_after = Some(end);
            }
        }
        if let Some(file) = &mut journal.file {
            file.seek(SeekFrom::End(0)).map_err(PublishError::state("read", path))?;
        }
        Ok(journal)
    }

    /// Reads the complete records of the journal and leaves the file as it is. A missing file is an empty journal, and
    /// so is a damaged one; that of another version is an error.
    pub(super) fn look(dir: &Path, genesis: &Hash, signer: &Signer) -> Result<Self, PublishError> {
        let mut journal = Self::empty(dir, genesis, signer);
        let bytes = read_file(&journal.path)?.unwrap_or_default();
        foreign::check_version(&journal.path, &bytes)?;
        journal.replay(&bytes);
        let clear = read_file(&dir.join(CLEAR_NAME))?;
        clear_records(&clear.unwrap_or_default()).into_iter().for_each(|record| journal.take(record));
        Ok(journal)
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Encrypts what the version before has left behind, and removes its file.
    fn adopt_clear(&self) -> Result<(), PublishError> {
        let path = &self.path;
        let clear = path.with_file_name(CLEAR_NAME);
        let Some(old) = read_file(&clear)? else { return Ok(()) };
        let mut bytes = read_file(path)?.unwrap_or_default();
        let (_, end) = records(&bytes, MAGIC, |body| self.key.open(body));
        bytes.truncate(end);
        if bytes.is_empty() {
            bytes.extend_from_slice(MAGIC);
        }
        for record in clear_records(&old) {
            bytes.extend(self.frame(&record)?);
        }
        files::replace(path, &bytes).map_err(PublishError::state("write", path))?;
        let removed = fs::remove_file(&clear).and_then(|()| files::sync_dir_of(&clear));
        removed.map_err(PublishError::state("remove", clear))
    }

    fn empty(dir: &Path, genesis: &Hash, signer: &Signer) -> Self {
        Self {
            path: dir.join(format!("{CLEAR_NAME}-{}", files::short_hex(&signer.account()))),
            key: SealingKey::derive(signer, genesis, JUNCTION),
            file: None,
            damaged_after: None,
            sealed: HashMap::new(),
            signed: Vec::new(),
            registered: HashMap::new(),
            submitting: None,
            is_signed: false,
        }
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

    /// The extrinsic that was about to be submitted, and whose result is not recorded.
    pub(super) fn submitting(&self) -> Option<&Submission> {
        self.submitting.as_ref()
    }

    /// The references to some of the objects that are stored.
    pub(super) fn contents(&self, of: &[ObjectId]) -> Vec<ContentRef> {
        let contents = self.sealed.values().map(|sealed| sealed.content);
        contents.filter(|content| of.contains(&content.object)).collect()
    }

    /// Whether records of an earlier run are lost: it may have submitted an extrinsic that is not in [`Self::submitting`]. Always false
    /// for a journal that was only read.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged_after.is_some()
    }

    /// Whether an object was stored or registered by the upload.
    pub(super) fn knows(&self, object: &ObjectId) -> bool {
        self.registered.contains_key(object) || self.sealed.values().any(|sealed| sealed.content.object == *object)
    }

    /// The references to the objects that are stored, and not registered as far as is known here.
    pub(super) fn unregistered(&self) -> Vec<ContentRef> {
        let contents = self.sealed.values().map(|sealed| sealed.content);
        contents.filter(|content| !self.registered.contains_key(&content.object)).collect()
    }

    /// Records that an extrinsic is about to be submitted.
    pub(super) fn add_submitting(&mut self, submission: Submission) -> Result<(), PublishError> {
        self.append(vec![Record::Submitting(submission)])
    }

    /// Records that an object has been stored.
    pub(super) fn add_sealed(&mut self, sealed: Sealed) -> Result<(), PublishError> {
        self.append(vec![Record::Sealed(sealed)])
    }

    /// Forgets what was stored in a group. A later run finds out again whether its members still hold that.
    pub(super) fn forget(&mut self, group: GroupId) {
        self.sealed.retain(|_, sealed| sealed.content.group != group);
    }

    /// Records that receipts have been collected.
    pub(super) fn add_signed(&mut self, signed: SignedBatch) -> Result<(), PublishError> {
        self.append(vec![Record::Signed(signed)])
    }

    /// Records that objects have been registered.
    pub(super) fn add_registered(&mut self, objects: Vec<ObjectId>, expiry: Epoch) -> Result<(), PublishError> {
        self.add_settled(vec![(objects, expiry)])
    }

    /// The same for several expiries. Damage is replaced by all of these records or stays.
    pub(super) fn add_settled(&mut self, settled: Vec<(Vec<ObjectId>, Epoch)>) -> Result<(), PublishError> {
        let records = settled.into_iter().map(|(objects, expiry)| Record::Registered { objects, expiry });
        self.append(records.collect())
    }

    /// Empties the journal: the upload is done, or there is nothing worth keeping.
    pub(super) fn clear(&mut self) -> Result<(), PublishError> {
        self.sealed.clear();
        self.signed.clear();
        self.registered.clear();
        self.submitting = None;
        self.is_signed = false;
        self.damaged_after = None;
        self.cut(0)?;
        self.write(MAGIC)
    }

    fn append(&mut self, records: Vec<Record>) -> Result<(), PublishError> {
        let mut bytes = Vec::new();
        for record in &records {
            bytes.extend(self.frame(record)?);
        }
        self.write(&bytes)?;
        records.into_iter().for_each(|record| self.take(record));
        Ok(())
    }

    /// A record as it is in the file.
    fn frame(&self, record: &Record) -> Result<Vec<u8>, PublishError> {
        let sealed = self.key.seal(&Zeroizing::new(record.encode()));
        let sealed = sealed.ok_or_else(|| PublishError::state("encrypt", &self.path)(ErrorKind::InvalidData.into()))?;
        Ok(framed(&sealed))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PublishError> {
        if let Some(end) = self.damaged_after {
            return self.replace_damage(end, bytes);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        written.map_err(PublishError::state("write", &self.path))
    }

    /// Writes records in the place of damage, in one step: a crash between its removal and the records would hide that there was any.
    fn replace_damage(&mut self, end: usize, records: &[u8]) -> Result<(), PublishError> {
        let (path, Some(file)) = (&self.path, &mut self.file) else { return Ok(()) };
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes));
        read.map_err(PublishError::state("read", path))?;
        bytes.truncate(end);
        bytes.extend_from_slice(records);
        files::replace(path, &bytes).map_err(PublishError::state("write", path))?;
        *file = open_file(path)?;
        file.seek(SeekFrom::End(0)).map_err(PublishError::state("read", path))?;
        self.damaged_after = None;
        Ok(())
    }

    fn cut(&mut self, len: usize) -> Result<(), PublishError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let len = to_u64(len);
        let cut = file.set_len(len).and_then(|()| file.seek(SeekFrom::Start(len)));
        cut.and_then(|_| file.sync_all()).map_err(PublishError::state("write", &self.path))
    }

    /// Reads the complete records. Returns the length that they take; 0 for a file that is not a journal.
    fn replay(&mut self, bytes: &[u8]) -> usize {
        let (records, end) = records(bytes, MAGIC, |body| self.key.open(body));
        records.into_iter().for_each(|record| self.take(record));
        end
    }

    /// Whether the bytes after the complete records are the beginning of a record that was cut short while it was written, and cannot
    /// hide a submission that was sent.
    ///
    /// A record of a submission is complete and synced before the extrinsic is sent, so a crash never cuts it short; but damage does,
    /// and a damaged length makes a whole record look cut short, together with all that follow it. Therefore the bytes have to be
    /// harmless whatever they were. Receipts for all batches of an extrinsic are recorded before its submission, in one record a batch.
    /// Where no complete record has such receipts, the bytes would have to hold one, and they are too few for that: it is longer than
    /// the record of a sealed object, which is the one that an upload writes most. Receipts no longer matter once all objects before
    /// them are registered, since other objects make other batches, which need receipts of their own.
    fn is_torn(&self, rest: &[u8]) -> bool {
        !self.is_signed && rest.len() < SEALED_LEN && is_cut_short(rest)
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Sealed(sealed) => {
                self.sealed.insert(sealed.pack, sealed);
            }
            Record::Signed(signed) => {
                self.signed.push(signed);
                self.is_signed = true;
            }
            Record::Submitting(submission) => self.submitting = Some(submission),
            Record::Registered { objects, expiry } => {
                self.registered.extend(objects.into_iter().map(|object| (object, expiry)));
                self.submitting = None;
                // A submission that failed has no objects here, and its receipts may serve again.
                self.is_signed &= !self.unregistered().is_empty();
            }
        }
    }
}

/// Whether a file is an account's journal.
pub(super) fn is_journal(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(CLEAR_NAME.as_bytes())
}

/// Opens a file for reading and writing, and creates it if need be, accessible to its owner only.
fn open_file(path: &Path) -> Result<File, PublishError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(PublishError::state("open", path))
}

/// A file's content; `None` if there is no file.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>, PublishError> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(PublishError::state("read", path)),
    }
}

/// The complete records of a journal of the version before.
fn clear_records(bytes: &[u8]) -> Vec<Record> {
    records(bytes, CLEAR_MAGIC, |body| Some(Zeroizing::new(body.to_vec()))).0
}

/// The complete records of a journal, and the length that they take; 0 for a file that is not a journal.
fn records(bytes: &[u8], magic: &[u8; 4], open: impl Fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>) -> (Vec<Record>, usize) {
    let mut records = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(magic) else { return (records, 0) };
    while let Some((body, after)) = next_body(rest) {
        let Some(record) = open(body).and_then(|plain| Record::decode_all(&mut plain.as_slice()).ok()) else { break };
        records.push(record);
        rest = after;
    }
    (records, bytes.len() - rest.len())
}

/// The body of a record with its length and check.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = to_u32(body.len()).to_le_bytes().to_vec();
    bytes.extend_from_slice(&content_hash(body)[..8]);
    bytes.extend_from_slice(body);
    bytes
}

fn next_body(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
    let (len, check) = prefix.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(body_len(*len)?)?;
    (content_hash(body)[..8] == *check).then_some((body, rest))
}

/// The length of a body that its prefix announces; `None` if no record is that long.
fn body_len(announced: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(announced)).ok().filter(|len| *len <= MAX_RECORD)
}

/// Whether bytes are fewer than those of the record that they begin with.
fn is_cut_short(bytes: &[u8]) -> bool {
    let Some(announced) = bytes.first_chunk::<4>() else { return true };
    body_len(*announced).is_some_and(|len| bytes.len() < len.saturating_add(PREFIX))
}

#[cfg(test)]
mod tests;
