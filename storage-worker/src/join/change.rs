//! Changes of a worker's registration that the configuration asks for.

use meganet_chain_client::{ChainError, WorkerCall};
use meganet_primitives::{WorkerId, chain::WorkerInfo, country::Country, pallets::StorageError};
use std::fmt;

/// A change of a registration. The chain accepts or refuses each for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// To another country.
    Country(Country),
    /// To another capacity, in bytes.
    Capacity(u64),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => write!(f, "country {country}"),
            Self::Capacity(capacity) => write!(f, "capacity {capacity}"),
        }
    }
}

/// The changes from a registration to the configured country and capacity.
pub(super) fn changes(worker: &WorkerInfo, country: Country, capacity: u64) -> impl Iterator<Item = Change> + use<> {
    let country = (country != worker.country).then_some(Change::Country(country));
    let capacity = (capacity != worker.capacity).then_some(Change::Capacity(capacity));
    country.into_iter().chain(capacity)
}

impl Change {
    /// The call that asks the chain for it.
    pub(super) fn call(self, worker: WorkerId) -> WorkerCall {
        let (country, capacity) = match self {
            Self::Country(country) => (Some(country), None),
            Self::Capacity(capacity) => (None, Some(capacity)),
        };
        WorkerCall::Update { worker, country, capacity, accepting: None }
    }

    /// A refusal of the chain in the operator's words: what stays as it is, why, and what to do.
    pub(super) fn refused(self, worker: &WorkerInfo, error: &ChainError) -> String {
        let WorkerInfo { country, capacity, committed, .. } = worker;
        let stays = match self {
            Self::Country(_) => format!("country {country}"),
            Self::Capacity(_) => format!("capacity {capacity}"),
        };
        let why = if error.is(StorageError::HoldsSlots) {
            format!(
                "a worker that holds slots cannot change its country. Set it back to {country}; or, if the machine has moved, run `meganet-worker leave`, wait until this worker has left, and make a new one"
            )
        } else if error.is(StorageError::CapacityCommitted) {
            format!("{committed} bytes are promised to the slots that it holds. Set at least that many")
        } else if error.is(StorageError::CapacityTooSmall) {
            "the chain takes no worker that lends so little. Set a larger one".to_owned()
        } else if error.is(StorageError::InsufficientFunds) {
            "the operator's account cannot pay the bond for the additional space. Send it more, and restart the worker"
                .to_owned()
        } else {
            error.to_string()
        };
        format!("this worker stays registered with {stays}, not {self}: {why}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::{pallets::PalletError, receipt::PeerKey};

    fn worker() -> WorkerInfo {
        WorkerInfo {
            id: 7,
            operator: [1; 32],
            peer: PeerKey([2; 32]),
            country: Country::new(*b"DE").unwrap(),
            capacity: 500,
            committed: 300,
            slots: 1,
            bond: 1,
            accepting: true,
            registered: 1,
        }
    }

    #[test]
    fn country_and_capacity_change_each_for_itself() {
        let (worker, other) = (worker(), Country::new(*b"FR").unwrap());
        let (same, of_country, of_capacity) = (worker.country, Change::Country(other), Change::Capacity(400));
        for (country, capacity, expected) in [
            (same, 500, vec![]),
            (other, 500, vec![of_country]),
            (same, 400, vec![of_capacity]),
            (other, 400, vec![of_country, of_capacity]),
        ] {
            assert_eq!(changes(&worker, country, capacity).collect::<Vec<_>>(), expected);
        }
        let call = WorkerCall::Update { worker: 7, country: Some(other), capacity: None, accepting: None };
        assert_eq!(of_country.call(7), call);
        let call = WorkerCall::Update { worker: 7, country: None, capacity: Some(400), accepting: None };
        assert_eq!(of_capacity.call(7), call);
    }

    #[test]
    fn a_refusal_says_what_stays_and_what_to_do() {
        let (country, capacity) = (Change::Country(Country::new(*b"FR").unwrap()), Change::Capacity(200));
        for (change, error, said) in [
            (country, StorageError::HoldsSlots, ["country DE, not country FR", "back to DE", "meganet-worker leave"]),
            (capacity, StorageError::CapacityCommitted, ["capacity 500, not capacity 200", "300 bytes", "at least"]),
            (capacity, StorageError::CapacityTooSmall, ["capacity 500, not capacity 200", "so little", "larger"]),
            (capacity, StorageError::InsufficientFunds, ["capacity 500, not capacity 200", "bond", "restart"]),
            (
                capacity,
                StorageError::CapacityTooLarge,
                ["capacity 500, not capacity 200", "CapacityTooLarge", "its docs"],
            ),
        ] {
            let error = ChainError::Dispatch {
                pallet: StorageError::PALLET.to_owned(),
                error: error.name().to_owned(),
                docs: "its docs".to_owned(),
            };
            let text = change.refused(&worker(), &error);
            for part in said {
                assert!(text.contains(part), "{text}");
            }
        }
    }
}
