//! The worker's place in the registry.
//!
//! Numbers are given in the order of registrations, which a fork may change; and who answers for another's number is never
//! paid and loses its bond. So a worker has joined only when its registration is final.

use crate::{
    context::{BadKey, sign},
    settings::Settings,
    status::Status,
};
use meganet_chain_client::{At, Call, ChainClient, ChainError, Signer, Until, account::format_account};
use meganet_net::Keypair;
use meganet_primitives::{
    chain::WorkerInfo,
    receipt::{PeerKey, worker_signed_bytes},
};
use std::time::Duration;

/// Seconds between attempts while funds are missing or the node is away.
const AGAIN: Duration = Duration::from_secs(6);
/// Attempts between two lines in the log that say the same.
const REMIND: u32 = 10;

/// Why a worker cannot join, until somebody does something about it.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The identity is registered to another account.
    #[error(
        "this worker's identity {peer} is registered to the operator {theirs}, not to {ours}: use that account's key, or remove identity.key to become a new worker"
    )]
    OtherOperator {
        /// The worker's peer id.
        peer: String,
        /// The account in the registry.
        theirs: String,
        /// The account configured.
        ours: String,
    },
    /// The registration is in a block that a fork may still take back, or did.
    #[error("the registration is not final yet")]
    NotFinal,
    /// The chain refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The identity cannot sign.
    #[error(transparent)]
    Identity(#[from] BadKey),
}

/// Who joins.
pub struct Joiner<'a> {
    /// The chain.
    pub chain: &'a dyn ChainClient,
    /// The operator's account.
    pub operator: &'a Signer,
    /// The worker's identity.
    pub identity: &'a Keypair,
    /// Its public key.
    pub peer: PeerKey,
    /// Country and capacity.
    pub settings: &'a Settings,
    /// Told what keeps the worker waiting.
    pub status: &'a Status,
}

impl Joiner<'_> {
    /// Registers the worker if it is not, brings country and capacity up to date if they changed, and waits as long as
    /// the account cannot pay, the node cannot be reached or the registration is not final.
    ///
    /// # Errors
    /// [`JoinError`] where waiting does not help.
    pub async fn join(&self) -> Result<WorkerInfo, JoinError> {
        let mut attempt = 0u32;
        loop {
            let error = match self.try_join().await {
                Ok(worker) => {
                    self.status.set_trouble(None);
                    self.status.set_worker(worker.clone());
                    return Ok(worker);
                }
                Err(error) if waits(&error) => error,
                Err(error) => return Err(error),
            };
            if attempt.is_multiple_of(REMIND) {
                tracing::warn!("waiting to join: {error}");
            }
            self.status.set_trouble(Some(error.to_string()));
            attempt = attempt.wrapping_add(1);
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn try_join(&self) -> Result<WorkerInfo, JoinError> {
        match self.chain.worker_by_peer(&self.peer, At::Best).await? {
            Some(worker) if worker.operator != self.operator.account() => Err(JoinError::OtherOperator {
                peer: meganet_net::peer::show(&self.peer),
                theirs: format_account(&worker.operator),
                ours: self.operator.address(),
            }),
            Some(_) => self.update(self.registered().await?).await,
            None => self.register().await,
        }
    }

    async fn register(&self) -> Result<WorkerInfo, JoinError> {
        let Settings { country, capacity, .. } = *self.settings;
        tracing::info!(%country, capacity, operator = %self.operator.address(), "registering this worker on the chain");
        let proof = sign(self.identity, &worker_signed_bytes(&self.chain.genesis(), &self.operator.account()))?;
        let call = Call::RegisterWorker { peer: self.peer, country, capacity, proof };
        self.chain.submit(self.operator, vec![call], Until::Finalized).await?;
        self.registered().await
    }

    /// The worker as the last final block has it.
    async fn registered(&self) -> Result<WorkerInfo, JoinError> {
        self.chain.worker_by_peer(&self.peer, At::Finalized).await?.ok_or(JoinError::NotFinal)
    }

    async fn update(&self, worker: WorkerInfo) -> Result<WorkerInfo, JoinError> {
        let country = Some(self.settings.country).filter(|country| *country != worker.country);
        let capacity = Some(self.settings.capacity).filter(|capacity| *capacity != worker.capacity);
        if country.is_none() && capacity.is_none() {
            return Ok(worker);
        }
        tracing::info!(?country, ?capacity, "the configuration has changed: telling the chain");
        let call = Call::UpdateWorker { worker: worker.id, country, capacity, accepting: None };
        match self.chain.submit(self.operator, vec![call], Until::InBlock).await {
            Ok(outcome) => {
                let updated = self.chain.worker(worker.id, At::Block(outcome.block.hash)).await?;
                Ok(updated.unwrap_or(worker))
            }
            // It has promised what it had: it goes on with that, and says so.
            Err(error @ ChainError::Dispatch { .. }) => {
                tracing::error!("country and capacity stay as they are on the chain: {error}");
                Ok(worker)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether waiting may help: for money, for the node, for a fork to be settled.
fn waits(error: &JoinError) -> bool {
    match error {
        JoinError::NotFinal => true,
        JoinError::Chain(error) => {
            error.is_transient()
                || matches!(
                    error,
                    ChainError::InsufficientFunds { .. }
                        | ChainError::UnknownBlock { .. }
                        | ChainError::TimedOut { .. }
                )
        }
        JoinError::OtherOperator { .. } | JoinError::Identity(_) => false,
    }
}
