//! A runtime with storage and balances, and its accounts.

#![allow(clippy::unwrap_used, missing_docs)]

use crate as pallet_storage;
use crate::{AuditParams, Event, Groups, PriceCurve};
use codec::Encode;
use frame_support::{
    BoundedVec, PalletId, assert_ok, derive_impl, parameter_types,
    traits::{ConstU32, ConstU128, Hooks, Randomness},
    weights::Weight,
};
use meganet_primitives::{
    Balance, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
    country::Country,
    object::ObjectId,
    placement::ProfileId,
    receipt::{PeerKey, PeerSignature, Receipt, ReceiptStatement, worker_signed_bytes},
    sum_tree::{BatchEntry, BatchSummary, summarize},
};
use sp_core::{H256, Pair, ed25519};
use sp_runtime::{
    AccountId32, BuildStorage, DispatchResult,
    traits::{Convert, IdentityLookup},
};

pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const RICH: Balance = 1_000_000_000;
pub const TOMBSTONE_DEPOSIT: Balance = 50;
pub const RENEWAL_DEPOSIT: Balance = 40;
/// The most that an automatic renewal pays its caller.
pub const MAX_RENEWAL_FEE: Balance = 100;
pub const GROUP_DEPOSIT: Balance = 1_000;
pub const KIB: u64 = 1024;
/// Bytes of a slot of every profile, and the smallest worker.
pub const SLOT: u64 = 256 * KIB;
pub const EPOCH_BLOCKS: u32 = 10;
pub const MAX_EPOCHS: u32 = 8;
/// An epoch is one period: four blocks of randomness, two in which challenges come, four to answer.
pub const PERIOD_BLOCKS: u32 = 10;
pub const WINDOW_BLOCKS: u32 = 4;
pub const SAMPLES: u8 = 4;
/// A constant price.
pub const STILL: PriceCurve = PriceCurve { floor: 0, ceiling: u128::MAX, target_ppm: 500_000, step_ppm: 0 };
/// Nothing is burned or held back, so that sums are easy to follow; tests of burning and holding back change this.
pub const AUDIT: AuditParams = AuditParams {
    misses: 3,
    proofs_per_miss: 2,
    excuses: 6,
    burn_ppm: 0,
    bounty_ppm: 100_000,
    newcomer_periods: 0,
    repair_periods: 3,
    lazy_blocks: 15,
    handover_blocks: 5,
};
/// One planck for each KiB, slot and epoch.
pub const PRICE: Balance = 1 << 20;
pub const BOND_PER_GIB: Balance = 1 << 20;
pub const MIN_BOND: Balance = 500;
pub const COUNTRIES: [&[u8; 2]; 8] = [b"DE", b"FR", b"BR", b"KE", b"IN", b"JP", b"CA", b"NZ"];

type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Storage: pallet_storage,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

parameter_types! {
    pub const Pot: PalletId = PalletId(*b"megastor");
    /// The seed of all randomness: a test changes it to get other draws.
    pub static Luck: u64 = 0;
    /// The fee of a transaction.
    pub static Fee: Balance = 8;
    /// Whether parent blocks have a VRF output.
    pub static HasVrf: bool = true;
    /// Whether a block is being initialized: then randomness is its parent's, afterwards its own.
    pub static Begins: bool = false;
}

pub struct AnyCall;
impl Convert<(u32, Weight), Balance> for AnyCall {
    fn convert(_: (u32, Weight)) -> Balance {
        Fee::get()
    }
}

pub struct EpochLuck;
impl Randomness<H256, u32> for EpochLuck {
    fn random(subject: &[u8]) -> (H256, u32) {
        ((b"epoch", subject, Luck::get()).using_encoded(sp_io::hashing::blake2_256).into(), 0)
    }
}

