//! The money paid for storage: where it is, and what every accepted proof, lost bond and epoch moves.
//!
//! A batch brings each slot of its group a *rate*: planck for an epoch. The income of an epoch is the sum of the rates
//! of everything that has not expired. Income that was not earned goes to the repair fund when the epoch ends, in one step,
//! regardless of which workers missed it. So nothing has to be looked up, and nothing can be paid twice.

use crate::{
    Books, Config, CurrentParams, Endings, Error, Event, HoldReason, Ledger, Pallet, Total, Worker,
    pricing::{next_price, utilisation_ppm},
    types::AllSlots,
};
use frame_support::{
    pallet_prelude::DispatchResult,
    traits::{
        Get,
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use meganet_primitives::{
    Balance, Epoch,
    pay::{Charge, MILLION},
};
use sp_runtime::{AccountId32, traits::AccountIdConversion};

/// The share of a newcomer's pay that is held back in each of three steps, in parts per million: three quarters, a
/// half, a quarter, as in Storj.
const HELD_BACK_PPM: [u32; 3] = [750_000, 500_000, 250_000];

/// The source of the price of a batch.
#[derive(Clone, Copy)]
pub(crate) enum PaymentSource<'a> {
    /// The spendable balance of an account.
    Account(&'a AccountId32),
    /// The prepaid balance of an automatic renewal, held from an account.
    Prepaid(&'a AccountId32),
}

/// Parts per million of an amount, rounded down.
pub(crate) fn part(amount: Balance, ppm: u32) -> Balance {
    let (whole, rest) = (amount / Balance::from(MILLION), amount % Balance::from(MILLION));
    let ppm = Balance::from(ppm.min(MILLION));
    whole.saturating_mul(ppm).saturating_add(rest.saturating_mul(ppm) / Balance::from(MILLION))
}

impl<T: Config> Pallet<T> {
    /// The account of the pot, in which payments wait. It always keeps the existential deposit that it got at genesis.
    pub fn pot() -> AccountId32 {
        T::PalletId::get().into_account_truncating()
    }

    /// Takes the price of a batch, and books what can be earned with it until `expiry`.
    pub(crate) fn take_price(
        source: PaymentSource<'_>,
        charge: &Charge,
        share: AllSlots,
        expiry: Epoch,
    ) -> DispatchResult {
        Self::take(source, charge).map_err(|_| Error::<T>::CannotPay)?;
        Ledger::<T>::try_mutate(|books| {
            books.paid_in = books.paid_in.checked_add(charge.total()).ok_or(Error::<T>::Overflow)?;
            books.burned = books.burned.saturating_add(charge.burned);
            books.escrow = books.escrow.saturating_add(charge.storage);
            books.income = books.income.saturating_add(share.rate);
            books.live = books.live.saturating_add(share.bytes);
            Ok::<_, Error<T>>(())
        })?;
        Endings::<T>::mutate(expiry, |ending| {
            ending.rate = ending.rate.saturating_add(share.rate);
            ending.bytes = ending.bytes.saturating_add(share.bytes);
        });
        Ok(())
    }

    /// Moves the price of storage into the pot, and burns the rest.
    fn take(source: PaymentSource<'_>, charge: &Charge) -> DispatchResult {
        let (pot, exact) = (Self::pot(), Precision::Exact);
        match source {
            PaymentSource::Account(who) => {
                T::Currency::transfer(who, &pot, charge.storage, Preservation::Preserve)?;
                T::Currency::burn_from(who, charge.burned, Preservation::Preserve, exact, Fortitude::Polite)?;
            }
            PaymentSource::Prepaid(who) => {
                let reason = HoldReason::AutoRenewal.into();
                let (free, force) = (Restriction::Free, Fortitude::Force);
                T::Currency::transfer_on_hold(&reason, who, &pot, charge.storage, exact, free, force)?;
                T::Currency::burn_held(&reason, who, charge.burned, exact, force)?;
            }
        }
        Ok(())
    }

    /// Pays a worker `amount` from this epoch's income and `bonus` from the repair fund, as far as they suffice, and
    /// holds back a newcomer's share. The caller stores the worker. Returns the amounts paid out and held back.
    pub(crate) fn pay(worker: &mut Worker, amount: Balance, bonus: Balance) -> (Balance, Balance) {
        Ledger::<T>::mutate(|books| {
            let amount = amount.min(books.income.saturating_sub(books.spent)).min(books.escrow);
            let bonus = bonus.min(books.fund);
            let total = amount.saturating_add(bonus);
            let held_back = part(total, held_back_ppm(worker, CurrentParams::<T>::get().audit.newcomer_periods));
            let paid = total.saturating_sub(held_back);
            // An account that can't receive the sum gets it later, with what is held back.
            let sent = T::Currency::transfer(&Self::pot(), &worker.operator, paid, Preservation::Preserve);
            let (paid, held_back) = if sent.is_ok() { (paid, held_back) } else { (0, total) };
            books.spent = books.spent.saturating_add(amount);
            books.escrow = books.escrow.saturating_sub(amount);
            books.fund = books.fund.saturating_sub(bonus);
            books.paid_out = books.paid_out.saturating_add(paid);
            books.held_back = books.held_back.saturating_add(held_back);
            worker.earned = worker.earned.saturating_add(paid);
            worker.held_back = worker.held_back.saturating_add(held_back);
            (paid, held_back)
        })
    }

    /// Pays a worker that exits the amount that was held back.
    pub(crate) fn pay_back(worker: &mut Worker) -> DispatchResult {
        let amount = core::mem::take(&mut worker.held_back);
        T::Currency::transfer(&Self::pot(), &worker.operator, amount, Preservation::Preserve)?;
        Ledger::<T>::mutate(|books| {
            books.held_back = books.held_back.saturating_sub(amount);
            books.paid_out = books.paid_out.saturating_add(amount);
        });
        Ok(())
    }

    /// Moves a worker's bond and the pay held back from it into the fund, and pays the reporter's bounty from that. An
    /// operator that reports its own worker gets no bounty. Returns bond and bounty.
    pub(crate) fn slash(worker: &mut Worker, reporter: &AccountId32) -> Result<(Balance, Balance), Error<T>> {
        let (bond, held_back) = (core::mem::take(&mut worker.bond), core::mem::take(&mut worker.held_back));
        let taken = T::Currency::transfer_on_hold(
            &HoldReason::WorkerBond.into(),
            &worker.operator,
            &Self::pot(),
            bond,
            Precision::BestEffort,
            Restriction::Free,
            Fortitude::Force,
        )
        .map_err(|_| Error::<T>::CannotPay)?;
        let own = *reporter == worker.operator;
        let bounty = if own { 0 } else { part(taken, CurrentParams::<T>::get().audit.bounty_ppm) };
        // A bounty that the reporter's account can't receive stays in the fund.
        let sent = T::Currency::transfer(&Self::pot(), reporter, bounty, Preservation::Preserve);
        let bounty = if sent.is_ok() { bounty } else { 0 };
        Ledger::<T>::mutate(|books| {
            books.slashed = books.slashed.saturating_add(taken);
            books.held_back = books.held_back.saturating_sub(held_back);
            books.paid_out = books.paid_out.saturating_add(bounty);
            let left = taken.saturating_sub(bounty).saturating_add(held_back);
            books.fund = books.fund.saturating_add(left);
        });
        Ok((taken, bounty))
    }

    /// In the first block of an epoch: closes the books of the previous one, subtracts from the sums what ends, and
    /// adjusts the price. The cost does not depend on how much is stored.
    pub(crate) fn begin_epoch(epoch: Epoch) {
        let ending: AllSlots = Endings::<T>::take(epoch);
        let unearned = Ledger::<T>::mutate(|books: &mut Books| {
            let unearned = books.income.saturating_sub(books.spent);
            books.escrow = books.escrow.saturating_sub(unearned);
            books.fund = books.fund.saturating_add(unearned);
            books.spent = 0;
            books.income = books.income.saturating_sub(ending.rate);
            books.live = books.live.saturating_sub(ending.bytes);
            unearned
        });
        let utilisation = utilisation_ppm(Ledger::<T>::get().live, Total::<T>::get().capacity);
        let price = CurrentParams::<T>::mutate(|params| {
            params.price_per_gib_epoch = next_price(params.price_per_gib_epoch, &params.curve, utilisation);
            params.price_per_gib_epoch
        });
        Self::deposit_event(Event::EpochBegan { epoch, price, unearned });
    }
}

/// The share of a worker's pay that is held back, in parts per million.
fn held_back_ppm(worker: &Worker, newcomer_periods: u32) -> u32 {
    let step = worker.record.proven.checked_div(newcomer_periods);
    let step = step.and_then(|step| usize::try_from(step).ok());
    step.and_then(|step| HELD_BACK_PPM.get(step)).copied().unwrap_or_default()
}
