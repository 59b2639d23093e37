//! Has the chain renew what is prepaid for in this worker's groups: the worker earns by it for as long as the batch lives.

use super::heads;
use crate::{context::Context, service::renew::Turns};
use meganet_chain_client::{At, BlockRef, Call, ChainError, Mega, Signer, Until};
use meganet_primitives::{
    AutoRenewalId, BlockNumber, Epoch, GroupId,
    chain::{AutoRenewalInfo, AutoRenewalState, MAX_PAGE},
    pay::RENEWAL_WINDOW,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Renewals in one transaction.
const AT_ONCE: usize = 16;
/// Blocks between two looks.
const EVERY: BlockNumber = 2;

/// Renews until the worker is stopped.
pub async fn run(context: Arc<Context>, operator: Signer) {
    let stop = context.stop.clone();
    let renewer = Renewer { context, operator, from: BTreeMap::new(), one_at_a_time: false, refused: BTreeSet::new() };
    tokio::select! {
        () = stop.cancelled() => {}
        () = renewer.renew() => {}
    }
}

struct Renewer {
    context: Arc<Context>,
    operator: Signer,
    /// Where the next page of each group begins, so that those that can't be renewed don't hide those that can.
    from: BTreeMap<GroupId, AutoRenewalId>,
    /// Whether the last transaction was refused for one of several.
    one_at_a_time: bool,
    /// What the chain refused, though it had said that it would not: it is left to others.
    refused: BTreeSet<(AutoRenewalId, Epoch)>,
}

impl Renewer {
    async fn renew(mut self) {
        let mut news = heads::subscribe(&self.context);
        let mut next = 0;
        loop {
            let head = heads::next(&mut news, None).await;
            if head.number < next {
                continue;
            }
            next = head.number.saturating_add(EVERY);
            if let Err(error) = self.look(head).await {
                tracing::debug!(%error, "cannot look for what is to be renewed");
            }
        }
    }

    async fn look(&mut self, head: BlockRef) -> Result<(), ChainError> {
        let Some(epoch_blocks) = self.context.membership(|membership| membership.epoch_blocks()) else { return Ok(()) };
        let expiry = (head.number / epoch_blocks.max(1)).saturating_add(RENEWAL_WINDOW);
        self.refused.retain(|(_, of)| *of >= expiry);
        let groups: Vec<(GroupId, Turns)> = self.context.membership(|membership| {
            let turns = |slots, slot| Turns { epoch_blocks, slots, slot };
            membership.groups().map(|view| (view.id, turns(view.profile.profile().n, view.slot))).collect()
        });
        let mut due = Vec::new();
        for (group, turns) in groups {
            let page = self.page(group, expiry, At::Block(head.hash)).await?;
            let mine = |info: &AutoRenewalInfo| {
                info.state == AutoRenewalState::Due
                    && turns.begins(info.id, expiry) <= head.number
                    && !self.refused.contains(&(info.id, expiry))
            };
            due.extend(page.iter().filter(|info| mine(info)).map(|info| info.id));
        }
        let most = if self.one_at_a_time { 1 } else { AT_ONCE };
        for ids in due.chunks(most) {
            self.submit(ids, expiry).await;
        }
        Ok(())
    }

    /// The next page of what expires with this epoch in a group; the first again after the last.
    async fn page(&mut self, group: GroupId, expiry: Epoch, at: At) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let from = self.from.remove(&group).unwrap_or_default();
        let page = self.context.chain.auto_renewals_in(group, expiry, from, MAX_PAGE, at).await?;
        let full = u32::try_from(page.len()).is_ok_and(|found| found >= MAX_PAGE);
        if let Some(last) = page.last().filter(|_| full) {
            self.from.insert(group, last.id.saturating_add(1));
        }
        Ok(page)
    }

    async fn submit(&mut self, ids: &[AutoRenewalId], expiry: Epoch) {
        let calls = ids.iter().map(|id| Call::AutoRenew { id: *id }).collect();
        match self.context.chain.submit(&self.operator, calls, Until::InBlock).await {
            Ok(outcome) => {
                self.one_at_a_time = false;
                self.context.metrics.renewals.inc_by(u64::try_from(ids.len()).unwrap_or(u64::MAX));
                let paid = Mega(outcome.renewal_fees().unwrap_or_default());
                tracing::info!(?ids, block = outcome.block.number, %paid, "had the chain renew what is prepaid for");
            }
            Err(error) if error.is_dispatch("Storage", "NotDue") && ids.len() == 1 => {
                tracing::debug!(?ids, "another member was quicker");
            }
            Err(error @ ChainError::Dispatch { .. }) => {
                tracing::debug!(?ids, %error, "the chain refused to renew");
                if let [id] = ids {
                    self.refused.insert((*id, expiry));
                } else {
                    self.one_at_a_time = true;
                }
            }
            Err(error) => tracing::warn!(?ids, %error, "cannot have the chain renew what is prepaid for"),
        }
    }
}
