//! Any k shards are enough, and the code is the one that the format names.

use crate::support::{Stored, boundaries, plaintext, shapes};
use meganet_objects::{ErasureCode, ErasureError, Rebuilder, Want, reconstruct_stripe};
use meganet_primitives::SlotIndex;
use proptest::{prelude::*, sample::subsequence};

/// Parity by the crate that the format names.
fn reference(k: u8, n: u8, data: &[u8], len: usize) -> Vec<u8> {
    let code = reed_solomon_erasure::galois_8::ReedSolomon::new(k.into(), (n - k).into()).unwrap();
    let data: Vec<&[u8]> = data.chunks(len).collect();
    let mut parity = vec![vec![0; len]; (n - k).into()];
    code.encode_sep(&data, &mut parity).unwrap();
    parity.concat()
}

fn same_as_reference(k: u8, n: u8, data: &[u8], len: usize) {
    let mut parity = vec![0; len * usize::from(n - k)];
    ErasureCode::new(k, n).unwrap().encode(0, len, data, &mut parity).unwrap();
    assert!(parity == reference(k, n, data, len), "{k} of {n}, chunks of {len}");
}

#[test]
fn parity_is_that_of_the_reference() {
    for (k, n) in shapes() {
        for len in [1, 15, 31, 64, 1024, 1025, 65_536] {
            same_as_reference(k, n, &plaintext(u64::from(k) * u64::try_from(len).unwrap()), len);
        }
    }
}

#[test]
fn every_stripe_of_every_profile_comes_back_from_parity_alone_or_mixed() {
    for (k, n) in shapes() {
        for len in boundaries(k) {
            let stored = Stored::new(k, n, plaintext(len));
            let stripe = stored.layout.stripes() - 1;
            let all = stored.some_chunks(stripe, |_| true);
            for there in [n - k..n, k / 2..k / 2 + k] {
                let mut chunks = stored.some_chunks(stripe, |shard| there.contains(&shard));
                reconstruct_stripe(&stored.layout, stripe, &mut chunks, Want::Data).unwrap();
                assert!(chunks[..k.into()] == all[..k.into()]);
                reconstruct_stripe(&stored.layout, stripe, &mut chunks, Want::All).unwrap();
                assert!(chunks == all, "{k} of {n}, {len} bytes");
            }
        }
    }
}

#[test]
fn a_lost_shard_is_rebuilt_stripe_by_stripe_from_any_k_others() {
    for (k, n) in shapes() {
        let stored = Stored::new(k, n, plaintext(u64::from(k) * 65_520 * 2 + 5000));
        for (lost, sources) in [
            (0, (n - k..n).collect::<Vec<SlotIndex>>()),
            (n - 1, (0..k).collect()),
            (n - 1, (k / 2..k / 2 + k).rev().collect()),
            (k, (k + 1..n).chain(0..k).take(k.into()).collect()),
        ] {
            let rebuilder = Rebuilder::new(stored.layout, lost, &sources).unwrap();
            assert!(rebuilder.sources().eq(sources.iter().copied()));
            let mut shard = Vec::new();
            for stripe in 0..stored.layout.stripes() {
                let chunks: Vec<_> = sources.iter().map(|source| stored.chunk(*source, stripe)).collect();
                rebuilder.chunk(stripe, &chunks, &mut shard).unwrap();
            }
            assert!(shard == stored.shards[usize::from(lost)], "shard {lost} of {k} of {n}");
        }
    }
}

