//! The calls. Each call checks its origin and hands over to the file of its subject. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers a worker and holds its bond. `proof_of_peer` is the identity key's signature of
        /// [`meganet_primitives::receipt::worker_signed_bytes`], so that an account can't register another's key.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_worker())]
        pub fn register_worker(
            origin: OriginFor<T>,
            peer: PeerKey,
            country: Country,
            capacity: u64,
            proof_of_peer: PeerSignature,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register_worker(who, peer, country, capacity, proof_of_peer)
        }

        /// Changes what a worker declares; `None` keeps a value. The bond follows the capacity. The country can change
        /// only while the worker holds no slot.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update_worker())]
        pub fn update_worker(
            origin: OriginFor<T>,
            worker: WorkerId,
            country: Option<Country>,
            capacity: Option<u64>,
            accepting: Option<bool>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_update_worker(who, worker, country, capacity, accepting)
        }

        /// Removes a worker that holds no slot, and returns its bond and the pay that was held back. A worker that has
        /// left must first stay for a number of blocks, so that others can copy from it.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::exit_worker())]
        pub fn exit_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_exit_worker(who, worker)
        }

        /// Opens a group, against a deposit, when no open group of the profile has room. The chain fills it within a
        /// few blocks.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::open_group(T::MaxOpenGroups::get()))]
        pub fn open_group(origin: OriginFor<T>, profile: ProfileId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_open_group(who, profile)
        }

        /// Registers a batch for which a quorum of the group's members has signed receipts, and pays for it until
        /// `expiry`. The call is valid up to block `valid_until`, as are the receipts.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::store(receipts.len().saturated_into()))]
        pub fn store(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            batch: BatchSummary,
            valid_until: BlockNumber,
            receipts: BoundedVec<Receipt, ConstU32<MAX_SLOTS>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_store(who, group, expiry, batch, valid_until, receipts)
        }

        /// Deletes an object of a batch early. The owner proves that the batch is leaf `leaf_index` of the range and
        /// the object its entry `entry_index`. Neither space nor money is returned before the expiry; a deposit is held
        /// until then.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::tombstone())]
        pub fn tombstone(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            leaf_index: u64,
            leaf: RangeLeaf,
            leaf_proof: RangeLeafProof,
            entry_index: u32,
            entry: BatchEntry,
            entry_proof: SumProof,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let place = ObjectPlace { group, expiry, leaf_index, entry_index };
            Self::do_tombstone(who, place, leaf, leaf_proof, entry, entry_proof)
        }

        /// Drops expired ranges of a group and their tombstones, a bounded number for each call. Any account may call
        /// this; repeat it while it succeeds.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::roll_group())]
        pub fn roll_group(origin: OriginFor<T>, group: GroupId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_roll_group(group)
        }

        /// Changes the parameters for future purchases, bonds and groups. `max_epochs` must be from 1 to
        /// [`Config::MaxRanges`], `min_capacity` at least 1. Root only.
        #[pallet::call_index(7)]
        #[pallet::weight((T::WeightInfo::set_params(), DispatchClass::Operational))]
        pub fn set_params(origin: OriginFor<T>, params: Params) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_params(params)
        }

        /// Queues a group with a vacant slot to be filled, after earlier attempts have failed. Any account may call
        /// this.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::fill_group(T::MaxFillQueue::get()))]
        pub fn fill_group(origin: OriginFor<T>, group: GroupId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_fill_group(group)
        }

        /// Proves that a worker holds the bytes that the current period's challenge samples, and pays it. Only its
        /// operator may call this; the fee is refunded if the proof is accepted.
        #[pallet::call_index(9)]
        #[pallet::weight({
            let answers = proof.answers.len().saturated_into();
            (Pallet::<T>::prove_weight(answers, T::MaxSlots::get(), answers), DispatchClass::Operational)
        })]
        pub fn prove(
            origin: OriginFor<T>,
            worker: WorkerId,
            period: Period,
            proof: AuditProof,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            Self::do_prove(who, worker, period, proof)
        }

        /// Expels a worker that has missed too many periods: it loses its slots and its bond, and the caller gets a
        /// share of the bond.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::report(T::MaxSlots::get()))]
        pub fn report(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_report(who, worker)
        }

        /// Starts to hand over a worker's slots, so that it can exit without loss. Until then it must continue to prove
        /// what it holds. [`Call::update_worker`] with `accepting` cancels this.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::leave(T::MaxSlots::get()))]
        pub fn leave(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_leave(who, worker)
        }

        /// Registers the batch at leaf `leaf_index` of a range again, until the later expiry `until`, and pays for it.
        /// Any account may call this.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::renew())]
        pub fn renew(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            leaf_index: u64,
            leaf: RangeLeaf,
            leaf_proof: RangeLeafProof,
            until: Epoch,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let place = RegisteredBatch { group, expiry, leaf_index, leaf };
            Self::do_renew(&who, place, &leaf_proof, until)
        }

        /// Opens an automatic renewal of the batch at leaf `leaf_index` of a range with `amount` prepaid: in the last
        /// epoch before its expiry the batch is renewed for `epochs` more, as long as a GiB in one slot costs at most
        /// `max_price` for an epoch and the balance lasts. Any account may call this, also for another's batch. A
        /// deposit is held in addition.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::prepay())]
        pub fn prepay(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            leaf_index: u64,
            leaf: RangeLeaf,
            leaf_proof: RangeLeafProof,
            epochs: u32,
            max_price: Balance,
            amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let place = RegisteredBatch { group, expiry, leaf_index, leaf };
            Self::do_prepay(who, place, &leaf_proof, RenewalTerms { epochs, max_price }, amount)
        }

        /// Adds to the prepaid balance of an automatic renewal. Any account may call this; what is left at the end goes
        /// to the payer.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::top_up())]
        pub fn top_up(origin: OriginFor<T>, id: AutoRenewalId, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_top_up(who, id, amount)
        }

        /// Renews a batch from its prepaid balance, once the last epoch before its expiry has begun. Any account may
        /// call this: the caller is paid the fee of this call and a quarter more.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::auto_renew())]
        pub fn auto_renew(origin: OriginFor<T>, id: AutoRenewalId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_auto_renew(&who, id)
        }

        /// Closes an automatic renewal and returns the remaining balance and the deposit to the payer. The payer may
        /// call this at any time, any account once the batch has expired.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::cancel_auto_renewal())]
        pub fn cancel_auto_renewal(origin: OriginFor<T>, id: AutoRenewalId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel_auto_renewal(&who, id)
        }
    }
}
