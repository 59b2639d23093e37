//! Claiming a label without revealing it.
//!
//! A commitment belongs to the account that made it, and its digest covers that account, so copying another's digest
//! neither blocks its registration nor is of use. A commitment that is no longer of use (its secret is lost, it is too
//! old, the name is taken) can be cancelled at any time.

use crate::{Commitment, Commitments, Config, CurrentParams, Error, Event, HoldReason, Pallet};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::{hash::Hash, name::NameParams};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit(who: AccountId32, digest: Hash) -> DispatchResult {
        let deposit = CurrentParams::<T>::get().record_deposit;
        let mut list = Commitments::<T>::get(&who);
        ensure!(list.iter().all(|other| other.digest != digest), Error::<T>::AlreadyCommitted);
        list.try_push(Commitment { digest, block: Self::now(), deposit })
            .map_err(|_| Error::<T>::TooManyCommitments)?;
        Self::hold(HoldReason::Commitment, &who, deposit)?;
        Commitments::<T>::insert(&who, list);
        Self::deposit_event(Event::Committed { owner: who, commitment: digest });
        Ok(())
    }

    pub(crate) fn do_cancel_commit(who: AccountId32, digest: Hash) -> DispatchResult {
        Self::take_commitment(&who, &digest, |_| Ok(()))?;
        Self::deposit_event(Event::CommitmentCancelled { owner: who, commitment: digest });
        Ok(())
    }

    /// Redeems a commitment that is neither too recent nor too old.
    pub(crate) fn redeem(who: &AccountId32, digest: &Hash, params: &NameParams) -> DispatchResult {
        let now = Self::now();
        Self::take_commitment(who, digest, |found| {
            let age = now.saturating_sub(found.block);
            ensure!(age >= params.min_commit_age, Error::<T>::CommitmentTooNew);
            ensure!(age <= params.max_commit_age, Error::<T>::CommitmentTooOld);
            Ok(())
        })
    }

    /// Removes a commitment that passes a check, and returns its deposit.
    fn take_commitment(
        who: &AccountId32,
        digest: &Hash,
        check: impl FnOnce(&Commitment) -> Result<(), Error<T>>,
    ) -> DispatchResult {
        let mut list = Commitments::<T>::get(who);
        let at = list.iter().position(|one| one.digest == *digest).ok_or(Error::<T>::CommitmentMissing)?;
        let found = list.remove(at);
        check(&found)?;
        if list.is_empty() {
            Commitments::<T>::remove(who);
        } else {
            Commitments::<T>::insert(who, list);
        }
        Self::give_back(HoldReason::Commitment, who, found.deposit);
        Ok(())
    }
}
