//! Calls of the runtime that people and workers make, by subject.

mod name;
mod storage;
mod worker;

pub use self::{
    name::NameCall,
    storage::{AutoRenewalCall, StorageCall},
    worker::WorkerCall,
};

use meganet_primitives::{AccountId, Balance};

/// A call of the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// About names.
    Name(NameCall),
    /// About workers and their audits.
    Worker(WorkerCall),
    /// About groups and the batches in them.
    Storage(StorageCall),
    /// About automatic renewals.
    AutoRenewal(AutoRenewalCall),
    /// Sends tokens; the sender's account is kept alive.
    Transfer {
        /// The receiver.
        to: AccountId,
        /// The amount, in planck.
        amount: Balance,
    },
}

impl From<NameCall> for Call {
    fn from(call: NameCall) -> Self {
        Self::Name(call)
    }
}

impl From<WorkerCall> for Call {
    fn from(call: WorkerCall) -> Self {
        Self::Worker(call)
    }
}

impl From<StorageCall> for Call {
    fn from(call: StorageCall) -> Self {
        Self::Storage(call)
    }
}

impl From<AutoRenewalCall> for Call {
    fn from(call: AutoRenewalCall) -> Self {
        Self::AutoRenewal(call)
    }
}
