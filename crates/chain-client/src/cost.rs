//! What a call takes from the signer's account beside the fee: deposits, bonds, prices, transfers.

use crate::types::Call;
use meganet_primitives::{Balance, Epoch, chain::StorageParams, name::NameParams, pay};

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
    /// Prices and deposits of names.
    pub names: &'a NameParams,
    /// What a [`Call::RegisterName`] pays because somebody let the name lapse a short while ago, planck.
    pub premium: Balance,
    /// Whether what a [`Call::SetNameRecord`] or [`Call::SetSubname`] writes takes no further deposit of the signer: it is
    /// there already, or the owner pays.
    pub held: bool,
    /// Deposit of a tombstone, planck.
    pub tombstone_deposit: Balance,
    /// Slots of the group that a [`Call::Store`] or [`Call::Renew`] names.
    pub slots: u8,
}

/// What a call takes, in planck.
pub fn call_cost(call: &Call, prices: &Prices<'_>) -> Balance {
    let params = prices.params;
    match call {
        Call::CommitName { .. } => prices.names.record_deposit,
        Call::RegisterName { label, years, .. } => {
            let rent = prices.names.rent(label.len(), *years);
            rent.saturating_add(prices.premium).saturating_add(prices.names.deposit)
        }
        Call::RenewName { label, years } => prices.names.rent(label.len(), *years),
        Call::SetNameRecord { value: Some(_), .. } | Call::SetSubname { .. } if !prices.held => {
            prices.names.record_deposit
        }
        Call::RegisterWorker { capacity, .. } => worker_bond(params, *capacity),
        Call::OpenGroup { .. } => params.group_deposit,
        Call::Store { expiry, batch, .. } => store_price(params, batch.bytes, prices.slots, *expiry),
        // From the new epochs on only: those up to its present expiry are paid.
        Call::Renew { expiry, leaf, until, .. } => {
            let epochs = until.saturating_sub((*expiry).max(params.epoch));
            store_price(params, leaf.batch.bytes, prices.slots, params.epoch.saturating_add(epochs))
        }
        Call::Prepay { amount, .. } => amount.saturating_add(params.renewal_deposit),
        Call::Tombstone { .. } => prices.tombstone_deposit,
        Call::Transfer { amount, .. } | Call::TopUp { amount, .. } => *amount,
        // More capacity needs more bond, but the difference depends on the worker: the runtime says so.
        Call::UpdateWorker { .. }
        | Call::CancelCommit { .. }
        | Call::SetContent { .. }
        | Call::RollbackName { .. }
        | Call::SweepName { .. }
        | Call::SetNameRecord { .. }
        | Call::SetNameDelegate { .. }
        | Call::SetSubname { .. }
        | Call::SetSubnameDelegate { .. }
        | Call::RemoveSubname { .. }
        | Call::SetReverse { .. }
        | Call::TransferName { .. }
        | Call::ReleaseName { .. }
        | Call::ExitWorker { .. }
        | Call::RollGroup { .. }
        | Call::FillGroup { .. }
        | Call::Prove { .. }
        | Call::Report { .. }
        | Call::Leave { .. }
        | Call::AutoRenew { .. }
        | Call::CancelAutoRenewal { .. } => 0,
    }
}

/// What a call needs money for, as it stands in an error.
pub fn purpose(calls: &[Call]) -> &'static str {
    match calls {
        [Call::CommitName { .. } | Call::CancelCommit { .. }]
        | [Call::CancelCommit { .. }, Call::CommitName { .. }] => "the deposit of the commitment and the fee",
        [Call::RegisterName { .. }] => {
            "the rent of the name, its deposit, a premium where it has just lapsed, and the fee"
        }
        [Call::RenewName { .. }] => "the rent of the name and the fee",
        [Call::SetNameRecord { .. } | Call::SetSubname { .. }] => "the deposit of what the name says and the fee",
        [Call::RegisterWorker { .. }] => "the worker's bond and the fee",
        [Call::OpenGroup { .. }] => "the group's deposit and the fee",
        [Call::Store { .. } | Call::Renew { .. }] => "storage and the fee",
        [Call::Tombstone { .. }] => "the tombstone's deposit and the fee",
        [Call::Prepay { .. }] => "what is prepaid, the deposit of the automatic renewal and the fee",
        [Call::TopUp { .. }] => "what is prepaid and the fee",
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
            renewal_deposit: 3,
            renewal_fee: 2,
        }
    }

    pub(crate) fn names() -> NameParams {
        NameParams {
            min_commit_age: 2,
            max_commit_age: 50,
            year: 1_000,
            grace: 100,
            premium: 80,
            halving: 10,
            premium_start: 1_000,
            rent: [400, 300, 200, 100],
            deposit: 10,
            record_deposit: 1,
        }
    }

    #[test]
    fn names_cost_rent_premium_and_deposits() {
        let (params, names) = (params(), names());
        let prices = Prices { params: &params, names: &names, premium: 7, held: false, tombstone_deposit: 0, slots: 0 };
        let label = || "abcd".to_owned();
        let cost = |call: &Call, held| call_cost(call, &Prices { held, ..prices });
        assert_eq!(cost(&Call::RegisterName { label: label(), years: 2, secret: [0; 32] }, false), 617);
        assert_eq!(cost(&Call::RenewName { label: label(), years: 3 }, false), 900);
        assert_eq!(cost(&Call::CommitName { commitment: [0; 32] }, false), 1);
        let record = |value| Call::SetNameRecord {
            label: label(),
            key: meganet_primitives::name::RecordKey::EncryptionKey,
            value,
        };
        let value = meganet_primitives::name::RecordValue::default();
        assert_eq!(cost(&record(Some(value.clone())), false), 1);
        assert_eq!(cost(&record(Some(value)), true), 0);
        assert_eq!(cost(&record(None), false), 0);
        let sub = Call::SetSubname { label: label(), sub: "b".to_owned(), content: None };
        assert_eq!((cost(&sub, false), cost(&sub, true)), (1, 0));
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
