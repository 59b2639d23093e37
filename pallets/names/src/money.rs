//! Rent and deposits. Rent is burned: nobody gains by a name's being dear. Deposits are held from whoever owns what is
//! stored, and go back to that account.

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
    /// Burns what an account pays. It keeps the existential deposit.
    pub(crate) fn burn(who: &AccountId32, amount: Balance) -> Result<(), Error<T>> {
        if amount > 0 {
            T::Currency::burn_from(who, amount, Preservation::Preserve, Precision::Exact, Fortitude::Polite)
                .map_err(|_| Error::<T>::InsufficientFunds)?;
        }
        Ok(())
    }

    /// Holds a deposit. The account keeps the existential deposit besides.
    pub(crate) fn hold(reason: HoldReason, who: &AccountId32, amount: Balance) -> Result<(), Error<T>> {
        T::Currency::hold(&reason.into(), who, amount).map_err(|_| Error::<T>::InsufficientFunds)
    }

    /// Gives a deposit back. Whatever held it is already gone from the state, so this doesn't fail: what is held covers all
    /// deposits, by the invariants.
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

    /// What is held from an account for a reason of this pallet.
    #[cfg(any(feature = "try-runtime", test))]
    pub(crate) fn held(reason: HoldReason, who: &AccountId32) -> Balance {
        <T::Currency as frame_support::traits::fungible::InspectHold<_>>::balance_on_hold(&reason.into(), who)
    }
}
