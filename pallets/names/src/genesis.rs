//! The genesis state, the parameters that root may change, and the check of the runtime's constants.

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
        /// Prices and times.
        pub params: NameParams,
        /// Labels that cannot be registered; neither can their look-alikes.
        pub reserved: Vec<String>,
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                params: NameParams::default(),
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
    /// Writes the genesis state.
    ///
    /// # Panics
    /// If the values contradict each other: such a chain must not start.
    pub(crate) fn build_genesis(genesis: &GenesisConfig<T>) {
        assert!(
            genesis.params.are_sound(),
            "names.params: the ages of commitments, the year, the halving or the deposits are out of bounds"
        );
        CurrentParams::<T>::put(genesis.params);
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

    /// Checks the runtime's constants. Called by its tests.
    ///
    /// # Panics
    /// If one of them is out of bounds.
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
