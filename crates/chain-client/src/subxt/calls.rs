//! Calls as SCALE. Pallets and calls are looked up by name, so their indices may change; arguments are encoded from our
//! own types and checked against the node's metadata before anything is signed.

use super::{
    connection::{AtBlock, incompatible},
    failure::Failure,
};
use crate::types::{AutoRenewalCall, Call, NameCall, StorageCall, WorkerCall};
use codec::{Compact, Encode};
use meganet_primitives::pallets::{NamesError, PalletError, StorageError};
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
    match call {
        Call::Name(call) => {
            let (name, arguments) = name_parts(call);
            (NamesError::PALLET, name, arguments)
        }
        Call::Worker(call) => {
            let (name, arguments) = worker_parts(call);
            (StorageError::PALLET, name, arguments)
        }
        Call::Storage(call) => {
            let (name, arguments) = storage_parts(call);
            (StorageError::PALLET, name, arguments)
        }
        Call::AutoRenewal(call) => {
            let (name, arguments) = auto_renewal_parts(call);
            (StorageError::PALLET, name, arguments)
        }
        Call::Transfer { to, amount } => {
            // Variant 0 of `MultiAddress` is an account id.
            ("Balances", "transfer_keep_alive", (0u8, to, Compact(*amount)).encode())
        }
    }
}

fn name_parts(call: &NameCall) -> (&'static str, Vec<u8>) {
    match call {
        NameCall::Commit { commitment } => ("commit", commitment.encode()),
        NameCall::CancelCommit { commitment } => ("cancel_commit", commitment.encode()),
        NameCall::Register { label, years, secret } => ("register", (label.as_bytes(), years, secret).encode()),
        NameCall::Renew { label, years } => ("renew", (label.as_bytes(), years).encode()),
        NameCall::SetContent { label, content } => ("set_content", (label.as_bytes(), content).encode()),
        NameCall::Rollback { label, version } => ("rollback", (label.as_bytes(), version).encode()),
        NameCall::Transfer { label, to } => ("transfer", (label.as_bytes(), to).encode()),
        NameCall::Release { label } => ("release", label.as_bytes().encode()),
        NameCall::Sweep { label } => ("sweep", label.as_bytes().encode()),
        NameCall::SetRecord { label, key, value } => ("set_record", (label.as_bytes(), key, value).encode()),
        NameCall::SetDelegate { label, delegate, allowed } => {
            ("set_delegate", (label.as_bytes(), delegate, allowed).encode())
        }
        NameCall::SetSubname { label, sub, content } => {
            ("set_subname", (label.as_bytes(), sub.as_bytes(), content).encode())
        }
        NameCall::SetSubnameDelegate { label, sub, delegate } => {
            ("set_subname_delegate", (label.as_bytes(), sub.as_bytes(), delegate).encode())
        }
        NameCall::RemoveSubname { label, sub } => ("remove_subname", (label.as_bytes(), sub.as_bytes()).encode()),
        NameCall::SetReverse { label } => ("set_reverse", label.as_ref().map(String::as_bytes).encode()),
    }
}

fn worker_parts(call: &WorkerCall) -> (&'static str, Vec<u8>) {
    match call {
        WorkerCall::Register { peer, country, capacity, proof } => {
            ("register_worker", (peer, country, capacity, proof).encode())
        }
        WorkerCall::Update { worker, country, capacity, accepting } => {
            ("update_worker", (worker, country, capacity, accepting).encode())
        }
        WorkerCall::Exit { worker } => ("exit_worker", worker.encode()),
        WorkerCall::Leave { worker } => ("leave", worker.encode()),
        WorkerCall::Prove { worker, period, proof } => ("prove", (worker, period, proof).encode()),
        WorkerCall::Report { worker } => ("report", worker.encode()),
    }
}

fn storage_parts(call: &StorageCall) -> (&'static str, Vec<u8>) {
    match call {
        StorageCall::OpenGroup { profile } => ("open_group", profile.encode()),
        StorageCall::FillGroup { group } => ("fill_group", group.encode()),
        StorageCall::RollGroup { group } => ("roll_group", group.encode()),
        StorageCall::Store { group, expiry, batch, valid_until, receipts } => {
            ("store", (group, expiry, batch, valid_until, receipts).encode())
        }
        StorageCall::Tombstone { group, expiry, leaf_index, leaf, leaf_proof, entry_index, entry, entry_proof } => {
            ("tombstone", (group, expiry, leaf_index, leaf, leaf_proof, entry_index, entry, entry_proof).encode())
        }
        StorageCall::Renew { group, expiry, leaf_index, leaf, leaf_proof, until } => {
            ("renew", (group, expiry, leaf_index, leaf, leaf_proof, until).encode())
        }
    }
}

fn auto_renewal_parts(call: &AutoRenewalCall) -> (&'static str, Vec<u8>) {
    match call {
        AutoRenewalCall::Prepay { group, expiry, leaf_index, leaf, leaf_proof, epochs, max_price, amount } => {
            ("prepay", (group, expiry, leaf_index, leaf, leaf_proof, epochs, max_price, amount).encode())
        }
        AutoRenewalCall::TopUp { id, amount } => ("top_up", (id, amount).encode()),
        AutoRenewalCall::Renew { id } => ("auto_renew", id.encode()),
        AutoRenewalCall::Cancel { id } => ("cancel_auto_renewal", id.encode()),
    }
}
