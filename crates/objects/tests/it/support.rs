//! Objects to test with.

use meganet_objects::{Backend, Commitment, DefaultBackend, Encoded, Encoder, RangeOpener, ShardHasher};
use meganet_primitives::{
    SlotIndex,
    content::ReadKey,
    merkle::FrameTree,
    object::{FRAME_LEN, FRAME_PLAIN_LEN, Layout},
    placement::ProfileId,
};
use std::ops::Range;

pub const KEY: ReadKey = ReadKey([7; 32]);

/// The shapes of all profiles.
pub fn shapes() -> impl Iterator<Item = (u8, u8)> {
    ProfileId::ALL.into_iter().map(|profile| (profile.profile().k, profile.profile().n))
}

/// Plaintext lengths on both sides of every boundary of the format, for k data shards.
pub fn boundaries(k: u8) -> Vec<u64> {
    let stripe = u64::from(k) * FRAME_PLAIN_LEN;
    let mut lens = vec![1, 2, 1024, FRAME_PLAIN_LEN, 2 * FRAME_PLAIN_LEN, stripe, 2 * stripe, 3 * stripe + 70_000];
    // The longest object whose tail chunks are 1 KiB, and the one of 2 KiB.
    lens.extend([1, 2].map(|leaves| u64::from(k) * leaves * 1024 - 16).iter());
    lens.iter().flat_map(|len| [len - 1, *len, len + 1]).filter(|len| *len > 0).collect()
}

/// Bytes without a period that a frame, leaf or stripe has.
pub fn plaintext(len: u64) -> Vec<u8> {
    (0..251).cycle().take(usize::try_from(len).unwrap()).collect()
}

/// An encoded object with its shards and their trees, as its workers hold them.
pub struct Stored {
    pub plain: Vec<u8>,
    pub encoded: Encoded,
    pub layout: Layout,
    pub shards: Vec<Vec<u8>>,
    pub trees: Vec<FrameTree>,
}

impl Stored {
    pub fn new(k: u8, n: u8, plain: Vec<u8>) -> Self {
        Self::with_backend::<DefaultBackend>(k, n, plain)
    }

    pub fn with_backend<B: Backend>(k: u8, n: u8, plain: Vec<u8>) -> Self {
        Self::encode::<B>(k, n, plain, 10_007)
    }

    /// Encodes plaintext that comes in pieces of this length.
    pub fn in_pieces(k: u8, n: u8, plain: Vec<u8>, piece: usize) -> Self {
        Self::encode::<DefaultBackend>(k, n, plain, piece)
    }

    fn encode<B: Backend>(k: u8, n: u8, plain: Vec<u8>, piece: usize) -> Self {
        let mut shards = vec![Vec::new(); n.into()];
        let sink = |_stripe: u64, shard: SlotIndex, data: &[u8]| {
            shards[usize::from(shard)].extend_from_slice(data);
            Ok(())
        };
        let len = u64::try_from(plain.len()).unwrap();
        let mut encoder = Encoder::<_, B>::with_backend(&KEY, k, n, len, sink).unwrap();
        let layout = encoder.layout();
        plain.chunks(piece).for_each(|piece| encoder.write(piece).unwrap());
        let (encoded, _) = encoder.finish().unwrap();
        let trees = shards.iter().map(|shard| tree(shard)).collect();
        Self { plain, encoded, layout, shards, trees }
    }

    pub fn commitment(&self) -> Commitment {
        Commitment::of(&self.encoded.id(), self.encoded.header, self.encoded.shard_roots.clone()).unwrap()
    }

    /// The chunk of a shard in a stripe.
    pub fn chunk(&self, shard: SlotIndex, stripe: u64) -> &[u8] {
        &self.shards[usize::from(shard)][self.place(stripe)]
    }

    /// Returns the place of a stripe's chunk in every shard.
    pub fn place(&self, stripe: u64) -> Range<usize> {
        let start = usize::try_from(stripe * FRAME_LEN).unwrap();
        start..start + usize::try_from(self.layout.chunk_len(stripe)).unwrap()
    }

    /// The chunks of a stripe, those of some shards only.
    pub fn some_chunks(&self, stripe: u64, there: impl Fn(SlotIndex) -> bool) -> Vec<Option<Vec<u8>>> {
        (0..self.layout.n()).map(|shard| there(shard).then(|| self.chunk(shard, stripe).to_vec())).collect()
    }

    /// Opens a range from the data shards.
    pub fn open(&self, range: Range<u64>) -> Vec<u8> {
        self.open_with::<DefaultBackend>(range)
    }

    pub fn open_with<B: Backend>(&self, range: Range<u64>) -> Vec<u8> {
        let opener = RangeOpener::<B>::with_backend(&KEY, self.layout, range).unwrap();
        let mut out = Vec::new();
        for stripe in opener.stripes() {
            let chunks: Vec<_> = opener.shards(stripe).map(|shard| self.chunk(shard, stripe)).collect();
            let before = out.len();
            opener.open(stripe, &chunks, &mut out).unwrap();
            assert_eq!(u64::try_from(out.len() - before).unwrap(), opener.plain_len(stripe));
        }
        out
    }
}

pub fn tree(shard: &[u8]) -> FrameTree {
    let mut hasher = ShardHasher::new();
    hasher.push(shard);
    hasher.finish().unwrap().1
}

/// A part of plaintext, by offsets of the format.
pub fn part(plain: &[u8], range: &Range<u64>) -> Vec<u8> {
    plain[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
}
