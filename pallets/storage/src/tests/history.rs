//! Random histories: after every step the invariants hold and no money is made or lost.

use super::tombstones::{delete, held};
use crate::{mock::*, Groups};
use frame_support::traits::fungible::{Inspect, InspectHold};
use meganet_primitives::{placement::ProfileId, sum_tree::summarize};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Register { n: u8, operator: u8, place: usize, slots: u64 },
    Update { n: u8, worker: u32, place: Option<usize>, slots: Option<u64>, accepting: Option<bool> },
    Exit { n: u8, worker: u32 },
    Open { profile: ProfileId },
    Fill { group: u32 },
    Store { owner: u8, group: u32, ahead: u32, kibs: Vec<u64>, missing: bool },
    Delete { stored: usize, index: u32 },
    Roll { group: u32 },
    Params { max_epochs: u32, price: u128, group_deposit: u128, bond: u128 },
    Wait { blocks: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    let n = 1u8..=16;
    let worker = 0u32..16;
    let group = 0u32..5;
    let profile = prop_oneof![4 => Just(ProfileId::Compact), 1 => Just(ProfileId::Standard)];
    let kibs = proptest::collection::vec(1u64..60, 1..4);
    prop_oneof![
        6 => (n.clone(), n.clone(), 0usize..6, 1u64..6)
            .prop_map(|(n, operator, place, slots)| Step::Register { n, operator, place, slots }),
        3 => (n.clone(), worker.clone(), any::<Option<bool>>(), proptest::option::of(0usize..6), proptest::option::of(0u64..6))
            .prop_map(|(n, worker, accepting, place, slots)| Step::Update { n, worker, place, slots, accepting }),
        1 => (n, worker).prop_map(|(n, worker)| Step::Exit { n, worker }),
        3 => profile.prop_map(|profile| Step::Open { profile }),
        2 => group.clone().prop_map(|group| Step::Fill { group }),
        10 => (60u8..63, group.clone(), 0u32..10, kibs, proptest::bool::weighted(0.1))
            .prop_map(|(owner, group, ahead, kibs, missing)| Step::Store { owner, group, ahead, kibs, missing }),
        5 => (any::<prop::sample::Index>(), 0u32..4)
            .prop_map(|(stored, index)| Step::Delete { stored: stored.index(64), index }),
        3 => group.prop_map(|group| Step::Roll { group }),
        1 => (0u32..14, 0u128..1 << 22, 0u128..2_000, 0u128..1 << 22)
            .prop_map(|(max_epochs, price, group_deposit, bond)| Step::Params { max_epochs, price, group_deposit, bond }),
        6 => (1u32..14).prop_map(|blocks| Step::Wait { blocks }),
    ]
}

/// A batch that was stored: owner, group, expiry, salt, lengths.
type Stored = (u8, u32, u32, u8, Vec<u64>);

/// Takes a step; whether it is refused is the pallet's business.
fn take(step: Step, salt: u8, stored: &mut Vec<Stored>) {
    use crate::Call;
    let call: (RuntimeCall, RuntimeOrigin) = match step {
        Step::Wait { blocks } => {
            for _ in 0..blocks {
                run_to(System::block_number() + 1);
                Storage::do_try_state().unwrap();
            }
            return;
        }
        Step::Register { n, operator, place, slots } => (
            Call::register_worker {
                peer: peer(n),
                country: country(place),
                capacity: slots * SLOT,
                proof_of_peer: peer_proof(n, operator),
            }
            .into(),
            signed(operator),
        ),
        Step::Update { n, worker, place, slots, accepting } => {
            let (country, capacity) = (place.map(country), slots.map(|slots| slots * SLOT));
            (Call::update_worker { worker, country, capacity, accepting }.into(), signed(n))
        }
        Step::Exit { n, worker } => (Call::exit_worker { worker }.into(), signed(n)),
        Step::Open { profile } => (Call::open_group { profile }.into(), signed(50)),
        Step::Fill { group } => (Call::fill_group { group }.into(), signed(51)),
        Step::Roll { group } => (Call::roll_group { group }.into(), signed(51)),
        Step::Params { max_epochs, price, group_deposit, bond } => {
            let params = crate::Params {
                max_epochs,
                price_per_gib_epoch: price,
                group_deposit,
                bond_per_gib: bond,
                ..crate::CurrentParams::<Test>::get()
            };
            (Call::set_params { params }.into(), RuntimeOrigin::root())
        }
        Step::Store { owner, group, ahead, kibs, missing } => {
            let Some(record) = Groups::<Test>::get(group).filter(|record| record.ready) else { return };
            let batch = summarize(&entries(salt, &kibs)).unwrap();
            let expiry = Storage::epoch() + ahead;
            let count = record.profile.profile().quorum() - u8::from(missing);
            let receipts = receipts(group, expiry, owner, batch, count);
            let done = dispatch(Call::<Test>::store { group, expiry, batch, receipts }, signed(owner));
            assert!(!missing || done.is_err());
            if done.is_ok() {
                stored.push((owner, group, expiry, salt, kibs));
            }
            return;
        }
        Step::Delete { stored: at, index } => {
            if stored.is_empty() {
                return;
            }
            let (owner, group, expiry, salt, kibs) = &stored[at % stored.len()];
            let index = index % u32::try_from(kibs.len()).unwrap();
            let _refused_or_not = delete(*owner, *group, *expiry, &entries(*salt, kibs), index);
            return;
        }
    };
    let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
    if dispatch(call.0, call.1).is_err() {
        assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_history_keeps_the_invariants_and_the_money(
        luck in any::<u64>(),
        start_with_workers in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        Luck::set(luck);
        new_test_ext().execute_with(|| {
            let issued = Balances::total_issuance();
            if start_with_workers {
                twelve_workers();
                filled_group(ProfileId::Compact);
            }
            let mut stored = Vec::new();
            for (at, step) in steps.into_iter().enumerate() {
                let salt = u8::try_from(at).unwrap();
                take(step, salt, &mut stored);
                Storage::do_try_state().unwrap();
                assert_eq!(Balances::total_issuance(), issued);
            }
            // After all has expired, everything can be rolled up and every deposit of a tombstone is back.
            run_to_epoch(Storage::epoch() + 15);
            for group in 0..crate::NextGroup::<Test>::get() {
                while Storage::roll_group(signed(51), group).is_ok() {
                    Storage::do_try_state().unwrap();
                }
                assert_eq!(Storage::api_group(group).unwrap().used, 0);
            }
            assert_eq!((60..63).map(held).sum::<u128>(), 0);
            // Nothing but the pot was paid to.
            let paid: u128 = (60..63).map(|n| RICH - <Balances as Inspect<_>>::total_balance(&account(n))).sum();
            assert_eq!(Storage::api_stats().pot, paid);
            let reason = crate::HoldReason::WorkerBond.into();
            for worker in Storage::api_workers(0, 100) {
                assert!(Balances::balance_on_hold(&reason, &worker.operator.into()) >= worker.bond);
            }
        });
    }
}
