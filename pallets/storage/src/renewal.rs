//! Renewal: registering the same batch again, in the range of a later expiry. No data moves.
//!
//! The renewed leaf keeps its owner, its signatures and the block of its registration, so that it binds the same
//! workers. It needs room only for what is not in the group anyway: the room of the older leaf stays used when its
//! range is dropped ([`RangeTotals::renewed`]). Until then the batch is registered twice, and paid for twice: renewing
//! late is cheaper.
//!
//! [`RangeTotals::renewed`]: crate::types::RangeTotals::renewed

use crate::{Config, CurrentParams, Error, Event, Groups, Pallet, Ranges, RangesOf, books::PaymentSource};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::{
    Epoch, GroupId,
    range::{RangeLeaf, RangeLeafProof, verify_leaf},
};
use sp_runtime::{AccountId32, DispatchError};

/// A batch and where it is registered.
#[derive(Clone, Copy)]
pub(crate) struct RegisteredBatch {
    /// The group.
    pub group: GroupId,
    /// The range.
    pub expiry: Epoch,
    /// The index of the batch in the range.
    pub leaf_index: u64,
    /// The batch as it was registered.
    pub leaf: RangeLeaf,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_renew(
        payer: &AccountId32,
        place: RegisteredBatch,
        leaf_proof: &RangeLeafProof,
        until: Epoch,
    ) -> DispatchResult {
        let range = Ranges::<T>::get(place.group, place.expiry).ok_or(Error::<T>::NoSuchRange)?;
        verify_leaf(range.state.now(), place.leaf_index, &place.leaf, leaf_proof)
            .map_err(|_| Error::<T>::BadLeafProof)?;
        Self::extend(PaymentSource::Account(payer), place, until)?;
        Ok(())
    }

    /// Registers a batch, whose place is already proven, until a later expiry too. Returns its index in the new range.
    pub(crate) fn extend(
        source: PaymentSource<'_>,
        place: RegisteredBatch,
        until: Epoch,
    ) -> Result<RegisteredBatch, DispatchError> {
        let RegisteredBatch { group: id, expiry, leaf_index, leaf } = place;
        let epoch = Self::epoch();
        let range = Ranges::<T>::get(id, expiry).ok_or(Error::<T>::NoSuchRange)?;
        ensure!(expiry > epoch, Error::<T>::Expired);
        ensure!(until > expiry, Error::<T>::NoExtension);
        let epochs = until.saturating_sub(epoch);
        ensure!(epochs <= CurrentParams::<T>::get().max_epochs, Error::<T>::ExpiryTooFar);
        // Workers may have dropped objects that were deleted from the older leaf, so none is bound to the renewed one.
        let signed = if range.tombstones == 0 { leaf.signed } else { 0 };
        let leaf = RangeLeaf { signed, ..leaf };

        let mut group = Groups::<T>::get(id).ok_or(Error::<T>::NoSuchGroup)?;
        Self::drop_expired(id, &mut group, crate::batches::DROPS_PER_STORE);
        let bytes = leaf.batch.bytes;
        let kept = RangesOf::<T>::mutate(id, |list| {
            let Some(totals) = list.iter_mut().find(|totals| totals.expiry == expiry) else { return 0 };
            let kept = bytes.min(totals.share.now().bytes.saturating_sub(totals.renewed));
            totals.renewed = totals.renewed.saturating_add(kept);
            kept
        });
        let more = bytes.saturating_sub(kept);
        ensure!(more <= group.room(), Error::<T>::GroupFull);
        group.used = group.used.saturating_add(more);
        let index = Self::register(source, id, &group, until, epochs, &leaf)?;
        if group.full() {
            Self::unlist(id, &mut group);
        }
        Groups::<T>::insert(id, group);
        Self::deposit_event(Event::Renewed { group: id, from: expiry, leaf: leaf_index, until, index });
        Ok(RegisteredBatch { group: id, expiry: until, leaf_index: index, leaf })
    }
}
