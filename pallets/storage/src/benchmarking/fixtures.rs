//! The states in which the calls are measured: the worst case of each call.

use super::*;

/// The key type of the benchmarks' workers.
pub(super) const KEYS: KeyTypeId = KeyTypeId(*b"mega");
/// The epoch in which calls run: late enough for everything to have expired.
pub(super) const NOW: Epoch = 1_000;
/// The block until which receipts are valid.
pub(super) const VALID: BlockNumber = BlockNumber::MAX;
/// More than any bond or deposit, and far from an overflow.
pub(super) const PLENTY: Balance = 1 << 90;
/// The profile with the most slots.
pub(super) const WIDEST: ProfileId = ProfileId::Home;

pub(super) fn failed(what: &'static str) -> BenchmarkError {
    BenchmarkError::Stop(what)
}

pub(super) fn go_to_now<T: Config>() {
    let block: BlockNumber = Fixed::<T>::get().epoch_blocks.saturating_mul(NOW);
    frame_system::Pallet::<T>::set_block_number(block.saturated_into());
}

pub(super) fn funded<T: Config>(name: &'static str, index: u32) -> AccountId32 {
    let who: AccountId32 = account(name, index, 0);
    T::Currency::set_balance(&who, PLENTY);
    who
}

/// One of four countries, so that the widest group can be filled.
pub(super) fn country(index: u32) -> Result<Country, BenchmarkError> {
    let code = match index % 4 {
        0 => b"DE",
        1 => b"FR",
        2 => b"BR",
        _ => b"KE",
    };
    Country::new(*code).map_err(|_| failed("a country"))
}

pub(super) fn generate_key() -> PeerKey {
    PeerKey(sp_io::crypto::ed25519_generate(KEYS, None).0)
}

pub(super) fn sign(peer: &PeerKey, message: &[u8]) -> Result<PeerSignature, BenchmarkError> {
    sp_io::crypto::ed25519_sign(KEYS, &ed25519::Public::from_raw(peer.0), message)
        .map(|signature| PeerSignature(signature.0))
        .ok_or(failed("no key to sign with"))
}

