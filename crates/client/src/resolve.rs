//! Resolution of names, with the evidence for each answer.
//!
//! The [`Resolver`] verifies answers in one of three ways and always reports which: a light client in this process, which checks
//! everything; proofs from a node, checked from a [checkpoint](CheckpointFile) on; or, where there is no checkpoint, not at all,
//! because a node is believed. It never falls back to a weaker way: where the configured one fails, the answer is an error. Earlier
//! versions of a name have no proofs, so with a checkpoint they do not open by the name.
//!
//! A [`Resolved`] can only come from a resolver, and a site can only be opened by one (or by a link, which names its objects by
//! their hashes). So no reader can skip the check.

mod ask;
mod checkpoint;
mod resolved;

pub use ask::{AskCheckpointError, ask_checkpoint};
pub use checkpoint::{CheckpointError, CheckpointFile};
pub use resolved::{Evidence, NotASite, Resolved, Verified};

pub use meganet_name_proof::Basis;

use meganet_chain_client::{At, ChainClient, ChainError, NameProofs, Trust};
use meganet_name_proof::{
    Checkpoint, Freshness, NameProof, ProofError, SetChanges, Verified as VerifiedProof, changes::ChangeError, verify,
};
use meganet_primitives::{
    BlockNumber, chain::Resolution, content::NameContent, convert::to_millis, link::LinkError, name::split_name,
    object::ObjectId,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The greatest age of a proven answer. Blocks become final within seconds; a node that proves nothing newer is cut off, or
/// withholds something.
pub const MAX_AGE: Duration = Duration::from_secs(600);
/// The number of questions to a node whose answers are behind the checkpoint, as when several nodes share an address.
const TRIES: usize = 3;
/// The pause between two of these questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a name could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The name breaks the rules of names.
    #[error(transparent)]
    Name(#[from] LinkError),
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The node's proof is wrong, or of something else.
    #[error("the node's answer was rejected: {0}")]
    Proof(#[from] ProofError),
    /// The node's proof of a change of validators is wrong.
    #[error("the node's answer was rejected: {0}")]
    Change(#[from] ChangeError),
    /// The node cannot prove its answers.
    #[error(
        "a checkpoint is configured, but this node sends no proofs: use another node, or drop the checkpoint to trust the node"
    )]
    NoProofs,
    /// The node reports changes of validators, and proves none.
    #[error("the node reports changes of validators after block {since}, but sends none of them: use another node")]
    NoProgress {
        /// The checkpoint's block.
        since: BlockNumber,
    },
    /// The chain remembers no such version of the name.
    #[error("{object} is not among the versions of '{name}' that the chain remembers")]
    NoSuchVersion {
        /// The name.
        name: String,
        /// The manifest's object.
        object: ObjectId,
        /// The evidence for that.
        evidence: Evidence,
    },
    /// The name does not point to this version now, and only the node's word says that it did.
    #[error(
        "it cannot be proven that '{name}' ever pointed to {object}, and a checkpoint is configured: open the version without the checkpoint, which trusts the node, or by a link to the object"
    )]
    UnprovenVersion {
        /// The name.
        name: String,
        /// The manifest's object.
        object: ObjectId,
    },
    /// The checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl ResolveError {
    /// Whether a retry may succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_transient(),
            Self::Proof(error) => matches!(error, ProofError::StaleBlock { .. } | ProofError::StaleTime { .. }),
            Self::Name(_)
            | Self::Change(_)
            | Self::NoProofs
            | Self::NoProgress { .. }
            | Self::NoSuchVersion { .. }
            | Self::UnprovenVersion { .. }
            | Self::Checkpoint(_) => false,
        }
    }
}

/// Resolves names, with evidence.
pub struct Resolver {
    chain: Arc<dyn ChainClient>,
    checkpoint: Option<CheckpointFile>,
}

