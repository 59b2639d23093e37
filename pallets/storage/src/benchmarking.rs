//! Benchmarks of every call and of the step that fills groups, each in its worst case.

use crate::{
    expiry::{DROPS_PER_ROLL, TOMBSTONES_PER_ROLL},
    rolled::Rolled,
    types::{AllSlots, RangeList, RangeTotals, Share, SlotRecord, StaleRange},
    workers::bond_of,
    AutoRenewal, AutoRenewals, AutoRenewalsIn, AutoRenewalsOf, Beacon, Books, Call, Config, CurrentParams, Drawn,
    Eligible, EligibleCount, Endings, FillQueue, FillRequest, Fixed, Group, Groups, HoldReason, Ledger,
    NextAutoRenewal, NextGroup, NextWorker, OpenGroups, Pallet, RangeRecord, Ranges, RangesOf, SlotsOf, Stale,
    TombstoneRecord, Tombstones, Total, Worker, WorkerByPeer, Workers,
};
use alloc::{boxed::Box, vec, vec::Vec};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{
        fungible::{Mutate, MutateHold},
        ConstU32, Get,
    },
    BoundedVec,
};
use frame_system::RawOrigin;
use meganet_primitives::{
    audit::{find_entry, find_leaf, Answer, AuditProof, BatchPath, EntryPath, HeldLeaf, Record, Schedule, MAX_SAMPLES},
    country::Country,
    hash::{tagged, Hash, Tag},
    merkle::{leaf_hash, node_hash, prove_range, root_hash, subtree_hash},
    object::{shards_root, ObjectId, LEAF_LEN},
    placement::{ProfileId, MAX_SLOTS},
    range::{prove_leaf, RangeLeaf, RangeLeafProof, RangeState},
    receipt::{worker_signed_bytes, PeerKey, PeerSignature, Receipt, ReceiptStatement},
    sum_tree::{
        prove_entry, summarize, BatchEntry, BatchSummary, SumNode, SumProof, MAX_BATCH_OBJECTS, MAX_SUM_SIBLINGS,
    },
    AutoRenewalId, Balance, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
};
use sp_core::{crypto::KeyTypeId, ed25519};
use sp_runtime::{AccountId32, SaturatedConversion};

/// Where the keys of the benchmarks' workers are kept.
const KEYS: KeyTypeId = KeyTypeId(*b"mega");
/// The epoch in which calls run: late enough for anything to have expired.
const NOW: Epoch = 1_000;
/// More than any bond or deposit, and far from an overflow.
const PLENTY: Balance = 1 << 90;
/// The profile with the most slots.
const WIDEST: ProfileId = ProfileId::Home;

fn failed(what: &'static str) -> BenchmarkError {
    BenchmarkError::Stop(what)
}

fn go_to_now<T: Config>() {
    let block: BlockNumber = Fixed::<T>::get().epoch_blocks.saturating_mul(NOW);
    frame_system::Pallet::<T>::set_block_number(block.saturated_into());
}

fn funded<T: Config>(name: &'static str, index: u32) -> AccountId32 {
    let who: AccountId32 = account(name, index, 0);
    T::Currency::set_balance(&who, PLENTY);
    who
}

/// One of four countries, so that the widest group can be filled.
fn country(index: u32) -> Result<Country, BenchmarkError> {
    let code = match index % 4 {
        0 => b"DE",
        1 => b"FR",
        2 => b"BR",
        _ => b"KE",
    };
    Country::new(*code).map_err(|_| failed("a country"))
}

fn generate_key() -> PeerKey {
    PeerKey(sp_io::crypto::ed25519_generate(KEYS, None).0)
}

fn sign(peer: &PeerKey, message: &[u8]) -> Result<PeerSignature, BenchmarkError> {
    sp_io::crypto::ed25519_sign(KEYS, &ed25519::Public::from_raw(peer.0), message)
        .map(|signature| PeerSignature(signature.0))
        .ok_or(failed("no key to sign with"))
}

/// A registered worker with room for one slot, of an operator of its own.
fn add_worker<T: Config>(index: u32, peer: PeerKey) -> Result<(WorkerId, AccountId32), BenchmarkError> {
    let operator = funded::<T>("operator", index);
    let params = CurrentParams::<T>::get();
    let capacity = Fixed::<T>::get().slot_capacity_of(WIDEST).max(params.min_capacity);
    let bond = bond_of(&params, capacity).ok_or(failed("a bond"))?;
    T::Currency::hold(&HoldReason::WorkerBond.into(), &operator, bond)?;
    let worker = Worker {
        operator: operator.clone(),
        peer,
        country: country(index)?,
        capacity,
        committed: 0,
        slots: 0,
        bond,
        accepting: true,
        registered: 0,
        record: Record::default(),
        earned: 0,
        held_back: 0,
        leaving: false,
        handed_over: 0,
    };
    let id = NextWorker::<T>::mutate(|next| {
        *next += 1;
        *next - 1
    });
    WorkerByPeer::<T>::insert(peer, id);
    Pallet::<T>::put_worker(id, &worker);
    Total::<T>::mutate(|total| {
        total.workers += 1;
        total.capacity += capacity;
    });
    Ok((id, operator))
}

