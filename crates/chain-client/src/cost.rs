//! The cost of a call to the signer's account, in addition to the fee: deposits, bonds, prices, transfers.

use crate::types::{AutoRenewalCall, Call, NameCall, StorageCall, WorkerCall};
use meganet_primitives::{Balance, Epoch, chain::StorageParams, name::NameParams, pay};

/// The price of storing: `bytes` of each of `slots` shards from epoch `now` until `expiry`, including the burned part.
///
/// Saturates: an absurd order costs more than any account has.
pub fn store_price(params: &StorageParams, bytes: u64, slots: u8, expiry: Epoch) -> Balance {
    let epochs = expiry.saturating_sub(params.epoch);
    let charged = pay::charge(params.price_per_gib_epoch, bytes, slots, epochs, params.burn_ppm);
    charged.map_or(Balance::MAX, |charged| charged.total())
}

/// The bond of a worker that lends `capacity` bytes. Saturates.
pub fn worker_bond(params: &StorageParams, capacity: u64) -> Balance {
    pay::bond(capacity, params.bond_per_gib, params.min_bond).unwrap_or(Balance::MAX)
}

/// The inputs of a call's cost. Only those that the call depends on must be right.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// Prices, bonds, the epoch.
    pub params: &'a StorageParams,
    /// Prices and deposits of names.
    pub names: &'a NameParams,
    /// The premium that a [`NameCall::Register`] pays for a name that lapsed a short while ago, in planck.
    pub premium: Balance,
    /// Whether a [`NameCall::SetRecord`] or [`NameCall::SetSubname`] takes no further deposit of the signer: the record is
    /// there already, or its owner pays.
    pub held: bool,
    /// Deposit of a tombstone, in planck.
    pub tombstone_deposit: Balance,
    /// Slots of the group that a [`StorageCall::Store`] or [`StorageCall::Renew`] names.
    pub slots: u8,
}

/// The cost of a call, in planck.
pub fn call_cost(call: &Call, prices: &Prices<'_>) -> Balance {
    match call {
        Call::Name(call) => name_cost(call, prices),
        Call::Worker(WorkerCall::Register { capacity, .. }) => worker_bond(prices.params, *capacity),
        // More capacity needs more bond, but the difference depends on the worker: the runtime reports it.
        Call::Worker(_) => 0,
        Call::Storage(call) => storage_cost(call, prices),
        Call::AutoRenewal(AutoRenewalCall::Prepay { amount, .. }) => {
            amount.saturating_add(prices.params.renewal_deposit)
        }
        Call::Transfer { amount, .. } | Call::AutoRenewal(AutoRenewalCall::TopUp { amount, .. }) => *amount,
        Call::AutoRenewal(AutoRenewalCall::Renew { .. } | AutoRenewalCall::Cancel { .. }) => 0,
    }
}

fn name_cost(call: &NameCall, prices: &Prices<'_>) -> Balance {
    let names = prices.names;
    match call {
        NameCall::Commit { .. } => names.record_deposit,
        NameCall::Register { label, years, .. } => {
            names.rent(label.len(), *years).saturating_add(prices.premium).saturating_add(names.deposit)
        }
        NameCall::Renew { label, years } => names.rent(label.len(), *years),
        NameCall::SetRecord { value: Some(_), .. } | NameCall::SetSubname { .. } if !prices.held => {
            names.record_deposit
        }
        _ => 0,
    }
}

fn storage_cost(call: &StorageCall, prices: &Prices<'_>) -> Balance {
    let params = prices.params;
    match call {
        StorageCall::OpenGroup { .. } => params.group_deposit,
        StorageCall::Store { expiry, batch, .. } => store_price(params, batch.bytes, prices.slots, *expiry),
        // The epochs up to its present expiry are paid for.
        StorageCall::Renew { expiry, leaf, until, .. } => {
            let epochs = until.saturating_sub((*expiry).max(params.epoch));
            store_price(params, leaf.batch.bytes, prices.slots, params.epoch.saturating_add(epochs))
        }
        StorageCall::Tombstone { .. } => prices.tombstone_deposit,
        StorageCall::FillGroup { .. } | StorageCall::RollGroup { .. } => 0,
    }
}

/// Returns true if one of the calls registers the label: after it, the signer owns a name without records and subnames.
pub fn registers(calls: &[Call], label: &str) -> bool {
    let registers = |call: &Call| matches!(call, Call::Name(NameCall::Register { label: of, .. }) if of == label);
    calls.iter().any(registers)
}

/// Describes the costs of calls, for the error about insufficient funds.
pub fn purpose(calls: &[Call]) -> &'static str {
    match calls {
        [Call::Name(NameCall::Commit { .. } | NameCall::CancelCommit { .. })]
        | [Call::Name(NameCall::CancelCommit { .. }), Call::Name(NameCall::Commit { .. })] => {
            "the deposit of the commitment and the fee"
        }
        [Call::Name(NameCall::Register { .. })] => {
            "the rent of the name, its deposit, a premium where it has just lapsed, and the fee"
        }
        [Call::Name(NameCall::Renew { .. })] => "the rent of the name and the fee",
        [Call::Name(NameCall::SetRecord { .. } | NameCall::SetSubname { .. })] => {
            "the deposit of the record or subname and the fee"
        }
        [Call::Worker(WorkerCall::Register { .. })] => "the worker's bond and the fee",
        [Call::Storage(StorageCall::OpenGroup { .. })] => "the group's deposit and the fee",
        [Call::Storage(StorageCall::Store { .. } | StorageCall::Renew { .. })] => "storage and the fee",
        [Call::Storage(StorageCall::Tombstone { .. })] => "the tombstone's deposit and the fee",
        [Call::AutoRenewal(AutoRenewalCall::Prepay { .. })] => {
            "the prepaid balance, the deposit of the automatic renewal and the fee"
        }
        [Call::AutoRenewal(AutoRenewalCall::TopUp { .. })] => "the prepaid balance and the fee",
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
        assert_eq!(cost(&Call::Name(NameCall::Register { label: label(), years: 2, secret: [0; 32] }), false), 617);
        assert_eq!(cost(&Call::Name(NameCall::Renew { label: label(), years: 3 }), false), 900);
        assert_eq!(cost(&Call::Name(NameCall::Commit { commitment: [0; 32] }), false), 1);
        let record = |value| {
            Call::Name(NameCall::SetRecord {
                label: label(),
                key: meganet_primitives::name::RecordKey::EncryptionKey,
                value,
            })
        };
        let value = meganet_primitives::name::RecordValue::default();
        assert_eq!(cost(&record(Some(value.clone())), false), 1);
        assert_eq!(cost(&record(Some(value)), true), 0);
        assert_eq!(cost(&record(None), false), 0);
        let sub = Call::Name(NameCall::SetSubname { label: label(), sub: "b".to_owned(), content: None });
        assert_eq!((cost(&sub, false), cost(&sub, true)), (1, 0));
    }

    #[test]
    fn a_label_is_registered_by_a_call_among_others() {
        let register = Call::Name(NameCall::Register { label: "abcd".to_owned(), years: 1, secret: [0; 32] });
        let renew = Call::Name(NameCall::Renew { label: "efgh".to_owned(), years: 1 });
        let calls = [renew, register];
        assert!(registers(&calls, "abcd"));
        assert!(!registers(&calls, "efgh") && !registers(&calls, "abc") && !registers(&[], "abcd"));
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
        assert!(store_price(&dear, u64::MAX, 64, u32::MAX) >= u128::MAX / u128::from(pay::GIB));
    }
}
