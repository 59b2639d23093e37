//! A bad byte anywhere is an error, and never wrong content.

use crate::support::{KEY, Stored, plaintext, shapes, tree};
use meganet_objects::{Commitment, FrameCipher, OpenError, RangeOpener, SealError, VerifyError};
use meganet_primitives::{
    content::ReadKey,
    merkle::{FrameTree, MerkleError},
    object::{Layout, ObjectHeader},
};
use proptest::prelude::*;

/// Opens all from data chunks without any check before.
fn open_unchecked(key: &ReadKey, layout: Layout, chunks: &[Vec<Vec<u8>>]) -> Result<Vec<u8>, OpenError> {
    let opener = RangeOpener::new(key, layout, 0..layout.plain_len())?;
    let mut out = Vec::new();
    for (stripe, chunks) in (0..).zip(chunks) {
        let needed = opener.shards(stripe).len();
        opener.open(stripe, &chunks[..needed.min(chunks.len())], &mut out)?;
    }
    Ok(out)
}

fn data_chunks(stored: &Stored) -> Vec<Vec<Vec<u8>>> {
    let chunks = |stripe| (0..stored.layout.k()).map(|shard| stored.chunk(shard, stripe).to_vec()).collect();
    (0..stored.layout.stripes()).map(chunks).collect()
}

#[test]
fn every_frame_of_every_shard_verifies_in_its_place_only() {
    for (k, n) in shapes() {
        let stored = Stored::new(k, n, plaintext(u64::from(k) * 65_520 * 2 + 70_000));
        let (commitment, stripes) = (stored.commitment(), stored.layout.stripes());
        for shard in 0..n {
            for first in 0..stripes {
                let proof = stored.trees[usize::from(shard)].prove_frames(first, 1).unwrap();
                let bytes = stored.chunk(shard, first);
                assert_eq!(commitment.verify_frames(shard, first, bytes, &proof), Ok(()));
                let elsewhere = commitment.verify_frames(shard, (first + 1) % stripes, bytes, &proof);
                assert!(elsewhere.is_err());
                let other_shard = commitment.verify_frames((shard + 1) % n, first, bytes, &proof);
                assert!(matches!(other_shard, Err(VerifyError::Merkle(MerkleError::Mismatch))));
            }
            let proof = stored.trees[usize::from(shard)].prove_frames(0, stripes).unwrap();
            assert_eq!(commitment.verify_frames(shard, 0, &stored.shards[usize::from(shard)], &proof), Ok(()));
        }
        let proof = stored.trees[0].prove_frames(0, 1).unwrap();
        let no_shard = commitment.verify_frames(n, 0, stored.chunk(0, 0), &proof);
        assert_eq!(no_shard, Err(VerifyError::NoSuchShard { shard: n, n }));
    }
}

#[test]
fn bytes_that_are_not_whole_frames_are_refused() {
    let stored = Stored::new(4, 12, plaintext(600_000));
    let (commitment, shard) = (stored.commitment(), &stored.shards[2]);
    let proof = stored.trees[2].prove_frames(0, 1).unwrap();
    for bytes in [&[][..], &shard[..1024], &shard[..65_535], &shard[..65_537]] {
        let refused = commitment.verify_frames(2, 0, bytes, &proof);
        assert_eq!(refused, Err(VerifyError::NotFrames { first: 0, len: bytes.len() }));
    }
    for first in [3, 1 << 48, u64::MAX] {
        assert!(commitment.verify_frames(2, first, &shard[..65_536], &proof).is_err());
    }
    let mut short = proof.clone();
    short.siblings.pop();
    let mut long = proof.clone();
    long.siblings.push([0; 32]);
    for proof in [short, long] {
        assert!(commitment.verify_frames(2, 0, &shard[..65_536], &proof).is_err());
    }
}

