use super::*;
use crate::{CurrentParams, SlotsOf, Workers};
use meganet_primitives::audit::Answer;

#[test]
fn an_honest_worker_is_challenged_once_a_period_and_its_proof_costs_it_nothing() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 0);
        for period in 1..5 {
            let challenge = next_challenge(worker);
            assert_eq!((challenge.period, challenge.samples.len()), (period, usize::from(SAMPLES)));
            assert!(challenge.block >= period * PERIOD_BLOCKS + 4 && challenge.deadline < (period + 1) * PERIOD_BLOCKS);
            let done = prove(&archive, &challenge).unwrap();
            assert_eq!(done.pays_fee, Pays::No);
            assert_eq!(Storage::api_challenge(worker).unwrap().state, ChallengeState::Proven);
            let record = Storage::api_worker_audit(worker).unwrap().record;
            assert_eq!((record.proven, record.missed, record.settled), (period, 0, period));
        }
    });
}

#[test]
fn a_proof_is_accepted_once_in_its_window_and_by_its_operator_only() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 1);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let other = Storage::api_worker(worker_in(group, 2)).unwrap().operator[0];
        let challenge = next_challenge(worker);
        let proof = archive.proof(&challenge);
        // The seed is known at the end of the challenge's block, but can't be used in that block.
        assert_eq!(System::block_number(), challenge.block);
        refused(prove_as(operator, worker, challenge.period, proof.clone()), Error::NotChallenged);
        run_to(challenge.block + 1);
        refused(prove_as(other, worker, challenge.period, proof.clone()), Error::NotOperator);
        refused(prove_as(operator, 99, challenge.period, proof.clone()), Error::NoSuchWorker);
        refused(prove_as(operator, worker, challenge.period + 1, proof.clone()), Error::WrongPeriod);
        refused(prove_as(operator, worker, challenge.period - 1, proof.clone()), Error::WrongPeriod);
        run_to(challenge.deadline);
        assert!(prove_as(operator, worker, challenge.period, proof.clone()).is_ok());
        refused(prove_as(operator, worker, challenge.period, proof), Error::AlreadyProven);

        let challenge = next_challenge(worker);
        let proof = archive.proof(&challenge);
        run_to(challenge.deadline + 1);
        refused(prove_as(operator, worker, challenge.period, proof), Error::TooLate);
        assert_eq!(Storage::api_challenge(worker).unwrap().state, ChallengeState::Missed);
    });
}

#[test]
fn the_proof_of_another_challenge_is_refused() {
    run(|| {
        let (group, archive) = stocked();
        let (a, b) = (worker_in(group, 0), worker_in(group, 3));
        let first = next_challenge(a);
        let stale = archive.proof(&first);
        let challenge = next_challenge(a);
        let operator = Storage::api_worker(a).unwrap().operator[0];
        run_to(challenge.block + 1);
        refused(prove_as(operator, a, challenge.period, stale), Error::BadAnswer);
        let challenge = next_challenge(b);
        let foreign = archive.proof(&challenge);
        let challenge = open_challenge(a);
        run_to(challenge.block + 1);
        refused(prove_as(operator, a, challenge.period, foreign), Error::BadAnswer);
        assert!(prove_as(operator, a, challenge.period, archive.proof(&challenge)).is_ok());
    });
}

#[test]
fn a_proof_with_an_answer_too_few_or_too_many_is_refused() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let challenge = next_challenge(worker);
        run_to(challenge.block + 1);
        let good = archive.proof(&challenge);
        let mut few = good.clone();
        few.answers.pop();
        let mut many = good.clone();
        many.answers.try_push(good.answers[0].clone()).unwrap();
        for bad in [few, many, AuditProof::default()] {
            refused(prove_as(operator, worker, challenge.period, bad), Error::WrongAnswerCount);
        }
    });
}

