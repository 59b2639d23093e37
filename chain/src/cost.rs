//! What a call takes from the signer's account beside the fee: deposits, bonds, prices, transfers.

use crate::types::Call;
use meganet_primitives::{chain::StorageParams, pay, Balance, Epoch};

/// Bytes of a GiB, the unit of prices and bonds.
pub const GIB: u128 = 1 << 30;

/// The price of storing: `bytes` of each of `slots` shards from epoch `now` until `expiry`, what is burned included.
///
/// Saturates: an absurd order costs more than anybody has.
pub fn store_price(params: &StorageParams, bytes: u64, slots: u8, expiry: Epoch) -> Balance {
    let epochs = expiry.saturating_sub(params.epoch);
    let charged = pay::charge(params.price_per_gib_epoch, bytes, slots, epochs, params.burn_ppm);
    charged.map_or(Balance::MAX, |charged| charged.total())
}

/// The bond of a worker that lends `capacity` bytes.
pub fn worker_bond(params: &StorageParams, capacity: u64) -> Balance {
    u128::from(capacity).saturating_mul(params.bond_per_gib).div_ceil(GIB).max(params.min_bond)
}

/// What the cost of a call depends on. Only what the call needs must be right.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// Prices, bonds, the epoch.
    pub params: &'a StorageParams,
    /// Deposit of a name, planck.
    pub name_deposit: Balance,
    /// Deposit of a tombstone, planck.
    pub tombstone_deposit: Balance,
    /// Slots of the group that a [`Call::Store`] or [`Call::Renew`] names.
    pub slots: u8,
}

/// What a call takes, in planck.
pub fn call_cost(call: &Call, prices: &Prices<'_>) -> Balance {
    let params = prices.params;
    match call {
        Call::RegisterName { .. } => prices.name_deposit,
        Call::RegisterWorker { capacity, .. } => worker_bond(params, *capacity),
        Call::OpenGroup { .. } => params.group_deposit,
        Call::Store { expiry, batch, .. } => store_price(params, batch.bytes, prices.slots, *expiry),
        // From the new epochs on only: those up to its present expiry are paid.
        Call::Renew { expiry, leaf, until, .. } => {
            let epochs = until.saturating_sub((*expiry).max(params.epoch));
            store_price(params, leaf.batch.bytes, prices.slots, params.epoch.saturating_add(epochs))
        }
        Call::Tombstone { .. } => prices.tombstone_deposit,
        Call::Transfer { amount, .. } => *amount,
        // More capacity needs more bond, but the difference depends on the worker: the runtime says so.
        Call::UpdateWorker { .. }
        | Call::SetContent { .. }
        | Call::TransferName { .. }
        | Call::ReleaseName { .. }
        | Call::ExitWorker { .. }
        | Call::RollGroup { .. }
        | Call::FillGroup { .. }
        | Call::Prove { .. }
        | Call::Report { .. }
        | Call::Leave { .. } => 0,
    }
}

/// What a call needs money for, as it stands in an error.
pub fn purpose(calls: &[Call]) -> &'static str {
    match calls {
        [Call::RegisterName { .. }] => "the deposit of the name and the fee",
        [Call::RegisterWorker { .. }] => "the worker's bond and the fee",
        [Call::OpenGroup { .. }] => "the group's deposit and the fee",
        [Call::Store { .. } | Call::Renew { .. }] => "storage and the fee",
        [Call::Tombstone { .. }] => "the tombstone's deposit and the fee",
        [Call::Transfer { .. }] => "the transfer and the fee",
        [_] => "the fee",
        _ => "these calls and the fee",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn params() -> StorageParams {
        StorageParams {
            epoch: 10,
            epoch_blocks: 100,
            max_epochs: 50,
            price_per_gib_epoch: 1000,
            group_deposit: 7,
            bond_per_gib: 10,
            min_bond: 25,
            min_capacity: 1 << 30,
            slot_capacity: vec![1 << 30; 4],
            schedule: meganet_primitives::audit::Schedule { period_blocks: 20, window_blocks: 8, samples: 8 },
            tolerance: meganet_primitives::audit::Tolerance { misses: 3, proofs_per_miss: 10 },
            burn_ppm: 0,
        }
    }

    #[test]
    fn prices_round_up_and_saturate() {
        let params = params();
        assert_eq!(store_price(&params, 1, 1, 11), 1);
        assert_eq!(store_price(&params, 1 << 30, 12, 12), 24_000);
        assert_eq!(store_price(&params, 1 << 30, 12, 10), 0);
        assert_eq!(worker_bond(&params, 1), 25);
        assert_eq!(worker_bond(&params, 4 << 30), 40);
        let dear = StorageParams { price_per_gib_epoch: u128::MAX, ..params };
        assert!(store_price(&dear, u64::MAX, 64, u32::MAX) >= u128::MAX / GIB);
    }
}
