//! Every call, every error, and random histories of them.

#![allow(clippy::unwrap_used)]

mod audits;
mod batches;
mod expiry;
mod fill;
mod groups;
mod history;
mod tombstones;
mod workers;

use crate::mock::*;
use frame_support::traits::Hooks;

#[test]
fn the_constants_fit() {
    new_test_ext().execute_with(<Storage as Hooks<u32>>::integrity_test);
}

#[test]
fn unsigned_and_root_calls_are_refused_but_for_the_parameters() {
    use crate::Call;
    use meganet_primitives::{placement::ProfileId, range::RangeLeaf};
    run(|| {
        let batch = batch(1, 1);
        let calls = [
            Call::<Test>::register_worker {
                peer: peer(1),
                country: country(0),
                capacity: SLOT,
                proof_of_peer: peer_proof(1, 1),
            },
            Call::update_worker { worker: 0, country: None, capacity: None, accepting: None },
            Call::exit_worker { worker: 0 },
            Call::open_group { profile: ProfileId::Compact },
            Call::store { group: 0, expiry: 1, batch, valid_until: VALID, receipts: Default::default() },
            Call::tombstone {
                group: 0,
                expiry: 1,
                leaf_index: 0,
                leaf: RangeLeaf { batch, owner: [1; 32], signed: 0, registered: 1 },
                leaf_proof: Default::default(),
                entry_index: 0,
                entry: entries(1, &[1])[0],
                entry_proof: Default::default(),
            },
            Call::roll_group { group: 0 },
            Call::fill_group { group: 0 },
            Call::top_up { id: 0, amount: 1 },
            Call::auto_renew { id: 0 },
            Call::cancel_auto_renewal { id: 0 },
        ];
        for call in calls {
            for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
                let refused = dispatch(call.clone(), origin).unwrap_err();
                assert_eq!(refused, sp_runtime::DispatchError::BadOrigin);
            }
        }
    });
}
