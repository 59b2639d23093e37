//! When a worker is challenged, and by which randomness.

use crate::{
    BlockNumber, Period, WorkerId,
    hash::{Hash, Tag, tagged},
};
use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The number of consecutive blocks whose VRF outputs make a seed. Each author knows its own output early and can withhold its
/// block, which is one bit of choice for the last of them; it cannot know those of the others. Four make it unlikely
/// (a quarter of the validators colluding: 1 in 256) that one party makes them all.
pub const MIX_BLOCKS: BlockNumber = 4;

/// Domain separator of the seed that decides when in a period each worker is challenged.
pub const PURPOSE_WHEN: &[u8] = b"meganet/audit/when/1";
/// Domain separator of the seed that selects the sampled bytes.
pub const PURPOSE_WHAT: &[u8] = b"meganet/audit/what/1";

/// The rhythm of audits, fixed at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Schedule {
    /// Blocks of a period.
    pub period_blocks: BlockNumber,
    /// Blocks after the challenge within which the proof must be in a block.
    pub window_blocks: BlockNumber,
    /// Bytes sampled in each period: `1..=`[`super::MAX_SAMPLES`].
    pub samples: u8,
}

impl Schedule {
    /// Returns true if a period has room for its seed, at least one challenge block and the whole window after it, and the
    /// number of samples is allowed.
    pub fn is_sound(&self) -> bool {
        let samples = 1..=super::MAX_SAMPLES;
        self.window_blocks >= 1 && self.challenge_blocks() >= 1 && samples.contains(&u32::from(self.samples))
    }

    /// The number of blocks of a period that can be a challenge block.
    fn challenge_blocks(&self) -> BlockNumber {
        self.period_blocks.saturating_sub(self.window_blocks).saturating_sub(MIX_BLOCKS)
    }

    /// Returns the period of a block.
    pub fn period_of(&self, block: BlockNumber) -> Period {
        block / self.period_blocks.max(1)
    }

    /// Returns the first block of a period.
    pub fn start_of(&self, period: Period) -> BlockNumber {
        period.saturating_mul(self.period_blocks)
    }

    /// Returns the last of the blocks whose randomness decides when workers are challenged in a period. The decision is known
    /// after that block.
    pub fn drawn_at(&self, period: Period) -> BlockNumber {
        self.start_of(period).saturating_add(MIX_BLOCKS - 1)
    }

    /// Returns the block with which a worker is challenged: the last one whose randomness is part of the seed of the samples.
    /// `when` is [`mix`] of the outputs of the period's first [`MIX_BLOCKS`] blocks.
    pub fn challenge_block(&self, period: Period, when: &Hash, worker: WorkerId) -> BlockNumber {
        let digest = tagged(Tag::Seed, &[b"meganet/audit/block/1", when, &worker.to_le_bytes()]);
        let [a, b, c, d, ..] = digest;
        let offset = u32::from_le_bytes([a, b, c, d]) % self.challenge_blocks().max(1);
        self.start_of(period).saturating_add(MIX_BLOCKS).saturating_add(offset)
    }

    /// Returns the last block in which a proof is accepted.
    pub fn deadline(&self, challenge: BlockNumber) -> BlockNumber {
        challenge.saturating_add(self.window_blocks)
    }

    /// Returns the blocks whose outputs are mixed into the seed of a challenge.
    pub fn seed_blocks(challenge: BlockNumber) -> core::ops::RangeInclusive<BlockNumber> {
        challenge.saturating_sub(MIX_BLOCKS - 1)..=challenge
    }

    /// Returns for how many blocks the chain must remember their randomness.
    pub fn memory(&self) -> BlockNumber {
        self.window_blocks.saturating_add(MIX_BLOCKS)
    }
}

/// The seed made of the VRF outputs of consecutive blocks.
pub fn mix(purpose: &[u8], outputs: &[Hash]) -> Hash {
    let mut parts: Vec<&[u8]> = alloc::vec![purpose];
    parts.extend(outputs.iter().map(|output| output.as_slice()));
    tagged(Tag::Seed, &parts)
}
