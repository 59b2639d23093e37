//! The randomness that audits are drawn by.
//!
//! Every block keeps the VRF output of its parent, for as long as a challenge may need it; and once in a period, when the
//! outputs of its first blocks are known, the seed that tells when in the period each worker is challenged.

use crate::{Beacon, Config, Drawn, Fixed, Pallet, WeightInfo};
use alloc::vec::Vec;
use frame_support::{traits::Randomness, weights::Weight};
use meganet_primitives::{
    BlockNumber, Period, WorkerId,
    audit::{MIX_BLOCKS, PURPOSE_WHAT, PURPOSE_WHEN, Schedule, mix},
    hash::Hash,
};

/// What the output of a block is asked for.
const PURPOSE: &[u8] = b"meganet/beacon/1";

impl<T: Config> Pallet<T> {
    /// What every block does for audits and pay. Returns what that may have cost.
    pub(crate) fn begin_block() -> Weight {
        Self::listen();
        let epoch_blocks = Fixed::<T>::get().epoch_blocks.max(1);
        if Self::now().is_multiple_of(epoch_blocks) {
            Self::begin_epoch(Self::epoch());
        }
        T::WeightInfo::begin_block()
    }

    /// Keeps the parent's output, forgets one that no challenge needs any more, and draws the period if it can.
    pub(crate) fn listen() {
        let parent = Self::now().saturating_sub(1);
        Self::note(parent);
        if let Some(old) = parent.checked_sub(Self::schedule().memory()) {
            Beacon::<T>::remove(old);
        }
    }

    /// As [`Self::listen`] will do in the next block: for questions that are asked at the end of this one.
    pub(crate) fn listen_ahead() {
        Self::note(Self::now());
    }

    /// Keeps the output of a block, the newest whose output is known, and draws the period if that was the last one it needs.
    fn note(block: BlockNumber) {
        let schedule = Self::schedule();
        Beacon::<T>::insert(block, Self::newest_output());
        let period = schedule.period_of(block);
        if block == schedule.drawn_at(period) {
            let outputs: Vec<Hash> = (schedule.start_of(period)..=block).filter_map(Beacon::<T>::get).collect();
            Drawn::<T>::put((period, mix(PURPOSE_WHEN, &outputs)));
        }
    }

    /// The VRF output of the parent while a block begins, of the block itself once it is done. Every slot that a block can have
    /// here brings one; should one be missing, the parent's hash stands in for it, so that audits go on.
    fn newest_output() -> Hash {
        let (output, _) = T::BlockRandomness::random(PURPOSE);
        output.unwrap_or_else(frame_system::Pallet::<T>::parent_hash).into()
    }

    /// The rhythm of audits.
    pub(crate) fn schedule() -> Schedule {
        Fixed::<T>::get().schedule
    }

    /// The period of this block.
    pub(crate) fn period() -> Period {
        Self::schedule().period_of(Self::now())
    }

    /// The block with which a worker is challenged in a period; `None` until it is drawn.
    pub(crate) fn challenge_block(period: Period, worker: WorkerId) -> Option<BlockNumber> {
        let (drawn, when) = Drawn::<T>::get()?;
        (drawn == period).then(|| Self::schedule().challenge_block(period, &when, worker))
    }

    /// The seed of what is asked with a challenge; `None` until all of its blocks are known.
    pub(crate) fn seed_of(challenge: BlockNumber) -> Option<Hash> {
        let outputs: Vec<Hash> = Schedule::seed_blocks(challenge).filter_map(Beacon::<T>::get).collect();
        let all = u32::try_from(outputs.len()).is_ok_and(|count| count == MIX_BLOCKS);
        all.then(|| mix(PURPOSE_WHAT, &outputs))
    }
}