#[test]
fn what_is_registered_meanwhile_changes_nothing() {
    run(|| {
        let (group, mut archive) = stocked();
        let worker = worker_in(group, 0);
        let challenge = next_challenge(worker);
        let proof = archive.proof(&challenge);
        run_to(challenge.block + 1);
        for expiry in [6, 7, 8] {
            archive.store(60, group, expiry, &[2, 4]);
            archive.store(61, group, expiry, &[1]);
        }
        assert_eq!(Storage::api_challenge(worker).unwrap().samples, challenge.samples);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        assert!(prove_as(operator, worker, challenge.period, proof).is_ok());
        // In the next period it counts.
        assert_eq!(next_challenge(worker).samples.len(), 4);
        assert_eq!(Storage::api_worker_audit(worker).unwrap().bytes, (94 + 3 * 7) * KIB);
    });
}

#[test]
fn who_has_nothing_to_hold_says_that_it_is_there() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let worker = worker_in(group, 0);
        let challenge = next_challenge(worker);
        assert!(challenge.samples.is_empty());
        assert!(prove(&Archive::default(), &challenge).is_ok());
        assert_eq!(last_event(), Event::Proven { worker, period: 1, paid: 0, held_back: 0 });
    });
}

#[test]
fn workers_without_slots_are_not_challenged() {
    run(|| {
        let (group, archive) = stocked();
        let seated: Vec<_> = (0..6).map(|slot| worker_in(group, slot)).collect();
        let idle = (0..12).find(|worker| !seated.contains(worker)).unwrap();
        let operator = Storage::api_worker(idle).unwrap().operator[0];
        let challenge = next_challenge(seated[0]);
        assert_eq!(Storage::api_challenge(idle), None);
        run_to(challenge.block + 1);
        refused(prove_as(operator, idle, challenge.period, archive.proof(&challenge)), Error::NotChallenged);
    });
}

/// A worker that did not sign: the last slots have no receipt in [`store`].
#[test]
fn who_did_not_sign_is_excused_and_unpaid_until_it_shows_the_shards() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 5);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let excuse = |_: usize, _: &_, held: Answer| Answer::Excused(Box::new(held.batch().clone()));
        let challenge = next_challenge(worker);
        run_to(challenge.block + 1);
        assert!(prove_as(operator, worker, challenge.period, archive.proof_with(&challenge, excuse)).is_ok());
        assert_eq!(last_event(), Event::Proven { worker, period: 1, paid: 0, held_back: 0 });
        let health = Storage::api_group_health(group).unwrap();
        assert_eq!(health.slots[5].map(|slot| (slot.whole, slot.excused)), Some((false, 4)));
        assert_eq!(health.whole, 5);

        for _ in 0..2 {
            let challenge = next_challenge(worker);
            assert!(prove(&archive, &challenge).is_ok());
            assert!(matches!(last_event(), Event::Proven { paid, .. } if paid > 0));
        }
        assert_eq!(Storage::api_group_health(group).unwrap().whole, 6);
    });
}

#[test]
fn who_is_excused_for_too_long_loses_the_slot_and_nothing_else() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 5);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let bond = Workers::<Test>::get(worker).unwrap().bond;
        let excuse = |_: usize, _: &_, held: Answer| Answer::Excused(Box::new(held.batch().clone()));
        for _ in 0..2 {
            let challenge = next_challenge(worker);
            run_to(challenge.block + 1);
            assert!(prove_as(operator, worker, challenge.period, archive.proof_with(&challenge, excuse)).is_ok());
        }
        assert!(storage_events().contains(&Event::SlotGivenUp { group, slot: 5, worker }));
        let record = Workers::<Test>::get(worker).unwrap();
        assert_eq!((record.bond, record.slots, record.committed), (bond, 0, 0));
        assert_eq!(expelled(), 0);
    });
}

