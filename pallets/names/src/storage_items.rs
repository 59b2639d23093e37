//! Everything that is stored. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage_items {
    /// The live prices and times.
    #[pallet::type_value]
    pub fn LiveParams() -> NameParams {
        NameParams::default()
    }

    /// Prices and times.
    #[pallet::storage]
    pub type CurrentParams<T: Config> = StorageValue<_, NameParams, ValueQuery, LiveParams>;

    /// The names, also those that have lapsed and have not been swept yet.
    #[pallet::storage]
    pub type Names<T: Config> = StorageMap<_, Blake2_128Concat, Label, StoredName>;

    /// The names below names.
    #[pallet::storage]
    pub type Subnames<T: Config> = StorageDoubleMap<_, Blake2_128Concat, Label, Blake2_128Concat, Label, StoredSubname>;

    /// The records of names.
    #[pallet::storage]
    pub type Records<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, Label, Blake2_128Concat, RecordKey, StoredRecord>;

    /// How many records and names below it a name has. Absent where there are none.
    #[pallet::storage]
    pub type Usages<T: Config> = StorageMap<_, Blake2_128Concat, Label, Usage, ValueQuery>;

    /// The last versions of each name. Absent until its content is set.
    #[pallet::storage]
    pub type Histories<T: Config> = StorageMap<_, Blake2_128Concat, Label, History, ValueQuery>;

    /// Who may write for a name besides its owner. Absent where nobody may.
    #[pallet::storage]
    pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, Label, DelegateList, ValueQuery>;

    /// The labels of each owner.
    #[pallet::storage]
    pub type Owned<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId32, Blake2_128Concat, Label, ()>;

    /// By which of its names an account goes.
    #[pallet::storage]
    pub type Reverse<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Label>;

    /// Who owns all names with a skeleton, and how many there are.
    #[pallet::storage]
    pub type Skeletons<T: Config> = StorageMap<_, Blake2_128Concat, Label, SkeletonRecord>;

    /// Skeletons of labels that nobody can register.
    #[pallet::storage]
    pub type Reserved<T: Config> = StorageMap<_, Blake2_128Concat, Label, ()>;

    /// What accounts have committed to. Absent where it is nothing.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, CommitmentList, ValueQuery>;

    /// The names by the time until which they are paid for, in units of [`crate::BUCKET_BLOCKS`].
    #[pallet::storage]
    pub type Expiring<T: Config> = StorageDoubleMap<_, Twox64Concat, u32, Blake2_128Concat, Label, ()>;

    /// The first bucket of `Expiring` that may have names.
    #[pallet::storage]
    pub type SweepFrom<T: Config> = StorageValue<_, u32, ValueQuery>;
}
