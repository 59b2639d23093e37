//! Weights for `pallet_names`.
//!
//! Counted by hand, on the safe side, until `scripts/bench weights` has measured them: 30 µs for a call and 4 µs for each
//! item that it reads or writes, which is about twice what calls of the same kind were measured to take.

#![cfg_attr(rustfmt, rustfmt_skip)]
// What is generated depends on the figures: a slope of zero leaves its component unused.
#![allow(missing_docs, unused_imports, unused_variables)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions needed for `pallet_names`.
pub trait WeightInfo {
    fn register(r: u32, s: u32, ) -> Weight;
    fn set_content() -> Weight;
    fn transfer() -> Weight;
    fn release(r: u32, s: u32, ) -> Weight;
    fn commit() -> Weight;
    fn cancel_commit() -> Weight;
    fn renew() -> Weight;
    fn rollback() -> Weight;
    fn sweep(r: u32, s: u32, ) -> Weight;
    fn sweep_base() -> Weight;
    fn set_record() -> Weight;
    fn set_delegate() -> Weight;
    fn set_subname() -> Weight;
    fn set_subname_delegate() -> Weight;
    fn remove_subname() -> Weight;
    fn set_reverse() -> Weight;
    fn set_reserved() -> Weight;
    fn set_params() -> Weight;
}

/// Weights for `pallet_names` on this chain's node.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// The range of component `r` is `[0, 32]`.
    /// The range of component `s` is `[0, 128]`.
    fn register(r: u32, s: u32, ) -> Weight {
        Weight::from_parts(154_000_000, 0)
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(r.into()))
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(r.into())))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(17))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(r.into())))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(s.into())))
    }
    fn set_content() -> Weight {
        Weight::from_parts(62_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    fn transfer() -> Weight {
        Weight::from_parts(114_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(12))
    }
    /// The range of component `r` is `[0, 32]`.
    /// The range of component `s` is `[0, 128]`.
    fn release(r: u32, s: u32, ) -> Weight {
        Weight::from_parts(118_000_000, 0)
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(r.into()))
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(r.into())))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(13))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(r.into())))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(s.into())))
    }
    fn commit() -> Weight {
        Weight::from_parts(58_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    fn cancel_commit() -> Weight {
        Weight::from_parts(54_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    fn renew() -> Weight {
        Weight::from_parts(66_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    fn rollback() -> Weight {
        Weight::from_parts(62_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    /// The range of component `r` is `[0, 32]`.
    /// The range of component `s` is `[0, 128]`.
    fn sweep(r: u32, s: u32, ) -> Weight {
        Weight::from_parts(118_000_000, 0)
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(r.into()))
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(r.into())))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(13))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(r.into())))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(s.into())))
    }
    fn sweep_base() -> Weight {
        Weight::from_parts(58_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn set_record() -> Weight {
        Weight::from_parts(86_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    fn set_delegate() -> Weight {
        Weight::from_parts(46_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn set_subname() -> Weight {
        Weight::from_parts(86_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    fn set_subname_delegate() -> Weight {
        Weight::from_parts(46_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn remove_subname() -> Weight {
        Weight::from_parts(78_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    fn set_reverse() -> Weight {
        Weight::from_parts(46_000_000, 0)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn set_reserved() -> Weight {
        Weight::from_parts(34_000_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn set_params() -> Weight {
        Weight::from_parts(34_000_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
}

// For tests.
impl WeightInfo for () {
    fn register(r: u32, s: u32, ) -> Weight {
        Weight::from_parts(154_000_000, 0)
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(r.into()))
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(s.into()))
    }
    fn set_content() -> Weight {
        Weight::from_parts(62_000_000, 0)
    }
    fn transfer() -> Weight {
        Weight::from_parts(114_000_000, 0)
    }
    fn release(r: u32, s: u32, ) -> Weight {
        Weight::from_parts(118_000_000, 0)
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(r.into()))
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(s.into()))
    }
    fn commit() -> Weight {
        Weight::from_parts(58_000_000, 0)
    }
    fn cancel_commit() -> Weight {
        Weight::from_parts(54_000_000, 0)
    }
    fn renew() -> Weight {
        Weight::from_parts(66_000_000, 0)
    }
    fn rollback() -> Weight {
        Weight::from_parts(62_000_000, 0)
    }
    fn sweep(r: u32, s: u32, ) -> Weight {
        Weight::from_parts(118_000_000, 0)
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(r.into()))
            .saturating_add(Weight::from_parts(8_000_000, 0).saturating_mul(s.into()))
    }
    fn sweep_base() -> Weight {
        Weight::from_parts(58_000_000, 0)
    }
    fn set_record() -> Weight {
        Weight::from_parts(86_000_000, 0)
    }
    fn set_delegate() -> Weight {
        Weight::from_parts(46_000_000, 0)
    }
    fn set_subname() -> Weight {
        Weight::from_parts(86_000_000, 0)
    }
    fn set_subname_delegate() -> Weight {
        Weight::from_parts(46_000_000, 0)
    }
    fn remove_subname() -> Weight {
        Weight::from_parts(78_000_000, 0)
    }
    fn set_reverse() -> Weight {
        Weight::from_parts(46_000_000, 0)
    }
    fn set_reserved() -> Weight {
        Weight::from_parts(34_000_000, 0)
    }
    fn set_params() -> Weight {
        Weight::from_parts(34_000_000, 0)
    }
}
