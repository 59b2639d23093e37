//! Signing transactions and submitting them.

use super::{
    SubxtChain, calls,
    connection::{Connection, incompatible, unknown},
    failure::{self, Failure},
    statuses::Statuses,
    transaction::{LIFETIME, PoolAnswer, Signed},
};
use crate::{
    account::format_account,
    client::{MoneyClient, NamesClient, StorageClient, SubmitClient},
    cost::{self, Prices},
    error::ChainError,
    signer::Signer,
    trust::Trust,
    types::{At, AutoRenewalCall, BlockRef, Call, NameCall, StorageCall, TxOutcome, Until, WorkerCall},
};
use async_trait::async_trait;
use meganet_primitives::{
    AccountId, Balance, BlockNumber,
    pallets::{PalletError, StorageError},
};
use std::time::Duration;
use subxt::{
    config::substrate::SubstrateExtrinsicParamsBuilder,
    utils::{AccountId32, H256},
};

/// Where finality lags further behind, the lifetime begins at an unfinalized block: a chain without finality can still be
/// used.
const MAX_LAG: BlockNumber = 64;
/// Attempts to sign a transaction anew because another one took its nonce.
const MAX_SIGNINGS: u32 = 8;

/// The inputs of a call's cost that have to be asked for; see [`Prices`].
#[derive(Clone, Copy, Debug, Default)]
struct Inputs {
    premium: Balance,
    held: bool,
    tombstone_deposit: Balance,
    slots: u8,
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
                PoolAnswer::Took(statuses) => return Ok((signed, statuses)),
                PoolAnswer::CannotPay => {
                    self.check_funds(signer, calls, signed.fee).await?;
                    // It had enough a moment ago: another transaction spends it.
                    return Err(ChainError::Rejected { reason: "the account cannot pay the fee".to_owned() });
                }
                PoolAnswer::Refused(reason) => return Err(ChainError::Rejected { reason }),
                PoolAnswer::NonceTaken(reason) => {
                    tracing::debug!(reason, "signing the transaction again with a newer nonce");
                    last = reason;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(3));
                }
            }
        }
        Err(ChainError::Rejected { reason: format!("other transactions of the account are in the way: {last}") })
    }

    /// Reports the exact amount that is missing; the runtime would only report that some is.
    async fn check_funds(&self, signer: &Signer, calls: &[Call], fee: Balance) -> Result<(), ChainError> {
        let account = signer.account();
        let available = self.balance(&account, At::Best).await?.spendable;
        let needed = fee.saturating_add(self.costs(&account, calls).await?);
        if needed <= available {
            return Ok(());
        }
        let purpose = cost::purpose(calls).to_owned();
        let account = format_account(&account);
        Err(ChainError::InsufficientFunds { account, needed, available, purpose, with_fee: true })
    }

    /// The cost of calls in one transaction, in addition to the fee.
    async fn costs(&self, account: &AccountId, calls: &[Call]) -> Result<Balance, ChainError> {
        let mut found = Vec::new();
        for call in calls {
            found.extend(self.inputs(account, call, calls).await?.map(|inputs| (call, inputs)));
        }
        if found.is_empty() {
            return Ok(0);
        }
        let (params, names) = (&self.params(At::Best).await?, &self.name_params(At::Best).await?);
        let costs = found.into_iter().map(|(call, inputs)| {
            let Inputs { premium, held, tombstone_deposit, slots } = inputs;
            cost::call_cost(call, &Prices { params, names, premium, held, tombstone_deposit, slots })
        });
        Ok(costs.fold(0, Balance::saturating_add))
    }

    /// The inputs of the cost of a call among others; `None` if it costs nothing.
    async fn inputs(&self, account: &AccountId, call: &Call, all: &[Call]) -> Result<Option<Inputs>, ChainError> {
        let Inputs { mut premium, mut held, mut tombstone_deposit, mut slots } = Inputs::default();
        match call {
            Call::Name(NameCall::Register { label, years, .. }) => {
                premium = self.name_quote(label, *years, At::Best).await?.premium;
            }
            Call::Name(NameCall::SetRecord { label, key, value: Some(_) }) => {
                // The records of the former owner are removed when a name is registered.
                held = !cost::registers(all, label)
                    && (!self.owns(account, label).await? || self.name_record(label, key, At::Best).await?.is_some());
            }
            Call::Name(NameCall::SetSubname { label, sub, .. }) => {
                held = !cost::registers(all, label)
                    && (self.resolve(&format!("{sub}.{label}"), At::Best).await?.is_some()
                        || !self.owns(account, label).await?);
            }
            Call::Storage(StorageCall::Tombstone { .. }) => {
                tombstone_deposit = self.constant(StorageError::PALLET, "TombstoneDeposit").await?
            }
            Call::Storage(StorageCall::Store { group, .. }) | Call::Storage(StorageCall::Renew { group, .. }) => {
                // An unknown group costs nothing: the runtime refuses it.
                slots = self.group(*group, At::Best).await?.map_or(0, |group| group.profile.profile().n);
            }
            Call::Name(NameCall::Commit { .. })
            | Call::Name(NameCall::Renew { .. })
            | Call::Worker(WorkerCall::Register { .. })
            | Call::Storage(StorageCall::OpenGroup { .. })
            | Call::AutoRenewal(AutoRenewalCall::Prepay { .. })
            | Call::AutoRenewal(AutoRenewalCall::TopUp { .. })
            | Call::Transfer { .. } => {}
            _ => return Ok(None),
        }
        Ok(Some(Inputs { premium, held, tombstone_deposit, slots }))
    }

    /// Whether an account owns a label: deposits of records and subnames are held from the owner.
    async fn owns(&self, account: &AccountId, label: &str) -> Result<bool, ChainError> {
        Ok(self.name(label, At::Best).await?.is_some_and(|name| name.owner == *account))
    }
}

#[async_trait]
impl SubmitClient for SubxtChain {
    async fn submit(&self, signer: &Signer, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError> {
        self.submit_and_wait(signer, &calls, until).await
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
    Ok(Signed { bytes: signed.into_encoded(), hash, account: signer.account(), nonce, born: born.number, fee })
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
