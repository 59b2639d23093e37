//! The state of a chain from which a history chooses its next transactions.

use meganet_chain_client::{At, ChainClient, ChainError};
use meganet_primitives::{
    BlockNumber, Epoch, WorkerId,
    chain::{AutoRenewalInfo, ChallengeInfo, GroupInfo, WorkerInfo},
    hash::Hash,
};

/// A chain at its best block.
pub struct View {
    pub(super) genesis: Hash,
    pub(super) number: BlockNumber,
    pub(super) epoch: Epoch,
    pub(super) workers: Vec<WorkerInfo>,
    pub(super) groups: Vec<GroupInfo>,
    pub(super) challenges: Vec<ChallengeInfo>,
    /// Workers that can be reported.
    pub(super) overdue: Vec<WorkerId>,
    pub(super) auto_renewals: Vec<AutoRenewalInfo>,
}

impl View {
    /// Reads it.
    ///
    /// # Errors
    /// If the chain cannot be asked.
    pub async fn read(chain: &dyn ChainClient) -> Result<Self, ChainError> {
        let best = chain.best().await?;
        let at = At::Block(best.hash);
        let workers = chain.all_workers(at).await?;
        let (mut challenges, mut overdue) = (Vec::new(), Vec::new());
        for worker in &workers {
            challenges.extend(chain.challenge(worker.id, at).await?);
            overdue.extend(chain.overdue(worker.id, at).await?);
        }
        let ranges = chain.ranges(0, at).await?;
        let mut auto_renewals = Vec::new();
        for range in &ranges {
            auto_renewals.extend(chain.all_auto_renewals_in(0, range.expiry, at).await?);
        }
        Ok(Self {
            genesis: chain.genesis(),
            number: best.number,
            epoch: chain.params(at).await?.epoch,
            groups: chain.all_groups(at).await?,
            workers,
            challenges,
            overdue,
            auto_renewals,
        })
    }
}
