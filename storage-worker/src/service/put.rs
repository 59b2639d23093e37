//! Whether a shard that came is what was announced.

use crate::store::records::ObjectRecord;
use meganet_net::wire::put::{CloseShard, OpenShard, Refusal};
use meganet_primitives::{
    hash::Hash,
    object::{ObjectId, shards_root},
};

/// Checks what the client says an object is against what it announced and against the bytes that came.
///
/// # Errors
/// [`Refusal::HeaderMismatch`] when header, roots and announcement contradict each other, [`Refusal::ShardMismatch`]
/// when the bytes are other ones.
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