/// Workers whose keys can't sign.
fn add_workers<T: Config>(count: u32) -> Result<Vec<(WorkerId, AccountId32)>, BenchmarkError> {
    (0..count).map(|index| add_worker::<T>(index, PeerKey(index.using_encoded(sp_io::hashing::blake2_256)))).collect()
}

/// A group of the widest profile. With `slots` it is complete, without it waits for workers but is in no queue.
fn add_group<T: Config>(slots: Option<Vec<WorkerId>>) -> Result<GroupId, BenchmarkError> {
    let opener = funded::<T>("opener", 0);
    let deposit = CurrentParams::<T>::get().group_deposit;
    T::Currency::hold(&HoldReason::GroupDeposit.into(), &opener, deposit)?;
    let ready = slots.is_some();
    let slots: Vec<Option<WorkerId>> = match slots {
        Some(workers) => workers.into_iter().map(Some).collect(),
        None => vec![None; usize::from(WIDEST.profile().n)],
    };
    let group = Group {
        profile: WIDEST,
        slot_capacity: Fixed::<T>::get().slot_capacity_of(WIDEST),
        used: 0,
        slots: slots.try_into().map_err(|_| failed("slots"))?,
        ready,
        queued: false,
        listed: false,
        opener,
        deposit,
        opened: 0,
    };
    let id = NextGroup::<T>::mutate(|next| {
        *next += 1;
        *next - 1
    });
    Groups::<T>::insert(id, group);
    Ok(id)
}

/// The most members that the widest group can have.
fn widest() -> u32 {
    u32::from(WIDEST.profile().n)
}

/// A range of so many leaves that appending one merges 32 mountains, and with them no bytes.
fn deep_range() -> Result<RangeState, BenchmarkError> {
    let peaks = vec![SumNode { hash: [1; 32], bytes: 0 }; 32];
    Ok(RangeState { leaves: u64::from(u32::MAX), peaks: peaks.try_into().map_err(|_| failed("peaks"))? })
}

fn range(tombstones: u32) -> Result<RangeRecord, BenchmarkError> {
    Ok(RangeRecord { state: Rolled::beginning(0, deep_range()?), tombstones })
}

/// As many ranges as a group can have: `expired` ones and, the last, one for the next epoch. All have tombstones.
fn add_ranges<T: Config>(group: GroupId, expired: u32) -> Result<Epoch, BenchmarkError> {
    let next = NOW + 1;
    let mut expiries: Vec<Epoch> = (0..expired).map(|back| NOW - expired + 1 + back).collect();
    expiries.extend((next..).take(usize::try_from(T::MaxRanges::get().saturating_sub(expired)).unwrap_or_default()));
    for expiry in expiries.iter().filter(|expiry| **expiry <= next) {
        Ranges::<T>::insert(group, expiry, range(1)?);
    }
    RangesOf::<T>::insert(group, list::<T>(expiries, Share::default())?);
    Ok(next)
}

/// Ranges with these expiries, the first of which comes to `first` and the others to nothing.
fn list<T: Config>(expiries: Vec<Epoch>, first: Share) -> Result<RangeList<T>, BenchmarkError> {
    let mut list: Vec<RangeTotals> = expiries
        .into_iter()
        .map(|expiry| RangeTotals { expiry, share: Rolled::beginning(0, Share::default()), renewed: 0 })
        .collect();
    if let Some(totals) = list.first_mut() {
        totals.share = Rolled::beginning(0, first);
    }
    list.try_into().map_err(|_| failed("ranges"))
}

/// Gives a worker a slot in each of `count` new groups.
fn seat<T: Config>(worker: WorkerId, count: u32) -> Result<Vec<GroupId>, BenchmarkError> {
    let mut groups = Vec::new();
    for _ in 0..count {
        let mut slots: Vec<WorkerId> = vec![u32::MAX; usize::from(WIDEST.profile().n)];
        if let Some(first) = slots.first_mut() {
            *first = worker;
        }
        let group = add_group::<T>(Some(slots))?;
        let record = SlotRecord { slot: 0, since: 0, excused: 0, held: 0 };
        SlotsOf::<T>::insert(worker, group.to_be_bytes(), record);
        groups.push(group);
    }
    let capacity = Fixed::<T>::get().slot_capacity_of(WIDEST);
    Workers::<T>::mutate_extant(worker, |worker| {
        worker.slots = count;
        worker.committed = capacity.saturating_mul(count.into());
    });
    Ok(groups)
}

