//! Whether a batch gets a receipt, and the receipt's statement.

use super::membership::Membership;
use meganet_net::wire::put::{Refusal, SignBatch};
use meganet_primitives::{
    BlockNumber,
    hash::Hash,
    receipt::{MAX_RECEIPT_BLOCKS, ReceiptStatement},
    sum_tree::{BatchEntry, SumTreeError, summarize},
};
use std::collections::BTreeSet;

/// Returns the statement of a receipt for a batch, if `head` is the last finalized block. The store checks that the shards
/// are held when it records the receipt.
///
/// # Errors
/// The refusal to send to the client.
pub fn statement(
    request: &SignBatch,
    membership: &Membership,
    genesis: &Hash,
    head: BlockNumber,
) -> Result<ReceiptStatement, Refusal> {
    let view = membership.group(request.group).ok_or(Refusal::NotMember)?;
    if view.slot != request.slot {
        return Err(Refusal::WrongSlot);
    }
    if !membership.may_expire(request.expiry) {
        return Err(Refusal::Expired);
    }
    // A receipt that has become stale at a finalized block may be dropped at any time.
    if request.valid_until <= head || request.valid_until > head.saturating_add(MAX_RECEIPT_BLOCKS) {
        return Err(Refusal::Stale);
    }
    let batch = summarize(&request.entries).map_err(|error| match error {
        SumTreeError::BadCount(count) if count > 0 => Refusal::TooLarge,
        SumTreeError::Overflow => Refusal::TooLarge,
        _ => Refusal::BadRequest,
    })?;
    if has_twins(&request.entries) {
        return Err(Refusal::BadRequest);
    }
    let free = view.slot_capacity.saturating_sub(view.used);
    if batch.bytes > free {
        return Err(Refusal::OverCapacity { free });
    }
    Ok(ReceiptStatement {
        genesis: *genesis,
        group: request.group,
        slot: request.slot,
        expiry: request.expiry,
        owner: request.owner,
        batch,
        valid_until: request.valid_until,
    })
}

/// Returns true if an object is in the batch twice: it would be paid for twice and held once.
fn has_twins(entries: &[BatchEntry]) -> bool {
    let mut seen = BTreeSet::new();
    !entries.iter().all(|entry| seen.insert(entry.object))
}
