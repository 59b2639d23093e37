//! Every range of every object opens to its plaintext.

use crate::support::{KEY, Stored, boundaries, part, plaintext, shapes};
use meganet_objects::{OpenError, RangeOpener};
use meganet_primitives::object::ObjectError;
use proptest::prelude::*;

#[test]
fn every_length_opens_whole_and_at_its_edges() {
    for (k, n) in shapes() {
        for len in boundaries(k) {
            let stored = Stored::new(k, n, plaintext(len));
            assert!(stored.open(0..len) == stored.plain, "{k} of {n}, {len} bytes");
            for range in [0..1, len - 1..len, 0..0, len..len, len / 2..len, len / 3..len / 2] {
                assert!(stored.open(range.clone()) == part(&stored.plain, &range), "{range:?} of {len}, {k} of {n}");
            }
        }
    }
}

#[test]
fn a_small_range_touches_one_shard() {
    let stored = Stored::new(16, 48, plaintext(16 * 65_520 + 40_000));
    let opener = RangeOpener::new(&KEY, stored.layout, 5 * 65_520 + 10..5 * 65_520 + 20).unwrap();
    assert_eq!((opener.stripes(), opener.shards(0)), (0..1, 5..6));
    // A frame of the tail lies across shards.
    let opener = RangeOpener::new(&KEY, stored.layout, 16 * 65_520..16 * 65_520 + 1).unwrap();
    assert_eq!((opener.stripes(), opener.shards(1)), (1..2, 0..14));
    // Nothing of the range is in other stripes.
    assert!(opener.shards(0).is_empty() && opener.shards(2).is_empty() && opener.shards(u64::MAX).is_empty());
    assert_eq!(opener.plain_len(0), 0);
}

#[test]
fn what_is_not_within_the_object_is_refused() {
    let stored = Stored::new(4, 12, plaintext(1000));
    #[allow(clippy::reversed_empty_ranges)]
    for range in [0..1001, 1001..1001, 10..5, u64::MAX..u64::MAX] {
        let refused = RangeOpener::new(&KEY, stored.layout, range);
        assert!(matches!(refused, Err(OpenError::Object(ObjectError::OutOfRange { .. }))));
    }
}

#[test]
fn chunks_that_were_not_asked_for_are_refused() {
    let stored = Stored::new(4, 12, plaintext(300_000));
    let opener = RangeOpener::new(&KEY, stored.layout, 0..100_000).unwrap();
    assert_eq!(opener.shards(0), 0..2);
    let mut out = b"before".to_vec();
    let chunk = stored.chunk(0, 0);
    assert!(matches!(opener.open(0, &[chunk], &mut out), Err(OpenError::Chunks { need: 2, got: 1, .. })));
    assert!(matches!(opener.open(0, &[chunk, &chunk[1..]], &mut out), Err(OpenError::Erasure(_))));
    assert!(matches!(opener.open(0, &[stored.chunk(0, 0), stored.chunk(2, 0)], &mut out), Err(OpenError::Seal(_))));
    assert_eq!(out, b"before");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_of_any_object_opens(
        shape in 0_usize..4,
        len in 1_u64..3_000_000,
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
    ) {
        let (k, n) = shapes().nth(shape).unwrap();
        let stored = Stored::new(k, n, plaintext(len));
        let size = stored.plain.len() + 1;
        let (a, b) = (u64::try_from(a.index(size)).unwrap(), u64::try_from(b.index(size)).unwrap());
        let range = a.min(b)..a.max(b);
        prop_assert!(stored.open(range.clone()) == part(&stored.plain, &range));
    }
}
