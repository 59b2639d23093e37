//! Everything that is stored. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage_items {
    /// What root may change.
    #[pallet::storage]
    pub type CurrentParams<T: Config> = StorageValue<_, Params, ValueQuery>;

    /// What genesis fixes: what is stored depends on it.
    #[pallet::storage]
    pub type Fixed<T: Config> = StorageValue<_, FixedParams, ValueQuery>;

    /// Sums over everything that is stored.
    #[pallet::storage]
    pub type Total<T: Config> = StorageValue<_, StorageTotals, ValueQuery>;

    /// The number of the next worker.
    #[pallet::storage]
    pub type NextWorker<T: Config> = StorageValue<_, WorkerId, ValueQuery>;

    /// The workers.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageMap<_, Twox64Concat, WorkerId, Worker>;

    /// The worker of each identity key.
    #[pallet::storage]
    pub type WorkerByPeer<T: Config> = StorageMap<_, Blake2_128Concat, PeerKey, WorkerId>;

    /// The workers that can be given a slot, dense from 0, so that a random window of them can be read.
    #[pallet::storage]
    pub type Eligible<T: Config> = StorageMap<_, Twox64Concat, u32, WorkerId>;

    /// Where in `Eligible` a worker is.
    #[pallet::storage]
    pub type EligibleAt<T: Config> = StorageMap<_, Twox64Concat, WorkerId, u32>;

    /// How many entries `Eligible` has.
    #[pallet::storage]
    pub type EligibleCount<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The slots of each worker, by group. Big-endian keys under an identity hash: the storage is in their order.
    #[pallet::storage]
    pub type SlotsOf<T: Config> = StorageDoubleMap<_, Twox64Concat, WorkerId, Identity, GroupKey, SlotRecord>;

    /// The number of the next group.
    #[pallet::storage]
    pub type NextGroup<T: Config> = StorageValue<_, GroupId, ValueQuery>;

    /// The placement groups.
    #[pallet::storage]
    pub type Groups<T: Config> = StorageMap<_, Twox64Concat, GroupId, Group>;

    /// The groups of each profile in which there is room.
    #[pallet::storage]
    pub type OpenGroups<T: Config> = StorageMap<_, Twox64Concat, ProfileId, OpenList<T>, ValueQuery>;

    /// The groups that wait for workers, first come first served.
    #[pallet::storage]
    pub type FillQueue<T: Config> = StorageValue<_, BoundedVec<FillRequest, T::MaxFillQueue>, ValueQuery>;

    /// What the ranges of a group come to, by expiry, ascending.
    #[pallet::storage]
    pub type RangesOf<T: Config> = StorageMap<_, Twox64Concat, GroupId, RangeList<T>, ValueQuery>;

    /// The ranges: of each group, one for each expiry.
    #[pallet::storage]
    pub type Ranges<T: Config> = StorageDoubleMap<_, Twox64Concat, GroupId, Twox64Concat, Epoch, RangeRecord>;

    /// The tombstones of each range: leaf and object.
    #[pallet::storage]
    pub type Tombstones<T: Config> =
        StorageDoubleMap<_, Twox64Concat, (GroupId, Epoch), Blake2_128Concat, (u64, ObjectId), TombstoneRecord>;

    /// Ranges that are dropped already and whose tombstones are still to be removed, by group.
    #[pallet::storage]
    pub type Stale<T: Config> = StorageMap<_, Twox64Concat, GroupId, BoundedVec<StaleRange, T::MaxRanges>, ValueQuery>;

    /// The VRF outputs of the last blocks.
    #[pallet::storage]
    pub type Beacon<T: Config> = StorageMap<_, Twox64Concat, BlockNumber, Hash>;

    /// The last period whose challenges are drawn, and the seed that tells when each worker is challenged in it.
    #[pallet::storage]
    pub type Drawn<T: Config> = StorageValue<_, (Period, Hash)>;

    /// Where the money is that was paid for storage.
    #[pallet::storage]
    pub type Ledger<T: Config> = StorageValue<_, Books, ValueQuery>;

    /// The number of the next automatic renewal.
    #[pallet::storage]
    pub type NextAutoRenewal<T: Config> = StorageValue<_, AutoRenewalId, ValueQuery>;

    /// The automatic renewals.
    #[pallet::storage]
    pub type AutoRenewals<T: Config> = StorageMap<_, Twox64Concat, AutoRenewalId, AutoRenewal>;

    /// The automatic renewals of each payer, in the order of their numbers.
    #[pallet::storage]
    pub type AutoRenewalsOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, AutoRenewalKey, ()>;

    /// The automatic renewals of the batches in each range, in the order of their numbers.
    #[pallet::storage]
    pub type AutoRenewalsIn<T: Config> =
        StorageDoubleMap<_, Twox64Concat, (GroupId, Epoch), Identity, AutoRenewalKey, ()>;

    /// What ends with each epoch that has not begun.
    #[pallet::storage]
    pub type Endings<T: Config> = StorageMap<_, Twox64Concat, Epoch, AllSlots, ValueQuery>;
}
