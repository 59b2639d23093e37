//! Waiting for a transaction: the node's statuses while they come, the blocks themselves otherwise.

use super::{
    SubxtChain,
    connection::{Connection, block_name},
    events::extrinsic_hash,
    failure::{self, Failure},
    statuses::{End, Found, Statuses},
    transaction::Signed,
};
use crate::{
    client::HeadsClient,
    error::ChainError,
    types::{TxOutcome, Until},
};
use meganet_primitives::hash::Hash;
use std::{collections::HashSet, time::Duration};
use subxt::utils::H256;

/// How often blocks are looked at where no statuses come.
const POLL: Duration = Duration::from_secs(1);

impl SubxtChain {
    /// Waits for a transaction that the pool accepted. Returns its outcome.
    pub(super) async fn wait(
        &self,
        signed: &Signed,
        statuses: Option<Statuses>,
        until: Until,
    ) -> Result<TxOutcome, ChainError> {
        let (timeout, wanted) = match until {
            Until::InBlock => (self.shared.options.block_timeout, "in a block"),
            Until::Finalized => (self.shared.options.finality_timeout, "finalized"),
        };
        let found = tokio::time::timeout(timeout, self.find(signed, statuses, until)).await;
        let found = found.map_err(|_| ChainError::TimedOut {
            extrinsic: hex::encode(signed.hash),
            wanted: wanted.to_owned(),
            seconds: timeout.as_secs(),
        })??;
        self.outcome(found.block, signed.hash, found.finalized).await
    }

    /// Follows the statuses and, where they end early, the blocks.
    async fn find(&self, signed: &Signed, mut statuses: Option<Statuses>, until: Until) -> Result<Found, ChainError> {
        // Blocks without it. Only their hashes are certain: a height may get another block.
        let mut without = HashSet::new();
        loop {
            let mut gone = None;
            if let Some(mut statuses) = statuses.take() {
                match statuses.follow(until).await {
                    End::Found(found) => return Ok(found),
                    End::Look => {}
                    End::Gone(reason) => gone = Some(reason),
                }
            }
            match self.search(signed, until, &mut without).await {
                Ok((Some(found), _)) => return Ok(found),
                Ok((None, top)) if top > signed.dies() => {
                    return Err(ChainError::Expired { extrinsic: hex::encode(signed.hash) });
                }
                Ok((None, _)) => {
                    if let Some(reason) = gone {
                        return Err(ChainError::Rejected { reason: reason.to_owned() });
                    }
                    // A pool forgets when its node restarts. The same bytes again do no harm.
                    statuses = self.offer_again(signed).await;
                }
                // It was submitted: whether it succeeds is decided with or without us.
                Err(error) if error.is_transient() => tracing::warn!(%error, "a transaction waits for the node"),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Looks through the blocks of the transaction's lifetime. Returns the height that was looked up to.
    async fn search(
        &self,
        signed: &Signed,
        until: Until,
        without: &mut HashSet<Hash>,
    ) -> Result<(Option<Found>, u32), ChainError> {
        let finalized = self.finalized().await?.number;
        let top = match until {
            Until::InBlock => self.best().await?.number,
            Until::Finalized => finalized,
        };
        for number in signed.born.saturating_add(1)..=top.min(signed.dies()) {
            let block = self.ask(|connection| async move { connection.at_height(number).await }).await?;
            let Some(block) = block.filter(|block| !without.contains(&block.hash)) else { continue };
            let hash = signed.hash;
            let inside = self.ask(|connection| async move { contains(&connection, block.hash, &hash).await }).await?;
            if inside {
                return Ok((Some(Found { block: block.hash, finalized: number <= finalized }), top));
            }
            without.insert(block.hash);
        }
        Ok((None, top))
    }
}

async fn contains(connection: &Connection, block: Hash, extrinsic: &Hash) -> Result<bool, Failure> {
    let details = connection.rpc.chain_get_block(Some(H256(block))).await;
    let details = details.map_err(|e| failure::rpc("chain_getBlock", &block_name(H256(block)), e))?;
    Ok(details.is_some_and(|details| details.block.extrinsics.iter().any(|xt| extrinsic_hash(&xt.0) == *extrinsic)))
}