pub struct BlockLuck;
impl Randomness<Option<H256>, u32> for BlockLuck {
    fn random(subject: &[u8]) -> (Option<H256>, u32) {
        let of = System::block_number().saturating_sub(u32::from(Begins::get()));
        let luck = (b"block", subject, Luck::get(), of).using_encoded(sp_io::hashing::blake2_256);
        (HasVrf::get().then(|| luck.into()), of)
    }
}

impl pallet_storage::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type EpochRandomness = EpochLuck;
    type BlockRandomness = BlockLuck;
    type PalletId = Pot;
    type TombstoneDeposit = ConstU128<TOMBSTONE_DEPOSIT>;
    type AutoRenewalDeposit = ConstU128<RENEWAL_DEPOSIT>;
    type MaxRenewalFee = ConstU128<MAX_RENEWAL_FEE>;
    type CallFee = AnyCall;
    type MaxRanges = ConstU32<12>;
    type MaxOpenGroups = ConstU32<3>;
    type MaxSlots = ConstU32<16>;
    type MaxFillQueue = ConstU32<4>;
    type FillWindow = ConstU32<64>;
    type FillDelay = ConstU32<2>;
    type MaxFillAttempts = ConstU32<3>;
    type WeightInfo = ();
}

/// The account number `n`. Numbers 1 to 99 have [`RICH`], the others nothing.
pub fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

pub fn signed(n: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(n))
}

/// An identity key.
pub fn key(n: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[n; 32])
}

pub fn peer(n: u8) -> PeerKey {
    PeerKey(key(n).public().0)
}

pub fn country(n: usize) -> Country {
    Country::new(*COUNTRIES[n % COUNTRIES.len()]).unwrap()
}

pub fn genesis() -> sp_runtime::Storage {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    let balances = (1..100).map(|n| (account(n), RICH)).collect();
    pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }.assimilate_storage(&mut storage).unwrap();
    let config = pallet_storage::GenesisConfig::<Test> {
        epoch_blocks: EPOCH_BLOCKS,
        slot_capacity: [SLOT; 4],
        max_epochs: MAX_EPOCHS,
        period_blocks: PERIOD_BLOCKS,
        window_blocks: WINDOW_BLOCKS,
        samples: SAMPLES,
        price_per_gib_epoch: PRICE,
        curve: STILL,
        audit: AUDIT,
        group_deposit: GROUP_DEPOSIT,
        bond_per_gib: BOND_PER_GIB,
        min_bond: MIN_BOND,
        min_capacity: SLOT,
        _config: Default::default(),
    };
    config.assimilate_storage(&mut storage).unwrap();
    storage
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut ext = sp_io::TestExternalities::from(genesis());
    // Benchmarks sign with it.
    ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Storage::do_try_state().unwrap();
        <Storage as Hooks<u32>>::integrity_test();
    });
}

/// Runs all blocks up to this one.
pub fn run_to(block: u32) {
    while System::block_number() < block {
        System::set_block_number(System::block_number() + 1);
        Begins::set(true);
        Storage::on_initialize(System::block_number());
        Begins::set(false);
    }
}

/// Runs all blocks up to the first one of an epoch.
pub fn run_to_epoch(epoch: Epoch) {
    run_to(epoch * EPOCH_BLOCKS);
}

/// Calls as the runtime does: in a storage layer, so that a refused call changes nothing.
pub fn dispatch(call: impl Into<RuntimeCall>, origin: RuntimeOrigin) -> DispatchResult {
    use sp_runtime::traits::Dispatchable;
    call.into().dispatch(origin).map(|_| ()).map_err(|refused| refused.error)
}

pub fn last_event() -> Event<Test> {
    storage_events().pop().unwrap()
}