/// Objects of a batch, and batches of a range, of the audited shards: a million objects.
const WIDTH: u32 = 1_024;
/// Leaves of each of their shards: 1 MiB.
const SHARD_LEAVES: u64 = 1_024;

/// A range of a million objects that are all alike, and with it any answer. As all leaves are alike, so are all subtrees of
/// a height, and nothing but paths has to be hashed.
struct Uniform {
    leaves: Vec<RangeLeaf>,
    entries: Vec<BatchEntry>,
    state: RangeState,
    data: Vec<u8>,
    root: Hash,
    roots: Vec<Hash>,
}

/// The top over 2^height equal leaves.
fn uniform_top(leaf: Hash, len: u64) -> Hash {
    (0..len.max(1).ilog2()).fold(leaf, |top, _| node_hash(&top, &top))
}

impl Uniform {
    fn new() -> Result<Self, BenchmarkError> {
        let data = vec![7u8; 1_024];
        let root = root_hash(SHARD_LEAVES, &uniform_top(leaf_hash(&data), SHARD_LEAVES));
        let roots = vec![root; usize::from(WIDEST.profile().n)];
        let shard_len = SHARD_LEAVES * LEAF_LEN;
        let entry = BatchEntry { object: ObjectId([1; 32]), shards_root: shards_root(&roots), shard_len };
        let entries = vec![entry; usize::try_from(WIDTH).unwrap_or_default()];
        let batch = summarize(&entries).map_err(|_| failed("a batch"))?;
        let leaf = RangeLeaf { batch, owner: [2; 32], signed: u64::MAX, registered: 1 };
        let leaves = vec![leaf; usize::try_from(WIDTH).unwrap_or_default()];
        let state = RangeState::from_leaves(&leaves).map_err(|_| failed("a range"))?;
        Ok(Self { leaves, entries, state, data, root, roots })
    }

    fn answer(&self, offset: u64) -> Option<Answer> {
        let (index, in_batch) = find_leaf(&self.leaves, offset)?;
        let leaf = *self.leaves.first()?;
        let batch = BatchPath { index, leaf, proof: prove_leaf(&self.leaves, index).ok()? };
        let (index, in_shard) = find_entry(&self.entries, in_batch)?;
        let entry = *self.entries.first()?;
        let path = EntryPath { index, entry, proof: prove_entry(&self.entries, index).ok()? };
        let leaf = leaf_hash(&self.data);
        let top = |lo: u64, hi: u64| uniform_top(leaf, hi.saturating_sub(lo));
        let proof = prove_range(&top, SHARD_LEAVES, in_shard / LEAF_LEN, 1).ok()?;
        let roots: Vec<Hash> = self.roots.iter().map(|root| leaf_hash(root)).collect();
        let top = |lo: u64, hi: u64| {
            let run = usize::try_from(lo).ok().zip(usize::try_from(hi).ok());
            run.and_then(|(lo, hi)| roots.get(lo..hi)).map(subtree_hash).unwrap_or_default()
        };
        let root_proof = prove_range(&top, self.roots.len().try_into().ok()?, 0, 1).ok()?;
        let data = self.data.clone().try_into().ok()?;
        Some(Answer::Held(Box::new((batch, path, HeldLeaf { root: self.root, root_proof, data, proof }))))
    }
}

/// The node above two of a kind.
fn join(tag: Tag, left: &SumNode, right: &SumNode) -> SumNode {
    let bytes = left.bytes + right.bytes;
    let parts: [&[u8]; 4] = [&left.hash, &left.bytes.to_le_bytes(), &right.hash, &right.bytes.to_le_bytes()];
    SumNode { hash: tagged(tag, &parts), bytes }
}

/// The first object of the largest batch, with its proof. Its siblings are made up: they need no objects below.
fn deep_entry() -> Result<(BatchSummary, BatchEntry, SumProof), BenchmarkError> {
    let entry = BatchEntry { object: ObjectId([1; 32]), shards_root: [2; 32], shard_len: LEAF_LEN };
    let leaf = SumNode { hash: tagged(Tag::SumLeaf, &[&entry.encode()]), bytes: LEAF_LEN };
    let siblings = vec![SumNode { hash: [3; 32], bytes: LEAF_LEN }; usize::try_from(MAX_SUM_SIBLINGS).unwrap_or(0)];
    let top = siblings.iter().fold(leaf, |node, sibling| join(Tag::SumNode, &node, sibling));
    let count = u64::from(MAX_BATCH_OBJECTS);
    let root = tagged(Tag::SumRoot, &[&count.to_le_bytes(), &top.bytes.to_le_bytes(), &top.hash]);
    let batch = BatchSummary { root, objects: MAX_BATCH_OBJECTS, bytes: top.bytes };
    Ok((batch, entry, SumProof { siblings: siblings.try_into().map_err(|_| failed("siblings"))? }))
}

