//! Finding and sweeping lapsed names.
//!
//! Names are kept in buckets by the block until which they are paid for. At the end of a block that has room, the first
//! bucket that may have names is examined, if all its names must have lapsed by now: at most [`SWEEPS_PER_BLOCK`] of
//! them are swept, or, if it is empty, the next block continues with the next bucket. So the cost of a block does not
//! depend on the number of names. Nothing depends on sweeping either: a lapsed name has no effect, swept or not.

use crate::{
    Config, CurrentParams, Error, Event, Expiring, Label, Names, Pallet, SweepFrom, Usage, Usages, WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    weights::{Weight, WeightMeter},
};
use meganet_primitives::{
    BlockNumber,
    name::{NameStatus, StoredName},
};

/// Blocks of a bucket: one minute.
pub const BUCKET_BLOCKS: BlockNumber = 20;
/// Maximum number of names that are swept at the end of a block: 57,600 a day.
pub const SWEEPS_PER_BLOCK: u32 = 2;

impl<T: Config> Pallet<T> {
    pub(crate) fn index_expiry(label: &Label, expires: BlockNumber) {
        Expiring::<T>::insert(bucket_of(expires), label, ());
    }

    pub(crate) fn unindex_expiry(label: &Label, expires: BlockNumber) {
        Expiring::<T>::remove(bucket_of(expires), label);
    }

    pub(crate) fn do_sweep(label: Label) -> DispatchResult {
        let record = Names::<T>::get(&label).ok_or(Error::<T>::NoSuchName)?;
        let status = record.status(&CurrentParams::<T>::get(), Self::now());
        ensure!(status == NameStatus::Lapsed, Error::<T>::NotLapsed);
        Self::sweep_away(label, &record);
        Ok(())
    }

    fn sweep_away(label: Label, record: &StoredName) {
        Self::clear(&label, record);
        Self::deposit_event(Event::Swept { label, owner: record.owner.into() });
    }

    /// Sweeps a few lapsed names, as far as the block has room. Returns the consumed weight.
    pub(crate) fn sweep_some(remaining: Weight) -> Weight {
        let mut meter = WeightMeter::with_limit(remaining);
        if meter.try_consume(T::WeightInfo::sweep_base()).is_err() {
            return meter.consumed();
        }
        let bucket = SweepFrom::<T>::get();
        if CurrentParams::<T>::get().status(last_of(bucket), Self::now()) != NameStatus::Lapsed {
            return meter.consumed();
        }
        let most = usize::try_from(SWEEPS_PER_BLOCK).unwrap_or_default();
        let labels: Vec<Label> = Expiring::<T>::iter_key_prefix(bucket).take(most).collect();
        if labels.is_empty() {
            SweepFrom::<T>::put(bucket.saturating_add(1));
        }
        for label in labels {
            let Usage { records, subnames } = Usages::<T>::get(&label);
            if meter.try_consume(T::WeightInfo::sweep(records, subnames)).is_err() {
                break;
            }
            match Names::<T>::get(&label) {
                Some(record) => Self::sweep_away(label, &record),
                // This violates an invariant, but must not block sweeping for ever.
                None => Expiring::<T>::remove(bucket, &label),
            }
        }
        meter.consumed()
    }
}

/// Returns the bucket of names that are paid for until block `expires`.
pub(crate) fn bucket_of(expires: BlockNumber) -> u32 {
    expires / BUCKET_BLOCKS
}

/// Returns the latest block until which a name of this bucket can be paid for.
fn last_of(bucket: u32) -> BlockNumber {
    bucket.saturating_mul(BUCKET_BLOCKS).saturating_add(BUCKET_BLOCKS - 1)
}
