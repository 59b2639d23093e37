//! The first state, the parameters that root may change, and the check of the runtime's constants.

use crate::{Config, CurrentParams, Error, Event, GenesisConfig, Label, Pallet, WeightInfo};
use frame_support::{
    dispatch::DispatchClass, ensure, pallet_macros::pallet_section, pallet_prelude::DispatchResult, traits::Get,
};
use meganet_primitives::name::{MAX_LABEL, MAX_RECORDS, MAX_SUBNAMES, NameParams};

#[pallet_section]
mod genesis_config {
    /// The state at genesis.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// A commitment must be so many blocks old before the name is registered.
        pub min_commit_age: BlockNumber,
        /// And may not be older.
        pub max_commit_age: BlockNumber,
        /// What a rent pays for, in blocks.
        pub year: BlockNumber,
        /// For so many blocks a name works after it has run out.
        pub grace: BlockNumber,
        /// For so many blocks after its grace a name costs a premium.
        pub premium: BlockNumber,
        /// The premium halves every so many blocks.
        pub halving: BlockNumber,
        /// The premium when the grace ends, in planck.
        pub premium_start: Balance,
        /// The rent of a year for labels of 3, of 4, of 5, and of more characters, in planck.
        pub rent: [Balance; 4],
        /// Held for a name, in planck.
        pub deposit: Balance,
        /// Held for each record, each name below a name and each commitment, in planck.
        pub record_deposit: Balance,
        /// Labels that nobody can register, nor what looks like them.
        pub reserved: Vec<String>,
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let live = NameParams::default();
            Self {
                min_commit_age: live.min_commit_age,
                max_commit_age: live.max_commit_age,
                year: live.year,
                grace: live.grace,
                premium: live.premium,
                halving: live.halving,
                premium_start: live.premium_start,
                rent: live.rent,
                deposit: live.deposit,
                record_deposit: live.record_deposit,
                reserved: RESERVED.iter().map(|&label| label.into()).collect(),
                _config: PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(self);
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Writes the first state.
    ///
    /// # Panics
    /// If the values contradict each other: such a chain must not begin.
    pub(crate) fn build_genesis(genesis: &GenesisConfig<T>) {
        let params = NameParams {
            min_commit_age: genesis.min_commit_age,
            max_commit_age: genesis.max_commit_age,
            year: genesis.year,
            grace: genesis.grace,
            premium: genesis.premium,
            halving: genesis.halving,
            premium_start: genesis.premium_start,
            rent: genesis.rent,
            deposit: genesis.deposit,
            record_deposit: genesis.record_deposit,
        };
        assert!(
            params.are_sound(),
            "names: the ages of commitments, the year, the halving or the deposits are out of bounds"
        );
        CurrentParams::<T>::put(params);
        for label in &genesis.reserved {
            assert!(Self::reserve(label), "names.reserved: {label:?} can't be a name");
        }
    }

    pub(crate) fn do_set_params(params: NameParams) -> DispatchResult {
        ensure!(params.are_sound(), Error::<T>::BadParams);
        CurrentParams::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }

    /// Checks the runtime's constants, when the runtime is tested.
    ///
    /// # Panics
    /// If one of them can't work.
    pub(crate) fn check_config() {
        assert_eq!(Label::bound(), MAX_LABEL, "labels are stored whole");
        assert!(NameParams::default().are_sound(), "the live values agree with each other");
        let limits = T::BlockWeights::get();
        let worst = [
            T::WeightInfo::register(MAX_RECORDS, MAX_SUBNAMES),
            T::WeightInfo::release(MAX_RECORDS, MAX_SUBNAMES),
            T::WeightInfo::sweep(MAX_RECORDS, MAX_SUBNAMES),
        ];
        if let Some(most) = limits.get(DispatchClass::Normal).max_extrinsic {
            for weight in worst {
                assert!(weight.all_lte(most), "a call that fits into no block");
            }
        }
        let [_, _, sweep] = worst;
        assert!(
            T::WeightInfo::sweep_base().saturating_add(sweep).all_lte(limits.max_block.saturating_div(4)),
            "sweeping a name takes more than a quarter of a block"
        );
    }
}
