use super::*;
use crate::Call;
use frame_support::{assert_ok, traits::fungible::Inspect};
use meganet_primitives::range::prove_leaf;
use sp_runtime::DispatchResult;

pub fn renew(payer: u8, archive: &Archive, group: GroupId, from: u32, index: usize, until: u32) -> DispatchResult {
    let leaves = archive.leaves(group, from);
    let leaf_index = index as u64;
    let leaf_proof = prove_leaf(&leaves, leaf_index).unwrap();
    let call = Call::<Test>::renew { group, expiry: from, leaf_index, leaf: leaves[index], leaf_proof, until };
    dispatch(call, signed(payer))
}

#[test]
fn a_renewed_batch_outlives_its_range_and_binds_whom_it_bound() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        super::pay::with_audit(|audit| audit.misses = 100);
        // More than half of the slot: there is no room for it twice.
        let entries = archive.store(60, group, 3, &[200]);
        let (first, _) = archive.leaf(group, 3, 0).clone();
        let before = Balances::balance(&account(61));
        assert_ok!(renew(61, &archive, group, 3, 0, 6));
        assert_eq!(before - Balances::balance(&account(61)), 6 * 200 * 6);
        archive.note(entries);
        let (again, _) = archive.leaf(group, 6, 0);
        assert_eq!(*again, first);
        assert_eq!(Storage::api_group(group).unwrap().used, 200 * KIB);
        run_to_epoch(3);
        assert_eq!(Storage::api_group(group).unwrap().used, 200 * KIB);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_eq!(Storage::api_group(group).unwrap().used, 200 * KIB);
        let worker = worker_in(group, 0);
        let challenge = next_challenge(worker);
        assert!(challenge.samples.iter().all(|byte| byte.sample.expiry == 6));
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        run_to(challenge.block + 1);
        let excuse = |_: usize, _: &_, held: meganet_primitives::audit::Answer| {
            meganet_primitives::audit::Answer::Excused(Box::new(held.batch().clone()))
        };
        refused(
            prove_as(operator, worker, challenge.period, archive.proof_with(&challenge, excuse)),
            Error::NotExcused,
        );
        assert!(prove_as(operator, worker, challenge.period, archive.proof(&challenge)).is_ok());
        run_to_epoch(6);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_eq!(Storage::api_group(group).unwrap().used, 0);
    });
}

#[test]
fn a_renewal_that_does_not_fit_is_refused() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        archive.store(60, group, 3, &[200]);
        let refuse = |payer, until, error: Error<Test>| {
            assert_eq!(renew(payer, &archive, group, 3, 0, until), Err(error.into()));
        };
        refuse(60, 3, Error::NoExtension);
        refuse(60, 2, Error::NoExtension);
        refuse(60, 9, Error::ExpiryTooFar);
        refuse(100, 5, Error::CannotPay);
        let leaves = archive.leaves(group, 3);
        let leaf_proof = prove_leaf(&leaves, 0).unwrap();
        let leaf = meganet_primitives::range::RangeLeaf { owner: [61; 32], ..leaves[0] };
        let call = Call::<Test>::renew { group, expiry: 3, leaf_index: 0, leaf, leaf_proof, until: 6 };
        assert_eq!(dispatch(call, signed(60)), Err(Error::<Test>::BadLeafProof.into()));
        // There is room for it only once.
        assert_ok!(renew(60, &archive, group, 3, 0, 6));
        refuse(60, 7, Error::GroupFull);
        run_to_epoch(3);
        refuse(60, 6, Error::Expired);
    });
}

#[test]
fn what_was_partly_deleted_binds_nobody_when_it_is_renewed() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        let entries = archive.store(60, group, 3, &[9, 5]);
        assert_ok!(super::super::tombstones::delete(60, group, 3, &entries, 1));
        assert_ok!(renew(60, &archive, group, 3, 0, 6));
        archive.note(entries);
        assert_eq!(archive.leaf(group, 6, 0).0.signed, 0);
    });
}
