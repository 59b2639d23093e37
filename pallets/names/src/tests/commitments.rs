//! Claiming a label without revealing it.

use super::*;
use crate::{Commitments, Error, Event};
use frame_support::assert_noop;
use meganet_primitives::name::MAX_COMMITMENTS;

#[test]
fn a_front_runner_sees_the_commitment_and_the_registration_and_fails() {
    run(|| {
        let digest = commitment(&[1; 32], b"alice", &SECRET);
        commit(1, "alice");
        // It copies the digest, which as a commitment of another account is of no use.
        assert_ok!(Names::commit(signed(2), digest));
        go_to(now() + PARAMS.min_commit_age);
        // It sees the registration in the pool, and submits label and secret first.
        assert_noop!(reveal(2, "alice", 1), Error::<Test>::CommitmentMissing);
        commit(2, "alice");
        assert_noop!(reveal(2, "alice", 1), Error::<Test>::CommitmentTooNew);
        assert_ok!(reveal(1, "alice", 1));
        go_to(now() + PARAMS.min_commit_age);
        assert_noop!(reveal(2, "alice", 1), Error::<Test>::NameTaken);
    });
}

#[test]
fn a_copied_digest_is_in_nobodys_way() {
    run(|| {
        let digest = commitment(&[1; 32], b"alice", &SECRET);
        assert_ok!(Names::commit(signed(2), digest));
        assert_ok!(Names::commit(signed(1), digest));
        assert_ok!(Names::cancel_commit(signed(2), digest));
        go_to(now() + PARAMS.min_commit_age);
        assert_ok!(reveal(1, "alice", 1));
    });
}

#[test]
fn a_commitment_has_its_time() {
    run(|| {
        assert_noop!(reveal(1, "alice", 1), Error::<Test>::CommitmentMissing);
        commit(1, "alice");
        let made = now();
        go_to(made + PARAMS.min_commit_age - 1);
        assert_noop!(reveal(1, "alice", 1), Error::<Test>::CommitmentTooNew);
        go_to(made + PARAMS.max_commit_age + 1);
        assert_noop!(reveal(1, "alice", 1), Error::<Test>::CommitmentTooOld);
        go_to(made + PARAMS.max_commit_age);
        assert_ok!(reveal(1, "alice", 1));
    });
}

#[test]
fn a_commitment_binds_label_and_secret() {
    run(|| {
        commit(1, "alice");
        go_to(now() + PARAMS.min_commit_age);
        assert_noop!(reveal(1, "bob", 1), Error::<Test>::CommitmentMissing);
        assert_noop!(told(Names::register(signed(1), label("alice"), 1, [8; 32])), Error::<Test>::CommitmentMissing);
        assert_ok!(reveal(1, "alice", 1));
    });
}

#[test]
fn a_commitment_is_used_up_and_its_deposit_comes_back() {
    run(|| {
        commit(1, "alice");
        assert_eq!((held_for_commitments(1), free(1)), (PARAMS.record_deposit, RICH - PARAMS.record_deposit));
        go_to(now() + PARAMS.min_commit_age);
        assert_ok!(reveal(1, "alice", 1));
        assert_eq!((held_for_commitments(1), held(1)), (0, PARAMS.deposit));
        assert_ok!(Names::release(signed(1), label("alice")));
        assert_noop!(reveal(1, "alice", 1), Error::<Test>::CommitmentMissing);
        assert_eq!(Commitments::<Test>::iter().count(), 0);
    });
}

#[test]
fn a_lost_secret_and_a_commitment_too_old_have_a_way_out() {
    run(|| {
        let lost = [5; 32];
        assert_ok!(Names::commit(signed(1), lost));
        commit(1, "alice");
        go_to(now() + 1_000);
        assert_noop!(reveal(1, "alice", 1), Error::<Test>::CommitmentTooOld);
        let old = commitment(&[1; 32], b"alice", &SECRET);
        assert_noop!(Names::commit(signed(1), old), Error::<Test>::AlreadyCommitted);
        assert_ok!(Names::cancel_commit(signed(1), old));
        assert_ok!(Names::cancel_commit(signed(1), lost));
        assert_eq!(last_event(), Event::CommitmentCancelled { owner: account(1), commitment: lost }.into());
        assert_eq!((held_for_commitments(1), free(1)), (0, RICH));
        assert_noop!(Names::cancel_commit(signed(1), lost), Error::<Test>::CommitmentMissing);
        assert_ok!(register(1, "alice"));
    });
}

#[test]
fn an_account_has_a_bounded_number_of_commitments() {
    run(|| {
        for n in 0..MAX_COMMITMENTS {
            assert_ok!(Names::commit(signed(1), [n.try_into().unwrap(); 32]));
        }
        assert_noop!(Names::commit(signed(1), [99; 32]), Error::<Test>::TooManyCommitments);
        let found = Names::api_commitments([1; 32]);
        assert_eq!(found.len(), usize::try_from(MAX_COMMITMENTS).unwrap());
        assert_eq!((found[3].commitment, found[3].block), ([3; 32], 1));
        assert_ok!(Names::cancel_commit(signed(1), [3; 32]));
        assert_ok!(Names::commit(signed(1), [99; 32]));
        assert_noop!(Names::commit(signed(9), [1; 32]), Error::<Test>::InsufficientFunds);
    });
}
