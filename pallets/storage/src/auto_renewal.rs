//! Automatic renewal: an account prepays for a batch once, and the network renews it without further action of the
//! owner or the payer.
//!
//! An order is for one registered batch. It states for how many epochs the batch is renewed each time, and the price
//! above which it is not. The money stays with the payer, held, and is used one renewal at a time. From the last epoch
//! before the expiry on, any account may call [`Call::auto_renew`]: the order pays the price of storage and the burn
//! like any renewal, and pays the caller the fee of the call and a quarter more. So members of the group, who earn from
//! the renewal, can call it without loss. Nobody fills blocks for free with it, since the fee itself goes to the author
//! of the block. After a renewal the order waits for the new expiry, so it can't be used twice.
//!
//! No block does any work for orders. They are found by their payer and by the range of their batch; each pays for its
//! state with a deposit.
//!
//! [`Call::auto_renew`]: crate::Call::auto_renew

use crate::{
    AutoRenewal, AutoRenewals, AutoRenewalsIn, AutoRenewalsOf, Config, CurrentParams, Error, Event, Groups, HoldReason,
    NextAutoRenewal, Pallet, Ranges, WeightInfo,
    books::{PaymentSource, part},
    renewal::RegisteredBatch,
};
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{
        Get,
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use meganet_primitives::{
    AutoRenewalId, Balance, Epoch,
    pay::{RENEWAL_WINDOW, charge},
    range::{RangeLeafProof, verify_leaf},
};
use sp_runtime::{AccountId32, traits::Convert};

/// Bytes of a transaction with an `auto_renew` call: signature, address, extensions and call, rounded up.
const TRANSACTION_BYTES: u32 = 160;
/// The caller's pay beyond the fee, in parts per million of the fee.
const REWARD_PPM: u32 = 250_000;

/// The amounts that a renewal takes from the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RenewalCost {
    /// For storage, including what is burned.
    pub price: Balance,
    /// For the caller.
    pub fee: Balance,
}

impl RenewalCost {
    pub(crate) fn total(&self) -> Balance {
        self.price.saturating_add(self.fee)
    }
}

/// The payer's conditions.
pub(crate) struct RenewalTerms {
    /// Epochs that each renewal adds.
    pub epochs: u32,
    /// The price of a GiB in one slot for an epoch above which it is not renewed, in planck.
    pub max_price: Balance,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_prepay(
        payer: AccountId32,
        place: RegisteredBatch,
        proof: &RangeLeafProof,
        terms: RenewalTerms,
        amount: Balance,
    ) -> DispatchResult {
        let RegisteredBatch { group, expiry, leaf_index, leaf } = place;
        let RenewalTerms { epochs, max_price } = terms;
        let range = Ranges::<T>::get(group, expiry).ok_or(Error::<T>::NoSuchRange)?;
        ensure!(expiry > Self::epoch(), Error::<T>::Expired);
        verify_leaf(range.state.now(), leaf_index, &leaf, proof).map_err(|_| Error::<T>::BadLeafProof)?;
        let most = CurrentParams::<T>::get().max_epochs.saturating_sub(RENEWAL_WINDOW);
        ensure!((1..=most).contains(&epochs), Error::<T>::BadRenewalEpochs);
        let deposit = T::AutoRenewalDeposit::get();
        let order = AutoRenewal {
            payer: payer.clone(),
            group,
            expiry,
            leaf_index,
            leaf,
            epochs,
            max_price,
            balance: amount,
            deposit,
        };
        ensure!(Self::next_cost(&order)?.total() <= amount, Error::<T>::PrepaidTooLow);
        let id = NextAutoRenewal::<T>::get();
        let next = id.checked_add(1).ok_or(Error::<T>::Overflow)?;
        let held = amount.checked_add(deposit).ok_or(Error::<T>::Overflow)?;
        T::Currency::hold(&HoldReason::AutoRenewal.into(), &payer, held).map_err(|_| Error::<T>::InsufficientFunds)?;
        NextAutoRenewal::<T>::put(next);
        AutoRenewals::<T>::insert(id, order);
        AutoRenewalsOf::<T>::insert(&payer, id.to_be_bytes(), ());
        AutoRenewalsIn::<T>::insert((group, expiry), id.to_be_bytes(), ());
        Self::deposit_event(Event::AutoRenewalOpened { id, payer, group, expiry, leaf: leaf_index, amount });
        Ok(())
    }

    pub(crate) fn do_top_up(giver: AccountId32, id: AutoRenewalId, amount: Balance) -> DispatchResult {
        AutoRenewals::<T>::try_mutate(id, |order| {
            let order = order.as_mut().ok_or(Error::<T>::NoSuchAutoRenewal)?;
            ensure!(order.expiry > Self::epoch(), Error::<T>::Expired);
            order.balance = order.balance.checked_add(amount).ok_or(Error::<T>::Overflow)?;
            T::Currency::transfer_and_hold(
                &HoldReason::AutoRenewal.into(),
                &giver,
                &order.payer,
                amount,
                Precision::Exact,
                Preservation::Preserve,
                Fortitude::Polite,
            )
            .map_err(|_| Error::<T>::InsufficientFunds)?;
            Self::deposit_event(Event::AutoRenewalFunded { id, giver, amount, balance: order.balance });
            Ok(())
        })
    }

