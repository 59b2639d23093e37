#![allow(clippy::unwrap_used)]

use super::*;
use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
};
use proptest::prelude::*;

fn header() -> ObjectHeader {
    ObjectHeader { version: 1, codec: 0, k: 4, n: 12, sealed_len: 1_000_000, shards_root: [7; 32] }
}

#[test]
fn lengths_at_the_edges_of_frames() {
    for (plain, sealed) in [
        (1, 17),
        (FRAME_PLAIN_LEN, FRAME_LEN),
        (FRAME_PLAIN_LEN + 1, FRAME_LEN + 17),
        (2 * FRAME_PLAIN_LEN, 2 * FRAME_LEN),
    ] {
        assert_eq!(sealed_len(plain), Ok(sealed));
        assert_eq!(plain_len(sealed), Ok(plain));
    }
    assert_eq!(sealed_len(MAX_PLAIN_LEN), Ok(MAX_SEALED_LEN));
    assert_eq!(plain_len(MAX_SEALED_LEN), Ok(MAX_PLAIN_LEN));
}

#[test]
fn impossible_lengths_are_refused() {
    for plain in [0, MAX_PLAIN_LEN + 1, u64::MAX] {
        assert_eq!(sealed_len(plain), Err(ObjectError::BadPlainLen(plain)));
    }
    for sealed in [0, 1, TAG_LEN, FRAME_LEN + 1, FRAME_LEN + TAG_LEN, MAX_SEALED_LEN + 1, u64::MAX] {
        assert_eq!(plain_len(sealed), Err(ObjectError::BadSealedLen(sealed)));
    }
}

#[test]
fn a_small_file_costs_one_leaf_a_shard() {
    for profile in crate::placement::ProfileId::ALL.map(|id| id.profile()) {
        let layout = Layout::new(profile.k, profile.n, sealed_len(1024).unwrap()).unwrap();
        assert_eq!((layout.full_stripes(), layout.tail_chunk_len(), layout.shard_len()), (0, 1024, 1024));
        assert_eq!((layout.leaves(), layout.frames()), (1, 1));
    }
}

#[test]
fn a_full_last_stripe_has_no_tail() {
    let layout = Layout::new(2, 6, 4 * FRAME_LEN).unwrap();
    assert_eq!((layout.full_stripes(), layout.tail_chunk_len(), layout.stripes()), (2, 0, 2));
    assert_eq!((layout.chunk_len(1), layout.chunk_len(2), layout.stripe_sealed_len(2)), (FRAME_LEN, 0, 0));
}

#[test]
fn every_sealed_byte_has_one_place_of_its_own() {
    let layout = Layout::new(3, 5, 3 * FRAME_LEN + 5000).unwrap();
    let mut places = BTreeSet::new();
    for offset in 0..layout.sealed_len() {
        let pos = layout.chunk_of(offset).unwrap();
        assert!(pos.shard < 3 && pos.offset < layout.chunk_len(pos.stripe));
        assert!(pos.stripe * FRAME_LEN + pos.offset < layout.shard_len());
        assert!(places.insert((pos.stripe, pos.shard, pos.offset)), "byte {offset}");
    }
}

#[test]
fn offsets_beyond_the_end_are_refused() {
    let layout = Layout::new(2, 6, 100).unwrap();
    assert_eq!(layout.chunk_of(100), Err(ObjectError::OutOfRange { offset: 100, len: 100 }));
}

#[test]
fn headers_that_make_no_sense_are_refused() {
    assert_eq!(header().check(), Ok(()));
    assert_eq!(ObjectHeader { version: 2, ..header() }.check(), Err(ObjectError::UnknownVersion(2)));
    assert_eq!(ObjectHeader { codec: 1, ..header() }.check(), Err(ObjectError::UnknownCodec(1)));
    for (k, n) in [(0, 0), (0, 4), (4, 4), (5, 4), (4, 65), (255, 255)] {
        assert_eq!(ObjectHeader { k, n, ..header() }.check(), Err(ObjectError::BadShardCounts { k, n }));
    }
    assert_eq!(ObjectHeader { sealed_len: 16, ..header() }.check(), Err(ObjectError::BadSealedLen(16)));
}

