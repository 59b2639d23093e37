//! `storage_v1`: batches that are renewed automatically from a prepaid balance.

use crate::{
    BlockRef, RpcError,
    block::{locate, unreadable},
    json::{account, address, hex_bytes, page},
};
use jsonrpsee::proc_macros::rpc;
use meganet_primitives::chain::{AutoRenewalInfo, AutoRenewalState};
use pallet_storage_runtime_api::StorageApi as StorageRuntimeApi;
use serde::Serialize;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// A prepaid order to renew a batch whenever it is about to expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoRenewal {
    /// Its number.
    pub id: u64,
    /// The address of the account that pays, and gets the rest back.
    pub payer: String,
    /// The group that holds the batch.
    pub group: u32,
    /// The epoch at whose beginning the batch expires unless it is renewed.
    pub expiry: u32,
    /// The index of the batch in the range of that expiry.
    pub leaf: u64,
    /// The root of the batch.
    pub batch: String,
    /// Number of its objects.
    pub objects: u32,
    /// Its bytes in each slot.
    pub bytes: u64,
    /// Epochs that each renewal adds.
    pub epochs: u32,
    /// The price of a GiB in one slot for an epoch above which it is not renewed, in planck.
    pub max_price: String,
    /// The prepaid balance, in planck.
    pub balance: String,
    /// The cost of the next renewal at the current price, in planck.
    pub next: String,
    /// Number of renewals that the balance covers at the current price.
    pub renewals_left: String,
    /// The deposit, which is returned with the rest, in planck.
    pub deposit: String,
    /// `waiting`, `due`, `too-dear`, `short`, `expired` or `blocked`.
    pub state: AutoRenewalState,
}

/// A page of automatic renewals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoRenewalPage {
    /// By number.
    pub auto_renewals: Vec<AutoRenewal>,
    /// The `from` of the next page; null at the end.
    pub next: Option<u64>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// An automatic renewal at a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoRenewalAt {
    /// The automatic renewal.
    #[serde(flatten)]
    pub auto_renewal: AutoRenewal,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Methods about automatic renewals, answered at the last final block.
#[rpc(server)]
pub trait RenewalApi {
    /// Returns an automatic renewal, or null if none has this number.
    #[method(name = "storage_v1_autoRenewal", blocking)]
    fn auto_renewal(&self, id: u64) -> Result<Option<AutoRenewalAt>, RpcError>;

    /// Returns a page of the automatic renewals that an account pays for: up to `limit` from number `from` on.
    #[method(name = "storage_v1_autoRenewals", blocking)]
    fn auto_renewals(&self, payer: String, from: Option<u64>, limit: Option<u32>) -> Result<AutoRenewalPage, RpcError>;
}

/// Implements [`RenewalApiServer`] with a node's client.
pub struct Renewal<Block, Client> {
    client: Arc<Client>,
    block: PhantomData<Block>,
}

impl<Block, Client> Renewal<Block, Client> {
    /// Creates the family over this client.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, block: PhantomData }
    }
}

impl<Block, Client> RenewalApiServer for Renewal<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: StorageRuntimeApi<Block>,
{
    fn auto_renewal(&self, id: u64) -> Result<Option<AutoRenewalAt>, RpcError> {
        let (hash, block) = locate(&*self.client, None)?;
        let found = self.client.runtime_api().auto_renewal(hash, id).map_err(unreadable(hash))?;
        Ok(found.map(|info| AutoRenewalAt { auto_renewal: info.into(), block }))
    }

    fn auto_renewals(&self, payer: String, from: Option<u64>, limit: Option<u32>) -> Result<AutoRenewalPage, RpcError> {
        let (payer, limit) = (account(&payer)?, page(limit)?);
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let found = api.auto_renewals_of(hash, payer, from.unwrap_or_default(), limit).map_err(unreadable(hash))?;
        let full = u32::try_from(found.len()).is_ok_and(|count| count >= limit);
        let next = found.last().filter(|_| full).and_then(|last| last.id.checked_add(1));
        Ok(AutoRenewalPage { auto_renewals: found.into_iter().map(AutoRenewal::from).collect(), next, block })
    }
}

impl From<AutoRenewalInfo> for AutoRenewal {
    fn from(info: AutoRenewalInfo) -> Self {
        Self {
            id: info.id,
            payer: address(&info.payer),
            group: info.group,
            expiry: info.expiry,
            leaf: info.leaf,
            batch: hex_bytes(info.batch.root),
            objects: info.batch.objects,
            bytes: info.batch.bytes,
            epochs: info.epochs,
            max_price: info.max_price.to_string(),
            balance: info.balance.to_string(),
            next: info.next.to_string(),
            renewals_left: info.renewals_left().to_string(),
            deposit: info.deposit.to_string(),
            state: info.state,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        error,
        mock::{Block, Client, FINAL, OWNER, call, header},
    };
    use jsonrpsee::RpcModule;
    use serde_json::{Value, json};

    fn module() -> RpcModule<Renewal<Block, Client>> {
        Renewal::new(Arc::new(Client)).into_rpc()
    }

    fn shown() -> Value {
        json!({
            "id": 4, "payer": address(&OWNER), "group": 3, "expiry": 10, "leaf": 2, "batch": hex_bytes([6; 32]), "objects": 7,
            "bytes": 8192, "epochs": 12, "maxPrice": "2000", "balance": "123456789012345678901234", "next": "1000",
            "renewalsLeft": "123456789012345678901", "deposit": "50", "state": "too-dear",
        })
    }

    #[test]
    fn an_automatic_renewal_shows_how_long_it_lasts_and_what_is_in_its_way() {
        let mut expected = shown();
        expected["block"] = json!({ "hash": hex_bytes(header(FINAL).hash()), "number": FINAL, "finalized": true });
        assert_eq!(call(&module(), "storage_v1_autoRenewal", json!([4]))["result"], expected);
        assert_eq!(call(&module(), "storage_v1_autoRenewal", json!([5]))["result"], Value::Null);
    }

    #[test]
    fn those_of_an_account_come_by_the_page() {
        let ask = |params| call(&module(), "storage_v1_autoRenewals", params);
        let all = ask(json!([address(&OWNER)]));
        assert_eq!(all["result"]["autoRenewals"], json!([shown()]));
        assert_eq!(all["result"]["next"], Value::Null);
        assert_eq!(ask(json!([address(&OWNER), 0, 1]))["result"]["next"], 5);
        assert_eq!(ask(json!([address(&[8; 32])]))["result"]["autoRenewals"], json!([]));
        assert_eq!(ask(json!(["nobody"]))["error"]["code"], error::INVALID_OWNER);
        assert_eq!(ask(json!([address(&OWNER), 0, 0]))["error"]["code"], error::INVALID_LIMIT);
    }
}
