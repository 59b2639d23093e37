//! Benchmarks of every call and of the step that fills groups, each in its worst case.

mod fixtures;

use crate::{
    AutoRenewal, AutoRenewals, AutoRenewalsIn, AutoRenewalsOf, Beacon, Books, Call, Config, CurrentParams, Drawn,
    Eligible, EligibleCount, Endings, FillQueue, FillRequest, Fixed, Group, Groups, HoldReason, Ledger,
    NextAutoRenewal, NextGroup, NextWorker, OpenGroups, Pallet, RangeRecord, Ranges, RangesOf, SlotsOf, Stale,
    TombstoneRecord, Tombstones, Total, Worker, WorkerByPeer, Workers,
    expiry::{DROPS_PER_ROLL, TOMBSTONES_PER_ROLL},
    rolled::Rolled,
    types::{AllSlots, RangeList, RangeTotals, Share, SlotRecord, StaleRange},
    workers::bond_of,
};
use alloc::{boxed::Box, vec, vec::Vec};
use codec::Encode;
use fixtures::*;
use frame_benchmarking::v2::*;
use frame_support::{
    BoundedVec,
    traits::{
        ConstU32, Get,
        fungible::{Mutate, MutateHold},
    },
};
use frame_system::RawOrigin;
use meganet_primitives::{
    AutoRenewalId, Balance, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
    audit::{Answer, AuditProof, BatchPath, EntryPath, HeldLeaf, MAX_SAMPLES, Record, Schedule, find_entry, find_leaf},
    country::Country,
    hash::{Hash, Tag, tagged},
    merkle::{leaf_hash, node_hash, prove_range, root_hash, subtree_hash},
    object::{LEAF_LEN, ObjectId, shards_root},
    placement::{MAX_SLOTS, ProfileId},
    range::{RangeLeaf, RangeLeafProof, RangeState, prove_leaf},
    receipt::{PeerKey, PeerSignature, Receipt, ReceiptStatement, worker_signed_bytes},
    sum_tree::{
        BatchEntry, BatchSummary, MAX_BATCH_OBJECTS, MAX_SUM_SIBLINGS, SumNode, SumProof, prove_entry, summarize,
    },
};
use sp_core::{crypto::KeyTypeId, ed25519};
use sp_runtime::{AccountId32, SaturatedConversion};

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register_worker() -> Result<(), BenchmarkError> {
        let operator = funded::<T>("operator", 0);
        let peer = generate_key();
        let proof = sign(&peer, &worker_signed_bytes(&Pallet::<T>::genesis_hash(), operator.as_ref()))?;
        let capacity = CurrentParams::<T>::get().min_capacity.max(Fixed::<T>::get().smallest_slot());
        let id = NextWorker::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), peer, country(0)?, capacity, proof);

        assert!(Workers::<T>::contains_key(id));
        Ok(())
    }

    /// Removes a worker from the middle of the list of eligible ones.
    #[benchmark]
    fn update_worker() -> Result<(), BenchmarkError> {
        let workers = add_workers::<T>(3)?;
        let (id, operator) = workers.get(1).cloned().ok_or(failed("a worker"))?;
        let capacity = Workers::<T>::get(id).map(|worker| worker.capacity * 2);

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), id, Some(country(3)?), capacity, Some(false));

        assert!(Workers::<T>::get(id).is_some_and(|worker| !worker.accepting));
        Ok(())
    }

    /// Removes a worker from the middle of the list of eligible ones.
    #[benchmark]
    fn exit_worker() -> Result<(), BenchmarkError> {
        let workers = add_workers::<T>(3)?;
        let (id, operator) = workers.get(1).cloned().ok_or(failed("a worker"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), id);

        assert!(!Workers::<T>::contains_key(id));
        Ok(())
    }

    /// Examines `o` open groups, all nearly full.
    #[benchmark]
    fn open_group(o: Linear<1, { T::MaxOpenGroups::get() }>) -> Result<(), BenchmarkError> {
        let workers: Vec<WorkerId> = (0..widest()).collect();
        for _ in 0..o {
            let id = add_group::<T>(Some(workers.clone()))?;
            Groups::<T>::mutate_extant(id, |group| {
                group.used = group.slot_capacity;
                Pallet::<T>::list(id, group);
            });
        }
        let opener = funded::<T>("opener", 1);
        let id = NextGroup::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(opener), WIDEST);

        assert!(OpenGroups::<T>::get(WIDEST).contains(&id));
        Ok(())
    }

    /// With `r` receipts: drops two expired ranges with tombstones, lists the group again, merges 32 mountains, returns
    /// the opener's deposit.
    #[benchmark]
    fn store(r: Linear<32, 48>) -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let mut members = Vec::new();
        for index in 0..widest() {
            let peer = generate_key();
            members.push((add_worker::<T>(index, peer)?.0, peer));
        }
        let group = add_group::<T>(Some(members.iter().map(|(id, _)| *id).collect()))?;
        let expiry = add_ranges::<T>(group, crate::batches::DROPS_PER_STORE)?;
        let owner = funded::<T>("owner", 0);
        let room = Fixed::<T>::get().slot_capacity_of(WIDEST);
        let bytes = (room - room / 10) / LEAF_LEN * LEAF_LEN;
        let batch = BatchSummary { root: [5; 32], objects: 1, bytes };
        let mut receipts = Vec::new();
        for (slot, (_, peer)) in (0..SlotIndex::MAX).zip(&members).take(usize::try_from(r).unwrap_or(0)) {
            let genesis = Pallet::<T>::genesis_hash();
            let owner = owner.clone().into();
            let said = ReceiptStatement { genesis, group, slot, expiry, owner, batch, valid_until: VALID };
            receipts.push(Receipt { slot, signature: sign(peer, &said.signed_bytes())? });
        }
        let receipts: BoundedVec<Receipt, ConstU32<MAX_SLOTS>> = receipts.try_into().map_err(|_| failed("receipts"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), group, expiry, batch, VALID, receipts);

        assert!(Groups::<T>::get(group).is_some_and(|group| group.used == bytes && group.deposit == 0));
        Ok(())
    }

    /// The longest proofs.
    #[benchmark]
    fn tombstone() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let group = add_group::<T>(None)?;
        let owner = funded::<T>("owner", 0);
        let (batch, entry, entry_proof) = deep_entry()?;
        let leaf = RangeLeaf { batch, owner: owner.clone().into(), signed: u64::MAX, registered: 1 };
        let (state, leaf_proof) = deep_leaf(&leaf)?;
        let expiry = NOW + 1;
        Ranges::<T>::insert(group, expiry, RangeRecord { state: Rolled::beginning(0, state), tombstones: 0 });

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), group, expiry, 0, leaf, leaf_proof, 0, entry, entry_proof);

        assert!(Tombstones::<T>::contains_key((group, expiry), (0, entry.object)));
        Ok(())
    }

    /// Drops the maximum number of ranges, and removes the maximum number of tombstones, of different owners.
    #[benchmark]
    fn roll_group() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let group = add_group::<T>(None)?;
        add_ranges::<T>(group, DROPS_PER_ROLL)?;
        let expiry = 1;
        let deposit = T::TombstoneDeposit::get();
        for index in 0..TOMBSTONES_PER_ROLL {
            let owner = funded::<T>("owner", index);
            T::Currency::hold(&HoldReason::Tombstone.into(), &owner, deposit)?;
            let object = ObjectId(index.using_encoded(sp_io::hashing::blake2_256));
            Tombstones::<T>::insert((group, expiry), (0, object), TombstoneRecord { owner, deposit });
        }
        let stale = StaleRange { expiry, tombstones: TOMBSTONES_PER_ROLL };
        Stale::<T>::try_append(group, stale).map_err(|()| failed("a stale range"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(funded::<T>("anybody", 0)), group);

        assert_eq!(Tombstones::<T>::iter().count(), 0);
        assert_eq!(Stale::<T>::decode_len(group), usize::try_from(DROPS_PER_ROLL).ok());
        Ok(())
    }

    #[benchmark]
    fn set_params() {
        let params = crate::Params { price_per_gib_epoch: 7, ..CurrentParams::<T>::get() };

        #[extrinsic_call]
        _(RawOrigin::Root, params);

        assert_eq!(CurrentParams::<T>::get(), params);
    }

    /// Joins a queue of `q` other groups.
    #[benchmark]
    fn fill_group(q: Linear<0, { T::MaxFillQueue::get() - 1 }>) -> Result<(), BenchmarkError> {
        let group = add_group::<T>(None)?;
        let other = FillRequest { group: group + 1, due: 0, attempts: 0 };
        for _ in 0..q {
            FillQueue::<T>::try_append(other).map_err(|()| failed("a queue"))?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(funded::<T>("anybody", 0)), group);

        assert!(Groups::<T>::get(group).is_some_and(|group| group.queued));
        Ok(())
    }

    /// A block in which no request of a full queue is due.
    #[benchmark]
    fn fill_idle() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let young = FillRequest { group: 0, due: Pallet::<T>::now() + 1, attempts: 0 };
        for _ in 0..T::MaxFillQueue::get() {
            FillQueue::<T>::try_append(young).map_err(|()| failed("a queue"))?;
        }

        #[block]
        {
            Pallet::<T>::fill_next();
        }

        assert!(FillQueue::<T>::get().is_full());
        Ok(())
    }

    /// Fills the widest group from `c` candidates, none of which has room afterwards; other groups wait.
    #[benchmark]
    fn fill_step(c: Linear<48, { T::FillWindow::get() }>) -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        add_workers::<T>(c)?;
        let group = add_group::<T>(None)?;
        Groups::<T>::mutate_extant(group, |group| group.queued = true);
        Total::<T>::mutate(|total| total.groups_filling += 1);
        for id in 0..T::MaxFillQueue::get() {
            let request = FillRequest { group: group + id, due: 0, attempts: 0 };
            FillQueue::<T>::try_append(request).map_err(|()| failed("a queue"))?;
        }
        let seed: Hash = [6; 32];
        let request = FillRequest { group, due: 0, attempts: 0 };

        #[block]
        {
            // The seed is read as in a block, where the parent may have no output yet.
            let _drawn = Pallet::<T>::seed(group);
            Pallet::<T>::serve(request, &seed);
        }

        assert!(Groups::<T>::get(group).is_some_and(|group| group.ready));
        assert_eq!(EligibleCount::<T>::get(), c - widest());
        assert_eq!(Eligible::<T>::iter().count(), usize::try_from(c - widest()).unwrap_or_default());
        Ok(())
    }

    /// The first block of an epoch, and a block that draws a period: more than any block does.
    #[benchmark]
    fn begin_block() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let schedule = Fixed::<T>::get().schedule;
        let start = Pallet::<T>::now();
        let drawn = schedule.drawn_at(schedule.period_of(start));
        for block in drawn.saturating_sub(schedule.memory())..drawn {
            Beacon::<T>::insert(block, [8; 32]);
        }
        frame_system::Pallet::<T>::set_block_number((drawn + 1).saturated_into());
        Endings::<T>::insert(NOW, AllSlots { bytes: 1, rate: 1 });
        Ledger::<T>::put(Books { income: 1, escrow: 1, live: 1, paid_in: 1, ..Books::default() });

        #[block]
        {
            Pallet::<T>::keep_randomness();
            Pallet::<T>::begin_epoch(NOW);
        }

        assert!(Drawn::<T>::get().is_some());
        assert_eq!(Ledger::<T>::get().fund, 1);
        Ok(())
    }

    /// `a` answers by a worker of `s` slots, each with as many ranges as a group can have and a million objects in the
    /// first one.
    #[benchmark]
    fn prove(a: Linear<1, MAX_SAMPLES>, s: Linear<1, { T::MaxSlots::get() }>) -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (id, operator) = add_worker::<T>(0, PeerKey([1; 32]))?;
        let uniform = Uniform::new()?;
        let expiry = NOW + 1;
        let most = usize::try_from(T::MaxRanges::get()).unwrap_or_default();
        for group in seat::<T>(id, s)? {
            let share = Share { bytes: uniform.state.bytes(), rate: 1_000_000 };
            RangesOf::<T>::insert(group, list::<T>((expiry..).take(most).collect(), share)?);
            let record = RangeRecord { state: Rolled::beginning(0, uniform.state.clone()), tombstones: 0 };
            Ranges::<T>::insert(group, expiry, record);
        }
        let samples = a.try_into().map_err(|_| failed("samples"))?;
        Fixed::<T>::mutate(|fixed| fixed.schedule.samples = samples);
        let schedule = Fixed::<T>::get().schedule;
        let period = Pallet::<T>::period();
        let when = [9; 32];
        Drawn::<T>::put((period, when));
        let challenge = schedule.challenge_block(period, &when, id);
        for block in Schedule::seed_blocks(challenge) {
            Beacon::<T>::insert(block, [8; 32]);
        }
        frame_system::Pallet::<T>::set_block_number((challenge + 1).saturated_into());
        Workers::<T>::mutate_extant(id, |worker| worker.record = Record::since(period.saturating_sub(1)));
        T::Currency::set_balance(&Pallet::<T>::pot(), PLENTY);
        let most = PLENTY / 2;
        Ledger::<T>::put(Books { income: most, escrow: most, paid_in: most, ..Books::default() });
        let asked = Pallet::<T>::api_challenge(id).ok_or(failed("a challenge"))?.samples;
        let answers: Option<Vec<Answer>> = asked.iter().map(|byte| uniform.answer(byte.sample.offset)).collect();
        let answers = answers.and_then(|answers| answers.try_into().ok()).ok_or(failed("answers"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), id, period, AuditProof { answers });

        assert_eq!(Workers::<T>::get(id).map(|worker| worker.record.proven), Some(1));
        assert!(Ledger::<T>::get().paid_out > 0);
        Ok(())
    }

    /// Expels a worker of `s` slots, whose groups all have to be queued.
    #[benchmark]
    fn report(s: Linear<1, { T::MaxSlots::get() }>) -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let workers = add_workers::<T>(3)?;
        let (id, _) = workers.get(1).cloned().ok_or(failed("a worker"))?;
        seat::<T>(id, s)?;
        let reporter = funded::<T>("anybody", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(reporter), id);

        assert!(!Workers::<T>::contains_key(id));
        assert_eq!(SlotsOf::<T>::iter_prefix(id).count(), 0);
        Ok(())
    }

    /// Queues the groups of a worker with `s` slots.
    #[benchmark]
    fn leave(s: Linear<1, { T::MaxSlots::get() }>) -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (id, operator) = add_worker::<T>(0, PeerKey([1; 32]))?;
        seat::<T>(id, s)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), id);

        assert!(Workers::<T>::get(id).is_some_and(|worker| worker.leaving));
        Ok(())
    }

    /// The longest proof, into a range where 32 mountains are merged; drops two expired ranges.
    #[benchmark]
    fn renew() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (group, leaf, leaf_proof) = add_deep_leaf::<T>()?;
        let payer = funded::<T>("payer", 0);
        let until = NOW + 2;

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), group, NOW + 1, 0, leaf, leaf_proof, until);

        assert!(Ranges::<T>::get(group, until).is_some_and(|range| range.state.now().leaves > u64::from(u32::MAX)));
        Ok(())
    }

    /// The longest proof.
    #[benchmark]
    fn prepay() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (group, leaf, leaf_proof) = add_deep_leaf::<T>()?;
        let payer = funded::<T>("payer", 0);
        let id = NextAutoRenewal::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), group, NOW + 1, 0, leaf, leaf_proof, 1, Balance::MAX, PLENTY / 4);

        assert!(AutoRenewals::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn top_up() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (id, _) = add_auto_renewal::<T>()?;
        let giver = funded::<T>("giver", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(giver), id, 5);

        assert_eq!(AutoRenewals::<T>::get(id).map(|order| order.balance), Some(PLENTY / 4 + 5));
        Ok(())
    }

    /// A renewal by an account other than the payer.
    #[benchmark]
    fn auto_renew() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (id, _) = add_auto_renewal::<T>()?;
        let caller = funded::<T>("anybody", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert_eq!(AutoRenewals::<T>::get(id).map(|order| order.expiry), Some(NOW + 2));
        Ok(())
    }

    #[benchmark]
    fn cancel_auto_renewal() -> Result<(), BenchmarkError> {
        go_to_now::<T>();
        let (id, payer) = add_auto_renewal::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), id);

        assert!(!AutoRenewals::<T>::contains_key(id));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
