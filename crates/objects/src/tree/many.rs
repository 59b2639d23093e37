//! Several BLAKE2b-256 digests at a time: the same bytes as [`meganet_primitives::merkle`], in the lanes of a vector unit.

use blake2b_simd::{
    Params,
    many::{HashManyJob, hash_many},
};
use meganet_primitives::hash::{Hash, Tag};

/// Messages hashed in one go: a multiple of the lanes of every vector unit, and few enough that they stay in the
/// first-level cache.
const BATCH: usize = 16;
const HASH_LEN: usize = 32;

/// Room for a batch of messages that begin with the same tag. A message is `LEN` bytes, tag included.
pub(super) struct Batch<const LEN: usize> {
    messages: [[u8; LEN]; BATCH],
    params: Params,
}

impl<const LEN: usize> Batch<LEN> {
    pub(super) fn new(tag: Tag) -> Self {
        let mut params = Params::new();
        params.hash_length(HASH_LEN);
        Self { messages: [[tag as u8; LEN]; BATCH], params }
    }

    /// Hashes at most [`BATCH`] messages, whose bytes after the tag `fill` writes, into as many `digests`.
    fn hash(&mut self, digests: &mut [Hash], mut fill: impl FnMut(usize, &mut [u8])) {
        for (index, message) in self.messages.iter_mut().enumerate().take(digests.len()) {
            fill(index, &mut message[1..]);
        }
        let mut jobs: [_; BATCH] = core::array::from_fn(|index| HashManyJob::new(&self.params, &self.messages[index]));
        hash_many(jobs.iter_mut().take(digests.len()));
        for (digest, job) in digests.iter_mut().zip(&jobs) {
            digest.copy_from_slice(job.to_hash().as_bytes());
        }
    }

    /// Hashes the pieces of `data`, each one byte shorter than a message, into as many `digests`.
    pub(super) fn hash_pieces(&mut self, data: &[u8], digests: &mut [Hash]) {
        let pieces = data.chunks_exact((LEN - 1) * BATCH).chain([data.chunks_exact((LEN - 1) * BATCH).remainder()]);
        for (pieces, digests) in pieces.zip(digests.chunks_mut(BATCH)) {
            self.hash(digests, |index, message| {
                message.copy_from_slice(&pieces[index * (LEN - 1)..(index + 1) * (LEN - 1)]);
            });
        }
    }
}

impl Batch<{ 1 + 2 * HASH_LEN }> {
    /// Replaces the first `count` digests by those of their parents, an odd last one lifted as it is, and returns
    /// their number.
    pub(super) fn lift(&mut self, digests: &mut [Hash], count: usize) -> usize {
        let pairs = count / 2;
        let mut parents = [[0; HASH_LEN]; BATCH];
        for first in (0..pairs).step_by(BATCH) {
            let parents = &mut parents[..BATCH.min(pairs - first)];
            self.hash(parents, |index, message| {
                let left = 2 * (first + index);
                message[..HASH_LEN].copy_from_slice(&digests[left]);
                message[HASH_LEN..].copy_from_slice(&digests[left + 1]);
            });
            // A parent's place never lies behind that of its children, so nothing unread is overwritten.
            digests[first..first + parents.len()].copy_from_slice(parents);
        }
        if count % 2 == 1 {
            digests[pairs] = digests[count - 1];
        }
        pairs + count % 2
    }
}
