//! Which rule a call meets.

use super::{
    storage::{Place, refuse},
    world::{Refusal, World},
};
use crate::types::Call;
use meganet_primitives::{AccountId, sum_tree};

impl World {
    pub(super) fn call(&mut self, who: &AccountId, call: &Call) -> Result<(), Refusal> {
        match call {
            Call::CommitName { commitment } => self.commit(who, *commitment),
            Call::CancelCommit { commitment } => self.cancel_commit(who, *commitment),
            Call::RegisterName { label, years, secret } => self.register_name(who, label, *years, secret),
            Call::RenewName { label, years } => self.renew_name(who, label, *years),
            Call::SetContent { label, content } => self.set_content(who, label, content.clone()),
            Call::RollbackName { label, version } => self.rollback_name(who, label, *version),
            Call::TransferName { label, to } => self.transfer_name(who, label, to),
            Call::ReleaseName { label } => self.release_name(who, label),
            Call::SweepName { label } => self.sweep_name(label),
            Call::SetNameRecord { label, key, value } => self.set_record(who, label, key, value.as_ref()),
            Call::SetNameDelegate { label, delegate, allowed } => self.set_delegate(who, label, delegate, *allowed),
            Call::SetSubname { label, sub, content } => self.set_subname(who, label, sub, content.clone()),
            Call::SetSubnameDelegate { label, sub, delegate } => self.set_subname_delegate(who, label, sub, *delegate),
            Call::RemoveSubname { label, sub } => self.remove_subname(who, label, sub),
            Call::SetReverse { label } => self.set_reverse(who, label.as_deref()),
            Call::RegisterWorker { peer, country, capacity, proof } => {
                self.register_worker(who, *peer, *country, *capacity, proof)
            }
            Call::UpdateWorker { worker, country, capacity, accepting } => {
                self.update_worker(who, *worker, *country, *capacity, *accepting)
            }
            Call::ExitWorker { worker } => self.exit_worker(who, *worker),
            Call::OpenGroup { profile } => self.open_group(who, *profile),
            Call::FillGroup { group } => self.request_fill(*group),
            Call::Store { group, expiry, batch, valid_until, receipts } => {
                self.store(who, *group, *expiry, *batch, *valid_until, receipts)
            }
            Call::Tombstone { group, expiry, leaf_index, leaf, leaf_proof, entry_index, entry, entry_proof } => {
                self.prove_owned(who, *group, *expiry, *leaf_index, leaf, leaf_proof)?;
                sum_tree::verify_entry(&leaf.batch, *entry_index, entry, entry_proof)
                    .map_err(|_| refuse("BadEntryProof"))?;
                self.tombstone(who, *group, *expiry, *leaf_index, *entry_index, entry.object)
            }
            Call::Prove { worker, period, proof } => self.prove(who, *worker, *period, proof),
            Call::Report { worker } => self.report(who, *worker),
            Call::Leave { worker } => self.leave(who, *worker),
            Call::Renew { group, expiry, leaf_index, leaf, leaf_proof, until } => {
                self.renew(who, *group, *expiry, (*leaf_index, leaf), leaf_proof, *until)
            }
            Call::Prepay { group, expiry, leaf_index, leaf, leaf_proof, epochs, max_price, amount } => {
                let place = Place { group: *group, expiry: *expiry, leaf_index: *leaf_index, leaf: *leaf };
                self.prepay(who, place, leaf_proof, (*epochs, *max_price), *amount)
            }
            Call::TopUp { id, amount } => self.top_up(who, *id, *amount),
            Call::AutoRenew { id } => self.auto_renew(who, *id),
            Call::CancelAutoRenewal { id } => self.cancel_auto_renewal(who, *id),
            Call::RollGroup { group } => self.roll_group(*group),
            Call::Transfer { to, amount } => {
                self.pay(who, *amount)?;
                self.mint(*to, *amount);
                Ok(())
            }
        }
    }
}