#[test]
fn too_few_chunks_or_wrong_ones_are_refused() {
    let stored = Stored::new(4, 12, plaintext(300_000));
    let layout = stored.layout;
    let reconstruct =
        |chunks: &mut Vec<Option<Vec<u8>>>, stripe, want| reconstruct_stripe(&layout, stripe, chunks, want);

    let mut three = stored.some_chunks(0, |shard| shard > 8);
    let too_few = Err(ErasureError::TooFew { stripe: 0, have: 3, need: 4 });
    assert_eq!(reconstruct(&mut three, 0, Want::All), too_few);
    assert_eq!(reconstruct(&mut three, 0, Want::Shard(1)), too_few);
    // A present chunk need not be computed.
    assert_eq!(reconstruct(&mut three, 0, Want::Shard(9)), Ok(()));

    let mut cut = stored.some_chunks(0, |shard| shard > 6);
    cut[8].as_mut().unwrap().pop();
    let wrong = ErasureError::ChunkLen { stripe: 0, shard: 8, len: 65_535, expected: 65_536 };
    assert_eq!(reconstruct(&mut cut, 0, Want::Data), Err(wrong));

    let mut good = stored.some_chunks(0, |shard| shard > 6);
    assert_eq!(reconstruct(&mut good, layout.stripes(), Want::Data), Err(ErasureError::NoSuchStripe(layout.stripes())));
    let no_shard = Err(ErasureError::NoSuchShard { shard: 12, n: 12 });
    assert_eq!(reconstruct(&mut good, 0, Want::Shard(12)), no_shard);
    good.pop();
    assert!(reconstruct(&mut good, 0, Want::Data).is_err());
}

#[test]
fn a_rebuilder_refuses_sources_that_are_not_k_different_shards() {
    let stored = Stored::new(4, 12, plaintext(300_000));
    let rebuilder = |shard, sources: &[SlotIndex]| Rebuilder::new(stored.layout, shard, sources).map(drop);
    assert_eq!(rebuilder(0, &[1, 2, 3, 4]), Ok(()));
    assert_eq!(rebuilder(0, &[1, 2, 3]), Err(ErasureError::TooFew { stripe: 0, have: 3, need: 4 }));
    assert_eq!(rebuilder(0, &[1, 2, 3, 3]), Err(ErasureError::Twice(3)));
    assert_eq!(rebuilder(0, &[1, 2, 3, 12]), Err(ErasureError::NoSuchShard { shard: 12, n: 12 }));
    assert_eq!(rebuilder(12, &[1, 2, 3, 4]), Err(ErasureError::NoSuchShard { shard: 12, n: 12 }));

    let rebuilder = Rebuilder::new(stored.layout, 0, &[1, 2, 3, 4]).unwrap();
    let chunk = stored.chunk(1, 0);
    let mut out = vec![9];
    assert!(rebuilder.chunk(0, &[chunk; 3], &mut out).is_err());
    assert!(rebuilder.chunk(0, &[chunk, chunk, chunk, &chunk[1..]], &mut out).is_err());
    assert!(rebuilder.chunk(99, &[chunk; 4], &mut out).is_err());
    assert_eq!(out, [9]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parity_of_any_shape_is_that_of_the_reference(
        (k, n) in (2_u8..=64).prop_flat_map(|n| (1..n, Just(n))),
        len in 1_usize..3000,
    ) {
        same_as_reference(k, n, &plaintext(u64::from(k) * u64::try_from(len).unwrap()), len);
    }

    #[test]
    fn any_k_shards_give_all_others(
        (shape, there) in (0_usize..4).prop_flat_map(|shape| {
            let (k, n) = shapes().nth(shape).unwrap();
            (Just((k, n)), subsequence((0..n).collect::<Vec<_>>(), usize::from(k)).prop_shuffle())
        }),
        len in 1_u64..2_000_000,
        lost in any::<prop::sample::Index>(),
    ) {
        let stored = Stored::new(shape.0, shape.1, plaintext(len));
        let lost = SlotIndex::try_from(lost.index(shape.1.into())).unwrap();
        let rebuilder = Rebuilder::new(stored.layout, lost, &there).unwrap();
        for stripe in 0..stored.layout.stripes() {
            let mut chunks = stored.some_chunks(stripe, |shard| there.contains(&shard));
            reconstruct_stripe(&stored.layout, stripe, &mut chunks, Want::Shard(lost)).unwrap();
            prop_assert!(chunks[usize::from(lost)].as_deref() == Some(stored.chunk(lost, stripe)));
            reconstruct_stripe(&stored.layout, stripe, &mut chunks, Want::All).unwrap();
            prop_assert!(chunks == stored.some_chunks(stripe, |_| true));
            let sources: Vec<_> = there.iter().map(|source| stored.chunk(*source, stripe)).collect();
            let mut rebuilt = Vec::new();
            rebuilder.chunk(stripe, &sources, &mut rebuilt).unwrap();
            prop_assert!(rebuilt == stored.chunk(lost, stripe));
        }
    }
}
