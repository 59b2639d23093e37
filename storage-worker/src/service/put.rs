//! Whether an uploaded shard is the announced one.

use crate::model::records::ObjectRecord;
use meganet_net::wire::put::{CloseShard, OpenShard, Refusal};
use meganet_primitives::{
    hash::Hash,
    object::{ObjectId, shards_root},
};

/// Checks the object that a client names at the end of an upload against its announcement and against the received bytes.
///
/// # Errors
/// [`Refusal::HeaderMismatch`] if header, roots and announcement contradict each other, [`Refusal::ShardMismatch`] if the
/// bytes have another root.
pub fn check_close(open: &OpenShard, close: CloseShard, root: &Hash) -> Result<(ObjectId, ObjectRecord), Refusal> {
    let CloseShard { header, shard_roots } = close;
    header.check().map_err(|_| Refusal::HeaderMismatch)?;
    let announced = (open.k, open.n, open.codec, open.sealed_len);
    if (header.k, header.n, header.codec, header.sealed_len) != announced {
        return Err(Refusal::HeaderMismatch);
    }
    if shard_roots.len() != usize::from(header.n) || shards_root(&shard_roots) != header.shards_root {
        return Err(Refusal::HeaderMismatch);
    }
    if shard_roots.get(usize::from(open.slot)) != Some(root) {
        return Err(Refusal::ShardMismatch);
    }
    Ok((header.id(), ObjectRecord { header, roots: shard_roots }))
}
