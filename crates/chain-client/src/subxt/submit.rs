//! Signing transactions and giving them to the node.

use super::{
    SubxtChain, calls,
    connection::{Connection, incompatible, unknown},
    failure::{self, Failure},
    watch::Statuses,
};
use crate::{
    account::format_account,
    client::ChainClient,
    cost::{self, Prices},
    error::ChainError,
    signer::Signer,
    trust::Trust,
    types::{At, BlockRef, Call, STORAGE_PALLET, TxOutcome, Until},
};
use meganet_primitives::{AccountId, Balance, BlockNumber, hash::Hash};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use subxt::{
    config::substrate::SubstrateExtrinsicParamsBuilder,
    rpcs::{Error as RpcError, UserError},
    utils::{AccountId32, H256},
};

/// A transaction lives for so many blocks. A power of two.
const LIFETIME: BlockNumber = 256;
/// Where finality lags further behind, the lifetime begins at an unfinalized block: a chain without finality can still be
/// used.
const MAX_LAG: BlockNumber = 64;
/// So often a transaction is signed anew because another one took its nonce.
const MAX_SIGNINGS: u32 = 8;

/// A signed transaction.
pub(super) struct Signed {
    bytes: Vec<u8>,
    pub(super) hash: Hash,
    /// The block after which it can be included.
    pub(super) born: BlockNumber,
    fee: Balance,
}

impl Signed {
    /// The last height that can include it.
    pub(super) fn dies(&self) -> BlockNumber {
        self.born.saturating_add(LIFETIME)
    }
}

/// What the transaction pool says.
pub(super) enum Pool {
    /// It has it; statuses follow if this submission is the one that is watched.
    Took(Option<Statuses>),
    /// The nonce is used up, or another transaction of the pool has it: sign again.
    NonceTaken(String),
    CannotPay,
    Refused(String),
}

impl SubxtChain {
    pub(super) async fn submit_and_wait(
        &self,
        signer: &Signer,
        calls: &[Call],
        until: Until,
    ) -> Result<TxOutcome, ChainError> {
        if calls.is_empty() {
            return Err(ChainError::NoCalls);
        }
        // Held until the pool has the transaction: from then on the node counts it into the next nonce.
        let lane = self.lane(signer.account());
        let held = lane.lock().await;
        let (signed, statuses) = self.send(signer, calls).await?;
        if self.relies_on() == Trust::Light {
            // A light client knows of no pool: the next nonce is known when a block has this transaction.
            let outcome = self.wait(&signed, statuses, until).await;
            drop(held);
            return outcome;
        }
        drop(held);
        self.wait(&signed, statuses, until).await
    }

    async fn send(&self, signer: &Signer, calls: &[Call]) -> Result<(Signed, Option<Statuses>), ChainError> {
        let mut pause = Duration::from_millis(200);
        let mut last = String::new();
        for signing in 0..MAX_SIGNINGS {
            let signed = self.ask(|connection| async move { sign(&connection, signer, calls).await }).await?;
            if signing == 0 {
                self.check_funds(signer, calls, signed.fee).await?;
            }
            match self.offer(&signed, false).await? {
                Pool::Took(statuses) => return Ok((signed, statuses)),
                Pool::CannotPay => {
                    self.check_funds(signer, calls, signed.fee).await?;
                    // It had enough a moment ago: another transaction spends it.
                    return Err(ChainError::Rejected { reason: "the account cannot pay the fee".to_owned() });
                }
                Pool::Refused(reason) => return Err(ChainError::Rejected { reason }),
                Pool::NonceTaken(reason) => {
                    tracing::debug!(reason, "signing the transaction again with a newer nonce");
                    last = reason;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(3));
                }
            }
        }
        Err(ChainError::Rejected { reason: format!("other transactions of the account are in the way: {last}") })
    }

    /// Gives the same bytes to the pool until it answers: over a lost connection they may arrive twice.
    async fn offer(&self, signed: &Signed, again: bool) -> Result<Pool, ChainError> {
        let offers = AtomicU32::new(0);
        let offers = &offers;
        self.ask(|connection| async move {
            let repeated = again || offers.fetch_add(1, Ordering::Relaxed) > 0;
            if connection.is_light() {
                if let Some(refusal) = connection.refuses(&signed.bytes, repeated).await? {
                    return Ok(refusal);
                }
            }
            match connection.rpc.author_submit_and_watch_extrinsic(&signed.bytes).await {
                Ok(statuses) => Ok(Pool::Took(Some(Statuses::new(connection, statuses)))),
                Err(RpcError::User(error)) => Ok(read_refusal(&error, repeated)),
                Err(error) => Err(failure::rpc("author_submitAndWatchExtrinsic", "", error)),
            }
        })
        .await
    }

    /// Gives a transaction that the pool took before to it again, where it may have been forgotten.
    pub(super) async fn offer_again(&self, signed: &Signed) -> Option<Statuses> {
        match self.offer(signed, true).await {
            Ok(Pool::Took(statuses)) => statuses,
            Ok(Pool::NonceTaken(reason) | Pool::Refused(reason)) => {
                tracing::debug!(reason, "the pool did not take the transaction again");
                None
            }
            Ok(Pool::CannotPay) | Err(_) => None,
        }
    }

    /// Says exactly what is missing, before the runtime only says that something is.
    async fn check_funds(&self, signer: &Signer, calls: &[Call], fee: Balance) -> Result<(), ChainError> {
        let account = signer.account();
        let available = self.balance(&account, At::Best).await?.spendable;
        let mut needed = fee;
        for call in calls {
            needed = needed.saturating_add(self.cost(&account, call).await?);
        }
        if needed <= available {
            return Ok(());
        }
        let purpose = cost::purpose(calls).to_owned();
        Err(ChainError::InsufficientFunds { account: format_account(&account), needed, available, purpose })
    }

    async fn cost(&self, account: &AccountId, call: &Call) -> Result<Balance, ChainError> {
        let (mut premium, mut held, mut tombstone_deposit, mut slots) = (0, false, 0, 0);
        match call {
            Call::RegisterName { label, years, .. } => {
                premium = self.name_quote(label, *years, At::Best).await?.premium;
            }
            Call::SetNameRecord { label, key, value: Some(_) } => {
                held = !self.owns(account, label).await? || self.name_record(label, key, At::Best).await?.is_some();
            }
            Call::SetSubname { label, sub, .. } => {
                let there = self.resolve(&format!("{sub}.{label}"), At::Best).await?.is_some();
                held = there || !self.owns(account, label).await?;
            }
            Call::Tombstone { .. } => tombstone_deposit = self.constant(STORAGE_PALLET, "TombstoneDeposit").await?,
            Call::Store { group, .. } | Call::Renew { group, .. } => {
                // An unknown group costs nothing: the runtime refuses it.
                slots = self.group(*group, At::Best).await?.map_or(0, |group| group.profile.profile().n);
            }
            Call::CommitName { .. }
            | Call::RenewName { .. }
            | Call::RegisterWorker { .. }
            | Call::OpenGroup { .. }
            | Call::Prepay { .. }
            | Call::TopUp { .. }
            | Call::Transfer { .. } => {}
            _ => return Ok(0),
        }
        let (params, names) = (&self.params(At::Best).await?, &self.name_params(At::Best).await?);
        Ok(cost::call_cost(call, &Prices { params, names, premium, held, tombstone_deposit, slots }))
    }

    /// Whether an account owns a label: deposits of what it says are held from its owner.
    async fn owns(&self, account: &AccountId, label: &str) -> Result<bool, ChainError> {
        Ok(self.name(label, At::Best).await?.is_some_and(|name| name.owner == *account))
    }
}

