//! What goes in and out of a [`crate::ChainClient`] and is not a type of the runtime.

use codec::Decode;
use meganet_primitives::{
    audit::AuditProof,
    content::ContentRef,
    country::Country,
    hash::Hash,
    placement::ProfileId,
    range::{RangeLeaf, RangeLeafProof},
    receipt::{PeerKey, PeerSignature, Receipt},
    sum_tree::{BatchEntry, BatchSummary, SumProof},
    AccountId, Balance, BlockNumber, Epoch, GroupId, Period, WorkerId,
};

/// The names pallet in the runtime.
pub(crate) const NAMES_PALLET: &str = "Names";
/// The storage pallet in the runtime.
pub(crate) const STORAGE_PALLET: &str = "Storage";

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// Its hash.
    pub hash: Hash,
    /// Its height.
    pub number: BlockNumber,
}

impl std::fmt::Debug for BlockRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for BlockRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{} (0x{})", self.number, hex::encode(self.hash))
    }
}

/// At which block a read looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The finalized head: what it says is never undone. It trails the best head by a few blocks.
    #[default]
    Finalized,
    /// The best head: the newest state, which a reorganisation may undo.
    Best,
    /// A certain block; nodes forget the state of old ones.
    Block(Hash),
}

/// For what a submission waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// The transaction is in the best chain, executed.
    #[default]
    InBlock,
    /// Its block is finalized.
    Finalized,
}

/// A call of the runtime that people and workers make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Registers a name against a deposit.
    RegisterName {
        /// The label.
        label: String,
    },
    /// Points a name at content, or at nothing.
    SetContent {
        /// The label.
        label: String,
        /// The content.
        content: Option<ContentRef>,
    },
    /// Gives a name away.
    TransferName {
        /// The label.
        label: String,
        /// The new owner.
        to: AccountId,
    },
    /// Gives a name up; the deposit comes back.
    ReleaseName {
        /// The label.
        label: String,
    },
    /// Registers a worker, operated by the signer, against a bond.
    RegisterWorker {
        /// Its identity key.
        peer: PeerKey,
        /// The country it declares.
        country: Country,
        /// Bytes it lends.
        capacity: u64,
        /// The identity's signature of [`crate::worker_proof`]: the peer agrees to this operator.
        proof: PeerSignature,
    },
    /// Changes a worker; `None` leaves a field as it is.
    UpdateWorker {
        /// The worker.
        worker: WorkerId,
        /// The country it declares.
        country: Option<Country>,
        /// Bytes it lends.
        capacity: Option<u64>,
        /// Whether it may be given further slots.
        accepting: Option<bool>,
    },
    /// Takes a worker without slots off the registry; the bond comes back.
    ExitWorker {
        /// The worker.
        worker: WorkerId,
    },
    /// Opens a group against a deposit. The chain fills its slots some blocks later.
    OpenGroup {
        /// The profile.
        profile: ProfileId,
    },
    /// Registers a batch that enough members of the group have receipted, and pays for it.
    Store {
        /// The group.
        group: GroupId,
        /// The epoch at whose beginning it expires.
        expiry: Epoch,
        /// The batch.
        batch: BatchSummary,
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
    /// Drops expired ranges of a group. Anybody may do it.
    RollGroup {
        /// The group.
        group: GroupId,
    },
    /// Asks the chain to try again to fill a group's vacant slots. Anybody may do it.
    FillGroup {
        /// The group.
        group: GroupId,
    },
    /// Answers a worker's challenge. Pays at once; the fee comes back when the proof is accepted.
    Prove {
        /// The worker; the signer operates it.
        worker: WorkerId,
        /// The period of the challenge.
        period: Period,
        /// The answers. Boxed: it is much larger than any other call.
        proof: Box<AuditProof>,
    },
    /// Reports a worker that has missed too much: it loses its slots and its bond, the signer gets a bounty. Anybody may
    /// do it.
    Report {
        /// The worker.
        worker: WorkerId,
    },
    /// Begins to leave in order: the chain gives the worker's slots to others one by one. [`Call::ExitWorker`] ends it.
    Leave {
        /// The worker.
        worker: WorkerId,
    },
    /// Pays for keeping a batch longer: registers it again in the range of a later expiry. Anybody may do it.
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
    /// Sends tokens; the sender's account is kept alive.
    Transfer {
        /// The receiver.
        to: AccountId,
        /// How much, in planck.
        amount: Balance,
    },
}

/// An event of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEvent {
    /// The pallet's name in the runtime.
    pub pallet: String,
    /// The event's name.
    pub name: String,
    /// Its fields in SCALE, in order.
    pub fields: Vec<u8>,
}

impl ChainEvent {
    /// The batch that this event says was registered.
    pub fn stored(&self) -> Option<StoredLeaf> {
        (self.pallet == STORAGE_PALLET && self.name == "Stored")
            .then(|| StoredLeaf::decode(&mut self.fields.as_slice()).ok())
            .flatten()
    }
}

/// A transaction that was executed without an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxOutcome {
    /// The block it is in.
    pub block: BlockRef,
    /// The hash of the extrinsic.
    pub extrinsic: Hash,
    /// Whether the block is finalized.
    pub finalized: bool,
    /// What the transaction itself cost, in planck: not the deposits, bonds and prices of its calls.
    pub fee: Balance,
    /// What it did, in order.
    pub events: Vec<ChainEvent>,
}

impl TxOutcome {
    /// The first event of that name.
    pub fn event(&self, pallet: &str, name: &str) -> Option<&ChainEvent> {
        self.events.iter().find(|event| event.pallet == pallet && event.name == name)
    }

    /// The batches that it registered.
    pub fn stored(&self) -> Vec<StoredLeaf> {
        self.events.iter().filter_map(ChainEvent::stored).collect()
    }

    /// The number of the worker that it registered.
    pub fn registered_worker(&self) -> Option<WorkerId> {
        self.first_field("WorkerRegistered")
    }

    /// What the worker that it proves for was paid, in planck; `None` if it proves nothing.
    pub fn paid(&self) -> Option<Balance> {
        let event = self.event(STORAGE_PALLET, "Proven")?;
        let (_, _, paid) = <(WorkerId, Period, Balance)>::decode(&mut event.fields.as_slice()).ok()?;
        Some(paid)
    }

    /// The number of the group that it opened.
    pub fn opened_group(&self) -> Option<GroupId> {
        self.first_field("GroupOpened")
    }

    fn first_field(&self, name: &str) -> Option<u32> {
        let event = self.event(STORAGE_PALLET, name)?;
        u32::decode(&mut event.fields.as_slice()).ok()
    }
}

/// An account's tokens, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountBalance {
    /// Not reserved; some of it may be frozen.
    pub free: Balance,
    /// Held by the runtime: deposits and bonds.
    pub held: Balance,
    /// Of `free` and `held` together, what may not be sent or paid with.
    pub frozen: Balance,
    /// What can be spent without closing the account.
    pub spendable: Balance,
}

/// A batch that a block registered: the event of a `store` call.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct StoredLeaf {
    /// The group.
    pub group: GroupId,
    /// The expiry of the range it went into.
    pub expiry: Epoch,
    /// Its index in that range.
    pub index: u64,
    /// The leaf.
    pub leaf: RangeLeaf,
}

/// How the node behind a client is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The name of the chain in the node's specification.
    pub chain: String,
    /// The node's version.
    pub version: String,
    /// Connected peers.
    pub peers: u64,
    /// Whether it is still catching up with the network.
    pub syncing: bool,
}
