//! Whether a batch may be receipted, and what the receipt says.

use super::membership::Membership;
use meganet_net::wire::put::{Refusal, SignBatch};
use meganet_primitives::{
    BlockNumber,
    hash::Hash,
    receipt::{MAX_RECEIPT_BLOCKS, ReceiptStatement},
    sum_tree::{BatchEntry, SumTreeError, summarize},
};
use std::collections::BTreeSet;

/// What a receipt for this batch would say, where the chain has come to the final block `head`. The shards are checked by the
/// store, when it notes the receipt.
///
/// # Errors
/// The refusal to send.
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
    // What a final block has made stale may be dropped at any time.
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

/// Whether an object is in the batch twice: it would be paid for twice and be held once.
fn has_twins(entries: &[BatchEntry]) -> bool {
    let mut seen = BTreeSet::new();
    !entries.iter().all(|entry| seen.insert(entry.object))
}
