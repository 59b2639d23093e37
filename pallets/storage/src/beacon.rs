//! The randomness that audits are drawn by.
//!
//! Every block keeps the VRF output of its parent, for as long as a challenge may need it; and once in a period, when the
//! outputs of its first blocks are known, the seed that tells when in the period each worker is challenged.

use crate::{Beacon, Config, Drawn, Fixed, Pallet, WeightInfo};
use alloc::vec::Vec;
use frame_support::{traits::Randomness, weights::Weight};
use meganet_primitives::{
    audit::{mix, Schedule, MIX_BLOCKS, PURPOSE_WHAT, PURPOSE_WHEN},
    hash::Hash,
    BlockNumber, Period, WorkerId,
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
        let schedule = Self::schedule();
        let parent = Self::now().saturating_sub(1);
        Beacon::<T>::insert(parent, Self::parent_output());
        if let Some(old) = parent.checked_sub(schedule.memory()) {
            Beacon::<T>::remove(old);
        }
        let period = schedule.period_of(parent);
        if parent == schedule.drawn_at(period) {
            let first = schedule.start_of(period);
            let outputs: Vec<Hash> = (first..=parent).filter_map(Beacon::<T>::get).collect();
            Drawn::<T>::put((period, mix(PURPOSE_WHEN, &outputs)));
        }
    }

    /// The VRF output of the parent. Every slot that a block can have here brings one; should one be missing, the parent's
    /// hash stands in for it, so that audits go on.
    fn parent_output() -> Hash {
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

    /// As [`Self::listen`] will do in the next block: for questions that are asked at the end of this one.
    pub(crate) fn listen_ahead() {
        let now = Self::now();
        Beacon::<T>::insert(now, Self::parent_output());
        let schedule = Self::schedule();
        let period = schedule.period_of(now);
        if now == schedule.drawn_at(period) {
            let outputs: Vec<Hash> = (schedule.start_of(period)..=now).filter_map(Beacon::<T>::get).collect();
            Drawn::<T>::put((period, mix(PURPOSE_WHEN, &outputs)));
        }
    }
}
