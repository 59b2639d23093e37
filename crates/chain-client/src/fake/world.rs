//! The state of a fake chain at one block.

use super::{FakeConfig, names::Names, storage::Storage};
use crate::{
    cost::{self, Prices},
    error::ChainError,
    types::{AccountBalance, BlockRef, Call, ChainEvent},
};
use meganet_primitives::{AccountId, Balance, BlockNumber, Epoch, chain::StorageParams};
use std::collections::BTreeMap;

/// Names, workers, groups and money.
#[derive(Clone)]
pub(super) struct World {
    pub(super) config: FakeConfig,
    pub(super) number: BlockNumber,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) names: Names,
    pub(super) storage: Storage,
    pub(super) events: Vec<ChainEvent>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Account {
    free: Balance,
    held: Balance,
}

/// Why a call is refused: pallet and error name, as the runtime's metadata has them.
pub(super) struct Refusal(pub(super) &'static str, pub(super) &'static str);

impl From<Refusal> for ChainError {
    fn from(Refusal(pallet, error): Refusal) -> Self {
        Self::Dispatch { pallet: pallet.to_owned(), error: error.to_owned(), docs: String::new() }
    }
}

const NO_FUNDS: Refusal = Refusal("Token", "FundsUnavailable");

impl World {
    pub(super) fn new(config: FakeConfig) -> Self {
        let genesis = config.genesis;
        let mut world = Self {
            config,
            number: 0,
            accounts: BTreeMap::new(),
            names: Names::default(),
            storage: Storage::default(),
            events: Vec::new(),
        };
        world.begin_audits(&genesis);
        world
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.number / self.config.epoch_blocks.max(1)
    }

    /// Starts a block: what the runtime does in `on_initialize`.
    pub(super) fn begin(&mut self, block: BlockRef) {
        self.number = block.number;
        self.begin_audits(&block.hash);
        self.fill_next();
        self.hand_over();
    }

    /// All calls, or none and an error. The fee is taken either way.
    pub(super) fn execute(&mut self, who: &AccountId, calls: &[Call]) -> Result<Vec<ChainEvent>, ChainError> {
        let fee = self.config.fee;
        self.pay(who, fee)?;
        let mut attempt = self.clone();
        attempt.events.clear();
        for call in calls {
            attempt.call(who, call)?;
        }
        let events = std::mem::take(&mut attempt.events);
        *self = attempt;
        Ok(events)
    }

    pub(super) fn emit(&mut self, pallet: &str, name: &str, fields: Vec<u8>) {
        self.events.push(ChainEvent { pallet: pallet.to_owned(), name: name.to_owned(), fields });
    }

    pub(super) fn params(&self) -> StorageParams {
        StorageParams {
            epoch: self.epoch(),
            epoch_blocks: self.config.epoch_blocks,
            max_epochs: self.config.max_epochs,
            price_per_gib_epoch: self.config.price_per_gib_epoch,
            group_deposit: self.config.group_deposit,
            bond_per_gib: self.config.bond_per_gib,
            min_bond: self.config.min_bond,
            min_capacity: self.config.min_capacity,
            slot_capacity: self.config.slot_capacity.to_vec(),
            schedule: self.config.schedule,
            tolerance: self.config.tolerance,
            burn_ppm: 0,
            renewal_deposit: self.config.renewal_deposit,
            renewal_fee: self.config.fee,
        }
    }

    /// What calls and fee take from the signer's account.
    pub(super) fn needs(&self, who: &AccountId, calls: &[Call]) -> Balance {
        let params = self.params();
        let cost = |call: &Call| {
            let (mut premium, mut held, mut slots) = (0, false, 0);
            match call {
                Call::RegisterName { label, years, .. } => premium = self.name_quote(label.as_bytes(), *years).premium,
                Call::SetNameRecord { label, key, .. } => held = self.holds_record(who, label, key),
                Call::SetSubname { label, sub, .. } => held = self.holds_subname(who, label, sub),
                Call::Store { group, .. } | Call::Renew { group, .. } => {
                    slots = self.storage.groups.get(group).map_or(0, |g| g.profile.profile().n);
                }
                _ => {}
            }
            let prices = Prices {
                params: &params,
                names: &self.config.names,
                premium,
                held,
                tombstone_deposit: self.config.tombstone_deposit,
                slots,
            };
            cost::call_cost(call, &prices)
        };
        calls.iter().map(cost).fold(self.config.fee, Balance::saturating_add)
    }

    pub(super) fn balance(&self, who: &AccountId) -> AccountBalance {
        let Account { free, held } = self.accounts.get(who).copied().unwrap_or_default();
        AccountBalance { free, held, frozen: 0, spendable: free }
    }

    pub(super) fn mint(&mut self, who: AccountId, amount: Balance) {
        let account = self.accounts.entry(who).or_default();
        account.free = account.free.saturating_add(amount);
    }

    pub(super) fn drain(&mut self, who: &AccountId) {
        self.accounts.entry(*who).or_default().free = 0;
    }

    /// Takes tokens from an account.
    pub(super) fn pay(&mut self, who: &AccountId, amount: Balance) -> Result<(), Refusal> {
        let account = self.accounts.entry(*who).or_default();
        account.free = account.free.checked_sub(amount).ok_or(NO_FUNDS)?;
        Ok(())
    }

    pub(super) fn hold(&mut self, who: &AccountId, amount: Balance) -> Result<(), Refusal> {
        self.pay(who, amount)?;
        let account = self.accounts.entry(*who).or_default();
        account.held = account.held.saturating_add(amount);
        Ok(())
    }

    pub(super) fn release(&mut self, who: &AccountId, amount: Balance) {
        let account = self.accounts.entry(*who).or_default();
        account.held = account.held.saturating_sub(amount);
        account.free = account.free.saturating_add(amount);
    }

    /// Takes what is held, for good.
    pub(super) fn take_hold(&mut self, who: &AccountId, amount: Balance) {
        let account = self.accounts.entry(*who).or_default();
        account.held = account.held.saturating_sub(amount);
    }

    pub(super) fn move_hold(&mut self, from: &AccountId, to: &AccountId, amount: Balance) {
        let account = self.accounts.entry(*from).or_default();
        account.held = account.held.saturating_sub(amount);
        let account = self.accounts.entry(*to).or_default();
        account.held = account.held.saturating_add(amount);
    }
}
