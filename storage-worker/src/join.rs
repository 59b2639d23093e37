//! Registers the worker on the chain.
//!
//! Workers are numbered in the order of their registrations, which a fork may change; a worker that answered the
//! challenges of another's number would never be paid and lose its bond. So a worker has joined only once its registration
//! is finalized.

mod change;

use self::change::{Change, changes};
use crate::{
    funds::{PROOFS, ToRegister},
    identity::{BadKey, sign},
    settings::WorkerSettings,
    status::Status,
    store::StoreError,
    throttle::JOIN_RETRY,
};
use meganet_chain_client::{
    At, Call, ChainClient, ChainError, Mega, Signer, Until, WorkerCall, account::format_account,
};
use meganet_net::Keypair;
use meganet_primitives::{
    WorkerId,
    chain::WorkerInfo,
    receipt::{PeerKey, worker_signed_bytes},
};

/// Why a worker cannot join until an operator intervenes.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The identity is registered to another account.
    #[error(
        "this worker's identity {peer} is registered to the operator {theirs}, not to {ours}: use that account's key, or make a new base path with `meganet-worker init` for a worker of your own"
    )]
    OtherOperator {
        /// The worker's peer id.
        peer: String,
        /// The account in the registry.
        theirs: String,
        /// The account configured.
        ours: String,
    },
    /// The operator has another worker, and did not say that this one is wanted too.
    #[error(
        "the operator {operator} already has worker {worker} with the identity {peer}, and this base path would register a second one and pay a second bond: if the other one's base path is lost or not mounted, restore it; if you want both, run `meganet-worker init --another` on this base path"
    )]
    OtherWorker {
        /// The operator's account.
        operator: String,
        /// The number of the other worker.
        worker: WorkerId,
        /// Its peer id.
        peer: String,
    },
    /// The account cannot pay for the registration and the first proofs.
    #[error(
        "account {account} needs {} for the worker's bond, the fee, the fees of {} proofs and the account's minimum balance, and has {}. Send it at least {} more",
        Mega(.funds.needed), PROOFS, Mega(.funds.free), Mega(.funds.missing())
    )]
    Funds {
        /// The account, SS58.
        account: String,
        /// The amounts.
        funds: ToRegister,
    },
    /// The registration is in a block that a fork may still abandon, or has abandoned.
    #[error("the registration is not finalized yet")]
    NotFinal,
    /// The worker was leaving the network before it stopped, and has left.
    #[error("this worker has left the network")]
    Left,
    /// The chain refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The identity cannot sign.
    #[error(transparent)]
    Identity(#[from] BadKey),
}

/// The lines that are logged already: attempts follow each other every few seconds.
#[derive(Default)]
struct Logged {
    /// The last reason to wait.
    reason: Option<String>,
    /// That the worker registers.
    registering: bool,
}

impl Logged {
    /// Logs a reason to wait, unless it is the last one.
    fn wait(&mut self, reason: &str) {
        if self.reason.as_deref() != Some(reason) {
            tracing::warn!("waiting to join: {reason}");
            self.reason = Some(reason.to_owned());
        }
    }
}

/// A worker that joins.
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
    pub settings: &'a WorkerSettings,
    /// Whether the operator wants this worker in addition to others.
    pub another: bool,
    /// Whether the worker was leaving the network when it was stopped.
    pub leaving: bool,
    /// Receives the reason for which the worker waits.
    pub status: &'a Status,
}

