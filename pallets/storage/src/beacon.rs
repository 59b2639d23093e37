//! The randomness of audits.
//!
//! Every block stores the VRF output of its parent for as long as a challenge may need it. Once in each period, when
//! the outputs of its first blocks are known, it also stores the seed that determines when in the period each worker is
//! challenged.

use crate::{Beacon, Config, Drawn, Fixed, Pallet, WeightInfo};
use alloc::vec::Vec;
use frame_support::{traits::Randomness, weights::Weight};
use meganet_primitives::{
    BlockNumber, Period, WorkerId,
    audit::{MIX_BLOCKS, PURPOSE_WHAT, PURPOSE_WHEN, Schedule, mix},
    hash::Hash,
};

/// Domain separator of the output of a block.
const PURPOSE: &[u8] = b"meganet/beacon/1";

impl<T: Config> Pallet<T> {
    /// The work of every block for audits and pay. Returns an upper bound of its weight.
    pub(crate) fn begin_block() -> Weight {
        Self::keep_randomness();
        let epoch_blocks = Fixed::<T>::get().epoch_blocks.max(1);
        if Self::now().is_multiple_of(epoch_blocks) {
            Self::begin_epoch(Self::epoch());
        }
        T::WeightInfo::begin_block()
    }

    /// Stores the parent's output, removes the one that no challenge needs any longer, and draws the period's seed if
    /// it can.
    pub(crate) fn keep_randomness() {
        let parent = Self::now().saturating_sub(1);
        Self::note(parent);
        if let Some(old) = parent.checked_sub(Self::schedule().memory()) {
            Beacon::<T>::remove(old);
        }
    }

    /// Does what [`Self::keep_randomness`] will do in the next block, for runtime API calls at the end of this one.
    pub(crate) fn keep_randomness_ahead() {
        Self::note(Self::now());
    }

    /// Stores the output of the newest block whose output is known, and draws the period's seed if it was the last one
    /// needed.
    fn note(block: BlockNumber) {
        let schedule = Self::schedule();
        Beacon::<T>::insert(block, Self::newest_output());
        let period = schedule.period_of(block);
        if block == schedule.drawn_at(period) {
            let outputs: Vec<Hash> = (schedule.start_of(period)..=block).filter_map(Beacon::<T>::get).collect();
            Drawn::<T>::put((period, mix(PURPOSE_WHEN, &outputs)));
        }
    }

    /// The VRF output of the parent during a block, and of the block itself after it. With BABE's VRF slots every block
    /// has one; if it were missing, the parent's hash would be used instead, so that audits continue.
    fn newest_output() -> Hash {
        let (output, _) = T::BlockRandomness::random(PURPOSE);
        output.unwrap_or_else(frame_system::Pallet::<T>::parent_hash).into()
    }

    /// The schedule of audits.
    pub(crate) fn schedule() -> Schedule {
        Fixed::<T>::get().schedule
    }

    /// The period of the current block.
    pub(crate) fn period() -> Period {
        Self::schedule().period_of(Self::now())
    }

    /// The block of a worker's challenge in a period; `None` until the period's seed is drawn.
    pub(crate) fn challenge_block(period: Period, worker: WorkerId) -> Option<BlockNumber> {
        let (drawn, when) = Drawn::<T>::get()?;
        (drawn == period).then(|| Self::schedule().challenge_block(period, &when, worker))
    }

    /// The seed of the samples of a challenge; `None` until the outputs of all its blocks are known.
    pub(crate) fn seed_of(challenge: BlockNumber) -> Option<Hash> {
        let outputs: Vec<Hash> = Schedule::seed_blocks(challenge).filter_map(Beacon::<T>::get).collect();
        let all = u32::try_from(outputs.len()).is_ok_and(|count| count == MIX_BLOCKS);
        all.then(|| mix(PURPOSE_WHAT, &outputs))
    }
}
