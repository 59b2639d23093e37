//! Challenges, proofs, pay, reports.

mod absence;
pub mod auto_renewal;
mod leaving;
mod pay;
mod proofs;
mod prover;
pub mod renewal;

pub use prover::Archive;

use crate::{Call, Error, Event, mock::*};
use frame_support::dispatch::{DispatchResultWithPostInfo, Pays};
use meganet_primitives::{
    GroupId, WorkerId,
    audit::AuditProof,
    chain::{ChallengeInfo, ChallengeState},
    placement::ProfileId,
};
use sp_runtime::traits::Dispatchable;

/// The worker in a slot.
pub fn worker_in(group: GroupId, slot: usize) -> WorkerId {
    crate::Groups::<Test>::get(group).unwrap().slots[slot].unwrap()
}

/// Runs blocks up to a worker's challenge in the next period, and returns the challenge.
pub fn next_challenge(worker: WorkerId) -> ChallengeInfo {
    let next = (System::block_number() / PERIOD_BLOCKS + 1) * PERIOD_BLOCKS;
    run_to(next);
    open_challenge(worker)
}

/// Runs blocks until a worker's challenge is open.
pub fn open_challenge(worker: WorkerId) -> ChallengeInfo {
    loop {
        if let Some(challenge) = Storage::api_challenge(worker).filter(|it| it.state == ChallengeState::Open) {
            return challenge;
        }
        run_to(System::block_number() + 1);
    }
}

pub fn prove_as(operator: u8, worker: WorkerId, period: u32, proof: AuditProof) -> DispatchResultWithPostInfo {
    let call: RuntimeCall = Call::<Test>::prove { worker, period, proof }.into();
    call.dispatch(signed(operator))
}

/// Proves a challenge in the next block.
pub fn prove(archive: &Archive, challenge: &ChallengeInfo) -> DispatchResultWithPostInfo {
    run_to(System::block_number() + 1);
    let operator = Storage::api_worker(challenge.worker).unwrap().operator[0];
    prove_as(operator, challenge.worker, challenge.period, archive.proof(challenge))
}

/// Runs a period in which these workers prove, each as soon as it can.
pub fn prove_period(archive: &Archive, workers: &[WorkerId]) {
    let end = (System::block_number() / PERIOD_BLOCKS + 2) * PERIOD_BLOCKS;
    let start = end - PERIOD_BLOCKS;
    run_to(start);
    let mut waiting: Vec<WorkerId> = workers.to_vec();
    while System::block_number() + 1 < end {
        let open = |worker: &WorkerId| Storage::api_challenge(*worker).filter(|it| it.state == ChallengeState::Open);
        let due: Vec<ChallengeInfo> = waiting.iter().filter_map(open).collect();
        run_to(System::block_number() + 1);
        for challenge in due {
            let operator = Storage::api_worker(challenge.worker).unwrap().operator[0];
            prove_as(operator, challenge.worker, challenge.period, archive.proof(&challenge)).unwrap();
            waiting.retain(|other| *other != challenge.worker);
        }
    }
    assert!(waiting.is_empty(), "{waiting:?} were not challenged");
}

/// A filled compact group with two batches that expire at epoch 8, and what its workers hold of them.
pub fn stocked() -> (GroupId, Archive) {
    twelve_workers();
    let group = filled_group(ProfileId::Compact);
    let mut archive = Archive::default();
    archive.store(60, group, 8, &[3, 70, 1]);
    archive.store(61, group, 7, &[20]);
    (group, archive)
}

pub fn refused(result: DispatchResultWithPostInfo, error: Error<Test>) {
    let refused = result.unwrap_err();
    assert_eq!(refused.error, error.into());
    // The fee of a refused proof is kept.
    assert_eq!(refused.post_info.pays_fee, Pays::Yes);
}

pub fn expelled() -> usize {
    storage_events().into_iter().filter(|event| matches!(event, Event::WorkerExpelled { .. })).count()
}
