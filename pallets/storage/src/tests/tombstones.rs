use crate::{Error, Event, HoldReason, Ranges, mock::*};
use frame_support::{assert_ok, traits::fungible::InspectHold};
use meganet_primitives::{
    Epoch, GroupId,
    chain::Tombstone,
    placement::ProfileId,
    range::{RangeLeaf, RangeLeafProof, prove_leaf},
    sum_tree::{BatchEntry, SumProof, prove_entry, summarize},
};
use sp_runtime::DispatchResult;

pub fn held(n: u8) -> u128 {
    Balances::balance_on_hold(&HoldReason::Tombstone.into(), &account(n))
}

pub fn store_entries(owner: u8, group: GroupId, expiry: Epoch, entries: &[BatchEntry]) {
    assert_ok!(store(owner, group, expiry, summarize(entries).unwrap()));
}

/// The leaves of a range, from the events.
fn leaves(group: GroupId, expiry: Epoch) -> Vec<RangeLeaf> {
    let events = storage_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Stored { group: of, expiry: until, leaf, .. } if (of, until) == (group, expiry) => Some(leaf),
            _ => None,
        })
        .collect()
}

/// The arguments of a tombstone call.
#[derive(Clone)]
struct Deletion {
    group: GroupId,
    expiry: Epoch,
    leaf_index: u64,
    leaf: RangeLeaf,
    leaf_proof: RangeLeafProof,
    entry_index: u32,
    entry: BatchEntry,
    entry_proof: SumProof,
}

impl Deletion {
    /// Of an entry of the batch with these entries.
    fn of(group: GroupId, expiry: Epoch, entries: &[BatchEntry], index: u32) -> Self {
        let leaves = leaves(group, expiry);
        let batch = summarize(entries).unwrap();
        let at = leaves.iter().position(|leaf| leaf.batch == batch).unwrap();
        let leaf_index = u64::try_from(at).unwrap();
        Self {
            group,
            expiry,
            leaf_index,
            leaf: leaves[at],
            leaf_proof: prove_leaf(&leaves, leaf_index).unwrap(),
            entry_index: index,
            entry: entries[usize::try_from(index).unwrap()],
            entry_proof: prove_entry(entries, index).unwrap(),
        }
    }

    fn by(self, who: u8) -> DispatchResult {
        let Self { group, expiry, leaf_index, leaf, leaf_proof, entry_index, entry, entry_proof } = self;
        let call = crate::Call::<Test>::tombstone {
            group,
            expiry,
            leaf_index,
            leaf,
            leaf_proof,
            entry_index,
            entry,
            entry_proof,
        };
        dispatch(call, signed(who))
    }

    fn refused(self, who: u8, error: Error<Test>) {
        let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
        assert_eq!(self.by(who), Err(error.into()));
        assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1));
    }
}

pub fn delete(who: u8, group: GroupId, expiry: Epoch, entries: &[BatchEntry], index: u32) -> DispatchResult {
    Deletion::of(group, expiry, entries, index).by(who)
}

fn network() -> GroupId {
    twelve_workers();
    filled_group(ProfileId::Compact)
}

#[test]
fn an_owner_deletes_one_object_of_one_batch() {
    run(|| {
        let group = network();
        let mine = entries(1, &[1, 2, 3]);
        for salt in [7, 8] {
            store_entries(61, group, 5, &entries(salt, &[1]));
        }
        store_entries(60, group, 5, &mine);
        assert_ok!(delete(60, group, 5, &mine, 1));
        assert_eq!(held(60), TOMBSTONE_DEPOSIT);
        let object = mine[1].object;
        assert_eq!(last_event(), Event::Tombstoned { group, expiry: 5, leaf: 2, entry: 1, object });
        let of = |at: usize, leaf| Tombstone { expiry: 5, leaf, object: mine[at].object };
        assert_eq!(
            Storage::api_is_tombstoned(group, vec![of(0, 2), of(1, 2), of(1, 1), of(2, 2)]),
            [false, true, false, false]
        );
        assert_eq!(Storage::api_tombstones(group, 5, None, 10), [of(1, 2)]);
        // The space stays used: the range's sums can't shrink.
        assert_eq!(Storage::api_group(group).unwrap().used, 8 * KIB);
    });
}

#[test]
fn the_same_object_of_another_owner_is_untouched() {
    run(|| {
        let group = network();
        let shared = entries(1, &[1, 2]);
        store_entries(60, group, 5, &shared);
        store_entries(61, group, 6, &shared);
        let theirs = Deletion::of(group, 6, &shared, 0);
        theirs.clone().refused(60, Error::NotOwner);
        assert_ok!(delete(60, group, 5, &shared, 0));
        let at = |expiry| Tombstone { expiry, leaf: 0, object: shared[0].object };
        assert_eq!(Storage::api_is_tombstoned(group, vec![at(5), at(6)]), [true, false]);
    });
}

