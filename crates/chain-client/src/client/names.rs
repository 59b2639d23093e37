//! Reads about names.

use super::{heads::HeadsClient, pages::all_pages};
use crate::{error::ChainError, types::At};
use async_trait::async_trait;
use meganet_primitives::{
    AccountId,
    chain::{Availability, CommitmentInfo, MAX_PAGE, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    name::{NameParams, Quote, RecordKey},
};

/// Reads about names.
///
/// Lists come in pages of at most [`MAX_PAGE`] items; the `all_*` methods read all pages at one block.
#[async_trait]
pub trait NamesClient: HeadsClient {
    /// A label's entry; `None` if it is not in the state. A lapsed name stays there until somebody registers it or sweeps
    /// it out.
    async fn name(&self, label: &str, at: At) -> Result<Option<NameInfo>, ChainError>;

    /// Resolves a name (`alice`, or `blog.alice`); returns `None` if it does not exist.
    async fn resolve(&self, name: &str, at: At) -> Result<Option<Resolution>, ChainError>;

    /// A page of the names of an account, in the order of the chain's storage, after label `after`. Lapsed names are
    /// included until somebody else registers them.
    async fn names_of(
        &self,
        owner: &AccountId,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<NameInfo>, ChainError>;

    /// Whether `who` could register a label.
    async fn availability(&self, label: &str, who: &AccountId, at: At) -> Result<Availability, ChainError>;

    /// The price of registering a label for `years` years.
    async fn name_quote(&self, label: &str, years: u32, at: At) -> Result<Quote, ChainError>;

    /// Prices and times of names.
    async fn name_params(&self, at: At) -> Result<NameParams, ChainError>;

    /// The versions that a name can be rolled back to, newest first; the first one is the present one.
    async fn name_history(&self, label: &str, at: At) -> Result<Vec<NameVersion>, ChainError>;

    /// The records of a name; empty if it does not work.
    async fn name_records(&self, label: &str, at: At) -> Result<Vec<NameRecordEntry>, ChainError>;

    /// One record of a name; `None` if it does not work.
    async fn name_record(&self, label: &str, key: &RecordKey, at: At) -> Result<Option<Vec<u8>>, ChainError>;

    /// The accounts that may write for a name in addition to its owner.
    async fn name_delegates(&self, label: &str, at: At) -> Result<Vec<AccountId>, ChainError>;

    /// A page of the subnames of a name, in the order of the chain's storage, after the label `after`; empty if the name
    /// does not work.
    async fn subnames(
        &self,
        label: &str,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<SubnameInfo>, ChainError>;

    /// The name that an account goes by, if the account owns it and it works.
    async fn reverse(&self, account: &AccountId, at: At) -> Result<Option<String>, ChainError>;

    /// The commitments of an account.
    async fn commitments(&self, account: &AccountId, at: At) -> Result<Vec<CommitmentInfo>, ChainError>;

    /// Every name of an account at one block.
    async fn all_names_of(&self, owner: &AccountId, at: At) -> Result<Vec<NameInfo>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&NameInfo>| {
            let after = last.map(|name| String::from_utf8_lossy(&name.label).into_owned());
            async move { self.names_of(owner, after.as_deref(), MAX_PAGE, at).await }
        })
        .await
    }

    /// Every subname of a name at one block.
    async fn all_subnames(&self, label: &str, at: At) -> Result<Vec<SubnameInfo>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&SubnameInfo>| {
            let after = last.map(|sub| String::from_utf8_lossy(&sub.label).into_owned());
            async move { self.subnames(label, after.as_deref(), MAX_PAGE, at).await }
        })
        .await
    }
}