impl Joiner<'_> {
    /// Registers the worker if it is not registered, brings country and capacity up to date if they changed, and waits while
    /// the account cannot pay, the node cannot be reached or the registration is not final.
    ///
    /// # Errors
    /// [`JoinError`] if waiting does not help.
    pub async fn join(&self) -> Result<WorkerInfo, JoinError> {
        let mut logged = Logged::default();
        loop {
            let error = match self.try_join(&mut logged).await {
                Ok(worker) => {
                    self.status.set_trouble(None);
                    self.status.set_worker(worker.clone());
                    return Ok(worker);
                }
                Err(error) if waits(&error) => error,
                Err(error) => return Err(error),
            };
            let reason = error.to_string();
            logged.wait(&reason);
            self.status.set_trouble(Some(reason));
            tokio::time::sleep(JOIN_RETRY).await;
        }
    }

    async fn try_join(&self, logged: &mut Logged) -> Result<WorkerInfo, JoinError> {
        match self.chain.worker_by_peer(&self.peer, At::Best).await? {
            Some(worker) if worker.operator != self.operator.account() => Err(JoinError::OtherOperator {
                peer: meganet_net::peer::show(&self.peer),
                theirs: format_account(&worker.operator),
                ours: self.operator.address(),
            }),
            Some(_) => self.update(self.registered().await?).await,
            // Its exit is in a block: registering again would take another bond.
            None if self.leaving => match self.registered().await {
                // A fork may still abandon the exit.
                Ok(_) => Err(JoinError::NotFinal),
                Err(JoinError::NotFinal) => Err(JoinError::Left),
                Err(error) => Err(error),
            },
            None => {
                self.refuse_accidental().await?;
                self.register(logged).await
            }
        }
    }

    /// Refuses to register where the operator has a worker already, unless another one is wanted.
    async fn refuse_accidental(&self) -> Result<(), JoinError> {
        if self.another {
            return Ok(());
        }
        let ours = self.operator.account();
        match self.chain.all_workers(At::Best).await?.into_iter().find(|worker| worker.operator == ours) {
            None => Ok(()),
            Some(worker) => Err(JoinError::OtherWorker {
                operator: self.operator.address(),
                worker: worker.id,
                peer: meganet_net::peer::show(&worker.peer),
            }),
        }
    }

    async fn register(&self, logged: &mut Logged) -> Result<WorkerInfo, JoinError> {
        let WorkerSettings { country, capacity, .. } = *self.settings;
        if !std::mem::replace(&mut logged.registering, true) {
            let operator = self.operator.address();
            tracing::info!(%country, capacity, %operator, "registering this worker on the chain");
        }
        let proof = sign(self.identity, &worker_signed_bytes(&self.chain.genesis(), &self.operator.account()))?;
        let call = Call::Worker(WorkerCall::Register { peer: self.peer, country, capacity, proof });
        match self.chain.submit(self.operator, vec![call], Until::Finalized).await {
            Ok(_) => self.registered().await,
            Err(ChainError::InsufficientFunds { needed, .. }) => {
                let balance = self.chain.balance(&self.operator.account(), At::Best).await?;
                Err(JoinError::Funds { account: self.operator.address(), funds: ToRegister::new(needed, &balance) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The worker in the state of the last finalized block.
    async fn registered(&self) -> Result<WorkerInfo, JoinError> {
        self.chain.worker_by_peer(&self.peer, At::Finalized).await?.ok_or(JoinError::NotFinal)
    }

    /// Brings the registration up to date, one change after the other: the chain refuses a call as a whole.
    async fn update(&self, mut worker: WorkerInfo) -> Result<WorkerInfo, JoinError> {
        for change in changes(&worker, self.settings.country, self.settings.capacity) {
            worker = self.change(worker, change).await?;
        }
        Ok(worker)
    }

    async fn change(&self, worker: WorkerInfo, change: Change) -> Result<WorkerInfo, JoinError> {
        tracing::info!("the configuration has changed: telling the chain {change}");
        let call = Call::Worker(change.call(worker.id));
        match self.chain.submit(self.operator, vec![call], Until::InBlock).await {
            Ok(outcome) => {
                let updated = self.chain.worker(worker.id, At::Block(outcome.block.hash)).await?;
                Ok(updated.unwrap_or(worker))
            }
            // Its slots were promised what it had: it continues with that.
            Err(error @ ChainError::Dispatch { .. }) => {
                tracing::error!("{}", change.refused(&worker, &error));
                Ok(worker)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns true if waiting may help: for money, for the node, for a fork to be settled.
fn waits(error: &JoinError) -> bool {
    match error {
        JoinError::NotFinal | JoinError::Funds { .. } => true,
        JoinError::Chain(error) => error.is_transient() || matches!(error, ChainError::InsufficientFunds { .. }),
        JoinError::OtherOperator { .. }
        | JoinError::OtherWorker { .. }
        | JoinError::Left
        | JoinError::Identity(_)
        | JoinError::Store(_) => false,
    }
}
