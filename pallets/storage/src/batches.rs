//! Registering batches: receipts, quorum, price.

use crate::{
    Config, CurrentParams, Error, Event, Group, Groups, Pallet, RangeRecord, Ranges, RangesOf, Total, Workers,
    books::PaymentSource,
    rolled::Rolled,
    types::{AllSlots, RangeTotals, Share},
    workers::verify,
};
use frame_support::{BoundedVec, ensure, pallet_prelude::DispatchResult, traits::ConstU32};
use meganet_primitives::{
    Balance, BlockNumber, Epoch, GroupId,
    object::LEAF_LEN,
    pay::charge,
    placement::MAX_SLOTS,
    range::{RangeLeaf, RangeState},
    receipt::{Receipt, ReceiptStatement},
    sum_tree::{BatchSummary, MAX_BATCH_OBJECTS},
};
use sp_runtime::{AccountId32, DispatchError};

/// Maximum number of expired ranges that a `store` drops, so that its cost is bounded.
pub const DROPS_PER_STORE: u32 = 2;

/// Returns true if a summary can be that of a batch: the number of objects is within bounds, and the bytes are whole
/// leaves, at least one for each object.
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
        valid_until: BlockNumber,
        receipts: BoundedVec<Receipt, ConstU32<MAX_SLOTS>>,
    ) -> DispatchResult {
        let params = CurrentParams::<T>::get();
        let epochs = expiry.saturating_sub(Self::epoch());
        ensure!(epochs > 0, Error::<T>::Expired);
        ensure!(epochs <= params.max_epochs, Error::<T>::ExpiryTooFar);
        ensure!(is_plausible(&batch), Error::<T>::BadBatch);
        ensure!(Self::now() <= valid_until, Error::<T>::ReceiptsStale);
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
            valid_until,
        };
        let signed = Self::check_receipts(&group, statement, &receipts)?;

        let leaf = RangeLeaf { batch, owner: owner.clone().into(), signed, registered: Self::now() };
        Self::register(PaymentSource::Account(&owner), id, &group, expiry, epochs, &leaf)?;

        group.used = group.used.saturating_add(batch.bytes);
        Self::return_deposit(id, &mut group)?;
        if group.full() {
            Self::unlist(id, &mut group);
        }
        Total::<T>::mutate(|total| {
            total.batches = total.batches.saturating_add(1);
            total.objects = total.objects.saturating_add(u64::from(batch.objects));
            let n = u128::from(group.profile.profile().n);
            total.bytes = total.bytes.saturating_add(u128::from(batch.bytes).saturating_mul(n));
        });
        Groups::<T>::insert(id, group);
        Ok(())
    }

    /// Checks that a quorum of the group's members signed the statement, each for its own slot. Returns the bitmap of
    /// the slots that signed.
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

    /// Takes the price of a leaf, appends it to the range of an expiry, which is created if necessary, and emits the
    /// event. Returns the index of the leaf.
    pub(crate) fn register(
        source: PaymentSource<'_>,
        id: GroupId,
        group: &Group,
        expiry: Epoch,
        epochs: u32,
        leaf: &RangeLeaf,
    ) -> Result<u64, DispatchError> {
        let params = CurrentParams::<T>::get();
        let (n, bytes) = (group.profile.profile().n, leaf.batch.bytes);
        let charge =
            charge(params.price_per_gib_epoch, bytes, n, epochs, params.audit.burn_ppm).ok_or(Error::<T>::Overflow)?;
        let all = AllSlots {
            bytes: u128::from(bytes).saturating_mul(n.into()),
            rate: charge.rate.checked_mul(n.into()).ok_or(Error::<T>::Overflow)?,
        };
        Self::take_price(source, &charge, all, expiry)?;
        let index = Self::append(id, expiry, leaf, charge.rate)?;
        Self::deposit_event(Event::Stored { group: id, expiry, index, leaf: *leaf });
        Ok(index)
    }

    /// Appends a leaf, which pays each slot `rate` for an epoch, to a range.
    fn append(id: GroupId, expiry: Epoch, leaf: &RangeLeaf, rate: Balance) -> Result<u64, Error<T>> {
        let period = Self::period();
        let known = Ranges::<T>::get(id, expiry);
        RangesOf::<T>::try_mutate(id, |list| {
            let at = list.partition_point(|totals| totals.expiry < expiry);
            if known.is_none() {
                let share = Rolled::beginning(period, Share::default());
                let totals = RangeTotals { expiry, share, renewed: 0 };
                list.try_insert(at, totals).map_err(|_| Error::<T>::TooManyRanges)?;
            }
            let totals = list.get_mut(at).ok_or(Error::<T>::NoSuchRange)?;
            let Share { bytes, rate: before } = *totals.share.now();
            let share = Share {
                bytes: bytes.checked_add(leaf.batch.bytes).ok_or(Error::<T>::RangeFull)?,
                rate: before.checked_add(rate).ok_or(Error::<T>::RangeFull)?,
            };
            totals.share.set(period, share);
            Ok::<_, Error<T>>(())
        })?;
        let begins = || RangeRecord { state: Rolled::beginning(period, RangeState::default()), tombstones: 0 };
        let mut record = known.unwrap_or_else(begins);
        let mut state = record.state.now().clone();
        let index = state.append(leaf).map_err(|_| Error::<T>::RangeFull)?;
        record.state.set(period, state);
        Ranges::<T>::insert(id, expiry, record);
        Ok(index)
    }
}
