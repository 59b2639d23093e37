//! The outcome of a transaction.

use super::BlockRef;
use meganet_primitives::{
    Balance, GroupId, WorkerId,
    hash::Hash,
    pallets::{PalletEvent, storage},
};

/// A batch that a block registered: the event of a `store` or `renew` call.
pub use meganet_primitives::pallets::storage::Stored as StoredLeaf;

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
    /// The event as a value, if it is of this kind and has its fields.
    ///
    /// ```
    /// use codec::Encode;
    /// use meganet_chain_client::ChainEvent;
    /// use meganet_primitives::pallets::storage::WorkerExited;
    ///
    /// let event = ChainEvent { pallet: "Storage".into(), name: "WorkerExited".into(), fields: 7u32.encode() };
    /// assert_eq!(event.read(), Some(WorkerExited { worker: 7 }));
    /// ```
    pub fn read<E: PalletEvent>(&self) -> Option<E> {
        E::parse(&self.pallet, &self.name, &self.fields)?.ok()
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
    /// The fee of the transaction, in planck, without the deposits, bonds and prices of its calls.
    pub fee: Balance,
    /// Its events, in order.
    pub events: Vec<ChainEvent>,
}

impl TxOutcome {
    /// Its events of one kind, in order.
    pub fn all<E: PalletEvent>(&self) -> impl Iterator<Item = E> {
        self.events.iter().filter_map(ChainEvent::read)
    }

    /// The batches that it registered.
    pub fn stored(&self) -> Vec<StoredLeaf> {
        self.all().collect()
    }

    /// The number of the worker that it registered.
    pub fn registered_worker(&self) -> Option<WorkerId> {
        self.all::<storage::WorkerRegistered>().next().map(|event| event.worker)
    }

    /// The pay of the worker that it proves for, in planck; `None` if it proves nothing.
    pub fn paid(&self) -> Option<Balance> {
        self.all::<storage::Proven>().next().map(|event| event.paid)
    }

    /// The fees that its signer was paid for automatic renewals, in planck; `None` if nothing was renewed.
    pub fn renewal_fees(&self) -> Option<Balance> {
        self.all::<storage::AutoRenewed>().map(|event| event.fee).reduce(Balance::saturating_add)
    }

    /// The number of the group that it opened.
    pub fn opened_group(&self) -> Option<GroupId> {
        self.all::<storage::GroupOpened>().next().map(|event| event.group)
    }
}
