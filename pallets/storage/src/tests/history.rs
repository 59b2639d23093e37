//! Random histories: after every step the invariants hold and the books balance.

use super::{
    audits::{
        Archive,
        auto_renewal::{auto_renew, cancel, prepaid, prepay, top_up},
        prove_as,
        renewal::renew,
    },
    tombstones::{delete, held},
};
use crate::{Groups, mock::*};
use frame_support::traits::fungible::{Inspect, InspectHold};
use meganet_primitives::{
    chain::{AutoRenewalState, ChallengeState},
    placement::ProfileId,
    sum_tree::{BatchEntry, summarize},
};
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
    Prove { chance: u8 },
    Report { worker: u32 },
    Leave { n: u8, worker: u32 },
    Renew { owner: u8, stored: usize, longer: u32 },
    Prepay { owner: u8, stored: usize, epochs: u32, amount: u128 },
    TopUp { owner: u8, id: u64, amount: u128 },
    AutoRenew { id: u64 },
    Cancel { owner: u8, id: u64 },
    Params { max_epochs: u32, price: u128, group_deposit: u128, bond: u128, burn_ppm: u32, newcomer_periods: u32 },
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
        1 => (n.clone(), worker.clone()).prop_map(|(n, worker)| Step::Exit { n, worker }),
        12 => any::<u8>().prop_map(|chance| Step::Prove { chance }),
        3 => worker.clone().prop_map(|worker| Step::Report { worker }),
        1 => (n, worker).prop_map(|(n, worker)| Step::Leave { n, worker }),
        3 => (60u8..63, any::<prop::sample::Index>(), 0u32..6)
            .prop_map(|(owner, stored, longer)| Step::Renew { owner, stored: stored.index(64), longer }),
        3 => (60u8..63, any::<prop::sample::Index>(), 0u32..9, 0u128..20_000)
            .prop_map(|(owner, stored, epochs, amount)| Step::Prepay { owner, stored: stored.index(64), epochs, amount }),
        1 => (60u8..63, 0u64..6, 0u128..5_000).prop_map(|(owner, id, amount)| Step::TopUp { owner, id, amount }),
        6 => (0u64..6).prop_map(|id| Step::AutoRenew { id }),
        1 => (60u8..63, 0u64..6).prop_map(|(owner, id)| Step::Cancel { owner, id }),
        3 => profile.prop_map(|profile| Step::Open { profile }),
        2 => group.clone().prop_map(|group| Step::Fill { group }),
        10 => (60u8..63, group.clone(), 0u32..10, kibs, proptest::bool::weighted(0.1))
            .prop_map(|(owner, group, ahead, kibs, missing)| Step::Store { owner, group, ahead, kibs, missing }),
        5 => (any::<prop::sample::Index>(), 0u32..4)
            .prop_map(|(stored, index)| Step::Delete { stored: stored.index(64), index }),
        3 => group.prop_map(|group| Step::Roll { group }),
        1 => (0u32..14, 0u128..1 << 22, 0u128..2_000, 0u128..1 << 22, 0u32..200_000, 0u32..5).prop_map(
            |(max_epochs, price, group_deposit, bond, burn_ppm, newcomer_periods)| Step::Params {
                max_epochs,
                price,
                group_deposit,
                bond,
                burn_ppm,
                newcomer_periods,
            }
        ),
        6 => (1u32..14).prop_map(|blocks| Step::Wait { blocks }),
    ]
}

/// An account that only calls `auto_renew`.
const CALLER: u8 = 71;

/// A batch that was stored: owner, group, expiry, index, objects.
type Stored = (u8, u32, u32, usize, Vec<BatchEntry>);

