//! The genesis state, the parameters that root may change, and the check of the runtime's constants.

use crate::{Config, CurrentParams, Error, Event, Fixed, FixedParams, GenesisConfig, Pallet, Params, WeightInfo};
use frame_support::{
    dispatch::DispatchClass,
    pallet_macros::pallet_section,
    pallet_prelude::DispatchResult,
    traits::{
        Get,
        fungible::{Inspect, Mutate},
    },
};
use meganet_primitives::{
    audit::{MAX_SAMPLES, Schedule},
    pay::MILLION,
    placement::{MAX_SLOTS, ProfileId},
};

#[pallet_section]
mod genesis_config {
    /// The state at genesis.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Blocks of a storage epoch, at least 1. Fixed for the life of the chain.
        pub epoch_blocks: u32,
        /// Bytes of a slot, by profile. Fixed for the life of the chain.
        pub slot_capacity: [u64; 4],
        /// The number of epochs for which storage can be bought in advance; at most [`Config::MaxRanges`].
        pub max_epochs: u32,
        /// Blocks of an audit period; an epoch is a whole number of them. Fixed for the life of the chain.
        pub period_blocks: u32,
        /// Blocks within which a challenge must be answered. Fixed for the life of the chain.
        pub window_blocks: u32,
        /// Bytes sampled by a challenge. Fixed for the life of the chain.
        pub samples: u8,
        /// Initial price of one GiB (of shard bytes, all n shards counted) for one epoch, in planck.
        pub price_per_gib_epoch: Balance,
        /// How the price is adjusted.
        pub curve: PriceCurve,
        /// The consequences of missed audits, and how workers are paid.
        pub audit: AuditParams,
        /// Deposit for opening a group, in planck.
        pub group_deposit: Balance,
        /// Bond of a worker for each GiB of its capacity, in planck.
        pub bond_per_gib: Balance,
        /// Minimum bond, in planck.
        pub min_bond: Balance,
        /// Minimum capacity of a worker, in bytes.
        pub min_capacity: u64,
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let fixed = FixedParams::default();
            let params = Params::default();
            Self {
                epoch_blocks: fixed.epoch_blocks,
                slot_capacity: fixed.slot_capacity,
                max_epochs: params.max_epochs.min(T::MaxRanges::get()),
                period_blocks: fixed.schedule.period_blocks,
                window_blocks: fixed.schedule.window_blocks,
                samples: fixed.schedule.samples,
                price_per_gib_epoch: params.price_per_gib_epoch,
                curve: params.curve,
                audit: params.audit,
                group_deposit: params.group_deposit,
                bond_per_gib: params.bond_per_gib,
                min_bond: params.min_bond,
                min_capacity: params.min_capacity,
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
    /// If the values contradict each other or the runtime's limits: such a chain must not start.
    pub(crate) fn build_genesis(genesis: &GenesisConfig<T>) {
        let schedule = Schedule {
            period_blocks: genesis.period_blocks,
            window_blocks: genesis.window_blocks,
            samples: genesis.samples,
        };
        let fixed = FixedParams { epoch_blocks: genesis.epoch_blocks, slot_capacity: genesis.slot_capacity, schedule };
        assert!(fixed.epoch_blocks > 0, "storage.epochBlocks must be at least 1");
        assert!(fixed.smallest_slot() > 0, "storage.slotCapacity must be at least 1 byte for every profile");
        assert!(
            schedule.is_sound(),
            "storage.periodBlocks must have place for four blocks, a challenge and its window"
        );
        assert!(
            fixed.epoch_blocks.is_multiple_of(schedule.period_blocks),
            "storage.epochBlocks must be a multiple of storage.periodBlocks"
        );
        let params = Params {
            max_epochs: genesis.max_epochs,
            price_per_gib_epoch: genesis.price_per_gib_epoch,
            curve: genesis.curve,
            audit: genesis.audit,
            group_deposit: genesis.group_deposit,
            bond_per_gib: genesis.bond_per_gib,
            min_bond: genesis.min_bond,
            min_capacity: genesis.min_capacity,
        };
        assert!(Self::are_sound(&params), "storage.maxEpochs or storage.minCapacity is out of bounds");
        Fixed::<T>::put(fixed);
        CurrentParams::<T>::put(params);

        // The pot must exist before the first payment, which may be smaller than the existential deposit.
        let pot = Self::pot();
        let minimum = T::Currency::minimum_balance();
        if T::Currency::balance(&pot) < minimum {
            let minted = T::Currency::mint_into(&pot, minimum);
            assert!(minted.is_ok(), "the pot takes its existential deposit at genesis");
        }
    }

    pub(crate) fn do_set_params(params: Params) -> DispatchResult {
        frame_support::ensure!(Self::are_sound(&params), Error::<T>::BadParams);
        CurrentParams::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }

    /// Returns true if parameters are consistent with each other and within the runtime's limits.
    pub(crate) fn are_sound(params: &Params) -> bool {
        let Params { curve, audit, .. } = params;
        (1..=T::MaxRanges::get()).contains(&params.max_epochs)
            && params.min_capacity > 0
            && curve.floor <= curve.ceiling
            && curve.target_ppm <= MILLION
            && curve.step_ppm <= MILLION
            && audit.misses > 0
            && audit.proofs_per_miss > 0
            && audit.excuses > 0
            && audit.bounty_ppm <= MILLION
    }

    /// Checks the runtime's constants. Called by its tests.
    ///
    /// # Panics
    /// If one of them is out of bounds.
    pub(crate) fn check_config() {
        assert!(T::MaxRanges::get() > 0, "a group needs ranges");
        assert!(T::MaxOpenGroups::get() > 0, "a profile needs open groups");
        assert!(T::MaxFillQueue::get() > 0, "groups must be able to wait");
        assert!(T::MaxSlots::get() > 0, "a worker must be able to hold a slot");
        assert!(T::MaxFillAttempts::get() > 0, "a group must be tried");
        assert!(T::FillDelay::get() >= 2, "the randomness must be unknown when a group is asked for");
        assert!(T::TombstoneDeposit::get() > 0, "a tombstone without a deposit would be free state");
        assert!(T::AutoRenewalDeposit::get() > 0, "an automatic renewal without a deposit would be free state");
        for id in ProfileId::ALL {
            let profile = id.profile();
            let n = u32::from(profile.n);
            assert!(n <= MAX_SLOTS, "{id}: more slots than a bitmap has bits");
            assert!(n <= T::FillWindow::get(), "{id}: a window too small to fill a group");
            assert!(profile.quorum() >= profile.k, "{id}: a quorum could not rebuild an object");
            assert!(profile.quorum() <= profile.n, "{id}: a quorum larger than the group");
        }
        let limits = T::BlockWeights::get();
        if let Some(most) = limits.get(DispatchClass::Normal).max_extrinsic {
            let calls = [
                T::WeightInfo::store(MAX_SLOTS),
                T::WeightInfo::roll_group(),
                T::WeightInfo::tombstone(),
                T::WeightInfo::open_group(T::MaxOpenGroups::get()),
                T::WeightInfo::report(T::MaxSlots::get()),
                T::WeightInfo::leave(T::MaxSlots::get()),
                T::WeightInfo::renew(),
                T::WeightInfo::prepay(),
                T::WeightInfo::auto_renew(),
                // It fits into the smaller dispatch class, so it fits into its own.
                Self::prove_weight(MAX_SAMPLES, T::MaxSlots::get(), MAX_SAMPLES),
            ];
            for weight in calls {
                assert!(weight.all_lte(most), "a call that fits into no block");
            }
        }
        let fill = T::WeightInfo::fill_step(T::FillWindow::get());
        assert!(
            fill.all_lte(limits.max_block.saturating_div(4)),
            "filling a group takes more than a quarter of a block"
        );
    }
}
