//! Weights for `pallet_storage`.
//!
//! Not measured yet: each value is a floor of execution time plus the reads and writes counted from the code. The file has
//! the shape of the SDK's generated ones, whose place it keeps.

#![allow(missing_docs)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions needed for `pallet_storage`.
pub trait WeightInfo {
    fn register_worker() -> Weight;
    fn update_worker() -> Weight;
    fn exit_worker() -> Weight;
    fn open_group(o: u32) -> Weight;
    fn store(r: u32) -> Weight;
    fn tombstone() -> Weight;
    fn roll_group() -> Weight;
    fn set_params() -> Weight;
    fn fill_group(q: u32) -> Weight;
    fn fill_idle() -> Weight;
    fn fill_step(c: u32) -> Weight;
    fn begin_block() -> Weight;
    fn prove(a: u32, s: u32) -> Weight;
    fn report(s: u32) -> Weight;
    fn leave(s: u32) -> Weight;
    fn renew() -> Weight;
}

/// Weights for `pallet_storage` on this chain's node.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Params, WorkerByPeer, genesis hash, NextWorker, Total, Holds, Account, Fixed, EligibleAt, EligibleCount; one
    /// signature.
    fn register_worker() -> Weight {
        Weight::from_parts(180_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(10, 9))
    }
    /// Worker, Params, Holds, Account, Total, Fixed, EligibleAt, EligibleCount, Eligible.
    fn update_worker() -> Weight {
        Weight::from_parts(100_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(9, 9))
    }
    /// Worker, Holds, Account, EligibleAt, EligibleCount, Eligible, WorkerByPeer, Total.
    fn exit_worker() -> Weight {
        Weight::from_parts(100_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(8, 10))
    }
    /// OpenGroups, its `o` groups, NextGroup, Params, Holds, Account, Fixed, FillQueue, Total, Groups.
    fn open_group(o: u32) -> Weight {
        Weight::from_parts(120_000_000, 12_000)
            .saturating_add(Weight::from_parts(6_000_000, 3_000).saturating_mul(o.into()))
            .saturating_add(T::DbWeight::get().reads_writes(9, 9))
            .saturating_add(T::DbWeight::get().reads(o.into()))
    }
    /// Params, Fixed, Group, RangesOf, two expired ranges, Stale, OpenGroups, genesis hash, `r` workers, two accounts,
    /// Holds, Range, Total; `r` signatures.
    fn store(r: u32) -> Weight {
        Weight::from_parts(180_000_000, 30_000)
            .saturating_add(Weight::from_parts(70_000_000, 3_000).saturating_mul(r.into()))
            .saturating_add(T::DbWeight::get().reads_writes(15, 13))
            .saturating_add(T::DbWeight::get().reads(r.into()))
    }
    /// Range, Fixed, Tombstone, Holds, Account; up to 80 hashes.
    fn tombstone() -> Weight {
        Weight::from_parts(250_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(5, 4))
    }
    /// Group, Fixed, RangesOf, 8 ranges, Stale, OpenGroups, 64 tombstones with Holds and Account each.
    fn roll_group() -> Weight {
        Weight::from_parts(4_000_000_000, 400_000).saturating_add(T::DbWeight::get().reads_writes(206, 206))
    }
    /// Params.
    fn set_params() -> Weight {
        Weight::from_parts(15_000_000, 2_000).saturating_add(T::DbWeight::get().reads_writes(0, 1))
    }
    /// Group, FillQueue of `q` entries.
    fn fill_group(q: u32) -> Weight {
        Weight::from_parts(30_000_000, 4_000)
            .saturating_add(Weight::from_parts(20_000, 0).saturating_mul(q.into()))
            .saturating_add(T::DbWeight::get().reads_writes(2, 2))
    }
    /// FillQueue.
    fn fill_idle() -> Weight {
        Weight::from_parts(4_000_000, 2_000).saturating_add(T::DbWeight::get().reads_writes(1, 0))
    }
    /// FillQueue, randomness, Group, `c` candidates of which 48 get a slot: list entry and worker of each; for each slot a
    /// worker, its places in the list and its slot.
    fn fill_step(c: u32) -> Weight {
        Weight::from_parts(6_000_000_000, 60_000)
            .saturating_add(Weight::from_parts(60_000_000, 6_000).saturating_mul(c.into()))
            .saturating_add(T::DbWeight::get().reads_writes(110, 300))
            .saturating_add(T::DbWeight::get().reads(2u64.saturating_mul(c.into())))
    }
    /// Params of time and money, Beacon, Drawn, Ledger, Endings, Total.
    fn begin_block() -> Weight {
        Weight::from_parts(60_000_000, 6_000).saturating_add(T::DbWeight::get().reads_writes(10, 7))
    }
    /// Worker, randomness, `s` slots with their ranges; for each of `a` answers a range, a group and a slot.
    fn prove(a: u32, s: u32) -> Weight {
        Weight::from_parts(200_000_000, 10_000)
            .saturating_add(Weight::from_parts(120_000_000, 10_000).saturating_mul(a.into()))
            .saturating_add(Weight::from_parts(12_000_000, 6_000).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads_writes(16, 6))
            .saturating_add(T::DbWeight::get().reads_writes(
                a.saturating_mul(3).saturating_add(s.saturating_mul(2)).into(),
                a.saturating_mul(6).into(),
            ))
    }
    /// Worker, bond, pot, reporter; for each of `s` slots a group, the queue, the totals.
    fn report(s: u32) -> Weight {
        Weight::from_parts(200_000_000, 12_000)
            .saturating_add(Weight::from_parts(60_000_000, 4_000).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads_writes(12, 10))
            .saturating_add(T::DbWeight::get().reads_writes(s.saturating_mul(5).into(), s.saturating_mul(5).into()))
    }
    /// Worker; for each of `s` slots a group and the queue.
    fn leave(s: u32) -> Weight {
        Weight::from_parts(80_000_000, 6_000)
            .saturating_add(Weight::from_parts(40_000_000, 4_000).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads_writes(6, 4))
            .saturating_add(T::DbWeight::get().reads_writes(s.saturating_mul(5).into(), s.saturating_mul(5).into()))
    }
    /// As `store` without receipts, and the proof of a leaf.
    fn renew() -> Weight {
        Weight::from_parts(350_000_000, 30_000).saturating_add(T::DbWeight::get().reads_writes(18, 14))
    }
}

