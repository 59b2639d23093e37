//! Rent and deposits. Rent is burned, so that nobody profits from high prices. Deposits are held from the owner of what
//! is stored, and are returned to that account.

use crate::{Config, Error, HoldReason, Pallet};
use frame_support::{
    pallet_prelude::DispatchResult,
    traits::{
        Defensive,
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use meganet_primitives::Balance;
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Burns a payment of an account, which keeps the existential deposit.
    pub(crate) fn burn(who: &AccountId32, amount: Balance) -> Result<(), Error<T>> {
        if amount > 0 {
            T::Currency::burn_from(who, amount, Preservation::Preserve, Precision::Exact, Fortitude::Polite)
                .map_err(|_| Error::<T>::InsufficientFunds)?;
        }
        Ok(())
    }

    /// Holds a deposit. The account keeps the existential deposit in addition.
    pub(crate) fn hold(reason: HoldReason, who: &AccountId32, amount: Balance) -> Result<(), Error<T>> {
        T::Currency::hold(&reason.into(), who, amount).map_err(|_| Error::<T>::InsufficientFunds)
    }

    /// Returns a deposit. The item that it was held for is already removed from the state, so this doesn't fail: by
    /// the invariants, holds cover all deposits.
    pub(crate) fn give_back(reason: HoldReason, who: &AccountId32, amount: Balance) {
        let returned = T::Currency::release(&reason.into(), who, amount, Precision::BestEffort).defensive();
        debug_assert!(returned.is_ok_and(|given| given == amount), "deposits are covered by holds");
    }

    /// Moves the deposits of a name to its next owner.
    pub(crate) fn move_deposits(from: &AccountId32, to: &AccountId32, amount: Balance) -> DispatchResult {
        T::Currency::transfer_on_hold(
            &HoldReason::Name.into(),
            from,
            to,
            amount,
            Precision::Exact,
            Restriction::OnHold,
            Fortitude::Polite,
        )
        .map_err(|_| Error::<T>::ReceiverNotReady)?;
        Ok(())
    }

    /// The amount held from an account for a reason of this pallet.
    #[cfg(any(feature = "try-runtime", test))]
    pub(crate) fn held(reason: HoldReason, who: &AccountId32) -> Balance {
        <T::Currency as frame_support::traits::fungible::InspectHold<_>>::balance_on_hold(&reason.into(), who)
    }
}
