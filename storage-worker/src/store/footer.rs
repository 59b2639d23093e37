//! The end of a shard's file: which object and group its bytes belong to. With it a file explains itself, so that shards
//! survive the loss of the index.

use super::records::ObjectRecord;
use codec::{DecodeAll, Encode};
use meganet_primitives::{
    GroupId,
    convert::to_u64,
    object::{Layout, shards_root},
};
use std::{fs::File, io, os::unix::fs::FileExt};

/// The last bytes of every shard file.
const MAGIC: [u8; 8] = *b"MGNSHRD1";
/// Bytes after the record: its length, and [`MAGIC`].
const TAIL: u64 = 12;
/// The most bytes of a record: a header, and the roots of 255 shards.
const MAX_RECORD: u64 = 16 * 1024;

/// The object and group that a shard file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// The group for which it was stored.
    pub group: GroupId,
    /// The object. Its roots hash to its header.
    pub object: ObjectRecord,
}

/// The bytes that follow a shard in its file.
pub fn encode(group: GroupId, object: &ObjectRecord) -> Vec<u8> {
    let mut bytes = (group, object).encode();
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&MAGIC);
    bytes
}

/// Reads the footer of a file of `size` bytes, and the length of the shard before it. `None` if the file does not end with
/// a footer whose parts agree.
pub fn read(file: &File, size: u64) -> io::Result<Option<(Footer, u64)>> {
    let mut tail = [0; 12];
    let Some(end) = size.checked_sub(TAIL) else { return Ok(None) };
    file.read_exact_at(&mut tail, end)?;
    let [a, b, c, d, magic @ ..] = tail;
    let record = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(len) = end.checked_sub(record).filter(|_| magic == MAGIC && record <= MAX_RECORD) else {
        return Ok(None);
    };
    let mut bytes = vec![0; usize::try_from(record).unwrap_or_default()];
    file.read_exact_at(&mut bytes, len)?;
    Ok(decode(&bytes, len).map(|footer| (footer, len)))
}

/// Reads the record of a footer, if it fits a shard of `len` bytes.
fn decode(bytes: &[u8], len: u64) -> Option<Footer> {
    let (group, object) = <(GroupId, ObjectRecord)>::decode_all(&mut &*bytes).ok()?;
    fits(&object, len).then_some(Footer { group, object })
}

/// Returns true if the parts of an object's record agree with each other, and with a shard of `len` bytes.
pub fn fits(object: &ObjectRecord, len: u64) -> bool {
    let header = &object.header;
    header.check().is_ok()
        && Layout::new(header.k, header.n, header.sealed_len).is_ok_and(|layout| layout.shard_len() == len)
        && to_u64(object.roots.len()) == u64::from(header.n)
        && shards_root(&object.roots) == header.shards_root
}