#[test]
fn proofs_that_do_not_fit_are_refused() {
    run(|| {
        let group = network();
        let mine = entries(1, &[1, 2, 3]);
        store_entries(60, group, 5, &mine);
        store_entries(60, group, 5, &entries(2, &[4]));
        let good = Deletion::of(group, 5, &mine, 1);

        Deletion { group: group + 1, ..good.clone() }.refused(60, Error::NoSuchRange);
        Deletion { expiry: 4, ..good.clone() }.refused(60, Error::NoSuchRange);
        good.clone().refused(61, Error::NotOwner);
        // Claiming to be the owner changes the leaf.
        let leaf = RangeLeaf { owner: [61; 32], ..good.leaf };
        Deletion { leaf, ..good.clone() }.refused(61, Error::BadLeafProof);
        Deletion { leaf_index: 1, ..good.clone() }.refused(60, Error::BadLeafProof);
        Deletion { leaf_index: 9, ..good.clone() }.refused(60, Error::BadLeafProof);
        Deletion { leaf_proof: Default::default(), ..good.clone() }.refused(60, Error::BadLeafProof);
        let leaf = RangeLeaf { signed: 0b111111, ..good.leaf };
        Deletion { leaf, ..good.clone() }.refused(60, Error::BadLeafProof);

        Deletion { entry_index: 0, ..good.clone() }.refused(60, Error::BadEntryProof);
        Deletion { entry_index: 3, ..good.clone() }.refused(60, Error::BadEntryProof);
        Deletion { entry: mine[0], ..good.clone() }.refused(60, Error::BadEntryProof);
        Deletion { entry: entries(9, &[1])[0], ..good.clone() }.refused(60, Error::BadEntryProof);
        Deletion { entry_proof: Default::default(), ..good.clone() }.refused(60, Error::BadEntryProof);
        assert_ok!(good.by(60));
    });
}

#[test]
fn a_proof_must_be_of_the_range_as_it_is_now() {
    run(|| {
        let group = network();
        let mine = entries(1, &[1]);
        store_entries(60, group, 5, &mine);
        let early = Deletion::of(group, 5, &mine, 0);
        store_entries(61, group, 5, &entries(2, &[1]));
        early.refused(60, Error::BadLeafProof);
        assert_ok!(delete(60, group, 5, &mine, 0));
    });
}

#[test]
fn an_object_is_deleted_once_and_not_after_its_time() {
    run(|| {
        let group = network();
        let mine = entries(1, &[1, 2]);
        store_entries(60, group, 2, &mine);
        assert_ok!(delete(60, group, 2, &mine, 0));
        Deletion::of(group, 2, &mine, 0).refused(60, Error::AlreadyTombstoned);
        let late = Deletion::of(group, 2, &mine, 1);
        run_to_epoch(2);
        late.clone().refused(60, Error::Expired);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert!(!Ranges::<Test>::contains_key(group, 2));
        late.refused(60, Error::NoSuchRange);
    });
}

#[test]
fn a_tombstone_needs_its_deposit() {
    run(|| {
        let group = network();
        let given = EXISTENTIAL_DEPOSIT + TOMBSTONE_DEPOSIT - 1 + 6;
        assert_ok!(Balances::transfer_allow_death(signed(60), account(101), given));
        let mine = entries(1, &[1]);
        store_entries(101, group, 1, &mine);
        Deletion::of(group, 1, &mine, 0).refused(101, Error::InsufficientFunds);
        assert_ok!(Balances::transfer_allow_death(signed(60), account(101), 1));
        assert_ok!(delete(101, group, 1, &mine, 0));
    });
}

#[test]
fn tombstones_come_in_pages() {
    run(|| {
        let group = network();
        let mine = entries(1, &[1; 20]);
        store_entries(60, group, 5, &mine);
        for index in 0..20 {
            assert_ok!(delete(60, group, 5, &mine, index));
        }
        let mut seen: Vec<Tombstone> = Vec::new();
        loop {
            let page = Storage::api_tombstones(group, 5, seen.last().copied(), 7);
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        let mut objects: Vec<_> = seen.iter().map(|tombstone| tombstone.object).collect();
        objects.sort();
        objects.dedup();
        assert_eq!((seen.len(), objects.len()), (20, 20));
    });
}