    pub(crate) fn do_auto_renew(caller: &AccountId32, id: AutoRenewalId) -> DispatchResult {
        let mut order = AutoRenewals::<T>::get(id).ok_or(Error::<T>::NoSuchAutoRenewal)?;
        let cost = Self::due(&order)?;
        let AutoRenewal { group, expiry, leaf_index, leaf, .. } = order;
        let until = expiry.saturating_add(order.epochs);
        let place = RegisteredBatch { group, expiry, leaf_index, leaf };
        let renewed = Self::extend(PaymentSource::Prepaid(&order.payer), place, until)?;
        T::Currency::transfer_on_hold(
            &HoldReason::AutoRenewal.into(),
            &order.payer,
            caller,
            cost.fee,
            Precision::Exact,
            Restriction::Free,
            Fortitude::Force,
        )
        .map_err(|_| Error::<T>::CannotPay)?;
        AutoRenewalsIn::<T>::remove((group, expiry), id.to_be_bytes());
        AutoRenewalsIn::<T>::insert((group, until), id.to_be_bytes(), ());
        order.expiry = until;
        order.leaf_index = renewed.leaf_index;
        order.leaf = renewed.leaf;
        order.balance = order.balance.saturating_sub(cost.total());
        let balance = order.balance;
        AutoRenewals::<T>::insert(id, order);
        Self::deposit_event(Event::AutoRenewed { id, until, price: cost.price, fee: cost.fee, balance });
        let needed = cost.total();
        if balance < needed {
            Self::deposit_event(Event::AutoRenewalShort { id, balance, needed });
        }
        Ok(())
    }

    /// The payer may close an order at any time, any account once the batch has expired.
    pub(crate) fn do_cancel_auto_renewal(who: &AccountId32, id: AutoRenewalId) -> DispatchResult {
        let order = AutoRenewals::<T>::get(id).ok_or(Error::<T>::NoSuchAutoRenewal)?;
        ensure!(order.payer == *who || order.expiry <= Self::epoch(), Error::<T>::NotPayer);
        let AutoRenewal { payer, group, expiry, balance, deposit, .. } = order;
        AutoRenewals::<T>::remove(id);
        AutoRenewalsOf::<T>::remove(&payer, id.to_be_bytes());
        AutoRenewalsIn::<T>::remove((group, expiry), id.to_be_bytes());
        let held = balance.saturating_add(deposit);
        let returned = T::Currency::release(&HoldReason::AutoRenewal.into(), &payer, held, Precision::BestEffort)?;
        Self::deposit_event(Event::AutoRenewalClosed { id, payer, returned });
        Ok(())
    }

    /// The cost of a renewal now, if everything but the room in the group allows it.
    fn due(order: &AutoRenewal) -> Result<RenewalCost, Error<T>> {
        ensure!(Self::is_last_epoch(order.expiry), Error::<T>::NotDue);
        let cost = Self::payable(order)?;
        ensure!(cost.fee <= T::MaxRenewalFee::get(), Error::<T>::FeesTooHigh);
        Ok(cost)
    }

    /// The cost of the next renewal at today's price, if the payer's limit and the balance allow it, due or not.
    pub(crate) fn payable(order: &AutoRenewal) -> Result<RenewalCost, Error<T>> {
        ensure!(order.expiry > Self::epoch(), Error::<T>::Expired);
        ensure!(CurrentParams::<T>::get().price_per_gib_epoch <= order.max_price, Error::<T>::TooDear);
        let cost = Self::next_cost(order)?;
        ensure!(cost.total() <= order.balance, Error::<T>::PrepaidTooLow);
        Ok(cost)
    }

    /// The cost of the next renewal at the current price, as if it were made in the last epoch before the expiry.
    pub(crate) fn next_cost(order: &AutoRenewal) -> Result<RenewalCost, Error<T>> {
        let group = Groups::<T>::get(order.group).ok_or(Error::<T>::NoSuchGroup)?;
        let params = CurrentParams::<T>::get();
        let (n, epochs) = (group.profile.profile().n, order.epochs.saturating_add(RENEWAL_WINDOW));
        let charge = charge(params.price_per_gib_epoch, order.leaf.batch.bytes, n, epochs, params.audit.burn_ppm);
        let price = charge.ok_or(Error::<T>::Overflow)?.total();
        Ok(RenewalCost { price, fee: Self::renewal_fee() })
    }

    /// The amount that an order pays the caller of `auto_renew`: the fee and a quarter.
    pub(crate) fn renewal_fee() -> Balance {
        let fee = T::CallFee::convert((TRANSACTION_BYTES, T::WeightInfo::auto_renew()));
        fee.saturating_add(part(fee, REWARD_PPM))
    }

    /// Returns true if a batch expires unless it is renewed in the current epoch.
    pub(crate) fn is_last_epoch(expiry: Epoch) -> bool {
        expiry.saturating_sub(Self::epoch()) <= RENEWAL_WINDOW
    }
}
