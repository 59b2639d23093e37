#![allow(clippy::unwrap_used)]

use super::*;
use crate::names::secret::NameKey;
use meganet_chain_client::Signer;
use proptest::prelude::*;
use std::collections::BTreeMap;

const PARAMS: NameParams = NameParams {
    min_commit_age: 3,
    max_commit_age: 20,
    year: 1_000,
    grace: 100,
    premium: 80,
    halving: 10,
    premium_start: 25_600,
    rent: [1_000, 100, 10, 1],
    deposit: 5,
    record_deposit: 2,
};

fn key() -> NameKey {
    NameKey::new(&Signer::from_suri("//Alice").unwrap(), &[1; 32])
}

fn view(now: BlockNumber, commitments: &[CommitmentInfo]) -> View<'_> {
    View { account: key().account(), now, params: PARAMS, commitments, availability: Availability::Free }
}

#[test]
fn each_situation_has_its_step() {
    let pending = Pending::new(&key(), "alice", 1, 10, None);
    let commitment = pending.commitment(&key().account());
    let at = |block| [CommitmentInfo { commitment, block }];
    assert_eq!(next(None, &view(10, &[])), Step::Prepare { replaces: None });
    assert_eq!(next(Some(&pending), &view(10, &[])), Step::Commit { cancel: None });
    assert_eq!(next(Some(&pending), &view(11, &at(11))), Step::Wait { until: 13 });
    assert_eq!(next(Some(&pending), &view(12, &at(11))), Step::Wait { until: 13 });
    assert_eq!(next(Some(&pending), &view(13, &at(11))), Step::Register);
    assert_eq!(next(Some(&pending), &view(30, &at(11))), Step::Register);
    assert_eq!(next(Some(&pending), &view(31, &at(11))), Step::Prepare { replaces: Some(commitment) });
    let ours = View { availability: Availability::Ours, ..view(31, &[]) };
    assert_eq!(next(Some(&pending), &ours), Step::Done);
    let at_11 = at(11);
    let gone = View { availability: Availability::Gone, ..view(12, &at_11) };
    assert_eq!(next(Some(&pending), &gone), Step::GiveUp { cancel: vec![commitment] });
    assert_eq!(next(None, &gone), Step::GiveUp { cancel: Vec::new() });
    let newer = Pending::new(&key(), "alice", 1, 31, Some(commitment));
    assert_eq!(next(Some(&newer), &gone), Step::GiveUp { cancel: vec![commitment] }, "the one that was to be replaced");
    assert_eq!(next(Some(&newer), &view(31, &at_11)), Step::Commit { cancel: Some(commitment) });
    assert_eq!(next(Some(&newer), &view(31, &[])), Step::Commit { cancel: None });
}

/// A chain that knows commitments and one name.
#[derive(Default)]
struct Chain {
    now: BlockNumber,
    commitments: BTreeMap<Hash, BlockNumber>,
    owned: bool,
    taken: bool,
}

impl Chain {
    fn commitments(&self) -> Vec<CommitmentInfo> {
        self.commitments
            .iter()
            .map(|(commitment, block)| CommitmentInfo { commitment: *commitment, block: *block })
            .collect()
    }

    fn cancel(&mut self, commitment: Option<Hash>) {
        if let Some(commitment) = commitment {
            assert!(self.commitments.remove(&commitment).is_some(), "took back what is not there");
        }
    }
}

/// An event between two steps of a registration.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Blocks go by.
    Blocks(u32),
    /// The process ends after its next step did its first half: what is on the disk is there, the chain saw nothing.
    CrashBefore,
    /// The process ends after the chain took the step, and before anything was noted.
    CrashAfter,
    /// The newest blocks are replaced, and what was committed in them is gone.
    Reorganised(u32),
    /// The disk is lost.
    DiskLost,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => (0u32..30).prop_map(Fate::Blocks),
        3 => Just(Fate::CrashBefore),
        3 => Just(Fate::CrashAfter),
        1 => (1u32..4).prop_map(Fate::Reorganised),
        1 => Just(Fate::DiskLost),
    ]
}

