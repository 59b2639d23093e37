//! Reads about names, as calls of the runtime's `NamesApi`.

use super::super::SubxtChain;
use crate::{client::NamesClient, error::ChainError, types::At};
use async_trait::async_trait;
use codec::Encode;
use meganet_primitives::{
    AccountId,
    chain::{Availability, CommitmentInfo, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    name::{NameParams, Quote, RecordKey},
};

#[async_trait]
impl NamesClient for SubxtChain {
    async fn name(&self, label: &str, at: At) -> Result<Option<NameInfo>, ChainError> {
        self.call("NamesApi_name", label.as_bytes().encode(), at).await
    }

    async fn resolve(&self, name: &str, at: At) -> Result<Option<Resolution>, ChainError> {
        self.call("NamesApi_resolve", name.as_bytes().encode(), at).await
    }

    async fn names_of(
        &self,
        owner: &AccountId,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<NameInfo>, ChainError> {
        self.call("NamesApi_names_of", (owner, after.map(str::as_bytes), limit).encode(), at).await
    }

    async fn availability(&self, label: &str, who: &AccountId, at: At) -> Result<Availability, ChainError> {
        self.call("NamesApi_availability", (label.as_bytes(), who).encode(), at).await
    }

    async fn name_quote(&self, label: &str, years: u32, at: At) -> Result<Quote, ChainError> {
        self.call("NamesApi_quote", (label.as_bytes(), years).encode(), at).await
    }

    async fn name_params(&self, at: At) -> Result<NameParams, ChainError> {
        self.call("NamesApi_params", Vec::new(), at).await
    }

    async fn name_history(&self, label: &str, at: At) -> Result<Vec<NameVersion>, ChainError> {
        self.call("NamesApi_history", label.as_bytes().encode(), at).await
    }

    async fn name_records(&self, label: &str, at: At) -> Result<Vec<NameRecordEntry>, ChainError> {
        self.call("NamesApi_records", label.as_bytes().encode(), at).await
    }

    async fn name_record(&self, label: &str, key: &RecordKey, at: At) -> Result<Option<Vec<u8>>, ChainError> {
        self.call("NamesApi_record", (label.as_bytes(), key).encode(), at).await
    }

    async fn name_delegates(&self, label: &str, at: At) -> Result<Vec<AccountId>, ChainError> {
        self.call("NamesApi_delegates", label.as_bytes().encode(), at).await
    }

    async fn subnames(
        &self,
        label: &str,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<SubnameInfo>, ChainError> {
        self.call("NamesApi_subnames", (label.as_bytes(), after.map(str::as_bytes), limit).encode(), at).await
    }

    async fn reverse(&self, account: &AccountId, at: At) -> Result<Option<String>, ChainError> {
        // Labels are ASCII.
        let label: Option<Vec<u8>> = self.call("NamesApi_reverse", account.encode(), at).await?;
        Ok(label.map(|label| String::from_utf8_lossy(&label).into_owned()))
    }

    async fn commitments(&self, account: &AccountId, at: At) -> Result<Vec<CommitmentInfo>, ChainError> {
        self.call("NamesApi_commitments", account.encode(), at).await
    }
}
