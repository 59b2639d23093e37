//! The backends compute the same bytes: what one seals and encodes, the other rebuilds and opens.

use crate::support::{KEY, Stored, boundaries, plaintext, shapes};
use meganet_objects::{
    Aead, Backend, Code, ErasureCode, FrameCipher, Native, Portable, Rebuilder, Refused, SealError, Want,
    random_key_with, reconstruct_stripe_with,
};
use meganet_primitives::SlotIndex;
use proptest::{prelude::*, sample::subsequence};

/// Encodes with one backend; loses all but the chunks of `present`; with the other, opens, reconstructs in every way and
/// rebuilds one shard.
fn cross<From: Backend, To: Backend>((k, n): (u8, u8), len: u64, present: &[SlotIndex], lost: SlotIndex) {
    let stored = Stored::with_backend::<From>(k, n, plaintext(len));
    assert!(stored.open_with::<To>(0..len) == stored.plain, "{k} of {n}, {len} bytes");
    let rebuilder = Rebuilder::<To>::with_backend(stored.layout, lost, present).unwrap();
    let mut rebuilt = Vec::new();
    for stripe in 0..stored.layout.stripes() {
        let all = stored.some_chunks(stripe, |_| true);
        let some = stored.some_chunks(stripe, |shard| present.contains(&shard));
        for want in [Want::All, Want::Data, Want::Shard(lost)] {
            let mut chunks = some.clone();
            reconstruct_stripe_with::<To>(&stored.layout, stripe, &mut chunks, want).unwrap();
            for (shard, chunk) in (0..).zip(&chunks) {
                let wanted = match want {
                    Want::All => true,
                    Want::Data => shard < k,
                    Want::Shard(one) => shard == one,
                };
                assert_eq!(
                    chunk.is_some(),
                    wanted || present.contains(&shard),
                    "{want:?}: shard {shard} of {k} of {n}"
                );
                assert!(chunk.as_ref().is_none_or(|chunk| Some(chunk) == all[usize::from(shard)].as_ref()));
            }
        }
        let sources: Vec<_> = present.iter().map(|shard| stored.chunk(*shard, stripe)).collect();
        rebuilder.chunk(stripe, &sources, &mut rebuilt).unwrap();
    }
    assert!(rebuilt == stored.shards[usize::from(lost)], "shard {lost} of {k} of {n}, {len} bytes");
}

#[test]
fn every_profile_at_every_boundary_crosses_from_one_backend_to_the_other() {
    for (k, n) in shapes() {
        let parity: Vec<SlotIndex> = (n - k..n).collect();
        let mixed: Vec<SlotIndex> = (k / 2..k / 2 + k).collect();
        for len in boundaries(k) {
            cross::<Native, Portable>((k, n), len, &parity, 0);
            cross::<Portable, Native>((k, n), len, &mixed, n - 1);
        }
    }
}

#[test]
fn both_encode_every_length_to_the_same_shards() {
    for (k, n) in shapes() {
        for len in boundaries(k) {
            let (native, portable) =
                (Stored::new(k, n, plaintext(len)), Stored::with_backend::<Portable>(k, n, plaintext(len)));
            assert!(native.encoded == portable.encoded && native.shards == portable.shards, "{k} of {n}, {len} bytes");
        }
    }
}

#[test]
fn both_refuse_a_frame_that_was_changed() {
    let mut sealed = [plaintext(1000), vec![0; 16]].concat();
    FrameCipher::<Portable>::with_backend(&KEY).unwrap().seal(3, true, &mut sealed).unwrap();
    sealed[500] ^= 1;
    let mut out = vec![9];
    let native = FrameCipher::<Native>::with_backend(&KEY).unwrap().open(3, true, &sealed, &mut out);
    let portable = FrameCipher::<Portable>::with_backend(&KEY).unwrap().open(3, true, &sealed, &mut out);
    assert_eq!((native, portable), (Err(SealError::Refused { frame: 3 }), Err(SealError::Refused { frame: 3 })));
    assert_eq!(out, [9]);
}

fn refusals<B: Backend>() {
    let aead = B::Aead::new(&KEY.0).unwrap();
    let mut plain = [0; 4];
    assert_eq!(aead.open(&[0; 12], &[0; 4], &[0; 15], &mut plain), Err(Refused));
    let code = B::code(2, 4).unwrap();
    assert_eq!(code.reconstruct(&mut [Some(vec![1]), None, None, None, None, None], Want::Data), Err(Refused));
    assert!(B::code(0, 4).is_err() && ErasureCode::<B>::with_backend(4, 65).is_err());
    assert!(random_key_with::<B>().unwrap().0 != random_key_with::<B>().unwrap().0);
}

#[test]
fn both_refuse_what_no_key_or_code_has() {
    refusals::<Native>();
    refusals::<Portable>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_object_crosses_from_one_backend_to_the_other(
        (shape, present) in (0_usize..4).prop_flat_map(|shape| {
            let (k, n) = shapes().nth(shape).unwrap();
            (Just((k, n)), subsequence((0..n).collect::<Vec<_>>(), usize::from(k)).prop_shuffle())
        }),
        len in 1_u64..2_000_000,
        lost in any::<prop::sample::Index>(),
    ) {
        let lost = SlotIndex::try_from(lost.index(shape.1.into())).unwrap();
        cross::<Native, Portable>(shape, len, &present, lost);
        cross::<Portable, Native>(shape, len, &present, lost);
    }
}
