//! Automatic renewals: what the runtime answers about them.

use crate::{AccountId, AutoRenewalId, Balance, Epoch, GroupId, sum_tree::BatchSummary};
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// Whether an automatic renewal will do its work, as things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum AutoRenewalState {
    /// All is well, and the last epoch before the batch expires has not begun.
    Waiting,
    /// Anybody may have the chain renew it now.
    Due,
    /// The price of storage is above the limit that its payer set.
    TooDear,
    /// What is prepaid does not pay for the next renewal at today's price.
    Short,
    /// The batch has expired: what is left can be taken back.
    Expired,
    /// It is due, and the chain can't do it: the group lacks room or ranges, or fees are too high at the moment.
    Blocked,
}

/// An order to renew a batch whenever it is about to expire, with the money for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct AutoRenewalInfo {
    /// Its number.
    pub id: AutoRenewalId,
    /// Who pays, and gets the rest back.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub payer: AccountId,
    /// The group that holds the batch.
    pub group: GroupId,
    /// The range that the batch is in: the epoch at whose beginning it expires unless it is renewed.
    pub expiry: Epoch,
    /// The leaf of that range that is the batch.
    pub leaf: u64,
    /// The batch.
    pub batch: BatchSummary,
    /// For so many epochs it is renewed each time.
    pub epochs: u32,
    /// It is not renewed while a GiB in one slot costs more than this for an epoch, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub max_price: Balance,
    /// What is prepaid and not used yet, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub balance: Balance,
    /// The deposit that comes back with the rest, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
    /// What the next renewal takes from the balance at today's price, in planck: storage, what is burned, and the fee of
    /// whoever asks for it.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub next: Balance,
    /// Whether it will do its work.
    pub state: AutoRenewalState,
}

impl AutoRenewalInfo {
    /// How many renewals the balance pays for at today's price.
    pub fn renewals_left(&self) -> Balance {
        self.balance.checked_div(self.next).unwrap_or_default()
    }
}