#[test]
fn a_header_with_any_other_field_is_another_object() {
    let stored = Stored::new(4, 12, plaintext(300_000));
    let (id, header, roots) = (stored.encoded.id(), stored.encoded.header, stored.encoded.shard_roots.clone());
    let changes: [fn(&mut ObjectHeader); 6] = [
        |header| header.version = 2,
        |header| header.codec = 1,
        |header| header.k = 3,
        |header| header.n = 13,
        |header| header.sealed_len -= 1,
        |header| header.shards_root[31] ^= 1,
    ];
    for change in changes {
        let mut other = header;
        change(&mut other);
        assert!(matches!(Commitment::of(&id, other, roots.clone()), Err(VerifyError::OtherObject { .. })));
    }
    let mut swapped = roots.clone();
    swapped.swap(0, 1);
    assert_eq!(Commitment::of(&id, header, swapped), Err(VerifyError::ShardRoots));
    assert_eq!(Commitment::of(&id, header, roots[..11].to_vec()), Err(VerifyError::ShardRoots));
    let invalid = ObjectHeader { version: 9, ..header };
    assert!(matches!(Commitment::new(invalid, roots), Err(VerifyError::Object(_))));
}

#[test]
fn reordered_frames_do_not_open() {
    let stored = Stored::new(4, 12, plaintext(12 * 65_520));
    let chunks = data_chunks(&stored);
    assert!(open_unchecked(&KEY, stored.layout, &chunks).unwrap() == stored.plain);
    for (a, b) in [((0, 0), (0, 1)), ((0, 0), (1, 0)), ((2, 2), (2, 3)), ((0, 0), (2, 3))] {
        let mut reordered = chunks.clone();
        reordered[a.0][a.1].clone_from(&chunks[b.0][b.1]);
        reordered[b.0][b.1].clone_from(&chunks[a.0][a.1]);
        assert!(matches!(open_unchecked(&KEY, stored.layout, &reordered), Err(OpenError::Seal(_))), "{a:?} {b:?}");
    }
}

#[test]
fn truncated_and_extended_objects_do_not_open() {
    let (k, n) = (4, 12);
    let stored = Stored::new(k, n, plaintext(8 * 65_520));
    let chunks = data_chunks(&stored);
    // Cut at a frame's end, the rest is whole frames: only the last flag is wrong.
    let cut = Layout::new(k, n, stored.layout.sealed_len() - 65_536 * 4).unwrap();
    assert!(matches!(open_unchecked(&KEY, cut, &chunks[..1]), Err(OpenError::Seal(SealError::Refused { frame: 3 }))));
    let cut = Layout::new(k, n, stored.layout.sealed_len() - 1).unwrap();
    assert!(matches!(open_unchecked(&KEY, cut, &chunks), Err(OpenError::Seal(SealError::Refused { frame: 7 }))));
    // Extended by frames that were sealed with the same key but for another length.
    let longer = Stored::new(k, n, plaintext(12 * 65_520));
    let mut extended = chunks.clone();
    extended.push(data_chunks(&longer)[2].clone());
    let refused = open_unchecked(&KEY, longer.layout, &extended);
    assert!(matches!(refused, Err(OpenError::Seal(SealError::Refused { frame: 7 }))));
}

#[test]
fn another_key_opens_nothing() {
    let stored = Stored::new(4, 12, plaintext(1000));
    let mut key = KEY;
    key.0[31] ^= 1;
    let refused = open_unchecked(&key, stored.layout, &data_chunks(&stored));
    assert_eq!(refused, Err(OpenError::Seal(SealError::Refused { frame: 0 })));
}

