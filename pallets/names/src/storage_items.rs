//! The storage items. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage_items {
    /// The prices and times of a live chain.
    #[pallet::type_value]
    pub fn LiveParams() -> NameParams {
        NameParams::default()
    }

    /// Prices and times.
    #[pallet::storage]
    pub type CurrentParams<T: Config> = StorageValue<_, NameParams, ValueQuery, LiveParams>;

    /// The names, including those that have lapsed and are not swept yet.
    #[pallet::storage]
    pub type Names<T: Config> = StorageMap<_, Blake2_128Concat, Label, StoredName>;

    /// The subnames (`blog` of `blog.alice`), by name.
    #[pallet::storage]
    pub type Subnames<T: Config> = StorageDoubleMap<_, Blake2_128Concat, Label, Blake2_128Concat, Label, StoredSubname>;

    /// The records of names.
    #[pallet::storage]
    pub type Records<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, Label, Blake2_128Concat, RecordKey, StoredRecord>;

    /// The number of records and subnames of a name. Absent where there are none.
    #[pallet::storage]
    pub type Usages<T: Config> = StorageMap<_, Blake2_128Concat, Label, Usage, ValueQuery>;

    /// The last versions of each name. Absent until its content is set.
    #[pallet::storage]
    pub type Histories<T: Config> = StorageMap<_, Blake2_128Concat, Label, History, ValueQuery>;

    /// The accounts that may write for a name in addition to its owner. Absent where there are none.
    #[pallet::storage]
    pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, Label, DelegateList, ValueQuery>;

    /// The labels of each owner.
    #[pallet::storage]
    pub type Owned<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId32, Blake2_128Concat, Label, ()>;

    /// The name that stands for an account.
    #[pallet::storage]
    pub type Reverse<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Label>;

    /// The owner of all names with a skeleton, and their number.
    #[pallet::storage]
    pub type Skeletons<T: Config> = StorageMap<_, Blake2_128Concat, Label, SkeletonRecord>;

    /// The skeletons of labels that cannot be registered.
    #[pallet::storage]
    pub type Reserved<T: Config> = StorageMap<_, Blake2_128Concat, Label, ()>;

    /// The commitments of accounts. Absent where there are none.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, CommitmentList, ValueQuery>;

    /// The names by the block until which they are paid for, in buckets of [`crate::BUCKET_BLOCKS`].
    #[pallet::storage]
    pub type Expiring<T: Config> = StorageDoubleMap<_, Twox64Concat, u32, Blake2_128Concat, Label, ()>;

    /// The first bucket of `Expiring` that may have names.
    #[pallet::storage]
    pub type SweepFrom<T: Config> = StorageValue<_, u32, ValueQuery>;
}