impl Resolver {
    /// A resolver that asks a chain. With a checkpoint, a node has to prove its answers; without one it is believed.
    pub fn new(chain: Arc<dyn ChainClient>, checkpoint: Option<CheckpointFile>) -> Self {
        Self { chain, checkpoint }
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn ChainClient> {
        &self.chain
    }

    /// Resolves a name, `alice` or `blog.alice`, in the newest final block, so that no reader sees a version go back.
    ///
    /// # Errors
    /// [`ResolveError`]; in particular where a checkpoint is configured and the answer is not proven.
    pub async fn resolve(&self, name: &str) -> Result<Resolved, ResolveError> {
        split_name(name).map_err(LinkError::from)?;
        let verified = match (self.chain.trust(), &self.checkpoint) {
            (Trust::Light, _) => Verified::Light,
            (Trust::Rpc, None) => Verified::Rpc,
            (Trust::Rpc, Some(checkpoint)) => {
                let proofs = self.chain.proofs().ok_or(ResolveError::NoProofs)?;
                let (verified, proof) = prove(proofs, name, checkpoint, PAUSE).await?;
                return Ok(Resolved {
                    name: name.to_owned(),
                    resolution: verified.answer.resolution().cloned(),
                    hash: verified.block.hash.0,
                    evidence: Evidence { verified: Verified::Proof(verified.basis), block: verified.block.number },
                    proof: Some(proof),
                });
            }
        };
        let head = self.chain.finalized().await?;
        let resolution = self.chain.resolve(name, At::Block(head.hash)).await?;
        let evidence = Evidence { verified, block: head.number };
        Ok(Resolved { name: name.to_owned(), resolution, hash: head.hash, evidence, proof: None })
    }

    /// The version of a name's site whose manifest is `object`: the present one, or one that the chain remembers. Versions of a
    /// name below another are not remembered.
    ///
    /// # Errors
    /// [`ResolveError::NoSuchVersion`]; [`ResolveError::UnprovenVersion`] for an earlier version where a checkpoint is configured,
    /// since proofs cover only what a name points to now; and errors of the chain.
    pub async fn version(&self, current: &Resolved, object: ObjectId) -> Result<Resolved, ResolveError> {
        let is_it = |content: &Option<NameContent>| {
            content.as_ref().and_then(NameContent::object).is_some_and(|content| content.object == object)
        };
        let evidence = current.evidence;
        let name = current.name.clone();
        if let Some(resolution) = current.resolution.as_ref().filter(|resolution| resolution.status.works()) {
            if is_it(&resolution.content) {
                return Ok(current.clone());
            }
            if !name.contains('.') {
                if self.chain.trust() == Trust::Rpc && self.checkpoint.is_some() {
                    return Err(ResolveError::UnprovenVersion { name, object });
                }
                let history = self.chain.name_history(&name, At::Block(current.hash)).await?;
                if let Some(was) = history.into_iter().find(|was| is_it(&was.content)) {
                    let resolution = Resolution { content: was.content, version: was.version, ..resolution.clone() };
                    return Ok(Resolved { evidence, resolution: Some(resolution), proof: None, ..current.clone() });
                }
            }
        }
        Err(ResolveError::NoSuchVersion { name, object, evidence })
    }
}

/// Asks a node for a proof and checks it; advances the checkpoint.
async fn prove(
    proofs: &dyn NameProofs,
    name: &str,
    checkpoint: &CheckpointFile,
    pause: Duration,
) -> Result<(VerifiedProof, Vec<u8>), ResolveError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (known, bytes) = caught_up(proofs, name, checkpoint).await?;
        let proof = NameProof::from_bytes(&bytes).map_err(ProofError::from)?;
        let age = to_millis(MAX_AGE);
        match verify(&proof, name, &known, &Freshness::within(&known, now(), age)) {
            Err(ProofError::StaleBlock { .. }) if tries < TRIES => tokio::time::sleep(pause).await,
            Err(error) => return Err(error.into()),
            Ok(verified) => {
                checkpoint.advance(&verified.checkpoint).await;
                return Ok((verified, bytes));
            }
        }
    }
}

/// A proof that starts at the checkpoint, and that checkpoint: advanced first, where it is too old for one proof.
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
        checkpoint.advance(&next).await;
    }
}

/// Milliseconds since 1970 by this machine's clock.
fn now() -> u64 {
    to_millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

#[cfg(test)]
mod tests;
