//! What names lead to, and how that is known.
//!
//! A [`Resolver`] asks in one of three ways and always says which: a light client of this process, which checks
//! everything; a node whose proofs are checked from a [checkpoint](CheckpointFile) on; or, where there is no checkpoint, a node
//! that is believed. It never takes a worse way because a better one failed: that is an error.

mod ask;
mod checkpoint;

pub use ask::{AskCheckpointError, ask_checkpoint};
pub use checkpoint::{CheckpointError, CheckpointFile};

use meganet_chain_client::{At, ChainClient, ChainError, NameProofs, Trust};
use meganet_name_proof::{
    Basis, Checkpoint, Freshness, NameProof, ProofError, SetChanges, Verified, changes::ChangeError, verify,
};
use meganet_primitives::{BlockNumber, chain::Resolution, hash::Hash};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How old a proven answer may be. Blocks are final within seconds; a node that says nothing newer than this is cut off, or
/// keeps something back.
pub const MAX_AGE: Duration = Duration::from_secs(600);
/// How often a node is asked again that is behind what is known: as when several nodes share an address.
const TRIES: usize = 3;
/// How long to wait before that.
const PAUSE: Duration = Duration::from_secs(1);

/// How it is known what a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A light client of this process checked it.
    Light,
    /// A proof was checked.
    Proof(Basis),
    /// A node said so.
    Rpc,
}

impl Evidence {
    /// For programs: `light`, `proof` or `rpc`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Proof(_) => "proof",
            Self::Rpc => "rpc",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Light => Trust::Light.fmt(f),
            Self::Proof(basis) => write!(f, "verified: {basis}"),
            Self::Rpc => Trust::Rpc.fmt(f),
        }
    }
}

/// What a name leads to in a final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// What it leads to; `None` where there is no such name.
    pub resolution: Option<Resolution>,
    /// The block's hash.
    pub hash: Hash,
    /// Its height.
    pub number: BlockNumber,
    /// How it is known.
    pub evidence: Evidence,
    /// The proof, where one was checked.
    pub proof: Option<Vec<u8>>,
}

/// Why it is not known what a name leads to.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What the node sent proves nothing.
    #[error("the node's answer was not believed: {0}")]
    Proof(#[from] ProofError),
    /// What the node sent of changes of validators proves nothing.
    #[error("the node's answer was not believed: {0}")]
    Change(#[from] ChangeError),
    /// The node can't prove anything.
    #[error(
        "what this is connected to sends no proofs, and a checkpoint is configured: use a node, or leave the checkpoint away to believe what is said"
    )]
    NoProofs,
    /// The node says that there are changes of validators, and gives none.
    #[error("the node says that validators changed often since block {since}, and does not say how: ask another one")]
    NoProgress {
        /// The checkpoint's block.
        since: BlockNumber,
    },
    /// The checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl ResolveError {
    /// Whether the same question may have an answer in a while.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_transient(),
            Self::Proof(error) => matches!(error, ProofError::StaleBlock { .. } | ProofError::StaleTime { .. }),
            Self::Change(_) | Self::NoProofs | Self::NoProgress { .. } | Self::Checkpoint(_) => false,
        }
    }

    /// Whether an answer came that did not prove what it says.
    pub fn is_lie(&self) -> bool {
        matches!(self, Self::Proof(_) | Self::Change(_) | Self::NoProgress { .. }) && !self.is_transient()
    }
}

/// Resolves names, and says how it is known where they lead.
pub struct Resolver {
    chain: Arc<dyn ChainClient>,
    checkpoint: Option<CheckpointFile>,
}

impl Resolver {
    /// Over a chain; with a checkpoint, nodes have to prove what they say.
    pub fn new(chain: Arc<dyn ChainClient>, checkpoint: Option<CheckpointFile>) -> Self {
        Self { chain, checkpoint }
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn ChainClient> {
        &self.chain
    }

    /// What a name, `alice` or `blog.alice`, leads to in the newest final block.
    ///
    /// # Errors
    /// [`ResolveError`]: also where an answer came that is not proven.
    pub async fn resolve(&self, name: &str) -> Result<Resolved, ResolveError> {
        let said = match (self.chain.trust(), &self.checkpoint) {
            (Trust::Light, _) => Evidence::Light,
            (Trust::Rpc, None) => Evidence::Rpc,
            (Trust::Rpc, Some(checkpoint)) => {
                let proofs = self.chain.proofs().ok_or(ResolveError::NoProofs)?;
                let (verified, proof) = prove(proofs, name, checkpoint, PAUSE).await?;
                return Ok(Resolved {
                    resolution: verified.answer.resolution().cloned(),
                    hash: verified.block.hash.0,
                    number: verified.block.number,
                    evidence: Evidence::Proof(verified.basis),
                    proof: Some(proof),
                });
            }
        };
        let head = self.chain.finalized().await?;
        let resolution = self.chain.resolve(name, At::Block(head.hash)).await?;
        Ok(Resolved { resolution, hash: head.hash, number: head.number, evidence: said, proof: None })
    }
}

/// Asks a node for a proof and checks it; keeps the newer checkpoint.
async fn prove(
    proofs: &dyn NameProofs,
    name: &str,
    checkpoint: &CheckpointFile,
    pause: Duration,
) -> Result<(Verified, Vec<u8>), ResolveError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let known = caught_up(proofs, name, checkpoint).await?;
        let (known, bytes) = known;
        let proof = NameProof::from_bytes(&bytes).map_err(ProofError::from)?;
        let age = u64::try_from(MAX_AGE.as_millis()).unwrap_or(u64::MAX);
        match verify(&proof, name, &known, &Freshness::within(&known, now(), age)) {
            Err(ProofError::StaleBlock { .. }) if tries < TRIES => tokio::time::sleep(pause).await,
            Err(error) => return Err(error.into()),
            Ok(verified) => {
                checkpoint.advance(&verified.checkpoint);
                return Ok((verified, bytes));
            }
        }
    }
}

/// A proof from a checkpoint that is near enough, and that checkpoint.
async fn caught_up(
    proofs: &dyn NameProofs,
    name: &str,
    checkpoint: &CheckpointFile,
) -> Result<(Checkpoint, Vec<u8>), ResolveError> {
    loop {
        let known = checkpoint.known();
        if let Some(bytes) = proofs.name_proof(name, known.number).await? {
            return Ok((known, bytes));
        }
        let changes = SetChanges::from_bytes(&proofs.set_changes(known.number).await?)?;
        let next = changes.follow(&known)?;
        if next.number == known.number {
            return Err(ResolveError::NoProgress { since: known.number });
        }
        checkpoint.advance(&next);
    }
}

/// Milliseconds since 1970 by this machine's clock.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
