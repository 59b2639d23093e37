//! Reads about money: storage of the system pallet, and calls of the runtime's `StorageApi`.

use super::super::{SubxtChain, connection::block_name, failure};
use crate::{
    client::MoneyClient,
    error::ChainError,
    types::{AccountBalance, At},
};
use async_trait::async_trait;
use blake2::{Blake2b, Digest, digest::consts::U16};
use codec::{Decode, Encode};
use meganet_primitives::{
    AccountId, AutoRenewalId, Balance, Epoch, GroupId,
    chain::{AutoRenewalInfo, StorageMoney},
};

/// Where the storage map `System.Account` begins: twox-128 of "System", then of "Account".
const SYSTEM_ACCOUNT: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7, 0xb9, 0x9d, 0x88,
    0x0e, 0xc6, 0x81, 0x79, 0x9c, 0x0c, 0xf3, 0x0e, 0x88, 0x86, 0x37, 0x1d, 0xa9,
];

/// A record of `System.Account`.
#[derive(Decode, Default)]
struct AccountRecord {
    _nonce: u32,
    _consumers: u32,
    _providers: u32,
    _sufficients: u32,
    free: Balance,
    reserved: Balance,
    frozen: Balance,
    _flags: u128,
}

impl SubxtChain {
    /// The balance of an account at a block.
    async fn account(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError> {
        let minimum = self.constant("Balances", "ExistentialDeposit").await?;
        let key = [&SYSTEM_ACCOUNT[..], &Blake2b::<U16>::digest(account)[..], account].concat();
        let key = &key;
        let stored = self.ask(|connection| async move {
            let block = connection.resolve(at).await?;
            let name = block.map(block_name).unwrap_or_default();
            let stored = connection.rpc.state_get_storage(key, block).await;
            stored.map_err(|e| failure::rpc("state_getStorage", &name, e))
        });
        let record = match stored.await? {
            None => AccountRecord::default(),
            Some(bytes) => AccountRecord::decode(&mut bytes.as_slice())
                .map_err(|e| ChainError::Incompatible { detail: format!("System.Account has another shape ({e})") })?,
        };
        let AccountRecord { free, reserved: held, frozen, .. } = record;
        // Freezes count what is held too; the existential deposit keeps the account alive.
        let locked = frozen.saturating_sub(held).max(minimum);
        Ok(AccountBalance { free, held, frozen, spendable: free.saturating_sub(locked) })
    }
}

#[async_trait]
impl MoneyClient for SubxtChain {
    async fn money(&self, at: At) -> Result<StorageMoney, ChainError> {
        self.call("StorageApi_money", Vec::new(), at).await
    }

    async fn auto_renewals_of(
        &self,
        payer: &AccountId,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        self.call("StorageApi_auto_renewals_of", (payer, from, limit).encode(), at).await
    }

    async fn auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        self.call("StorageApi_auto_renewals_in", (group, expiry, from, limit).encode(), at).await
    }

    async fn balance(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError> {
        self.account(account, at).await
    }
}
