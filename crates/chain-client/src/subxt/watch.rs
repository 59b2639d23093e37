//! Waiting for a transaction: the node's statuses while they come, the blocks themselves otherwise.

use super::{
    SubxtChain,
    connection::{Connection, block_name, unknown},
    events::extrinsic_hash,
    failure::{self, Failure},
    statuses::{Found, Statuses},
    transaction::Signed,
};
use crate::{
    client::HeadsClient,
    error::ChainError,
    types::{At, BlockRef, TxOutcome, Until},
};
use meganet_primitives::hash::Hash;
use std::{collections::HashSet, time::Duration};
use subxt::utils::H256;

/// How often blocks are looked at where no statuses come.
const POLL: Duration = Duration::from_secs(1);

impl SubxtChain {
    /// Waits for a transaction that the pool accepted. Returns its outcome. A refusal is returned only once it is final: another
    /// fork may include the transaction where it succeeds, and who repeats it then pays twice.
    pub(super) async fn wait(
        &self,
        signed: &Signed,
        mut statuses: Option<Statuses>,
        until: Until,
    ) -> Result<TxOutcome, ChainError> {
        let found = self.find_in_time(signed, &mut statuses, until).await?;
        match self.outcome(found.block, signed.hash, found.finalized).await {
            Err(refused @ ChainError::Dispatch { .. }) if !found.finalized => {
                tracing::debug!(%refused, "waiting until a refusal is final");
                let found = self.find_in_time(signed, &mut statuses, Until::Finalized).await;
                let found =
                    found.inspect_err(|error| tracing::warn!(%refused, %error, "a refusal is not final yet"))?;
                self.outcome(found.block, signed.hash, found.finalized).await
            }
            outcome => outcome,
        }
    }

    async fn find_in_time(
        &self,
        signed: &Signed,
        statuses: &mut Option<Statuses>,
        until: Until,
    ) -> Result<Found, ChainError> {
        let (timeout, wanted) = match until {
            Until::InBlock => (self.shared.options.block_timeout, "in a block"),
            Until::Finalized => (self.shared.options.finality_timeout, "finalized"),
        };
        let found = tokio::time::timeout(timeout, self.find(signed, statuses, until)).await;
        found.map_err(|_| ChainError::TimedOut {
            extrinsic: hex::encode(signed.hash),
            wanted: wanted.to_owned(),
            seconds: timeout.as_secs(),
        })?
    }

    /// Follows the statuses and, where they end early, the blocks.
    async fn find(&self, signed: &Signed, statuses: &mut Option<Statuses>, until: Until) -> Result<Found, ChainError> {
        // Blocks without it. Only their hashes are certain: a height may get another block.
        let mut without = HashSet::new();
        loop {
            if let Some(live) = statuses {
                if let Some(found) = live.follow(until).await {
                    return Ok(found);
                }
                *statuses = None;
            }
            match self.search(signed, until, &mut without).await {
                Ok((Some(found), _)) => return Ok(found),
                Ok((None, finalized)) => {
                    if let Some(lost) = self.lost(signed, finalized).await {
                        return Err(lost);
                    }
                    // A pool forgets when its node restarts. The same bytes again do no harm.
                    *statuses = self.offer_again(signed).await;
                }
                // It was submitted: whether it succeeds is decided with or without us.
                Err(error) if error.is_transient() => tracing::warn!(%error, "a transaction waits for the node"),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The error if no block can include a transaction any more that none up to this final one does.
    async fn lost(&self, signed: &Signed, finalized: BlockRef) -> Option<ChainError> {
        let (account, at) = (signed.account.to_vec(), At::Block(finalized.hash));
        let next_nonce = self.call("AccountNonceApi_account_nonce", account, at).await;
        signed.lost(finalized.number, next_nonce.ok())
    }

    /// Looks through the blocks of the transaction's lifetime. Returns also the final block up to which it has seen all.
    async fn search(
        &self,
        signed: &Signed,
        until: Until,
        without: &mut HashSet<Hash>,
    ) -> Result<(Option<Found>, BlockRef), ChainError> {
        let finalized = self.finalized().await?;
        let top = match until {
            Until::InBlock => self.best().await?.number.max(finalized.number),
            Until::Finalized => finalized.number,
        };
        for number in signed.born.saturating_add(1)..=top.min(signed.dies()) {
            let block = self.ask(|connection| async move { connection.at_height(number).await }).await?;
            let Some(block) = block else {
                if number > finalized.number {
                    // A fork that is shorter so far has become the best chain.
                    break;
                }
                // Another node answers now, which is behind: it must not be taken for an empty block.
                return Err(ChainError::UnknownBlock { block: number.to_string() });
            };
            if without.contains(&block.hash) {
                continue;
            }
            let hash = signed.hash;
            let inside = self.ask(|connection| async move { contains(&connection, block.hash, &hash).await }).await?;
            if inside {
                return Ok((Some(Found { block: block.hash, finalized: number <= finalized.number }), finalized));
            }
            without.insert(block.hash);
        }
        Ok((None, finalized))
    }
}

async fn contains(connection: &Connection, block: Hash, extrinsic: &Hash) -> Result<bool, Failure> {
    let details = connection.rpc.chain_get_block(Some(H256(block))).await;
    let details = details.map_err(|e| failure::rpc("chain_getBlock", &block_name(H256(block)), e))?;
    // A node that is behind, or a light client whose nodes do not answer, does not have the block.
    let details = details.ok_or_else(|| unknown(&block_name(H256(block))))?;
    Ok(details.block.extrinsics.iter().any(|xt| extrinsic_hash(&xt.0) == *extrinsic))
}