/// Does the step that is due. Returns true once the registration has ended.
fn act(chain: &mut Chain, disk: &mut Option<Pending>, crash: Option<Fate>) -> bool {
    let key = key();
    if disk.is_none() {
        *disk = crate::names::recover(&key, "alice", 1, &chain.commitments()).map(|found| found.pending);
    }
    let commitments = chain.commitments();
    let availability = match (chain.owned, chain.taken) {
        (true, _) => Availability::Ours,
        (false, true) => Availability::Gone,
        (false, false) => Availability::Free,
    };
    let view = View { availability, ..view(chain.now, &commitments) };
    match next(disk.as_ref(), &view) {
        Step::Prepare { replaces } => {
            *disk = Some(Pending::new(&key, "alice", 1, chain.now, replaces));
        }
        _ if matches!(crash, Some(Fate::CrashBefore)) => {}
        Step::Commit { cancel } => {
            chain.now += 1;
            chain.cancel(cancel);
            let commitment = disk.as_ref().unwrap().commitment(&key.account());
            chain.commitments.insert(commitment, chain.now);
        }
        Step::Wait { until } => chain.now = until,
        Step::Register => {
            chain.now += 1;
            let commitment = disk.as_ref().unwrap().commitment(&key.account());
            let age = chain.now - chain.commitments.remove(&commitment).unwrap();
            assert!((PARAMS.min_commit_age..=PARAMS.max_commit_age).contains(&age), "registered at an age of {age}");
            chain.owned = true;
        }
        Step::Done => {
            if !matches!(crash, Some(Fate::CrashAfter)) {
                *disk = None;
            }
            return true;
        }
        Step::GiveUp { cancel } => {
            cancel.into_iter().for_each(|hash| chain.cancel(Some(hash)));
            *disk = None;
            return true;
        }
    }
    false
}

proptest! {
    /// Whatever happens at whichever step, going on gives the name, once, and no deposit of a commitment is left behind.
    #[test]
    fn going_on_ends_with_the_name(fates in prop::collection::vec(fate(), 0..40)) {
        let (mut chain, mut disk) = (Chain { now: 100, ..Chain::default() }, None);
        let mut disk_was_lost = false;
        for fate in fates {
            match fate {
                Fate::Blocks(count) => chain.now += count,
                Fate::Reorganised(depth) if !chain.owned => {
                    let newest = chain.now.saturating_sub(depth);
                    chain.commitments.retain(|_, block| *block <= newest);
                    chain.now += 1;
                }
                Fate::DiskLost => {
                    disk_was_lost = true;
                    disk = None;
                }
                _ => {}
            }
            act(&mut chain, &mut disk, Some(fate));
        }
        let mut steps = 0;
        while !act(&mut chain, &mut disk, None) {
            steps += 1;
            prop_assert!(steps < 12, "no end: {disk:?}");
        }
        prop_assert!(chain.owned);
        prop_assert!(disk.is_none());
        // If the disk was lost between keeping a secret and taking the old commitment back, the commitment is still on the
        // chain, and `meganet name commitments` takes it back.
        prop_assert!(chain.commitments.is_empty() || disk_was_lost, "{:?}", chain.commitments);
    }

    /// A registration that comes too late gets its deposit back.
    #[test]
    fn a_lost_name_leaves_nothing_behind(fates in prop::collection::vec(fate(), 0..20)) {
        let (mut chain, mut disk) = (Chain { now: 100, ..Chain::default() }, None);
        for fate in fates {
            if let Fate::Blocks(count) = fate {
                chain.now += count;
            }
            act(&mut chain, &mut disk, Some(fate));
        }
        chain.taken = true;
        while !act(&mut chain, &mut disk, None) {}
        prop_assert!(disk.is_none());
        prop_assert!(chain.commitments.is_empty());
    }
}