// For tests.
impl WeightInfo for () {
    fn register_worker() -> Weight {
        Weight::from_parts(180_000_000, 12_000)
    }
    fn update_worker() -> Weight {
        Weight::from_parts(100_000_000, 12_000)
    }
    fn exit_worker() -> Weight {
        Weight::from_parts(100_000_000, 12_000)
    }
    fn open_group(o: u32) -> Weight {
        Weight::from_parts(120_000_000, 12_000)
            .saturating_add(Weight::from_parts(6_000_000, 3_000).saturating_mul(o.into()))
    }
    fn store(r: u32) -> Weight {
        Weight::from_parts(180_000_000, 30_000)
            .saturating_add(Weight::from_parts(70_000_000, 3_000).saturating_mul(r.into()))
    }
    fn tombstone() -> Weight {
        Weight::from_parts(250_000_000, 12_000)
    }
    fn roll_group() -> Weight {
        Weight::from_parts(4_000_000_000, 400_000)
    }
    fn set_params() -> Weight {
        Weight::from_parts(15_000_000, 2_000)
    }
    fn fill_group(q: u32) -> Weight {
        Weight::from_parts(30_000_000, 4_000).saturating_add(Weight::from_parts(20_000, 0).saturating_mul(q.into()))
    }
    fn fill_idle() -> Weight {
        Weight::from_parts(4_000_000, 2_000)
    }
    fn fill_step(c: u32) -> Weight {
        Weight::from_parts(6_000_000_000, 60_000)
            .saturating_add(Weight::from_parts(60_000_000, 6_000).saturating_mul(c.into()))
    }
    fn begin_block() -> Weight {
        Weight::from_parts(60_000_000, 6_000)
    }
    fn prove(a: u32, s: u32) -> Weight {
        Weight::from_parts(200_000_000, 10_000)
            .saturating_add(Weight::from_parts(120_000_000, 10_000).saturating_mul(a.into()))
            .saturating_add(Weight::from_parts(12_000_000, 6_000).saturating_mul(s.into()))
    }
    fn report(s: u32) -> Weight {
        Weight::from_parts(200_000_000, 12_000)
            .saturating_add(Weight::from_parts(60_000_000, 4_000).saturating_mul(s.into()))
    }
    fn leave(s: u32) -> Weight {
        Weight::from_parts(80_000_000, 6_000)
            .saturating_add(Weight::from_parts(40_000_000, 4_000).saturating_mul(s.into()))
    }
    fn renew() -> Weight {
        Weight::from_parts(350_000_000, 30_000)
    }
}
