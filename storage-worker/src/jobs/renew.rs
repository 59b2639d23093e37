//! Has the chain renew prepaid batches of this worker's groups: the worker earns by a batch for as long as it lives.

use super::heads::HeadEvents;
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    groups::Groups,
    metrics::Metrics,
    operator::Operator,
    service::renew::Turns,
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{At, AutoRenewalCall, BlockRef, Call, ChainError, Mega, Until};
use meganet_primitives::pallets::StorageError;
use meganet_primitives::{
    AutoRenewalId, BlockNumber, Epoch, GroupId,
    chain::{AutoRenewalInfo, AutoRenewalState, MAX_PAGE},
    convert::to_u64,
    pay::RENEWAL_WINDOW,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Renewals in one transaction.
const PER_TRANSACTION: usize = 16;
/// Blocks between two looks.
const EVERY: BlockNumber = 2;

/// The job that renews.
pub struct Renew {
    operator: Operator,
    groups: Arc<Groups>,
    metrics: Arc<Metrics>,
    heads: HeadEvents,
    /// The first block of the next look.
    next: BlockNumber,
    /// Where the next page of each group begins, so that renewals that cannot be made do not hide those that can.
    from: BTreeMap<GroupId, AutoRenewalId>,
    /// Whether the last transaction was refused because of one of several renewals.
    one_at_a_time: bool,
    /// Renewals that the chain reported as due and then refused; they are left to other members.
    refused: BTreeSet<(AutoRenewalId, Epoch)>,
    renewed: u64,
}

impl Renew {
    /// Renews in the operator's name.
    pub fn new(operator: Operator, groups: Arc<Groups>, metrics: Arc<Metrics>, heads: HeadEvents) -> Self {
        Self {
            operator,
            groups,
            metrics,
            heads,
            next: 0,
            from: BTreeMap::new(),
            one_at_a_time: false,
            refused: BTreeSet::new(),
            renewed: 0,
        }
    }

    async fn look(&mut self, head: BlockRef) -> Result<(), ChainError> {
        let Some(epoch_blocks) = self.groups.membership(|membership| membership.epoch_blocks()) else { return Ok(()) };
        let expiry = (head.number / epoch_blocks.max(1)).saturating_add(RENEWAL_WINDOW);
        self.refused.retain(|(_, of)| *of >= expiry);
        let groups: Vec<(GroupId, Turns)> = self.groups.membership(|membership| {
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
        let most = if self.one_at_a_time { 1 } else { PER_TRANSACTION };
        for ids in due.chunks(most) {
            self.submit(ids, expiry).await;
        }
        Ok(())
    }

    /// The next page of a group's renewals with this expiry; the first one again after the last.
    async fn page(&mut self, group: GroupId, expiry: Epoch, at: At) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let from = self.from.remove(&group).unwrap_or_default();
        let page = self.operator.chain.auto_renewals_in(group, expiry, from, MAX_PAGE, at).await?;
        let full = u32::try_from(page.len()).is_ok_and(|found| found >= MAX_PAGE);
        if let Some(last) = page.last().filter(|_| full) {
            self.from.insert(group, last.id.saturating_add(1));
        }
        Ok(page)
    }

    async fn submit(&mut self, ids: &[AutoRenewalId], expiry: Epoch) {
        let calls = ids.iter().map(|id| Call::AutoRenewal(AutoRenewalCall::Renew { id: *id })).collect();
        match self.operator.submit(calls, Until::InBlock).await {
            Ok(outcome) => {
                self.one_at_a_time = false;
                let renewed = to_u64(ids.len());
                self.metrics.renewals.inc_by(renewed);
                self.renewed = self.renewed.saturating_add(renewed);
                let paid = Mega(outcome.renewal_fees().unwrap_or_default());
                tracing::info!(?ids, block = outcome.block.number, %paid, "had the chain renew prepaid batches");
            }
            Err(error) if error.is(StorageError::NotDue) && ids.len() == 1 => {
                tracing::debug!(?ids, "another member was faster");
            }
            Err(error @ ChainError::Dispatch { .. }) => {
                tracing::debug!(?ids, %error, "the chain refused to renew");
                if let [id] = ids {
                    self.refused.insert((*id, expiry));
                } else {
                    self.one_at_a_time = true;
                }
            }
            Err(error) => tracing::warn!(?ids, %error, "cannot have the chain renew prepaid batches"),
        }
    }
}

#[async_trait]
impl Job for Renew {
    fn name(&self) -> &'static str {
        "renew"
    }

    fn status(&self) -> JobStatus {
        JobStatus::text(format!("renewed {}", self.renewed))
    }

    fn throttle(&self) -> Throttle {
        throttle::RENEW
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let Some(head) = self.heads.due() else { return Ok(Turn::Idle(None)) };
        self.heads.settle();
        if head.number >= self.next {
            self.next = head.number.saturating_add(EVERY);
            self.look(head).await?;
        }
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        self.heads.changed().await;
    }
}
