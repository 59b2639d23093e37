//! Which rule a call meets.

use super::{
    storage::refuse,
    world::{Refusal, World},
};
use crate::types::Call;
use meganet_primitives::{sum_tree, AccountId};

impl World {
    pub(super) fn call(&mut self, who: &AccountId, call: &Call) -> Result<(), Refusal> {
        match call {
            Call::RegisterName { label } => self.register_name(who, label),
            Call::SetContent { label, content } => self.set_content(who, label, *content),
            Call::TransferName { label, to } => self.transfer_name(who, label, to),
            Call::ReleaseName { label } => self.release_name(who, label),
            Call::RegisterWorker { peer, country, capacity, proof } => {
                self.register_worker(who, *peer, *country, *capacity, proof)
            }
            Call::UpdateWorker { worker, country, capacity, accepting } => {
                self.update_worker(who, *worker, *country, *capacity, *accepting)
            }
            Call::ExitWorker { worker } => self.exit_worker(who, *worker),
            Call::OpenGroup { profile } => self.open_group(who, *profile),
            Call::FillGroup { group } => self.request_fill(*group),
            Call::Store { group, expiry, batch, receipts } => self.store(who, *group, *expiry, *batch, receipts),
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
            Call::RollGroup { group } => self.roll_group(*group),
            Call::Transfer { to, amount } => {
                self.pay(who, *amount)?;
                self.mint(*to, *amount);
                Ok(())
            }
        }
    }
}
