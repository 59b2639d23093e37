//! Registering batches: receipts, quorum, price.

use crate::{
    types::GIB, workers::verify, Config, CurrentParams, Error, Event, Group, Groups, Pallet, RangeRecord, Ranges,
    RangesOf, Total, Workers,
};
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{fungible::Mutate, tokens::Preservation, ConstU32, Get},
    BoundedVec,
};
use meganet_primitives::{
    object::LEAF_LEN,
    placement::MAX_SLOTS,
    range::RangeLeaf,
    receipt::{Receipt, ReceiptStatement},
    sum_tree::{BatchSummary, MAX_BATCH_OBJECTS},
    Balance, Epoch, GroupId,
};
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};
use sp_runtime::{traits::AccountIdConversion, AccountId32};

/// Expired ranges that a `store` drops at most, so that its cost is bounded.
pub const DROPS_PER_STORE: u32 = 2;

/// What storing a batch costs: `bytes` in each of `n` slots for `epochs` epochs, rounded up. `None` if it can't be
/// expressed.
pub fn price_of(price_per_gib_epoch: Balance, bytes: u64, n: u8, epochs: u32) -> Option<Balance> {
    // 64 + 8 + 32 bits: always fits.
    let byte_epochs = u128::from(bytes) * u128::from(n) * u128::from(epochs);
    multiply_by_rational_with_rounding(byte_epochs, price_per_gib_epoch, u128::from(GIB), Rounding::Up)
}

/// Whether a summary can be that of a batch: objects within bounds, and bytes that are whole leaves, one an object at
/// least.
fn is_plausible(batch: &BatchSummary) -> bool {
    let objects = u64::from(batch.objects);
    (1..=MAX_BATCH_OBJECTS).contains(&batch.objects)
        && batch.bytes.is_multiple_of(LEAF_LEN)
        && batch.bytes / LEAF_LEN >= objects
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_store(
        owner: AccountId32,
        id: GroupId,
        expiry: Epoch,
        batch: BatchSummary,
        receipts: BoundedVec<Receipt, ConstU32<MAX_SLOTS>>,
    ) -> DispatchResult {
        let params = CurrentParams::<T>::get();
        let epochs = expiry.saturating_sub(Self::epoch());
        ensure!(epochs > 0, Error::<T>::Expired);
        ensure!(epochs <= params.max_epochs, Error::<T>::ExpiryTooFar);
        ensure!(is_plausible(&batch), Error::<T>::BadBatch);
        let mut group = Groups::<T>::get(id).ok_or(Error::<T>::NoSuchGroup)?;
        ensure!(group.ready, Error::<T>::GroupNotReady);
        Self::drop_expired(id, &mut group, DROPS_PER_STORE);
        ensure!(batch.bytes <= group.room(), Error::<T>::GroupFull);
        let statement = ReceiptStatement {
            genesis: Self::genesis_hash(),
            group: id,
            slot: 0,
            expiry,
            owner: owner.clone().into(),
            batch,
        };
        let signed = Self::check_receipts(&group, statement, &receipts)?;

        let n = group.profile.profile().n;
        let price = price_of(params.price_per_gib_epoch, batch.bytes, n, epochs).ok_or(Error::<T>::Overflow)?;
        T::Currency::transfer(&owner, &Self::pot(), price, Preservation::Preserve)
            .map_err(|_| Error::<T>::CannotPay)?;
        let leaf = RangeLeaf { batch, owner: owner.into(), signed };
        let index = Self::append(id, expiry, &leaf)?;

        group.used = group.used.saturating_add(batch.bytes);
        Self::return_deposit(id, &mut group)?;
        if group.full() {
            Self::unlist(id, &mut group);
        }
        Groups::<T>::insert(id, group);
        Total::<T>::mutate(|total| {
            total.batches = total.batches.saturating_add(1);
            total.objects = total.objects.saturating_add(u64::from(batch.objects));
            let bytes = u128::from(batch.bytes).saturating_mul(u128::from(n));
            total.bytes = total.bytes.saturating_add(bytes);
        });
        Self::deposit_event(Event::Stored { group: id, expiry, index, leaf });
        Ok(())
    }

    /// Checks that a quorum of the group's members signed the statement, each for its own slot. Returns the bitmap of the
    /// slots that did.
    fn check_receipts(group: &Group, mut statement: ReceiptStatement, receipts: &[Receipt]) -> Result<u64, Error<T>> {
        let quorum = usize::from(group.profile.profile().quorum());
        ensure!(receipts.len() >= quorum, Error::<T>::BelowQuorum);
        let sorted = receipts.windows(2).all(|pair| match pair {
            [a, b] => a.slot < b.slot,
            _ => true,
        });
        ensure!(sorted, Error::<T>::ReceiptsUnsorted);
        let mut signed = 0u64;
        for receipt in receipts {
            let seat = group.slots.get(usize::from(receipt.slot)).copied().flatten();
            let worker = seat.and_then(Workers::<T>::get).ok_or(Error::<T>::NoSuchSlot)?;
            statement.slot = receipt.slot;
            let bytes = statement.signed_bytes();
            ensure!(verify(&worker.peer, &receipt.signature, &bytes), Error::<T>::BadReceipt);
            signed |= 1u64.checked_shl(u32::from(receipt.slot)).ok_or(Error::<T>::NoSuchSlot)?;
        }
        Ok(signed)
    }

    /// Appends a leaf to the range of an expiry, which begins with the first one. Returns its index.
    fn append(id: GroupId, expiry: Epoch, leaf: &RangeLeaf) -> Result<u64, Error<T>> {
        let mut record = match Ranges::<T>::get(id, expiry) {
            Some(record) => record,
            None => {
                RangesOf::<T>::try_mutate(id, |expiries| {
                    let at = expiries.partition_point(|other| *other < expiry);
                    expiries.try_insert(at, expiry).map_err(|_| Error::<T>::TooManyRanges)
                })?;
                RangeRecord { state: Default::default(), tombstones: 0 }
            }
        };
        let index = record.state.append(leaf).map_err(|_| Error::<T>::RangeFull)?;
        Ranges::<T>::insert(id, expiry, record);
        Ok(index)
    }

    /// The account in which payments wait. It always keeps the existential deposit that genesis gave it.
    pub fn pot() -> AccountId32 {
        T::PalletId::get().into_account_truncating()
    }
}