/// Signs the calls with the next nonce, for the runtime of the best block.
async fn sign(connection: &Connection, signer: &Signer, calls: &[Call]) -> Result<Signed, Failure> {
    let best = connection.best().await?;
    let born = birth(connection, best).await?;
    let at = connection.at(best).await?;
    let nonce = connection
        .rpc
        .system_account_next_index(&AccountId32(signer.account()))
        .await
        .map_err(|e| failure::rpc("system_accountNextIndex", "", e))?;
    let payload = calls::payload(&at, calls)?;
    // CheckMetadataHash stays disabled, as it is unless asked for: this is no offline signer.
    let params = SubstrateExtrinsicParamsBuilder::new()
        .mortal_from_unchecked(LIFETIME.into(), born.number.into(), H256(born.hash))
        .nonce(nonce)
        .build();
    let signed = at
        .tx()
        .create_signable_offline(&payload, params)
        .and_then(|mut signable| signable.sign(signer.keypair()))
        .map_err(|e| incompatible(format!("the transaction can't be built ({e})")))?;
    let fee = signed
        .partial_fee_estimate()
        .await
        .map_err(|e| failure::other("TransactionPaymentApi_query_info", &best.to_string(), &e))?;
    let hash = signed.hash().0;
    Ok(Signed { bytes: signed.into_encoded(), hash, born: born.number, fee })
}

/// The block at which a transaction's lifetime begins.
async fn birth(connection: &Connection, best: BlockRef) -> Result<BlockRef, Failure> {
    let finalized = connection.finalized().await?;
    if best.number.saturating_sub(finalized.number) <= MAX_LAG {
        return Ok(finalized);
    }
    let number = best.number.saturating_sub(MAX_LAG);
    connection.at_height(number).await?.ok_or_else(|| unknown(&number.to_string()))
}

/// What the pool means. Its codes are part of the node's RPC; the words inside code 1010 come from the runtime.
fn read_refusal(error: &UserError, repeated: bool) -> Pool {
    const INVALID: i32 = 1010;
    const ALREADY_IMPORTED: i32 = 1013;
    const TOO_LOW_PRIORITY: i32 = 1014;
    let text = failure::text(error);
    let stale = error.code == INVALID && text.contains("outdated");
    match error.code {
        ALREADY_IMPORTED => Pool::Took(None),
        // The first offer arrived, though its answer did not, and a block has it.
        _ if stale && repeated => Pool::Took(None),
        _ if stale => Pool::NonceTaken(text),
        TOO_LOW_PRIORITY => Pool::NonceTaken(text),
        INVALID if text.contains("birth block") => Pool::NonceTaken(text),
        INVALID if text.contains("pay some fees") => Pool::CannotPay,
        _ => Pool::Refused(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: i32, message: &str) -> UserError {
        UserError { code, message: message.to_owned(), data: None }
    }

    #[test]
    fn the_pool_is_understood() {
        let stale = said(1010, "Invalid Transaction: Transaction is outdated");
        assert!(matches!(read_refusal(&stale, false), Pool::NonceTaken(_)));
        assert!(matches!(read_refusal(&stale, true), Pool::Took(None)));
        assert!(matches!(read_refusal(&said(1013, "Transaction Already Imported"), false), Pool::Took(None)));
        assert!(matches!(read_refusal(&said(1014, "Priority is too low"), false), Pool::NonceTaken(_)));
        let poor = said(1010, "Invalid Transaction: Inability to pay some fees , e.g. account balance too low");
        assert!(matches!(read_refusal(&poor, false), Pool::CannotPay));
        assert!(matches!(read_refusal(&said(1016, "Immediately Dropped"), false), Pool::Refused(_)));
    }
}
