//! Changes that a test makes to a chain without a transaction: always to the state of the best block, at once.
//!
//! Wherever a rule of the runtime is involved, its own call is dispatched; only what stands in the way (money, an age, a
//! signature) is arranged before.

use crate::node::Node;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    tokens::{Fortitude, Precision, Preservation},
};
use meganet_chain_client::MEGA;
use meganet_primitives::{
    AccountId, Balance, WorkerId,
    country::Country,
    name::commitment,
    receipt::{PeerKey, PeerSignature, worker_signed_bytes},
};
use meganet_runtime::{Balances, Names, Runtime, RuntimeOrigin, Storage, System};
use pallet_storage::{NextWorker, WorkerByPeer, Workers};
use sp_core::{Pair, ed25519};
use std::fmt::Debug;

/// Enough for every deposit and rent of a default configuration.
const PLENTY: Balance = 1_000_000 * MEGA;

impl Node {
    /// Creates tokens for an account.
    pub(crate) fn fund(&self, account: AccountId, amount: Balance) {
        self.alter(|| mint(account, amount));
    }

    /// Burns all that an account can spend.
    pub(crate) fn drain(&self, account: &AccountId) {
        self.alter(|| {
            let spendable = Balances::reducible_balance(&(*account).into(), Preservation::Preserve, Fortitude::Polite);
            burn(*account, spendable);
        });
    }

    /// Registers a name for a year, at nobody's expense.
    pub(crate) fn add_name(&self, owner: AccountId, label: &str) {
        let secret = [0; 32];
        self.alter(|| {
            let params = pallet_names::CurrentParams::<Runtime>::get();
            let impatient = meganet_primitives::name::NameParams { min_commit_age: 0, ..params };
            pallet_names::CurrentParams::<Runtime>::put(impatient);
            at_nobodys_expense(owner, || {
                let origin = || RuntimeOrigin::signed(owner.into());
                let bytes = label.as_bytes();
                expect(label, Names::commit(origin(), commitment(&owner, bytes, &secret)));
                let bounded = bytes.to_vec().try_into();
                let bounded = bounded.unwrap_or_else(|_| panic!("{label} is not a label"));
                expect(label, Names::register(origin(), bounded, 1, secret));
            });
            pallet_names::CurrentParams::<Runtime>::put(params);
        });
    }

    /// Registers a worker, at nobody's expense and without its signature.
    pub(crate) fn add_worker(&self, operator: AccountId, peer: PeerKey, country: Country, capacity: u64) -> WorkerId {
        self.alter(|| {
            // Another identity signs; then the real one takes its place.
            let stand_in = ed25519::Pair::from_seed(&peer.0);
            let key = PeerKey(stand_in.public().0);
            let genesis = System::block_hash(0);
            let proof = PeerSignature(stand_in.sign(&worker_signed_bytes(&genesis.0, &operator)).0);
            let id = NextWorker::<Runtime>::get();
            at_nobodys_expense(operator, || {
                let origin = RuntimeOrigin::signed(operator.into());
                expect("a worker", Storage::register_worker(origin, key, country, capacity, proof));
            });
            WorkerByPeer::<Runtime>::remove(key);
            WorkerByPeer::<Runtime>::insert(peer, id);
            Workers::<Runtime>::mutate(id, |worker| {
                if let Some(worker) = worker {
                    worker.peer = peer;
                }
            });
            id
        })
    }

    /// Has a worker that holds slots expelled, as if it had missed every challenge.
    pub(crate) fn expel(&self, worker: WorkerId) {
        self.alter(|| {
            let operator = Workers::<Runtime>::mutate(worker, |worker| {
                let worker = worker.as_mut()?;
                worker.record.misses = u32::MAX;
                Some(worker.operator.clone())
            });
            let operator = operator.unwrap_or_else(|| panic!("there is no worker {worker}"));
            expect("expelling", Storage::report(RuntimeOrigin::signed(operator), worker));
        });
    }
}

/// Does something that costs an account money without changing what it can spend.
fn at_nobodys_expense(account: AccountId, action: impl FnOnce()) {
    let before = Balances::balance(&account.into());
    mint(account, PLENTY);
    action();
    let after = Balances::balance(&account.into());
    // An account with something on hold must keep the existential deposit.
    burn(account, after.saturating_sub(before.max(Balances::minimum_balance())));
}

fn mint(account: AccountId, amount: Balance) {
    let minted = Balances::mint_into(&account.into(), amount);
    assert!(minted.is_ok(), "an account takes {amount} planck: {minted:?}");
}

fn burn(account: AccountId, amount: Balance) {
    let (exact, polite) = (Precision::Exact, Fortitude::Polite);
    let burned = Balances::burn_from(&account.into(), amount, Preservation::Preserve, exact, polite);
    assert!(burned.is_ok(), "an account loses {amount} planck: {burned:?}");
}

fn expect<T: Debug, E: Debug>(subject: &str, result: Result<T, E>) {
    assert!(result.is_ok(), "{subject}: the runtime refuses: {result:?}");
}
