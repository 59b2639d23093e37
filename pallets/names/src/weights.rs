//! Weights for `pallet_names`.
//!
//! Not measured yet: each value is a floor of execution time plus the reads and writes counted from the code. The file has
//! the shape of the SDK's generated ones, whose place it keeps.

#![allow(missing_docs)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions needed for `pallet_names`.
pub trait WeightInfo {
    fn register() -> Weight;
    fn set_content() -> Weight;
    fn transfer() -> Weight;
    fn release() -> Weight;
}

/// Weights for `pallet_names` on this chain's node.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Storage: `Names::Names` (r:1 w:1), `Names::Skeletons` (r:1 w:1), `Names::Owned` (r:0 w:1), `Balances::Holds`
    /// (r:1 w:1), `System::Account` (r:1 w:1)
    fn register() -> Weight {
        Weight::from_parts(80_000_000, 7_000).saturating_add(T::DbWeight::get().reads_writes(4, 5))
    }
    /// Storage: `Names::Names` (r:1 w:1)
    fn set_content() -> Weight {
        Weight::from_parts(30_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    /// Storage: `Names::Names` (r:1 w:1), `Names::Skeletons` (r:1 w:1), `Names::Owned` (r:0 w:2), `Balances::Holds`
    /// (r:2 w:2), `System::Account` (r:2 w:2)
    fn transfer() -> Weight {
        Weight::from_parts(120_000_000, 10_000).saturating_add(T::DbWeight::get().reads_writes(6, 8))
    }
    /// Storage: `Names::Names` (r:1 w:1), `Names::Skeletons` (r:1 w:1), `Names::Owned` (r:0 w:1), `Balances::Holds`
    /// (r:1 w:1), `System::Account` (r:1 w:1)
    fn release() -> Weight {
        Weight::from_parts(80_000_000, 7_000).saturating_add(T::DbWeight::get().reads_writes(4, 5))
    }
}

// For tests.
impl WeightInfo for () {
    fn register() -> Weight {
        Weight::from_parts(80_000_000, 7_000)
    }
    fn set_content() -> Weight {
        Weight::from_parts(30_000_000, 4_000)
    }
    fn transfer() -> Weight {
        Weight::from_parts(120_000_000, 10_000)
    }
    fn release() -> Weight {
        Weight::from_parts(80_000_000, 7_000)
    }
}
