//! Calls about groups, batches and their automatic renewals.

use meganet_primitives::{
    AutoRenewalId, Balance, BlockNumber, Epoch, GroupId,
    placement::ProfileId,
    range::{RangeLeaf, RangeLeafProof},
    receipt::Receipt,
    sum_tree::{BatchEntry, BatchSummary, SumProof},
};

/// A call about groups and the batches in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageCall {
    /// Opens a group against a deposit. The chain fills its slots some blocks later.
    OpenGroup {
        /// The profile.
        profile: ProfileId,
    },
    /// Asks the chain to try again to fill a group's vacant slots. Any account may do it.
    FillGroup {
        /// The group.
        group: GroupId,
    },
    /// Drops expired ranges of a group. Any account may do it.
    RollGroup {
        /// The group.
        group: GroupId,
    },
    /// Registers a batch that enough members of the group have receipted, and pays for it.
    Store {
        /// The group.
        group: GroupId,
        /// The epoch at whose beginning it expires.
        expiry: Epoch,
        /// The batch.
        batch: BatchSummary,
        /// The last block in which the receipts are valid.
        valid_until: BlockNumber,
        /// The members' receipts.
        receipts: Vec<Receipt>,
    },
    /// Deletes an object of the signer before it expires.
    Tombstone {
        /// The group.
        group: GroupId,
        /// The expiry of its range.
        expiry: Epoch,
        /// The batch's index in the range.
        leaf_index: u64,
        /// The batch as it was registered.
        leaf: RangeLeaf,
        /// Proves the batch in the range.
        leaf_proof: RangeLeafProof,
        /// The object's index in the batch.
        entry_index: u32,
        /// The object as it stands in the batch.
        entry: BatchEntry,
        /// Proves the object in the batch.
        entry_proof: SumProof,
    },
    /// Pays for keeping a batch longer: registers it again in the range of a later expiry. Any account may do it.
    Renew {
        /// The group.
        group: GroupId,
        /// The expiry of the range it is in.
        expiry: Epoch,
        /// The batch's index in that range.
        leaf_index: u64,
        /// The batch as it was registered.
        leaf: RangeLeaf,
        /// Proves the batch in the range.
        leaf_proof: RangeLeafProof,
        /// The epoch at whose beginning it is to expire.
        until: Epoch,
    },
}

/// A call about the automatic renewal of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AutoRenewalCall {
    /// Opens an automatic renewal: prepays so that a batch is renewed whenever it is about to expire. Any account may do
    /// it.
    Prepay {
        /// The group.
        group: GroupId,
        /// The expiry of the range it is in.
        expiry: Epoch,
        /// The batch's index in that range.
        leaf_index: u64,
        /// The batch as it was registered.
        leaf: RangeLeaf,
        /// Proves the batch in the range.
        leaf_proof: RangeLeafProof,
        /// Epochs of each renewal.
        epochs: u32,
        /// It is not renewed while a GiB in one slot costs more than this for an epoch, in planck.
        max_price: Balance,
        /// The amount prepaid, in planck.
        amount: Balance,
    },
    /// Adds to the prepaid balance. Any account may do it.
    TopUp {
        /// The automatic renewal.
        id: AutoRenewalId,
        /// The amount, in planck.
        amount: Balance,
    },
    /// Has the chain renew a batch from its prepaid balance. The signer gets the fee back, and some more.
    Renew {
        /// The automatic renewal.
        id: AutoRenewalId,
    },
    /// Closes an automatic renewal; the remaining balance and the deposit are returned to its payer.
    Cancel {
        /// The automatic renewal.
        id: AutoRenewalId,
    },
}