#[test]
fn who_signed_is_not_excused() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let challenge = next_challenge(worker);
        run_to(challenge.block + 1);
        let excuse = |at: usize, _: &_, held: Answer| match at {
            2 => Answer::Excused(Box::new(held.batch().clone())),
            _ => held,
        };
        refused(
            prove_as(operator, worker, challenge.period, archive.proof_with(&challenge, excuse)),
            Error::NotExcused,
        );
    });
}

#[test]
fn deleted_objects_need_not_be_shown_and_are_not_paid() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        let entries = archive.store(60, group, 8, &[9, 5]);
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let delete = |_: usize, _: &_, held: Answer| match held {
            Answer::Held(held) => Answer::Deleted(Box::new((held.0, held.1))),
            other => other,
        };
        let challenge = next_challenge(worker);
        run_to(challenge.block + 1);
        let proof = archive.proof_with(&challenge, delete);
        refused(prove_as(operator, worker, challenge.period, proof.clone()), Error::NotDeleted);
        for index in 0..2 {
            frame_support::assert_ok!(super::super::tombstones::delete(60, group, 8, &entries, index));
        }
        assert!(prove_as(operator, worker, challenge.period, proof).is_ok());
        assert_eq!(last_event(), Event::Proven { worker, period: 1, paid: 0, held_back: 0 });
    });
}

#[test]
fn a_slot_that_is_new_counts_from_the_next_period() {
    run(|| {
        let (group, archive) = stocked();
        run_to(PERIOD_BLOCKS + 2);
        for n in 13..=24 {
            register(n, usize::from(n) % 6, 4 * SLOT);
        }
        // A second group in the middle of a period: a worker that is also in the first one proves only the first one.
        let second = filled_group(ProfileId::Standard);
        for slot in 0..6 {
            let worker = worker_in(group, slot);
            let since = SlotsOf::<Test>::get(worker, second.to_be_bytes()).map(|record| record.since);
            let challenge = open_challenge(worker);
            assert!(challenge.samples.iter().all(|byte| byte.sample.group == group));
            assert!(since.is_none_or(|since| since > PERIOD_BLOCKS));
            assert!(prove(&archive, &challenge).is_ok());
        }
        let only_second = (0..12).map(|slot| worker_in(second, slot));
        let only_second =
            only_second.into_iter().find(|worker| Workers::<Test>::get(worker).unwrap().slots == 1).unwrap();
        assert!(Storage::api_challenge(only_second).is_none_or(|it| it.samples.is_empty()));
    });
}

#[test]
fn withheld_randomness_does_not_stop_audits() {
    HasVrf::set(false);
    run(|| {
        twelve_workers();
        run_to(3);
        HasVrf::set(true);
        let group = filled_group(ProfileId::Compact);
        HasVrf::set(false);
        let mut archive = Archive::default();
        archive.store(60, group, 8, &[3]);
        let worker = worker_in(group, 0);
        let challenge = next_challenge(worker);
        assert!(prove(&archive, &challenge).is_ok());
    });
    HasVrf::set(true);
}

#[test]
fn bad_parameters_are_refused() {
    run(|| {
        let params = CurrentParams::<Test>::get();
        let audit = params.audit;
        let bad = [
            crate::AuditParams { misses: 0, ..audit },
            crate::AuditParams { proofs_per_miss: 0, ..audit },
            crate::AuditParams { excuses: 0, ..audit },
            crate::AuditParams { bounty_ppm: 1_000_001, ..audit },
        ];
        for audit in bad {
            let refused = Storage::set_params(RuntimeOrigin::root(), crate::Params { audit, ..params });
            assert_eq!(refused, Err(Error::<Test>::BadParams.into()));
        }
        let curve = crate::PriceCurve { floor: 2, ceiling: 1, ..params.curve };
        let refused = Storage::set_params(RuntimeOrigin::root(), crate::Params { curve, ..params });
        assert_eq!(refused, Err(Error::<Test>::BadParams.into()));
    });
}