/// The highest mountain with this leaf as its first, and the leaf's proof.
fn deep_leaf(leaf: &RangeLeaf) -> Result<(RangeState, RangeLeafProof), BenchmarkError> {
    let siblings = vec![SumNode { hash: [4; 32], bytes: 0 }; 63];
    let peak = siblings.iter().fold(leaf.peak(), |node, sibling| join(Tag::RangeNode, &node, sibling));
    let state = RangeState { leaves: 1 << 63, peaks: vec![peak].try_into().map_err(|_| failed("peaks"))? };
    Ok((state, RangeLeafProof { siblings: siblings.try_into().map_err(|_| failed("siblings"))? }))
}

/// A group of the widest profile with as many ranges as it can have, two of them expired, and in the one for the next epoch a
/// leaf with the longest proof. The range for the epoch after merges 32 mountains when it takes another one.
fn add_deep_leaf<T: Config>() -> Result<(GroupId, RangeLeaf, RangeLeafProof), BenchmarkError> {
    let group = add_group::<T>(Some(vec![0; usize::from(WIDEST.profile().n)]))?;
    let batch = BatchSummary { root: [5; 32], objects: 1, bytes: LEAF_LEN };
    let leaf = RangeLeaf { batch, owner: [6; 32], signed: u64::MAX, registered: 1 };
    let (state, leaf_proof) = deep_leaf(&leaf)?;
    let next = add_ranges::<T>(group, crate::batches::DROPS_PER_STORE)?;
    Ranges::<T>::insert(group, next, RangeRecord { state: Rolled::beginning(0, state), tombstones: 0 });
    Ranges::<T>::insert(group, next + 1, range(0)?);
    Ok((group, leaf, leaf_proof))
}

/// An automatic renewal of such a leaf, for one epoch, that is due now.
fn add_auto_renewal<T: Config>() -> Result<(AutoRenewalId, AccountId32), BenchmarkError> {
    let (group, leaf, _) = add_deep_leaf::<T>()?;
    let payer = funded::<T>("payer", 0);
    let (balance, deposit) = (PLENTY / 4, T::AutoRenewalDeposit::get());
    T::Currency::hold(&HoldReason::AutoRenewal.into(), &payer, balance + deposit)?;
    let expiry = NOW + 1;
    let (leaf_index, epochs, max_price) = (0, 1, Balance::MAX);
    let order =
        AutoRenewal { payer: payer.clone(), group, expiry, leaf_index, leaf, epochs, max_price, balance, deposit };
    let id = NextAutoRenewal::<T>::get();
    NextAutoRenewal::<T>::put(id + 1);
    AutoRenewals::<T>::insert(id, order);
    AutoRenewalsOf::<T>::insert(&payer, id.to_be_bytes(), ());
    AutoRenewalsIn::<T>::insert((group, expiry), id.to_be_bytes(), ());
    Ok((id, payer))
}

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

    /// Leaves the list of eligible workers from its middle.
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

    /// Leaves the list of eligible workers from its middle.
    #[benchmark]
    fn exit_worker() -> Result<(), BenchmarkError> {
        let workers = add_workers::<T>(3)?;
        let (id, operator) = workers.get(1).cloned().ok_or(failed("a worker"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), id);

        assert!(!Workers::<T>::contains_key(id));
        Ok(())
    }

    /// Looks at `o` open groups, all nearly full.
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
            let said = ReceiptStatement { genesis, group, slot, expiry, owner: owner.clone().into(), batch };
            receipts.push(Receipt { slot, signature: sign(peer, &said.signed_bytes())? });
        }
        let receipts: BoundedVec<Receipt, ConstU32<MAX_SLOTS>> = receipts.try_into().map_err(|_| failed("receipts"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), group, expiry, batch, receipts);

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

    /// Drops as many ranges, and removes as many tombstones of as many owners, as a call does.
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

    /// Joins a queue of `q` others.
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

    /// A block in which nobody of a full queue has waited long enough.
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

    /// Fills the widest group from `c` candidates, each of which has no room afterwards; others wait.
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
            // The seed itself is read as in a block, where the parent may have no output yet.
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
            Pallet::<T>::listen();
            Pallet::<T>::begin_epoch(NOW);
        }

        assert!(Drawn::<T>::get().is_some());
        assert_eq!(Ledger::<T>::get().fund, 1);
        Ok(())
    }

    /// `a` answers by a worker of `s` slots, each with as many ranges as a group can have and a million objects in the first
    /// one.
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

    /// Queues the groups of `s` slots.
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

    /// As a renewal, for somebody else than the payer.
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
