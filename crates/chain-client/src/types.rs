//! What goes in and out of a [`crate::ChainClient`] and is not a type of the runtime.

use codec::Decode;
use meganet_primitives::{
    AccountId, AutoRenewalId, Balance, BlockNumber, Epoch, GroupId, Period, WorkerId,
    audit::AuditProof,
    content::NameContent,
    country::Country,
    hash::Hash,
    name::{RecordKey, RecordValue, Secret},
    placement::ProfileId,
    range::{RangeLeaf, RangeLeafProof},
    receipt::{PeerKey, PeerSignature, Receipt},
    sum_tree::{BatchEntry, BatchSummary, SumProof},
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
    /// Says that a label will be registered, without showing it: see [`meganet_primitives::name::commitment()`].
    CommitName {
        /// The digest.
        commitment: Hash,
    },
    /// Takes a commitment back, whatever its age; its deposit comes back.
    CancelCommit {
        /// The digest.
        commitment: Hash,
    },
    /// Registers a name that was committed to, pays the rent and holds the deposit.
    RegisterName {
        /// The label.
        label: String,
        /// For so many years.
        years: u32,
        /// The secret of the commitment.
        secret: Secret,
    },
    /// Pays further years of a name. Anybody may do it.
    RenewName {
        /// The label.
        label: String,
        /// So many more.
        years: u32,
    },
    /// Points a name at content, or at nothing. Its owner and its delegates may do it.
    SetContent {
        /// The label.
        label: String,
        /// The content.
        content: Option<NameContent>,
    },
    /// Points a name at what it pointed at in an earlier version. Its owner and its delegates may do it.
    RollbackName {
        /// The label.
        label: String,
        /// The number of that version.
        version: u32,
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
    /// Takes a name that has lapsed and that nobody wants out of the state. Anybody may do it.
    SweepName {
        /// The label.
        label: String,
    },
    /// Sets or removes a record of a name. Its owner and its delegates may do it.
    SetNameRecord {
        /// The label.
        label: String,
        /// What it is about.
        key: RecordKey,
        /// What it says; `None` removes it.
        value: Option<RecordValue>,
    },
    /// Lets an account write content and records of a name, or no longer.
    SetNameDelegate {
        /// The label.
        label: String,
        /// The account.
        delegate: AccountId,
        /// Whether it may.
        allowed: bool,
    },
    /// Makes a name below a name, or points it elsewhere. Who may write for the label may do it; the subname's own
    /// delegate may where it exists.
    SetSubname {
        /// The label.
        label: String,
        /// What stands before the dot.
        sub: String,
        /// What it points at.
        content: Option<NameContent>,
    },
    /// Lets one account write the content of a name below a name, or nobody any more. Only the owner may.
    SetSubnameDelegate {
        /// The label.
        label: String,
        /// What stands before the dot.
        sub: String,
        /// The account.
        delegate: Option<AccountId>,
    },
    /// Removes a name below a name; its deposit comes back.
    RemoveSubname {
        /// The label.
        label: String,
        /// What stands before the dot.
        sub: String,
    },
    /// Says by which of its names an account goes, or by none.
    SetReverse {
        /// The label.
        label: Option<String>,
    },
    /// Registers a worker, operated by the signer, against a bond.
    RegisterWorker {
        /// Its identity key.
        peer: PeerKey,
        /// The country it declares.
        country: Country,
        /// Bytes it lends.
        capacity: u64,
        /// The identity's signature of [`worker_signed_bytes`](meganet_primitives::receipt::worker_signed_bytes): the peer agrees to this operator.
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
    /// Prepays so that a batch is renewed by itself whenever it is about to expire. Anybody may do it.
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
        /// For so many epochs it is renewed each time.
        epochs: u32,
        /// It is not renewed while a GiB in one slot costs more than this for an epoch, in planck.
        max_price: Balance,
        /// What is prepaid, in planck.
        amount: Balance,
    },
    /// Adds to what is prepaid for an automatic renewal. Anybody may do it.
    TopUp {
        /// The automatic renewal.
        id: AutoRenewalId,
        /// How much, in planck.
        amount: Balance,
    },
    /// Has the chain renew a batch from what is prepaid for it. Whoever does it gets the fee back, and some more.
    AutoRenew {
        /// The automatic renewal.
        id: AutoRenewalId,
    },
    /// Closes an automatic renewal; what is left and the deposit come back to its payer.
    CancelAutoRenewal {
        /// The automatic renewal.
        id: AutoRenewalId,
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

    /// What whoever asked for automatic renewals was paid for it, in planck; `None` if nothing was renewed.
    pub fn renewal_fees(&self) -> Option<Balance> {
        let renewed = |event: &&ChainEvent| event.pallet == STORAGE_PALLET && event.name == "AutoRenewed";
        let fee = |event: &ChainEvent| {
            let fields = <(AutoRenewalId, Epoch, Balance, Balance)>::decode(&mut event.fields.as_slice());
            fields.map_or(0, |(_, _, _, fee)| fee)
        };
        self.events.iter().filter(renewed).map(fee).reduce(Balance::saturating_add)
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