/// A registered worker with room for one slot, of an operator of its own.
pub(super) fn add_worker<T: Config>(index: u32, peer: PeerKey) -> Result<(WorkerId, AccountId32), BenchmarkError> {
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
pub(super) fn add_workers<T: Config>(count: u32) -> Result<Vec<(WorkerId, AccountId32)>, BenchmarkError> {
    (0..count).map(|index| add_worker::<T>(index, PeerKey(index.using_encoded(sp_io::hashing::blake2_256)))).collect()
}

/// A group of the widest profile. With `slots` it is complete, without it waits for workers but is in no queue.
pub(super) fn add_group<T: Config>(slots: Option<Vec<WorkerId>>) -> Result<GroupId, BenchmarkError> {
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

/// The number of members of the widest group.
pub(super) fn widest() -> u32 {
    u32::from(WIDEST.profile().n)
}

/// A range with the number of leaves at which appending one merges 32 mountains, without bytes.
pub(super) fn deep_range() -> Result<RangeState, BenchmarkError> {
    let peaks = vec![SumNode { hash: [1; 32], bytes: 0 }; 32];
    Ok(RangeState { leaves: u64::from(u32::MAX), peaks: peaks.try_into().map_err(|_| failed("peaks"))? })
}

pub(super) fn range(tombstones: u32) -> Result<RangeRecord, BenchmarkError> {
    Ok(RangeRecord { state: Rolled::beginning(0, deep_range()?), tombstones })
}

/// The maximum number of ranges of a group: `expired` ones, and a last one for the next epoch. All have tombstones.
pub(super) fn add_ranges<T: Config>(group: GroupId, expired: u32) -> Result<Epoch, BenchmarkError> {
    let next = NOW + 1;
    let mut expiries: Vec<Epoch> = (0..expired).map(|back| NOW - expired + 1 + back).collect();
    expiries.extend((next..).take(usize::try_from(T::MaxRanges::get().saturating_sub(expired)).unwrap_or_default()));
    for expiry in expiries.iter().filter(|expiry| **expiry <= next) {
        Ranges::<T>::insert(group, expiry, range(1)?);
    }
    RangesOf::<T>::insert(group, list::<T>(expiries, Share::default())?);
    Ok(next)
}

/// Ranges with these expiries, the first of which has `first` bytes and the others none.
pub(super) fn list<T: Config>(expiries: Vec<Epoch>, first: Share) -> Result<RangeList<T>, BenchmarkError> {
    let mut list: Vec<RangeTotals> = expiries
        .into_iter()
        .map(|expiry| RangeTotals { expiry, share: Rolled::beginning(0, Share::default()), renewed: 0 })
        .collect();
    if let Some(totals) = list.first_mut() {
        totals.share = Rolled::beginning(0, first);
    }
    list.try_into().map_err(|_| failed("ranges"))
}

/// Assigns a worker to a slot in each of `count` new groups.
pub(super) fn seat<T: Config>(worker: WorkerId, count: u32) -> Result<Vec<GroupId>, BenchmarkError> {
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
pub(super) const WIDTH: u32 = 1_024;
/// Leaves of each of their shards: 1 MiB.
pub(super) const SHARD_LEAVES: u64 = 1_024;

/// A range of a million identical objects, and the answers for it. As all leaves are equal, so are all subtrees of one
/// height, and only paths have to be hashed.
pub(super) struct Uniform {
    leaves: Vec<RangeLeaf>,
    entries: Vec<BatchEntry>,
    pub(super) state: RangeState,
    data: Vec<u8>,
    root: Hash,
    roots: Vec<Hash>,
}

/// The top over 2^height equal leaves.
pub(super) fn uniform_top(leaf: Hash, len: u64) -> Hash {
    (0..len.max(1).ilog2()).fold(leaf, |top, _| node_hash(&top, &top))
}

impl Uniform {
    pub(super) fn new() -> Result<Self, BenchmarkError> {
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

    pub(super) fn answer(&self, offset: u64) -> Option<Answer> {
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

/// The node above two equal ones.
pub(super) fn join(tag: Tag, left: &SumNode, right: &SumNode) -> SumNode {
    let bytes = left.bytes + right.bytes;
    let parts: [&[u8]; 4] = [&left.hash, &left.bytes.to_le_bytes(), &right.hash, &right.bytes.to_le_bytes()];
    SumNode { hash: tagged(tag, &parts), bytes }
}

/// The first object of the largest batch, with its proof. Its siblings are made up: they need no objects below.
pub(super) fn deep_entry() -> Result<(BatchSummary, BatchEntry, SumProof), BenchmarkError> {
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
pub(super) fn deep_leaf(leaf: &RangeLeaf) -> Result<(RangeState, RangeLeafProof), BenchmarkError> {
    let siblings = vec![SumNode { hash: [4; 32], bytes: 0 }; 63];
    let peak = siblings.iter().fold(leaf.peak(), |node, sibling| join(Tag::RangeNode, &node, sibling));
    let state = RangeState { leaves: 1 << 63, peaks: vec![peak].try_into().map_err(|_| failed("peaks"))? };
    Ok((state, RangeLeafProof { siblings: siblings.try_into().map_err(|_| failed("siblings"))? }))
}

/// A group of the widest profile with as many ranges as it can have, two of them expired, and in the one for the next
/// epoch a leaf with the longest proof. The range for the epoch after merges 32 mountains when it takes another one.
pub(super) fn add_deep_leaf<T: Config>() -> Result<(GroupId, RangeLeaf, RangeLeafProof), BenchmarkError> {
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
pub(super) fn add_auto_renewal<T: Config>() -> Result<(AutoRenewalId, AccountId32), BenchmarkError> {
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
