//! The encoder's results and refusals.

use crate::support::{KEY, Stored, boundaries, plaintext, shapes};
use meganet_objects::{Commitment, EncodeError, Encoder, StripeEncoder, random_key};
use meganet_primitives::object::{MAX_PLAIN_LEN, OBJECT_VERSION};
use proptest::prelude::*;
use std::io;

#[test]
fn every_length_is_encoded_to_shards_of_its_layout_that_match_their_roots() {
    for (k, n) in shapes() {
        for len in boundaries(k) {
            let stored = Stored::new(k, n, plaintext(len));
            assert_eq!(stored.layout.plain_len(), len);
            let header = stored.encoded.header;
            assert_eq!((header.version, header.k, header.n), (OBJECT_VERSION, k, n));
            assert_eq!(header.layout().unwrap(), stored.layout);
            for (shard, bytes) in stored.shards.iter().enumerate() {
                assert_eq!(u64::try_from(bytes.len()).unwrap(), stored.layout.shard_len(), "{k} of {n}, {len} bytes");
                assert_eq!(stored.trees[shard].root(), stored.encoded.shard_roots[shard]);
            }
            assert_eq!(stored.commitment().id(), stored.encoded.id());
        }
    }
}

#[test]
fn the_encoder_hands_out_each_stripe_once_and_in_order() {
    let plain = plaintext(700_000);
    let mut encoder = StripeEncoder::new(&KEY, 4, 12, 700_000).unwrap();
    let (layout, mut rest, mut next) = (encoder.layout(), plain.as_slice(), 0);
    while !rest.is_empty() {
        if let Some(stripe) = encoder.push(&mut rest).unwrap() {
            assert_eq!(stripe.index(), next);
            assert_eq!(u64::try_from(stripe.chunk_len()).unwrap(), layout.chunk_len(next));
            assert_eq!(stripe.chunks().len(), 12);
            assert!(stripe.chunks().all(|chunk| chunk.len() == stripe.chunk_len()));
            assert_eq!(stripe.chunk(11), stripe.chunks().last());
            assert_eq!(stripe.chunk(12), None);
            next += 1;
        }
    }
    assert_eq!(next, layout.stripes());
}

#[test]
fn one_tebibyte_is_encoded_in_memory_of_a_stripe() {
    let mut encoder = StripeEncoder::new(&KEY, 16, 48, MAX_PLAIN_LEN).unwrap();
    let stripe = plaintext(16 * 65_520);
    for index in 0..3 {
        assert_eq!(encoder.push(&mut stripe.as_slice()).unwrap().unwrap().index(), index);
    }
}

#[test]
fn impossible_lengths_and_shapes_are_refused() {
    for len in [0, MAX_PLAIN_LEN + 1, u64::MAX] {
        assert!(matches!(StripeEncoder::new(&KEY, 4, 12, len), Err(EncodeError::Object(_))));
    }
    for (k, n) in [(0, 0), (0, 4), (4, 4), (5, 4), (4, 65), (255, 255)] {
        assert!(matches!(StripeEncoder::new(&KEY, k, n, 1), Err(EncodeError::Erasure(_))), "{k} of {n}");
    }
}

#[test]
fn a_file_that_grew_or_shrank_is_refused() {
    let none = |_: u64, _: u8, _: &[u8]| Ok(());
    let mut grew = Encoder::new(&KEY, 2, 6, 1000, none).unwrap();
    grew.write(&[0; 1000]).unwrap();
    assert!(matches!(grew.write(&[0]), Err(EncodeError::TooMuch { announced: 1000 })));
    let mut at_once = Encoder::new(&KEY, 2, 6, 1000, none).unwrap();
    assert!(matches!(at_once.write(&[0; 1001]), Err(EncodeError::TooMuch { announced: 1000 })));
    let mut shrank = Encoder::new(&KEY, 2, 6, 1000, none).unwrap();
    shrank.write(&[0; 999]).unwrap();
    assert!(matches!(shrank.finish(), Err(EncodeError::TooLittle { announced: 1000, written: 999 })));
}

#[test]
fn a_sink_that_fails_ends_the_encoding() {
    let full = |_: u64, shard: u8, _: &[u8]| if shard == 3 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
    let mut encoder = Encoder::new(&KEY, 2, 6, 10, full).unwrap();
    assert!(
        matches!(encoder.write(&[0; 10]), Err(EncodeError::Sink(error)) if error.kind() == io::ErrorKind::StorageFull)
    );
}

#[test]
fn random_keys_differ() {
    assert!(random_key().unwrap().0 != random_key().unwrap().0);
}

#[test]
fn no_worker_sees_plaintext() {
    let stored = Stored::new(2, 6, vec![b'x'; 5000]);
    assert!(stored.shards.iter().all(|shard| !shard.windows(8).any(|run| run == b"xxxxxxxx")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_does_not_matter_in_which_pieces_plaintext_comes(len in 1_u64..600_000, piece in 1_usize..200_000) {
        let (whole, pieces) =
            (Stored::in_pieces(4, 12, plaintext(len), usize::MAX), Stored::in_pieces(4, 12, plaintext(len), piece));
        prop_assert_eq!(&whole.encoded, &pieces.encoded);
        prop_assert!(whole.shards == pieces.shards);
        let roots = pieces.encoded.shard_roots.clone();
        prop_assert!(Commitment::new(pieces.encoded.header, roots).is_ok());
    }
}