pub fn storage_events() -> Vec<Event<Test>> {
    let events = System::events().into_iter();
    events
        .filter_map(|record| match record.event {
            RuntimeEvent::Storage(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// The signature by which key `n` lets operator `operator` register it.
pub fn peer_proof(n: u8, operator: u8) -> PeerSignature {
    let bytes = worker_signed_bytes(&Storage::genesis_hash(), &[operator; 32]);
    PeerSignature(key(n).sign(&bytes).0)
}

/// Registers the worker of operator and key `n`; returns its number.
pub fn register(n: u8, place: usize, capacity: u64) -> WorkerId {
    assert_ok!(Storage::register_worker(signed(n), peer(n), country(place), capacity, peer_proof(n, n)));
    Storage::api_worker_by_peer(peer(n)).unwrap().id
}

/// Twelve workers of as many operators (1 to 12) in six countries, with room for four slots each.
pub fn twelve_workers() {
    for n in 1..=12 {
        register(n, usize::from(n) % 6, 4 * SLOT);
    }
}

/// Opens a group by account 50 and waits until it is filled.
pub fn filled_group(profile: ProfileId) -> GroupId {
    assert_ok!(Storage::open_group(signed(50), profile));
    let id = Storage::api_open_groups(profile).last().unwrap().id;
    run_to(System::block_number() + 2);
    assert!(Groups::<Test>::get(id).unwrap().ready);
    id
}

/// A batch of objects with these shard lengths in KiB; `salt` makes them different from others.
pub fn entries(salt: u8, kibs: &[u64]) -> Vec<BatchEntry> {
    let object = |at: usize| (salt, u64::try_from(at).unwrap()).using_encoded(sp_io::hashing::blake2_256);
    let entry = |(at, kib): (usize, &u64)| BatchEntry {
        object: ObjectId(object(at)),
        shards_root: [salt; 32],
        shard_len: kib * KIB,
    };
    kibs.iter().enumerate().map(entry).collect()
}

pub fn batch(salt: u8, kib: u64) -> BatchSummary {
    summarize(&entries(salt, &[kib])).unwrap()
}

/// The block until which the tests' receipts are valid: beyond the end of every test.
pub const VALID: BlockNumber = 1 << 20;

/// The receipt statement of the worker in a slot for this owner.
pub fn statement(group: GroupId, slot: SlotIndex, expiry: Epoch, owner: u8, batch: BatchSummary) -> ReceiptStatement {
    let genesis = Storage::genesis_hash();
    ReceiptStatement { genesis, group, slot, expiry, owner: [owner; 32], batch, valid_until: VALID }
}

/// The operator, who is also the key, in a slot.
pub fn seated(group: GroupId, slot: SlotIndex) -> u8 {
    let worker = Groups::<Test>::get(group).unwrap().slots[usize::from(slot)].unwrap();
    Storage::api_worker(worker).unwrap().operator[0]
}

pub fn sign(by: u8, statement: &ReceiptStatement) -> Receipt {
    Receipt { slot: statement.slot, signature: PeerSignature(key(by).sign(&statement.signed_bytes()).0) }
}

pub type Receipts = BoundedVec<Receipt, ConstU32<64>>;

/// Receipts of the first `count` slots of a group.
pub fn receipts(group: GroupId, expiry: Epoch, owner: u8, batch: BatchSummary, count: u8) -> Receipts {
    let receipts: Vec<_> =
        (0..count).map(|slot| sign(seated(group, slot), &statement(group, slot, expiry, owner, batch))).collect();
    receipts.try_into().unwrap()
}

/// Stores a batch with receipts of a quorum.
pub fn store(owner: u8, group: GroupId, expiry: Epoch, batch: BatchSummary) -> DispatchResult {
    let quorum = Groups::<Test>::get(group).unwrap().profile.profile().quorum();
    let receipts = receipts(group, expiry, owner, batch, quorum);
    dispatch(crate::Call::<Test>::store { group, expiry, batch, valid_until: VALID, receipts }, signed(owner))
}

/// The expiries for which a group has ranges.
pub fn expiries(group: GroupId) -> Vec<Epoch> {
    crate::RangesOf::<Test>::get(group).iter().map(|totals| totals.expiry).collect()
}