/// Takes a step, which the pallet may refuse.
fn take(step: Step, archive: &mut Archive, stored: &mut Vec<Stored>) {
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
        Step::Report { worker } => (Call::report { worker }.into(), signed(70)),
        Step::Leave { n, worker } => (Call::leave { worker }.into(), signed(n)),
        // Each worker whose challenge is due answers with some probability.
        Step::Prove { chance } => {
            let due: Vec<_> = (0..crate::NextWorker::<Test>::get()).filter_map(Storage::api_challenge).collect();
            run_to(System::block_number() + 1);
            for challenge in due.into_iter().filter(|due| due.state == ChallengeState::Open) {
                if (chance >> (challenge.worker % 8)) & 1 == 1 {
                    continue;
                }
                let operator = Storage::api_worker(challenge.worker).unwrap().operator[0];
                let before = Storage::api_money();
                let done = prove_as(operator, challenge.worker, challenge.period, archive.proof(&challenge));
                // In the last block of a period its challenges are over; and overdue workers can't prove.
                let late = Storage::api_challenge(challenge.worker).is_none_or(|now| now.period != challenge.period);
                let away = done.is_err_and(|refused| refused.error == crate::Error::<Test>::Overdue.into());
                let after = Storage::api_money();
                assert!(done.is_ok() || late || away, "{done:?} {challenge:?}");
                assert_eq!(
                    done.is_ok(),
                    Storage::api_challenge(challenge.worker).is_some_and(|it| it.state == ChallengeState::Proven)
                );
                assert!(after.escrow <= before.escrow);
            }
            return;
        }
        Step::Renew { owner, stored: at, longer } => {
            if stored.is_empty() {
                return;
            }
            let (_, group, expiry, index, entries) = stored[at % stored.len()].clone();
            let until = expiry + longer;
            if renew(owner, archive, group, expiry, index, until).is_ok() {
                archive.note(entries.clone());
                let index = archive.leaves(group, until).len() - 1;
                stored.push((archive.leaf(group, until, index).0.owner[0], group, until, index, entries));
            }
            return;
        }
        Step::Prepay { owner, stored: at, epochs, amount } => {
            if stored.is_empty() {
                return;
            }
            let (_, group, expiry, index, _) = stored[at % stored.len()];
            let _refused_or_not = prepay(owner, archive, (group, expiry, index), epochs, amount);
            return;
        }
        Step::AutoRenew { id } => {
            let before = Storage::api_auto_renewal(id);
            let done = auto_renew(CALLER, id).is_ok();
            let Some(before) = before else { return assert!(!done) };
            assert_eq!(done, before.state == AutoRenewalState::Due, "{before:?}");
            if done {
                let same = |(_, group, expiry, index, _): &&Stored| {
                    (*group, *expiry, *index as u64) == (before.group, before.expiry, before.leaf)
                };
                let entries = stored.iter().find(same).unwrap().4.clone();
                archive.note(entries.clone());
                let now = Storage::api_auto_renewal(id).unwrap();
                assert_eq!(now.expiry, before.expiry + before.epochs);
                assert_eq!(before.balance - now.balance, before.next);
                let index = usize::try_from(now.leaf).unwrap();
                let owner = archive.leaf(now.group, now.expiry, index).0.owner[0];
                stored.push((owner, now.group, now.expiry, index, entries));
            }
            return;
        }
        Step::TopUp { owner, id, amount } => {
            let _refused_or_not = top_up(owner, id, amount);
            return;
        }
        Step::Cancel { owner, id } => {
            let _refused_or_not = cancel(owner, id);
            return;
        }
        Step::Params { max_epochs, price, group_deposit, bond, burn_ppm, newcomer_periods } => {
            let now = crate::CurrentParams::<Test>::get();
            let params = crate::Params {
                audit: crate::AuditParams { burn_ppm, newcomer_periods, ..now.audit },
                max_epochs,
                price_per_gib_epoch: price,
                group_deposit,
                bond_per_gib: bond,
                ..now
            };
            (Call::set_params { params }.into(), RuntimeOrigin::root())
        }
        Step::Store { owner, group, ahead, kibs, missing } => {
            let Some(record) = Groups::<Test>::get(group).filter(|record| record.ready) else { return };
            let objects = archive.objects(group, &kibs);
            let batch = summarize(&objects).unwrap();
            let expiry = Storage::epoch() + ahead;
            let count = record.profile.profile().quorum() - u8::from(missing);
            if record.slots.iter().take(count.into()).any(Option::is_none) {
                return;
            }
            let receipts = receipts(group, expiry, owner, batch, count);
            let done =
                dispatch(Call::<Test>::store { group, expiry, batch, valid_until: VALID, receipts }, signed(owner));
            assert!(!missing || done.is_err());
            if done.is_ok() {
                archive.note(objects.clone());
                stored.push((owner, group, expiry, archive.leaves(group, expiry).len() - 1, objects));
            }
            return;
        }
        Step::Delete { stored: at, index } => {
            if stored.is_empty() {
                return;
            }
            let (owner, group, expiry, _, entries) = &stored[at % stored.len()];
            let index = index % u32::try_from(entries.len()).unwrap();
            let _refused_or_not = delete(*owner, *group, *expiry, entries, index);
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
            let (mut archive, mut stored) = (Archive::default(), Vec::new());
            for step in steps {
                take(step, &mut archive, &mut stored);
                Storage::do_try_state().unwrap();
                assert_eq!(Balances::total_issuance() + Storage::api_money().burned, issued);
            }
            // After everything has expired, all ranges can be dropped, and all deposits of tombstones are returned.
            run_to_epoch(Storage::epoch() + 15);
            for group in 0..crate::NextGroup::<Test>::get() {
                while Storage::roll_group(signed(51), group).is_ok() {
                    Storage::do_try_state().unwrap();
                }
                assert_eq!(Storage::api_group(group).unwrap().used, 0);
            }
            assert_eq!((60..63).map(held).sum::<u128>(), 0);
            // Everything has expired, so any account may close automatic renewals, and their balances are returned.
            for id in 0..crate::NextAutoRenewal::<Test>::get() {
                let _closed_before_or_now = cancel(CALLER, id);
            }
            Storage::do_try_state().unwrap();
            assert_eq!((60..63).map(prepaid).sum::<u128>(), 0);
            // Nothing can be earned any longer, and the pot has exactly what the books say.
            let money = Storage::api_money();
            assert_eq!(money.escrow, 0);
            assert_eq!(Storage::api_stats().pot, money.held_back + money.fund);
            // An owner may have topped up another's automatic renewal, so only the sums can be compared.
            let left: u128 = (60..63).map(|n| <Balances as Inspect<_>>::total_balance(&account(n))).sum();
            let paid = 3 * RICH - left;
            // The pay of the callers of `auto_renew` came from the payers.
            let fees = Balances::balance(&account(CALLER)) - RICH;
            assert_eq!(paid, money.paid_in + fees);
            let reason = crate::HoldReason::WorkerBond.into();
            for worker in Storage::api_workers(0, 100) {
                assert!(Balances::balance_on_hold(&reason, &worker.operator.into()) >= worker.bond);
            }
        });
    }
}
