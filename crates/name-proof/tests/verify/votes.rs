//! Votes: the voters, and the blocks that they voted for.

use super::*;
use finality_grandpa::Commit;
use meganet_name_proof::{
    Hash, Header, Justification, Justified,
    finality::{Finality, Target, Vote},
};
use meganet_name_proof_fake::{target, validator};

fn refused(chain: &Chain, finality: Finality) -> FinalityError {
    let mut proof = chain.prove("alice", Vec::new());
    proof.block.finality = finality;
    match check(&proof, &genesis(chain)) {
        Err(ProofError::NotFinal { number: 10, source }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_thirds_are_too_few_and_more_are_enough() {
    for (validators, needed) in [(1, 1), (2, 2), (3, 3), (4, 3), (7, 5), (10, 7)] {
        let mut chain = Chain::new(validators);
        chain.reach(10);
        for count in 0..=usize::from(validators) {
            let mut proof = chain.prove("alice", Vec::new());
            let voters: Vec<usize> = (0..count).collect();
            proof.block.finality = chain.finality(&chain.head, &voters);
            let found = check(&proof, &genesis(&chain));
            if count >= needed {
                assert_eq!(found.unwrap().basis.votes, count);
            } else {
                let source = FinalityError::TooFewVotes { weight: count as u64, needed: needed as u64 };
                assert_eq!(found, Err(ProofError::NotFinal { number: 10, source }));
            }
        }
    }
}

#[test]
fn nobody_votes_twice() {
    let chain = chain();
    let mut twice = chain.finality(&chain.head, &[0, 1]);
    twice.votes.push(twice.votes[0].clone());
    assert!(matches!(refused(&chain, twice.clone()), FinalityError::DuplicateVoter { .. }));

    // The second vote is for another block: nodes leave such votes out, and a proof that has one is refused.
    let other = Header { extrinsics_root: Hash::repeat_byte(9), ..chain.head.clone() };
    let vote = chain.vote(0, &other, 10);
    twice.votes[2].target = Some(target(&other));
    twice.votes[2].signature = vote.signature;
    assert!(matches!(refused(&chain, twice), FinalityError::DuplicateVoter { .. }));
}

#[test]
fn strangers_have_no_vote() {
    let chain = chain();
    let strangers = {
        let mut other = super::chain();
        other.validators = (21..=24).map(validator).collect();
        other
    };
    let all = strangers.finality(&chain.head, &[0, 1, 2, 3]);
    assert!(matches!(refused(&chain, all.clone()), FinalityError::UnknownVoter { set_id: 0, .. }));
    let mut mixed = chain.finality(&chain.head, &[0, 1]);
    mixed.votes.push(all.votes[0].clone());
    assert!(matches!(refused(&chain, mixed), FinalityError::UnknownVoter { .. }));
}

/// Blocks 11 and 12 above the head of a chain, which stays where it is.
fn above(chain: &Chain) -> (Header, Header) {
    let child = |parent: &Header| Header { parent_hash: parent.hash(), number: parent.number + 1, ..parent.clone() };
    let one = child(&chain.head);
    let two = child(&one);
    (one, two)
}

/// Votes of validators for the head, for a block above it and for the one above that.
fn scattered(chain: &Chain, votes: &[(usize, &Header)], ancestries: &[&Header]) -> Justification {
    Justification {
        round: 10,
        commit: Commit {
            target_hash: chain.head.hash(),
            target_number: chain.head.number,
            precommits: votes.iter().map(|(voter, block)| chain.vote(*voter, block, 10)).collect(),
        },
        votes_ancestries: ancestries.iter().map(|header| (*header).clone()).collect(),
    }
}

#[test]
fn votes_for_blocks_above_count_for_the_block() {
    let chain = chain();
    let (one, two) = above(&chain);
    let justification = scattered(&chain, &[(0, &chain.head), (1, &one), (2, &two)], &[&one, &two]);
    let finality = Finality::new(&justification, None);
    assert_eq!(finality.route.len(), 2);
    let mut proof = chain.prove("alice", Vec::new());
    proof.block.finality = finality.clone();
    assert_eq!(check(&proof, &genesis(&chain)).unwrap().basis.votes, 3);
    assert_eq!(finality.justification(target(&chain.head)), justification);

    let mut short = finality.clone();
    short.route.remove(0);
    assert!(matches!(refused(&chain, short), FinalityError::BadRoute { .. }));
    let mut padded = finality.clone();
    padded.route.push(chain.head.clone());
    assert_eq!(refused(&chain, padded), FinalityError::UnusedHeader { number: 10 });
    let mut twice = finality.clone();
    twice.route.push(one.clone());
    assert!(matches!(refused(&chain, twice), FinalityError::UnusedHeader { .. }));
    // Nobody signs a vote for the right block at a wrong height.
    let mut wrong = finality;
    wrong.votes[1].target = Some(Target { number: 12, ..target(&one) });
    assert!(matches!(refused(&chain, wrong), FinalityError::BadSignature { .. }));
}

#[test]
fn votes_for_blocks_beside_or_below_don_t_count() {
    let chain = chain();
    let beside = Header { extrinsics_root: Hash::repeat_byte(9), ..chain.head.clone() };
    let mut finality = chain.finality(&chain.head, &[0, 1]);
    let vote = |block: &Header| {
        let signed = chain.vote(2, block, 10);
        Vote { voter: signed.id, signature: signed.signature, target: Some(target(block)) }
    };
    finality.votes.push(vote(&beside));
    assert_eq!(refused(&chain, finality.clone()), FinalityError::BadRoute { number: 10 });
    finality.route.push(beside.clone());
    assert_eq!(refused(&chain, finality.clone()), FinalityError::BadRoute { number: 10 });
    // A vote for the block itself, written as if it were one above.
    finality.route.clear();
    finality.votes[2] = vote(&chain.head);
    assert_eq!(refused(&chain, finality), FinalityError::BadRoute { number: 10 });
}

#[test]
fn a_block_is_not_final_by_votes_that_make_a_higher_one_final() {
    // All votes are for the block above: then GRANDPA counts that one as final.
    let chain = chain();
    let (one, _) = above(&chain);
    let justification = scattered(&chain, &[(0, &one), (1, &one), (2, &one)], &[&one]);
    assert_eq!(refused(&chain, Finality::new(&justification, None)), FinalityError::OtherBlock);
}

#[test]
fn a_node_leaves_out_what_is_not_needed() {
    let chain = chain();
    let (one, two) = above(&chain);
    let beside = Header { extrinsics_root: Hash::repeat_byte(9), ..chain.head.clone() };
    let votes = [(0, &two), (1, &chain.head), (1, &beside), (2, &chain.head), (3, &one)];
    let justification = scattered(&chain, &votes, &[&one, &two]);
    let voters = genesis(&chain).voters().unwrap();
    let kept = Finality::new(&justification, Some(&voters));
    assert_eq!(kept.votes.len(), 3);
    assert_eq!(kept.route, std::slice::from_ref(&one));
    assert!(kept.check(target(&chain.head), 0, &voters).is_ok());
    let all = Finality::new(&justification, None);
    assert_eq!((all.votes.len(), all.route.len()), (4, 2));
    assert!(all.check(target(&chain.head), 0, &voters).is_ok());
}

#[test]
fn two_final_blocks_of_one_height_are_believed_neither() {
    let chain = chain();
    let mut fork = chain_like(&chain);
    fork.put_name("alice", &stored(8, 1_000));
    fork.reach(10);
    assert_ne!(chain.head.hash(), fork.head.hash());
    let known = check(&chain.prove("alice", Vec::new()), &genesis(&chain)).unwrap().checkpoint;
    let error = ProofError::Forked { number: 10, known: chain.head.hash(), found: fork.head.hash() };
    assert_eq!(check(&fork.prove("alice", Vec::new()), &known), Err(error));
}

fn chain_like(chain: &Chain) -> Chain {
    let fork = Chain::new(4);
    assert_eq!(fork.genesis, chain.genesis);
    fork
}

#[test]
fn another_chain_s_proof_is_refused_also_where_it_lies_about_its_chain() {
    let chain = chain();
    let proof = chain.prove("alice", Vec::new());
    let other = Checkpoint { genesis: Hash::repeat_byte(1), ..genesis(&chain) };
    let error = ProofError::OtherChain { expected: Hash::repeat_byte(1), found: chain.genesis };
    assert_eq!(check(&proof, &other), Err(error));
    let mut strangers = super::chain();
    strangers.validators = (21..=24).map(validator).collect();
    let known = genesis(&strangers);
    let mut lie = proof;
    lie.genesis = known.genesis;
    let found = check(&lie, &known);
    assert!(
        matches!(&found, Err(ProofError::NotFinal { source: FinalityError::UnknownVoter { .. }, .. })),
        "{found:?}"
    );
    let _: &Justified = &lie.block;
}
