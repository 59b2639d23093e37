//! Runtime API: automatic renewals.

use super::page;
use crate::{AutoRenewal, AutoRenewals, AutoRenewalsIn, AutoRenewalsOf, Config, Error, Pallet};
use alloc::vec::Vec;
use frame_support::storage::with_transaction_unchecked;
use meganet_primitives::{
    AccountId, AutoRenewalId, Balance, Epoch, GroupId,
    chain::{AutoRenewalInfo, AutoRenewalState},
};
use sp_runtime::{AccountId32, TransactionOutcome};

impl<T: Config> Pallet<T> {
    /// Returns an automatic renewal.
    pub fn api_auto_renewal(id: AutoRenewalId) -> Option<AutoRenewalInfo> {
        AutoRenewals::<T>::get(id).map(|order| Self::auto_renewal_info(id, order))
    }

    /// Returns up to `limit` automatic renewals that an account pays for, at most [`MAX_PAGE`], from number `from` on.
    ///
    /// [`MAX_PAGE`]: meganet_primitives::chain::MAX_PAGE
    pub fn api_auto_renewals_of(payer: AccountId, from: AutoRenewalId, limit: u32) -> Vec<AutoRenewalInfo> {
        let payer = AccountId32::new(payer);
        // The keys are in order, so the page begins right after the previous number.
        let keys = match from.checked_sub(1) {
            None => AutoRenewalsOf::<T>::iter_key_prefix(&payer),
            Some(before) => {
                let key = AutoRenewalsOf::<T>::hashed_key_for(&payer, before.to_be_bytes());
                AutoRenewalsOf::<T>::iter_key_prefix_from(&payer, key)
            }
        };
        keys.take(page(limit)).filter_map(|key| Self::api_auto_renewal(AutoRenewalId::from_be_bytes(key))).collect()
    }

    /// Returns up to `limit` automatic renewals of the batches in one range, at most [`MAX_PAGE`], from number `from`
    /// on.
    ///
    /// [`MAX_PAGE`]: meganet_primitives::chain::MAX_PAGE
    pub fn api_auto_renewals_in(
        group: GroupId,
        expiry: Epoch,
        from: AutoRenewalId,
        limit: u32,
    ) -> Vec<AutoRenewalInfo> {
        let range = (group, expiry);
        let keys = match from.checked_sub(1) {
            None => AutoRenewalsIn::<T>::iter_key_prefix(range),
            Some(before) => {
                let key = AutoRenewalsIn::<T>::hashed_key_for(range, before.to_be_bytes());
                AutoRenewalsIn::<T>::iter_key_prefix_from(range, key)
            }
        };
        keys.take(page(limit)).filter_map(|key| Self::api_auto_renewal(AutoRenewalId::from_be_bytes(key))).collect()
    }

    fn auto_renewal_info(id: AutoRenewalId, order: AutoRenewal) -> AutoRenewalInfo {
        let next = Self::next_cost(&order).map_or(Balance::MAX, |cost| cost.total());
        let state = Self::auto_renewal_state(id, &order);
        AutoRenewalInfo {
            id,
            payer: order.payer.into(),
            group: order.group,
            expiry: order.expiry,
            leaf: order.leaf_index,
            batch: order.leaf.batch,
            epochs: order.epochs,
            max_price: order.max_price,
            balance: order.balance,
            deposit: order.deposit,
            next,
            state,
        }
    }

    /// Obstacles are reported even before the renewal is due.
    fn auto_renewal_state(id: AutoRenewalId, order: &AutoRenewal) -> AutoRenewalState {
        match Self::payable(order) {
            Err(Error::Expired) => AutoRenewalState::Expired,
            Err(Error::TooDear) => AutoRenewalState::TooDear,
            // Also a cost that can't be expressed.
            Err(_) => AutoRenewalState::Short,
            Ok(_) if !Self::is_last_epoch(order.expiry) => AutoRenewalState::Waiting,
            Ok(_) if is_possible(|| Self::do_auto_renew(&order.payer, id)) => AutoRenewalState::Due,
            Ok(_) => AutoRenewalState::Blocked,
        }
    }
}

/// Returns true if a call would succeed, and rolls it back.
fn is_possible(call: impl FnOnce() -> frame_support::pallet_prelude::DispatchResult) -> bool {
    with_transaction_unchecked(|| TransactionOutcome::Rollback(call().is_ok()))
}
