//! Following validators that change.

use super::*;
use meganet_name_proof::{
    Justified, SetChange, SetChanges,
    changes::{self, MAX_CHANGES_LEN},
    grandpa::{ConsensusLog, ScheduledChange},
};
use meganet_name_proof_fake::{signal, validator};

/// A chain whose validators changed three times, at blocks 11, 13 and 15; it is at 20.
fn changed() -> (Chain, Checkpoint, Vec<SetChange>) {
    let mut chain = chain();
    let checkpoint = genesis(&chain);
    let mut changes = Vec::new();
    for validators in [&[2, 3, 4, 5][..], &[9], &[6, 7, 8, 9, 10, 11, 12]] {
        changes.push(chain.rotate(validators));
        chain.next();
    }
    chain.reach(20);
    (chain, checkpoint, changes)
}

#[test]
fn changes_of_validators_are_followed() {
    let (chain, checkpoint, changes) = changed();
    let verified = check(&chain.prove("alice", changes.clone()), &checkpoint).unwrap();
    assert_eq!(verified.basis, Basis { set_id: 3, votes: 5, voters: 7, checkpoint: 0, changes: 3 });
    assert_eq!(verified.checkpoint, chain.checkpoint());
    assert!(verified.basis.to_string().ends_with(", 3 changes of validators since"), "{}", verified.basis);

    // From the new checkpoint no change has to be followed, and the old ones are refused.
    let proof = chain.prove("bobby", Vec::new());
    assert_eq!(check(&proof, &verified.checkpoint).unwrap().basis.changes, 0);
    let again = chain.prove("bobby", changes.clone());
    let error = ChangeError::OutOfOrder { number: 11, known: 20 };
    assert_eq!(check(&again, &verified.checkpoint), Err(ProofError::Change(error)));

    // From a checkpoint between the changes, those after it are enough.
    let between = SetChanges { changes: changes[..2].to_vec(), more: true };
    let between = SetChanges::from_bytes(&codec::Encode::encode(&between)).unwrap().follow(&checkpoint).unwrap();
    assert_eq!((between.number, between.set_id), (13, 2));
    assert_eq!(check(&chain.prove("alice", changes[2..].to_vec()), &between).unwrap().checkpoint, chain.checkpoint());
}

#[test]
fn a_change_that_is_left_out_or_misplaced_is_noticed() {
    let (chain, checkpoint, changes) = changed();
    let proven = |changes: &[&SetChange]| {
        let changes = changes.iter().map(|change| (*change).clone()).collect();
        check(&chain.prove("alice", changes), &checkpoint)
    };
    let [one, two, three] = &changes[..] else { unreachable!() };
    assert_eq!(proven(&[]), Err(ProofError::OtherSet { expected: 0, found: 3, since: 0 }));
    assert_eq!(proven(&[one, two]), Err(ProofError::OtherSet { expected: 2, found: 3, since: 0 }));
    for (wrong, number) in [(proven(&[two, three]), 13), (proven(&[one, three]), 15)] {
        let Err(ProofError::Change(ChangeError::NotFinal { number: at, .. })) = wrong else { panic!("{wrong:?}") };
        assert_eq!(at, number);
    }
    let error = ChangeError::OutOfOrder { number: 11, known: 13 };
    let first_is_final = {
        // Both blocks are made final by the same set here.
        let mut again = two.clone();
        again.header.number = 11;
        again
    };
    assert!(matches!(proven(&[one, &first_is_final]), Err(ProofError::Change(ChangeError::OutOfOrder { .. }))));
    assert!(matches!(proven(&[one, two, one]), Err(ProofError::Change(found)) if found == error));
}

#[test]
fn a_proof_by_the_validators_before_is_refused() {
    let mut chain = chain();
    let checkpoint = genesis(&chain);
    let behind = chain.prove("alice", Vec::new());
    let change = chain.rotate(&[2, 3, 4, 5]);
    let proof = chain.prove("alice", Vec::new());
    assert_eq!(check(&proof, &checkpoint), Err(ProofError::OtherSet { expected: 0, found: 1, since: 0 }));
    chain.next();
    let known = check(&chain.prove("alice", vec![change]), &checkpoint).unwrap().checkpoint;
    assert_eq!(check(&behind, &known), Err(ProofError::OtherSet { expected: 1, found: 0, since: 12 }));

    // The old set's votes, claimed to be the new one's: the signatures are over the old number.
    let mut lie = behind;
    lie.block.set_id = 1;
    assert!(matches!(check(&lie, &known), Err(ProofError::NotFinal { number: 10, .. })));
}

#[test]
fn the_block_in_which_validators_change_is_the_last_one_of_the_old() {
    let mut chain = chain();
    let checkpoint = genesis(&chain);
    let change = chain.rotate(&[2, 3, 4, 5]);
    let mut proof = chain.prove("alice", Vec::new());
    proof.block = Justified { set_id: 0, header: change.header.clone(), finality: change.finality.clone() };
    let verified = check(&proof, &checkpoint).unwrap();
    assert_eq!(verified.basis.set_id, 0);
    assert_eq!(verified.checkpoint, chain.checkpoint());
    assert_eq!(verified.checkpoint.set_id, 1);
    chain.next();
    assert!(check(&chain.prove("alice", Vec::new()), &verified.checkpoint).is_ok());
}

#[test]
fn changes_that_are_no_plain_ones_are_not_followed() {
    let change = |delay, validators: &[u8]| ScheduledChange {
        next_authorities: validators.iter().map(|seed| (validator(*seed).id(), 1)).collect(),
        delay,
    };
    let unfollowable = ChangeError::Unfollowable { number: 11 };
    for (log, error) in [
        (ConsensusLog::ScheduledChange(change(1, &[9])), unfollowable.clone()),
        (ConsensusLog::ForcedChange(5, change(0, &[9])), unfollowable),
        (ConsensusLog::ScheduledChange(change(0, &[])), ChangeError::NobodyVotes { number: 11 }),
        (ConsensusLog::Pause(1), ChangeError::NoChange { number: 11 }),
    ] {
        let mut chain = chain();
        let checkpoint = genesis(&chain);
        let header = chain.next_with(Some(signal(&log)));
        let finality = chain.finality(&header, &[0, 1, 2]);
        assert_eq!(changes::follow(&checkpoint, &[SetChange { header, finality }]), Err(error));
    }
}

#[test]
fn changes_have_a_bound() {
    let error = SetChanges::from_bytes(&vec![0; MAX_CHANGES_LEN + 1]).unwrap_err();
    assert!(matches!(error, ChangeError::Malformed(_)));
    assert!(matches!(SetChanges::from_bytes(&[4]), Err(ChangeError::Malformed(_))));
}
