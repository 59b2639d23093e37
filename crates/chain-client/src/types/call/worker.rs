//! Calls about workers and their audits.

use meganet_primitives::{
    Period, WorkerId,
    audit::AuditProof,
    country::Country,
    receipt::{PeerKey, PeerSignature},
};

/// A call about a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerCall {
    /// Registers a worker, operated by the signer, against a bond.
    Register {
        /// Its identity key.
        peer: PeerKey,
        /// The country it declares.
        country: Country,
        /// Bytes it lends.
        capacity: u64,
        /// The identity's signature of [`meganet_primitives::receipt::worker_signed_bytes`]: the peer agrees to this
        /// operator.
        proof: PeerSignature,
    },
    /// Changes a worker; `None` leaves a field as it is.
    Update {
        /// The worker.
        worker: WorkerId,
        /// The country it declares.
        country: Option<Country>,
        /// Bytes it lends.
        capacity: Option<u64>,
        /// Whether it may be given further slots.
        accepting: Option<bool>,
    },
    /// Removes a worker without slots from the registry; the bond is returned.
    Exit {
        /// The worker.
        worker: WorkerId,
    },
    /// Begins to leave: the chain gives the worker's slots to others one by one. [`WorkerCall::Exit`] completes it.
    Leave {
        /// The worker.
        worker: WorkerId,
    },
    /// Answers a worker's challenge. Pays at once; the fee is returned when the proof is accepted.
    Prove {
        /// The worker; the signer operates it.
        worker: WorkerId,
        /// The period of the challenge.
        period: Period,
        /// The answers. Boxed: they are much larger than any other call.
        proof: Box<AuditProof>,
    },
    /// Reports a worker that has missed too much: it loses its slots and its bond, the signer gets a bounty. Any account may
    /// do it.
    Report {
        /// The worker.
        worker: WorkerId,
    },
}
