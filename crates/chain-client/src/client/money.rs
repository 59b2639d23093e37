//! Reads about money: accounts, what was paid for storage, and what is prepaid.

use super::{heads::HeadsClient, pages::all_pages};
use crate::{
    error::ChainError,
    types::{AccountBalance, At},
};
use async_trait::async_trait;
use meganet_primitives::{
    AccountId, AutoRenewalId, Epoch, GroupId,
    chain::{AutoRenewalInfo, MAX_PAGE, StorageMoney},
};

/// Reads about money.
///
/// Lists come in pages of at most [`MAX_PAGE`] items; the `all_*` methods read all pages at one block.
#[async_trait]
pub trait MoneyClient: HeadsClient {
    /// The balance of an account; zero for an account that the chain does not know.
    async fn balance(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError>;

    /// Where the money is that was paid for storage.
    async fn money(&self, at: At) -> Result<StorageMoney, ChainError>;

    /// A page of the automatic renewals that an account pays for, from number `from`.
    async fn auto_renewals_of(
        &self,
        payer: &AccountId,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError>;

    /// A page of the automatic renewals of the batches in one range of a group, from number `from`.
    async fn auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError>;

    /// Every automatic renewal that an account pays for, at one block.
    async fn all_auto_renewals_of(&self, payer: &AccountId, at: At) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&AutoRenewalInfo>| {
            let from = last.map_or(0, |last| last.id.saturating_add(1));
            self.auto_renewals_of(payer, from, MAX_PAGE, at)
        })
        .await
    }

    /// Every automatic renewal of the batches in one range at one block.
    async fn all_auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&AutoRenewalInfo>| {
            let from = last.map_or(0, |last| last.id.saturating_add(1));
            self.auto_renewals_in(group, expiry, from, MAX_PAGE, at)
        })
        .await
    }
}
