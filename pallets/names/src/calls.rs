//! The calls: each checks its origin and passes on. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Takes a label that is free, or that has lapsed, for so many years. It must have been committed to. Burns the rent,
        /// and the premium where there is one, and holds the deposit; the commitment's deposit comes back.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn register(origin: OriginFor<T>, label: Label, years: u32, secret: Secret) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::register(records, subnames);
            Self::do_register(who, label, years, &secret).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Points a name at something else, or at nothing. Its owner and its delegates may.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_content())]
        pub fn set_content(origin: OriginFor<T>, label: Label, content: Option<NameContent>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_content(&who, label, content)
        }

        /// Gives a name to another account, with all that it says and its deposits: the new owner pays nothing. Delegates lose
        /// their right, and addresses and keys no longer hold.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(origin: OriginFor<T>, label: Label, new_owner: AccountId32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_transfer(who, label, new_owner)
        }

        /// Gives a name up and returns its deposits. It is free at once. What is left of its rent is lost.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::release(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn release(origin: OriginFor<T>, label: Label) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::release(records, subnames);
            Self::do_release(who, label).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Says that a label will be registered, without showing it. Holds a deposit.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::commit())]
        pub fn commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_commit(who, commitment)
        }

        /// Takes a commitment back, whatever its age, and returns its deposit.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::cancel_commit())]
        pub fn cancel_commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel_commit(who, commitment)
        }

        /// Pays further years of a name that works. Anybody may. The rent is burned.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::renew())]
        pub fn renew(origin: OriginFor<T>, label: Label, years: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_renew(who, label, years)
        }

        /// Points a name at what it pointed at in one of its last versions. Its owner and its delegates may.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::rollback())]
        pub fn rollback(origin: OriginFor<T>, label: Label, version: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_rollback(&who, label, version)
        }

        /// Takes a name that has lapsed, and whose premium is over, out of the state. Anybody may.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::sweep(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn sweep(origin: OriginFor<T>, label: Label) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::sweep(records, subnames);
            Self::do_sweep(label).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Writes a record of a name, or removes it. Its owner and its delegates may. The owner's deposit is held for a new
        /// one, and comes back with its removal.
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

        /// Lets an account write content, records and subnames of a name, or no longer. Only its owner may.
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

        /// Makes a name below a name, against a deposit of the owner, or points it elsewhere. The owner and the delegates of
        /// the label may; the delegate of the subname may where it exists.
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

        /// Lets one account write the content of a name below a name, or nobody any more. Only the label's owner may.
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

        /// Removes a name below a name and returns its deposit. Only the label's owner may.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::remove_subname())]
        pub fn remove_subname(origin: OriginFor<T>, label: Label, sub: Label) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_remove_subname(&who, label, sub)
        }

        /// Says by which of its names the signer goes, or by none.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::set_reverse())]
        pub fn set_reverse(origin: OriginFor<T>, label: Option<Label>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_reverse(who, label)
        }

        /// Reserves a label and what looks like it, or frees it. Who owns such a name keeps it. Root only.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::set_reserved())]
        pub fn set_reserved(origin: OriginFor<T>, label: Label, reserved: bool) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_reserved(label, reserved)
        }

        /// Changes prices and times, of names that there are too. Root only.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: NameParams) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_params(params)
        }
    }
}
