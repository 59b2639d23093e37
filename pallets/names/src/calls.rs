//! The calls. Each call checks its origin and hands over to the file of its subject. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers a free or lapsed label for `years` years. The signer must have committed to it with `secret`.
        /// Burns the rent and the premium, if there is one, holds the deposit, and returns the deposit of the
        /// commitment.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn register(origin: OriginFor<T>, label: Label, years: u32, secret: Secret) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::register(records, subnames);
            Self::do_register(who, label, years, &secret).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Sets the content of a name, or clears it with `None`. The owner and the delegates may call this.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_content())]
        pub fn set_content(origin: OriginFor<T>, label: Label, content: Option<NameContent>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_content(&who, label, content)
        }

        /// Transfers a name with its records, subnames and deposits to another account, which pays nothing. Delegates
        /// lose their access, and address and encryption-key records become invalid.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(origin: OriginFor<T>, label: Label, new_owner: AccountId32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_transfer(who, label, new_owner)
        }

        /// Releases a name, which is free at once, and returns its deposits. The unused rent is lost.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::release(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn release(origin: OriginFor<T>, label: Label) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::release(records, subnames);
            Self::do_release(who, label).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Commits to registering a label without revealing it. Holds a deposit.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::commit())]
        pub fn commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_commit(who, commitment)
        }

        /// Cancels a commitment of any age and returns its deposit.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::cancel_commit())]
        pub fn cancel_commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel_commit(who, commitment)
        }

        /// Pays the rent for further years of a name that has not lapsed. Any account may call this. The rent is
        /// burned.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::renew())]
        pub fn renew(origin: OriginFor<T>, label: Label, years: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_renew(who, label, years)
        }

        /// Sets the content of a name to that of an earlier version in its history. The owner and the delegates may
        /// call this.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::rollback())]
        pub fn rollback(origin: OriginFor<T>, label: Label, version: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_rollback(&who, label, version)
        }

        /// Removes a lapsed name whose premium is over from the state. Any account may call this.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::sweep(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn sweep(origin: OriginFor<T>, label: Label) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::sweep(records, subnames);
            Self::do_sweep(label).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Writes a record of a name, or removes it with `None`. The owner and the delegates may call this. A deposit
        /// is held from the owner for each record, and returned when it is removed.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::set_record())]
        pub fn set_record(
            origin: OriginFor<T>,
            label: Label,
            key: RecordKey,
            value: Option<RecordValue>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_record(&who, label, key, value)
        }

        /// Allows an account to write content, records and subnames of a name, or revokes that. Only the owner may call
        /// this.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::set_delegate())]
        pub fn set_delegate(
            origin: OriginFor<T>,
            label: Label,
            delegate: AccountId32,
            allowed: bool,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_delegate(&who, label, delegate, allowed)
        }

        /// Sets the content of a subname, and creates it if necessary, against a deposit of the owner. The owner and
        /// the delegates of the name may call this, and the delegate of an existing subname.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::set_subname())]
        pub fn set_subname(
            origin: OriginFor<T>,
            label: Label,
            sub: Label,
            content: Option<NameContent>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_subname(&who, label, sub, content)
        }

        /// Sets the one account that may write the content of a subname, in addition to those that may for the name.
        /// `None` revokes that. Only the owner of the name may call this.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::set_subname_delegate())]
        pub fn set_subname_delegate(
            origin: OriginFor<T>,
            label: Label,
            sub: Label,
            delegate: Option<AccountId32>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_subname_delegate(&who, label, sub, delegate)
        }

        /// Removes a subname and returns its deposit. Only the owner of the name may call this.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::remove_subname())]
        pub fn remove_subname(origin: OriginFor<T>, label: Label, sub: Label) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_remove_subname(&who, label, sub)
        }

        /// Sets the name that stands for the signer, which must own it; `None` removes it.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::set_reverse())]
        pub fn set_reverse(origin: OriginFor<T>, label: Option<Label>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_reverse(who, label)
        }

        /// Reserves a label and its look-alikes, or frees them. Names that are already registered are not affected.
        /// Root only.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::set_reserved())]
        pub fn set_reserved(origin: OriginFor<T>, label: Label, reserved: bool) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_reserved(label, reserved)
        }

        /// Changes prices and times, also for existing names. Root only.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: NameParams) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_params(params)
        }
    }
}
