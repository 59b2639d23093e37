//! Migrations from older versions of the storage.

use super::*;
use crate::{
    CurrentParams, HoldReason, Names as NamesMap, Owned, Pallet, SkeletonRecord, Skeletons,
    migrations::{V1ToV2, v1},
};
use codec::Encode;
use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion, fungible::MutateHold};
use meganet_primitives::{chain::Availability, name::NameParams};

/// Writes a name in the format of version 1.
fn write_v1(name: &str, n: u8, content: Option<ContentRef>, version: u32) {
    let record = v1::NameRecord { owner: account(n), content, version, registered: 3, updated: 5, deposit: 1_000 };
    let key = NamesMap::<Test>::hashed_key_for(label(name));
    sp_io::storage::set(&key, &record.encode());
    Owned::<Test>::insert(account(n), label(name), ());
    Skeletons::<Test>::insert(
        Pallet::<Test>::skeleton_of(&label(name)),
        SkeletonRecord { owner: account(n), names: 1 },
    );
    Balances::hold(&HoldReason::Name.into(), &account(n), 1_000).unwrap();
}

#[test]
fn version_1_is_read_as_version_2() {
    new_test_ext().execute_with(|| {
        go_to(777);
        CurrentParams::<Test>::kill();
        crate::Reserved::<Test>::remove(Pallet::<Test>::skeleton_of(&label("wallet")));
        StorageVersion::new(1).put::<Pallet<Test>>();
        let NameContent::Object(object) = content(4) else { unreachable!() };
        write_v1("site", 1, Some(object), 6);
        write_v1("other", 2, None, 0);

        V1ToV2::<Test>::on_runtime_upgrade();

        let live = NameParams::default();
        assert_eq!(Names::api_params(), live);
        let found = info("site");
        assert_eq!((found.owner, found.content, found.version), ([1; 32], Some(content(4)), 6));
        assert_eq!((found.registered, found.updated, found.deposit), (3, 5, 1_000));
        assert_eq!(found.expires, 777 + live.year);
        let history = Names::api_history(b"site".to_vec());
        assert_eq!(history.iter().map(|old| (old.version, old.block)).collect::<Vec<_>>(), vec![(6, 5)]);
        assert_eq!((info("other").content, info("other").owner), (None, [2; 32]));
        assert_eq!(Names::api_availability(b"wallet".to_vec(), [1; 32]), Availability::Reserved);
        assert_eq!(Names::on_chain_storage_version(), 2);
        assert!(sp_io::storage::exists(&CurrentParams::<Test>::hashed_key()));
        Names::do_try_state().unwrap();

        // A second time changes nothing.
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        V1ToV2::<Test>::on_runtime_upgrade();
        assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);

        // The migrated names behave like any other.
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(5))));
        assert_ok!(Names::rollback(signed(1), label("site"), 6));
        assert_ok!(Names::release(signed(1), label("site")));
        assert_eq!((held(1), free(1)), (0, RICH));
        Names::do_try_state().unwrap();
    });
}

#[test]
fn a_new_chain_begins_with_version_2() {
    new_test_ext().execute_with(|| assert_eq!(Names::on_chain_storage_version(), 2));
}
