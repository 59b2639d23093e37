//! `name_v1`: what a name points at, and which names an account owns.

use crate::{
    block::{locate, unreadable},
    json::{account, address, page, Content},
    BlockRef, RpcError,
};
use jsonrpsee::proc_macros::rpc;
use meganet_primitives::{chain::NameInfo, name::check_label};
use pallet_names_runtime_api::NamesApi;
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// A name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameEntry {
    /// The label.
    pub label: String,
    /// Its owner's address.
    pub owner: String,
    /// What it points at; null until it is set.
    pub content: Option<Content>,
    /// Counts the changes of the content.
    pub version: u32,
    /// Block of registration.
    pub registered: u32,
    /// Block of the last change.
    pub updated: u32,
    /// The deposit held for it, in planck.
    pub deposit: String,
}

/// A name, and where it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The name.
    #[serde(flatten)]
    pub name: NameEntry,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A page of an account's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamePage {
    /// The names, in the order of the chain's storage.
    pub names: Vec<NameEntry>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Questions about names.
#[rpc(server, client)]
pub trait NameApi {
    /// The name with this label, or null where nobody owns it. Read at the last final block, or at the block `at`.
    #[method(name = "name_v1_resolve", blocking)]
    fn resolve(&self, name: String, at: Option<H256>) -> Result<Option<Resolved>, RpcError>;

    /// The names that an account owns, a page at a time: up to `limit` after the label `after`.
    #[method(name = "name_v1_list", blocking)]
    fn list(&self, owner: String, after: Option<String>, limit: Option<u32>) -> Result<NamePage, RpcError>;
}

/// Answers [`NameApi`] from a node's database.
pub struct Name<Block, Client> {
    client: Arc<Client>,
    block: PhantomData<Block>,
}

impl<Block, Client> Name<Block, Client> {
    /// Over this client.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, block: PhantomData }
    }
}

impl<Block, Client> NameApiServer for Name<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: NamesApi<Block>,
{
    fn resolve(&self, name: String, at: Option<H256>) -> Result<Option<Resolved>, RpcError> {
        check(&name)?;
        let (hash, block) = locate(&*self.client, at)?;
        let found = self.client.runtime_api().name(hash, name.into_bytes()).map_err(unreadable(hash))?;
        Ok(found.map(|info| Resolved { name: info.into(), block }))
    }

    fn list(&self, owner: String, after: Option<String>, limit: Option<u32>) -> Result<NamePage, RpcError> {
        let owner = account(&owner)?;
        let limit = page(limit)?;
        if let Some(after) = &after {
            check(after)?;
        }
        let (hash, block) = locate(&*self.client, None)?;
        let names: Vec<NameEntry> = self
            .client
            .runtime_api()
            .names_of(hash, owner, after.map(String::into_bytes), limit)
            .map_err(unreadable(hash))?
            .into_iter()
            .map(NameEntry::from)
            .collect();
        let full = u32::try_from(names.len()).is_ok_and(|found| found >= limit);
        let next = names.last().filter(|_| full).map(|last| last.label.clone());
        Ok(NamePage { names, next, block })
    }
}

fn check(label: &str) -> Result<(), RpcError> {
    check_label(label.as_bytes())
        .map_err(|error| RpcError::InvalidLabel { label: label.to_owned(), reason: error.to_string() })
}

impl From<NameInfo> for NameEntry {
    fn from(info: NameInfo) -> Self {
        Self {
            label: String::from_utf8_lossy(&info.label).into_owned(),
            owner: address(&info.owner),
            content: info.content.map(Content::from),
            version: info.version,
            registered: info.registered,
            updated: info.updated,
            deposit: info.deposit.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