#[test]
fn the_cipher_takes_only_what_can_be_a_frame() {
    let (cipher, mut out) = (FrameCipher::new(&KEY).unwrap(), Vec::new());
    for len in [0, 16, 65_537] {
        let wrong = Err(SealError::WrongLength { frame: 1, len });
        assert_eq!(cipher.seal(1, true, &mut vec![0; len]), wrong);
        assert_eq!(cipher.open(1, true, &vec![0; len], &mut out), wrong);
    }
    assert_eq!(cipher.open(1, false, &[0; 100], &mut out), Err(SealError::WrongLength { frame: 1, len: 100 }));
    let beyond = u64::from(u32::MAX) + 1;
    assert_eq!(cipher.seal(beyond, true, &mut [0; 100]), Err(SealError::NoSuchFrame(beyond)));
    assert_eq!(cipher.open(beyond, true, &[0; 100], &mut out), Err(SealError::NoSuchFrame(beyond)));
}

/// A frame of a shard after one bit of it was flipped, with the honest proof and with one for the changed shard.
fn with_flipped_bit(stored: &Stored, shard: u8, stripe: u64, bit: usize) -> (Vec<u8>, FrameTree) {
    let mut changed = stored.shards[usize::from(shard)].clone();
    let chunk = &mut changed[stored.place(stripe)];
    chunk[bit / 8] ^= 1 << (bit % 8);
    (chunk.to_vec(), tree(&changed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_bit_is_refused_with_and_without_the_tree(
        shape in 0_usize..4,
        len in 1_u64..1_500_000,
        shard in any::<prop::sample::Index>(),
        stripe in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let (k, n) = shapes().nth(shape).unwrap();
        let stored = Stored::new(k, n, plaintext(len));
        let shard = u8::try_from(shard.index(n.into())).unwrap();
        let stripe = u64::try_from(stripe.index(usize::try_from(stored.layout.stripes()).unwrap())).unwrap();
        let bit = bit.index(stored.place(stripe).len() * 8);
        let (bytes, changed) = with_flipped_bit(&stored, shard, stripe, bit);
        let commitment = stored.commitment();
        for tree in [&stored.trees[usize::from(shard)], &changed] {
            let proof = tree.prove_frames(stripe, 1).unwrap();
            let refused = commitment.verify_frames(shard, stripe, &bytes, &proof);
            prop_assert_eq!(refused, Err(VerifyError::Merkle(MerkleError::Mismatch)));
        }
        // Were it not verified, the cipher would refuse it, unless it is padding.
        if shard < k {
            let mut chunks = data_chunks(&stored);
            chunks[usize::try_from(stripe).unwrap()][usize::from(shard)] = bytes;
            match open_unchecked(&KEY, stored.layout, &chunks) {
                Ok(plain) => {
                    prop_assert!(plain == stored.plain);
                    let place = u64::from(shard) * stored.layout.chunk_len(stripe) + u64::try_from(bit / 8).unwrap();
                    prop_assert!(place >= stored.layout.stripe_sealed_len(stripe));
                }
                Err(error) => {
                    let refused = matches!(error, OpenError::Seal(SealError::Refused { .. }));
                    prop_assert!(refused, "{error}");
                }
            }
        }
    }

    #[test]
    fn a_sealed_frame_opens_only_whole_in_its_place_and_with_its_flag(
        len in 1_usize..5000,
        frame in 0_u64..1000,
        other in 0_u64..1000,
        bit in any::<prop::sample::Index>(),
    ) {
        let cipher = FrameCipher::new(&KEY).unwrap();
        let plain = plaintext(u64::try_from(len).unwrap());
        let mut sealed = plain.clone();
        sealed.resize(len + 16, 0);
        cipher.seal(frame, true, &mut sealed).unwrap();
        let open = |frame, last, sealed: &[u8]| {
            let mut out = Vec::new();
            cipher.open(frame, last, sealed, &mut out).map(|()| out)
        };
        prop_assert_eq!(open(frame, true, &sealed), Ok(plain));
        prop_assert!(open(frame, false, &sealed).is_err());
        prop_assert_eq!(open(other, true, &sealed).is_err(), other != frame);
        prop_assert!(open(frame, true, &sealed[..sealed.len() - 1]).is_err());
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(open(frame, true, &sealed), Err(SealError::Refused { frame }));
    }
}
