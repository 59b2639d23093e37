//! The messages of the put and get protocols, version 1.
//!
//! Every message is a little-endian `u32` length and that many bytes of SCALE: an enum whose first byte is the kind of the message.
//! Raw bytes follow only if a message announces their number. The version is part of the protocol's name, so a kind never gets
//! another meaning, and an unknown kind is an error.
//!
//! Each kind has its own length limit, checked after the first five bytes and before anything is buffered: what a peer can make
//! this process hold is decided here and in [`crate::config::NetLimits`], not by the peer.

// The derived encoders write the kinds' indices with `as u8`.
#[allow(clippy::cast_possible_truncation)]
pub mod get;
#[allow(clippy::cast_possible_truncation)]
pub mod put;

use codec::{Decode, Encode, MaxEncodedLen};
use meganet_primitives::{
    convert::{to_u32, to_usize},
    hash::Hash,
    object::FRAME_LEN,
    sum_tree::{BatchEntry, MAX_BATCH_OBJECTS},
};

/// The most bytes of a put chunk, and of a frame of a get: 64 KiB.
pub const MAX_CHUNK_LEN: u32 = to_u32(to_usize(FRAME_LEN));
/// The most objects of a batch, and so the most entries of a message.
pub const MAX_BATCH_ENTRIES: u32 = MAX_BATCH_OBJECTS;
/// Bytes of an encoded digest.
const HASH_LEN: u32 = to_u32(size_of::<Hash>());

/// Returns the most encoded bytes of the entries of a batch.
fn entries_len() -> u32 {
    MAX_BATCH_ENTRIES * to_u32(BatchEntry::max_encoded_len())
}

/// A SCALE enum with a length limit for each of its kinds.
pub trait Message: Encode + Decode {
    /// The name of the message, for errors and logs.
    const NAME: &'static str;

    /// Returns the most encoded bytes (kind byte included) of the kind with this index; `None` if there is no such kind.
    fn limit(kind: u8) -> Option<u32>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        get::{
            FrameRange, GetRefusal, GetReply, GetRequest, LeafPlace, ObjectInfo, RangePage, RangeQuery, pack_bits,
            unpack_bits,
        },
        put::{CloseShard, OpenShard, PutReply, PutRequest, Refusal, SignBatch},
        *,
    };
    use meganet_primitives::{
        merkle::RangeProof,
        object::{ObjectHeader, ObjectId},
        range::RangeLeaf,
        receipt::{PeerSignature, Receipt},
        sum_tree::{BatchEntry, BatchSummary},
    };
    use proptest::prelude::*;

    const HEADER: ObjectHeader =
        ObjectHeader { version: 1, codec: 0, k: 20, n: 40, sealed_len: u64::MAX, shards_root: [1; 32] };
    const ENTRY: BatchEntry = BatchEntry { object: ObjectId([2; 32]), shards_root: [3; 32], shard_len: u64::MAX };
    const OBJECT: ObjectId = ObjectId([4; 32]);

    /// The kind byte is that of the format, and the largest message of the kind is within its limit.
    fn check<M: Message>(kind: u8, largest: &M) {
        let bytes = largest.encode();
        assert_eq!(bytes.first(), Some(&kind), "{} {kind}", M::NAME);
        let len = u32::try_from(bytes.len()).unwrap();
        assert!(len <= M::limit(kind).unwrap(), "{} {kind}: {len}", M::NAME);
    }

    #[test]
    fn the_largest_message_of_every_kind_is_within_its_limit() {
        let entries = vec![ENTRY; usize::try_from(MAX_BATCH_ENTRIES).unwrap()];
        let open = OpenShard { group: 1, slot: 2, shard_len: 3, k: 4, n: 5, codec: 0, sealed_len: 6 };
        check(0, &PutRequest::Open(open));
        check(1, &PutRequest::Chunk { len: u32::MAX });
        check(2, &PutRequest::Close(CloseShard { header: HEADER, shard_roots: vec![[5; 32]; 64] }));
        let sign = SignBatch { group: 1, slot: 2, expiry: 3, owner: [6; 32], valid_until: 4, entries: entries.clone() };
        check(3, &PutRequest::Sign(sign));

        check(0, &PutReply::Go);
        check(1, &PutReply::Stored { object: OBJECT });
        check(2, &PutReply::Signed(Receipt { slot: 1, signature: PeerSignature([7; 64]) }));
        check(3, &PutReply::Refused(Refusal::UnknownObject { object: OBJECT }));
        check(3, &PutReply::Refused(Refusal::DiskFull { free: u64::MAX }));
        check(3, &PutReply::Refused(Refusal::UploadsFull { free: u64::MAX }));

        check(0, &GetRequest::Object { object: OBJECT });
        check(1, &GetRequest::Frames(FrameRange { object: OBJECT, shard: 1, first: u64::MAX, count: 16 }));
        check(2, &GetRequest::Batch { root: [8; 32] });
        check(3, &GetRequest::Range(RangeQuery { group: 1, expiry: 2, from: 3 }));
        check(4, &GetRequest::Have { objects: vec![OBJECT; 1024] });
        check(5, &GetRequest::Locate { group: 1, objects: vec![OBJECT; 1024] });

        check(0, &GetReply::Refused(GetRefusal::Challenged));
        check(1, &GetReply::Object(ObjectInfo { header: HEADER, shard_roots: vec![[5; 32]; 64], shards: vec![1] }));
        check(2, &GetReply::Frames { proof: RangeProof { siblings: vec![[5; 32]; 80] }, len: 1 << 20 });
        check(3, &GetReply::Batch { entries });
        let batch = BatchSummary { root: [9; 32], objects: 1, bytes: 2 };
        let leaf = RangeLeaf { batch, owner: [1; 32], signed: u64::MAX, registered: u32::MAX };
        check(4, &GetReply::Range(RangePage { total: u64::MAX, leaves: vec![leaf; 256] }));
        check(5, &GetReply::Have { bitmap: vec![255; 128] });
        check(6, &GetReply::Located { places: vec![Some(LeafPlace { expiry: 1, index: u64::MAX }); 1024] });
    }

    proptest! {
        #[test]
        fn bitmaps_tell_what_they_were_made_of(bits in prop::collection::vec(any::<bool>(), 0..100)) {
            let packed = pack_bits(&bits);
            prop_assert_eq!(unpack_bits(&packed, bits.len()), Some(bits.clone()));
            prop_assert_eq!(unpack_bits(&packed, bits.len() + 8), None);
        }
    }

    #[test]
    fn bitmaps_with_a_filling_are_refused() {
        assert_eq!(unpack_bits(&[0b0000_0101], 3), Some(vec![true, false, true]));
        assert_eq!(unpack_bits(&[0b0000_1101], 3), None);
    }
}