#[test]
fn every_bit_of_a_header_counts_for_the_id() {
    let bytes = header().encode();
    let mut ids = BTreeSet::from([header().id()]);
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(ids.insert(ObjectHeader::decode(&mut bad.as_slice()).unwrap().id()));
    }
}

#[test]
fn shard_order_counts_for_the_shards_root() {
    assert_ne!(shards_root(&[[1; 32], [2; 32]]), shards_root(&[[2; 32], [1; 32]]));
    assert_ne!(shards_root(&[[1; 32]]), shards_root(&[[1; 32], [1; 32]]));
}

#[test]
fn ids_are_written_as_lower_case_base32_and_read_strictly() {
    let id = header().id();
    let text = id.to_string();
    assert_eq!(text.len(), 52);
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(format!("{id:?}"), format!("ObjectId({text})"));
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<ObjectId>(&format!("\"{text}\"")).unwrap(), id);
    for bad in [text.to_uppercase(), text[1..].into(), format!("{text}a"), format!("{text}===="), String::new()] {
        assert_eq!(bad.parse::<ObjectId>(), Err(ObjectIdError));
    }
}

proptest! {
    #[test]
    fn lengths_are_inverse(plain in 1..=MAX_PLAIN_LEN) {
        prop_assert_eq!(plain_len(sealed_len(plain).unwrap()), Ok(plain));
    }

    #[test]
    fn shards_hold_the_object_and_waste_less_than_a_leaf_each(k in 1u8..=20, extra in 1u8..=20, plain in 1..=MAX_PLAIN_LEN) {
        let layout = Layout::new(k, k + extra, sealed_len(plain).unwrap()).unwrap();
        let data = layout.shard_len() * u64::from(k);
        prop_assert_eq!(layout.plain_len(), plain);
        prop_assert_eq!(layout.shard_len() % LEAF_LEN, 0);
        prop_assert!(data >= layout.sealed_len() && data - layout.sealed_len() < (LEAF_LEN + 1) * u64::from(k));
        prop_assert_eq!(layout.leaves().div_ceil(LEAVES_PER_FRAME), layout.frames());
        prop_assert!(layout.tail_chunk_len() <= FRAME_LEN);
    }

    #[test]
    fn frames_add_up(frames in 0u64..50, rest in TAG_LEN + 1..=FRAME_LEN) {
        let layout = Layout::new(4, 12, frames * FRAME_LEN + rest).unwrap();
        let lens = (0..layout.frame_count_sealed()).map(|frame| layout.frame_len(frame));
        prop_assert_eq!(lens.sum::<u64>(), layout.sealed_len());
        prop_assert_eq!(layout.frame_len(frames), rest);
        prop_assert_eq!(layout.frame_len(frames + 1), 0);
        prop_assert_eq!(layout.frame_len(u64::MAX), 0);
    }

    #[test]
    fn a_byte_is_where_stripes_and_chunks_before_it_end(k in 1u8..=20, sealed in 17..20_000_000u64, at in any::<u64>()) {
        let Ok(layout) = Layout::new(k, k * 2, sealed) else { return Ok(()) };
        let pos = layout.chunk_of(at % sealed).unwrap();
        let chunk_len = layout.chunk_len(pos.stripe);
        prop_assert!(pos.shard < k && pos.offset < chunk_len);
        let before = pos.stripe * layout.stripe_len() + u64::from(pos.shard) * chunk_len;
        prop_assert_eq!(before + pos.offset, at % sealed);
    }

    #[test]
    fn stripes_add_up(k in 1u8..=20, sealed in 17..50_000_000u64) {
        let Ok(layout) = Layout::new(k, k * 2, sealed) else { return Ok(()) };
        let lens = (0..layout.stripes()).map(|stripe| (layout.stripe_sealed_len(stripe), layout.chunk_len(stripe)));
        let (sealed_sum, shard_sum) = lens.fold((0, 0), |sum, lens| (sum.0 + lens.0, sum.1 + lens.1));
        prop_assert_eq!((sealed_sum, shard_sum), (layout.sealed_len(), layout.shard_len()));
    }
}
