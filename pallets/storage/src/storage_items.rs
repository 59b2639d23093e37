//! The storage items. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage_items {
    /// The parameters that root may change.
    #[pallet::storage]
    pub type CurrentParams<T: Config> = StorageValue<_, Params, ValueQuery>;

    /// The parameters that are fixed at genesis because stored values depend on them.
    #[pallet::storage]
    pub type Fixed<T: Config> = StorageValue<_, FixedParams, ValueQuery>;

    /// Totals of the network.
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

    /// The workers that can be assigned to a slot, densely numbered from 0, so that a random window of them can be
    /// read.
    #[pallet::storage]
    pub type Eligible<T: Config> = StorageMap<_, Twox64Concat, u32, WorkerId>;

    /// The index of a worker in `Eligible`.
    #[pallet::storage]
    pub type EligibleAt<T: Config> = StorageMap<_, Twox64Concat, WorkerId, u32>;

    /// The number of entries of `Eligible`.
    #[pallet::storage]
    pub type EligibleCount<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The slots of each worker, by group. Big-endian keys under an identity hash, so that the storage is in their
    /// order.
    #[pallet::storage]
    pub type SlotsOf<T: Config> = StorageDoubleMap<_, Twox64Concat, WorkerId, Identity, GroupKey, SlotRecord>;

    /// The number of the next group.
    #[pallet::storage]
    pub type NextGroup<T: Config> = StorageValue<_, GroupId, ValueQuery>;

    /// The placement groups.
    #[pallet::storage]
    pub type Groups<T: Config> = StorageMap<_, Twox64Concat, GroupId, Group>;

    /// The groups of each profile that have room.
    #[pallet::storage]
    pub type OpenGroups<T: Config> = StorageMap<_, Twox64Concat, ProfileId, OpenList<T>, ValueQuery>;

    /// The groups that wait for workers, first come, first served.
    #[pallet::storage]
    pub type FillQueue<T: Config> = StorageValue<_, BoundedVec<FillRequest, T::MaxFillQueue>, ValueQuery>;

    /// The byte and pay totals of a group's ranges, in ascending order of expiry.
    #[pallet::storage]
    pub type RangesOf<T: Config> = StorageMap<_, Twox64Concat, GroupId, RangeList<T>, ValueQuery>;

    /// The ranges: one for each group and expiry.
    #[pallet::storage]
    pub type Ranges<T: Config> = StorageDoubleMap<_, Twox64Concat, GroupId, Twox64Concat, Epoch, RangeRecord>;

    /// The tombstones of each range, by leaf and object.
    #[pallet::storage]
    pub type Tombstones<T: Config> =
        StorageDoubleMap<_, Twox64Concat, (GroupId, Epoch), Blake2_128Concat, (u64, ObjectId), TombstoneRecord>;

    /// The dropped ranges of each group whose tombstones are still to be removed.
    #[pallet::storage]
    pub type Stale<T: Config> = StorageMap<_, Twox64Concat, GroupId, BoundedVec<StaleRange, T::MaxRanges>, ValueQuery>;

    /// The VRF outputs of the last blocks.
    #[pallet::storage]
    pub type Beacon<T: Config> = StorageMap<_, Twox64Concat, BlockNumber, Hash>;

    /// The last period whose challenge blocks are drawn, and the seed that determines when each worker is challenged in
    /// it.
    #[pallet::storage]
    pub type Drawn<T: Config> = StorageValue<_, (Period, Hash)>;

    /// Where the money paid for storage is.
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

    /// The bytes and pay that end with each future epoch.
    #[pallet::storage]
    pub type Endings<T: Config> = StorageMap<_, Twox64Concat, Epoch, AllSlots, ValueQuery>;
}
