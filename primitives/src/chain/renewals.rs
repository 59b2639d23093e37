//! Answers of the runtime about automatic renewals.

use crate::{AccountId, AutoRenewalId, Balance, Epoch, GroupId, sum_tree::BatchSummary};
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// The state of an automatic renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum AutoRenewalState {
    /// The last epoch before the batch expires has not begun.
    Waiting,
    /// Anybody may submit the renewal now.
    Due,
    /// The price of storage is above the limit that its payer set.
    TooDear,
    /// The balance is too low for the next renewal at today's price.
    Short,
    /// The batch has expired: the rest of the balance can be withdrawn.
    Expired,
    /// It is due, but the chain can't renew: the group has no room or no free range, or fees are too high at the moment.
    Blocked,
}

/// An order to renew a batch whenever it is about to expire, with the money for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct AutoRenewalInfo {
    /// Its number.
    pub id: AutoRenewalId,
    /// The account that pays, and gets the rest back.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub payer: AccountId,
    /// The group that holds the batch.
    pub group: GroupId,
    /// The batch's range: the epoch at whose beginning it expires unless it is renewed.
    pub expiry: Epoch,
    /// The leaf of that range that is the batch.
    pub leaf: u64,
    /// The batch.
    pub batch: BatchSummary,
    /// The epochs for which it is renewed each time.
    pub epochs: u32,
    /// It is not renewed while a GiB in one slot costs more than this for an epoch, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub max_price: Balance,
    /// The prepaid sum that is not used yet, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub balance: Balance,
    /// The deposit that is returned with the rest, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
    /// The price of the next renewal today, in planck: storage, the burned part, and the fee of the account that submits it.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub next: Balance,
    /// Its state.
    pub state: AutoRenewalState,
}

impl AutoRenewalInfo {
    /// Returns the number of renewals that the balance pays for at today's price.
    pub fn renewals_left(&self) -> Balance {
        self.balance.checked_div(self.next).unwrap_or_default()
    }
}
