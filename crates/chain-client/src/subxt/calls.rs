//! Calls as SCALE. Pallets and calls are looked up by name, so their indices may change; arguments are encoded from our
//! own types and checked against the node's metadata before anything is signed.

use super::{
    connection::{AtBlock, incompatible},
    failure::Failure,
};
use crate::types::{Call, NAMES_PALLET, STORAGE_PALLET};
use codec::{Compact, Encode};
use subxt::{
    ext::{
        scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter},
        scale_type_resolver::TypeResolver,
    },
    metadata::Metadata,
    tx::{DynamicPayload, dynamic},
};

/// Arguments that are encoded already.
pub(super) struct Raw(Vec<u8>);

impl EncodeAsFields for Raw {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _fields: &mut dyn FieldIter<'_, R::TypeId>,
        _types: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// The one call of a transaction: the call itself, or a batch that is done whole or not at all.
pub(super) fn payload(at: &AtBlock, calls: &[Call]) -> Result<DynamicPayload<Raw>, Failure> {
    let metadata = at.metadata_ref();
    let mut encoded = Vec::with_capacity(calls.len());
    for call in calls {
        let (pallet, name, arguments) = parts(call);
        let mut bytes = index(metadata, pallet, name)?.to_vec();
        bytes.extend_from_slice(&arguments);
        at.tx().from_call_data_bytes(&bytes).map_err(|e| {
            incompatible(format!("the runtime's {pallet}.{name} takes other arguments than this program gives ({e})"))
        })?;
        encoded.push((pallet, name, arguments, bytes));
    }
    if let [(pallet, name, arguments, _)] = encoded.as_slice() {
        return Ok(dynamic(*pallet, *name, Raw(arguments.clone())));
    }
    index(metadata, "Utility", "batch_all")?;
    let count = u32::try_from(encoded.len()).map_err(|_| incompatible("too many calls for a batch".to_owned()))?;
    let mut arguments = Compact(count).encode();
    for (.., bytes) in encoded {
        arguments.extend_from_slice(&bytes);
    }
    Ok(dynamic("Utility", "batch_all", Raw(arguments)))
}

/// The two bytes that a call begins with.
fn index(metadata: &Metadata, pallet: &str, name: &str) -> Result<[u8; 2], Failure> {
    let found = metadata.pallet_by_name(pallet);
    let pallet_index = found.as_ref().map(|pallet| pallet.call_index());
    let call_index = found.and_then(|pallet| pallet.call_variant_by_name(name)).map(|call| call.index);
    match (pallet_index, call_index) {
        (Some(pallet), Some(call)) => Ok([pallet, call]),
        _ => Err(incompatible(format!("the runtime has no call {pallet}.{name}"))),
    }
}

/// Pallet, name and arguments of a call.
fn parts(call: &Call) -> (&'static str, &'static str, Vec<u8>) {
    let names = |name, arguments| (NAMES_PALLET, name, arguments);
    let storage = |name, arguments| (STORAGE_PALLET, name, arguments);
    match call {
        Call::CommitName { commitment } => names("commit", commitment.encode()),
        Call::CancelCommit { commitment } => names("cancel_commit", commitment.encode()),
        Call::RegisterName { label, years, secret } => names("register", (label.as_bytes(), years, secret).encode()),
        Call::RenewName { label, years } => names("renew", (label.as_bytes(), years).encode()),
        Call::SetContent { label, content } => names("set_content", (label.as_bytes(), content).encode()),
        Call::RollbackName { label, version } => names("rollback", (label.as_bytes(), version).encode()),
        Call::TransferName { label, to } => names("transfer", (label.as_bytes(), to).encode()),
        Call::ReleaseName { label } => names("release", label.as_bytes().encode()),
        Call::SweepName { label } => names("sweep", label.as_bytes().encode()),
        Call::SetNameRecord { label, key, value } => names("set_record", (label.as_bytes(), key, value).encode()),
        Call::SetNameDelegate { label, delegate, allowed } => {
            names("set_delegate", (label.as_bytes(), delegate, allowed).encode())
        }
        Call::SetSubname { label, sub, content } => {
            names("set_subname", (label.as_bytes(), sub.as_bytes(), content).encode())
        }
        Call::SetSubnameDelegate { label, sub, delegate } => {
            names("set_subname_delegate", (label.as_bytes(), sub.as_bytes(), delegate).encode())
        }
        Call::RemoveSubname { label, sub } => names("remove_subname", (label.as_bytes(), sub.as_bytes()).encode()),
        Call::SetReverse { label } => names("set_reverse", label.as_ref().map(String::as_bytes).encode()),
        Call::RegisterWorker { peer, country, capacity, proof } => {
            storage("register_worker", (peer, country, capacity, proof).encode())
        }
        Call::UpdateWorker { worker, country, capacity, accepting } => {
            storage("update_worker", (worker, country, capacity, accepting).encode())
        }
        Call::ExitWorker { worker } => storage("exit_worker", worker.encode()),
        Call::OpenGroup { profile } => storage("open_group", profile.encode()),
        Call::Store { group, expiry, batch, valid_until, receipts } => {
            storage("store", (group, expiry, batch, valid_until, receipts).encode())
        }
        Call::Tombstone { group, expiry, leaf_index, leaf, leaf_proof, entry_index, entry, entry_proof } => storage(
            "tombstone",
            (group, expiry, leaf_index, leaf, leaf_proof, entry_index, entry, entry_proof).encode(),
        ),
        Call::RollGroup { group } => storage("roll_group", group.encode()),
        Call::FillGroup { group } => storage("fill_group", group.encode()),
        Call::Prove { worker, period, proof } => storage("prove", (worker, period, proof).encode()),
        Call::Report { worker } => storage("report", worker.encode()),
        Call::Leave { worker } => storage("leave", worker.encode()),
        Call::Renew { group, expiry, leaf_index, leaf, leaf_proof, until } => {
            storage("renew", (group, expiry, leaf_index, leaf, leaf_proof, until).encode())
        }
        Call::Prepay { group, expiry, leaf_index, leaf, leaf_proof, epochs, max_price, amount } => {
            storage("prepay", (group, expiry, leaf_index, leaf, leaf_proof, epochs, max_price, amount).encode())
        }
        Call::TopUp { id, amount } => storage("top_up", (id, amount).encode()),
        Call::AutoRenew { id } => storage("auto_renew", id.encode()),
        Call::CancelAutoRenewal { id } => storage("cancel_auto_renewal", id.encode()),
        Call::Transfer { to, amount } => {
            // Variant 0 of `MultiAddress` is an account id.
            ("Balances", "transfer_keep_alive", (0u8, to, Compact(*amount)).encode())
        }
    }
}
