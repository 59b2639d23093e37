//! Releases lapsed promises, each after the chain was asked once more. [`crate::service::lapse`] decides.

use crate::{
    background::StepError,
    clock::Clock,
    disk::Disk,
    metrics::Metrics,
    model::{Lapse, records::LapseRecord},
    service::lapse::{Present, Verdict, is_ripe, of_adopted, of_receipt, of_slot},
    status::Status,
    store::{Store, StoreError},
};
use meganet_chain_client::{At, BlockRef, ChainClient, ChainError, Trust};
use meganet_primitives::{GroupId, SlotIndex, chain::Tombstone};
use std::{sync::Arc, time::Duration};

/// Lapses that are looked at in one go, and leaves or receipts that are released in one go.
const PAGE: usize = 64;
/// Deletions about which a node is asked again at a time.
const REVIEWED: usize = 16;

/// The dependencies of a [`Reclaimer`].
pub struct ReclaimHandles {
    /// Confirms that a promise has ended.
    pub chain: Arc<dyn ChainClient>,
    /// Keeps what has lapsed.
    pub disk: Disk,
    /// This worker's registration, and whether everything is known that it should hold.
    pub status: Arc<Status>,
    /// The age of a lapse.
    pub clock: Arc<dyn Clock>,
    /// Counts what is released.
    pub metrics: Arc<Metrics>,
    /// Time for which lapsed bytes are kept.
    pub keep: Duration,
    /// Whether the operator answers for the node.
    pub trust_node: bool,
}

/// A need for space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// There is no need.
    Nothing,
    /// This many bytes of the share that uploads have: only what was never paid for makes way.
    Share(u64),
    /// This many bytes of any kind.
    Room(u64),
}

impl Need {
    fn bytes(self) -> Option<u64> {
        match self {
            Self::Nothing => None,
            Self::Share(bytes) | Self::Room(bytes) => Some(bytes),
        }
    }

    /// Whether the end of a promise helps.
    fn is_met_by(self, lapse: &Lapse) -> bool {
        !matches!(self, Self::Share(_)) || matches!(lapse, Lapse::Receipt(_))
    }
}

/// Releases lapsed promises.
pub struct Reclaimer {
    handles: ReclaimHandles,
    /// One at a time: it walks over all lapses. In it, the deletion after which the next review continues.
    turn: tokio::sync::Mutex<Option<Lapse>>,
}

impl Reclaimer {
    /// Releases what the handles' disk holds.
    pub fn new(handles: ReclaimHandles) -> Self {
        Self { handles, turn: tokio::sync::Mutex::default() }
    }

    /// Whether the chain's answers count as proven.
    pub fn is_proven(&self) -> bool {
        self.handles.trust_node || self.handles.chain.trust() == Trust::Light
    }

    /// Releases what may go without any need.
    ///
    /// # Errors
    /// Those of chain and disk.
    pub async fn release_old(&self) -> Result<(), StepError> {
        self.release(Need::Nothing).await
    }

    /// Releases what may go where something is needed, until enough is freed. Does nothing while another call runs.
    ///
    /// # Errors
    /// Those of chain and disk.
    pub async fn make_room(&self, need: Need) -> Result<(), StepError> {
        if self.handles.disk.usage().lapsed == 0 {
            return Ok(());
        }
        self.release(need).await
    }

    async fn release(&self, need: Need) -> Result<(), StepError> {
        let Ok(mut turn) = self.turn.try_lock() else { return Ok(()) };
        let ReclaimHandles { chain, disk, clock, keep, .. } = &self.handles;
        let needed = need.bytes();
        if needed.is_none() && !self.is_proven() {
            *turn = self.review(*turn).await?;
            return Ok(());
        }
        let head = chain.finalized().await?;
        let before = disk.usage();
        let present =
            Present { now: clock.now(), block: head.number, proven: self.is_proven(), pressed: needed.is_some() };
        let enough =
            |disk: &Disk| needed.is_some_and(|needed| before.bytes.saturating_sub(disk.usage().bytes) >= needed);
        let mut after = None;
        'pages: loop {
            let page = disk.run(move |store| store.lapses(after.as_ref(), PAGE)).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let ripe = |(lapse, record): &(Lapse, LapseRecord)| {
                need.is_met_by(lapse) && is_ripe(lapse, record, *keep, present)
            };
            for (lapse, _) in page.into_iter().filter(ripe) {
                self.settle(lapse, head).await?;
                if enough(disk) {
                    break 'pages;
                }
            }
        }
        let after = disk.usage();
        let (shards, bytes) = (before.shards.saturating_sub(after.shards), before.bytes.saturating_sub(after.bytes));
        if shards > 0 {
            self.handles.metrics.released.inc_by(shards);
            tracing::info!(shards, bytes, "removed shards whose promise has ended");
        }
        Ok(())
    }

    /// Asks a node again about the deletions after `after`, and takes back those that it does not report: the node that reported
    /// them may have been wrong, and be another one by now. Otherwise the shards of such objects would not be rebuilt when they
    /// are lost. Returns the last one that it was asked about; `None` to begin again.
    async fn review(&self, after: Option<Lapse>) -> Result<Option<Lapse>, StepError> {
        let ReclaimHandles { chain, disk, .. } = &self.handles;
        if disk.usage().lapsed == 0 {
            return Ok(None);
        }
        let head = chain.finalized().await?;
        // What else has lapsed is compared with the chain in every round.
        let page = disk.run(move |store| store.deletions(after.as_ref(), REVIEWED)).await?;
        let mut last = None;
        for lapse in page {
            if self.verdict(&lapse, At::Block(head.hash)).await? == Verdict::Stands {
                disk.run(move |store| store.reinstate(&lapse)).await?;
            }
            last = Some(lapse);
        }
        Ok(last)
    }

    /// Asks the chain about a lapse, and releases it or takes it back.
    async fn settle(&self, lapse: Lapse, head: BlockRef) -> Result<(), StepError> {
        let disk = &self.handles.disk;
        match self.verdict(&lapse, At::Block(head.hash)).await? {
            Verdict::Ended => while !disk.run(move |store| release_page(store, &lapse)).await? {},
            Verdict::Stands => disk.run(move |store| store.reinstate(&lapse)).await?,
            Verdict::StillNeeded => {}
        }
        Ok(())
    }

    async fn verdict(&self, lapse: &Lapse, at: At) -> Result<Verdict, ChainError> {
        let ReclaimHandles { chain, status, .. } = &self.handles;
        let ended = |ended| if ended { Verdict::Ended } else { Verdict::Stands };
        Ok(match *lapse {
            Lapse::Receipt(receipt) => {
                let known = status.known().filter(|known| known.groups.contains(&receipt.group));
                of_receipt(receipt.valid_until, known.map(|known| known.block))
            }
            Lapse::Range { expiry, .. } => ended(chain.params(at).await?.epoch >= expiry),
            Lapse::Object(leaf, object) => {
                let tombstone = Tombstone { expiry: leaf.expiry, leaf: leaf.index, object };
                ended(chain.tombstoned(leaf.group, &[tombstone], at).await?.contains(&true))
            }
            // Once everything is known, a promise for it would hold it.
            Lapse::Shard(_) => of_adopted(status.synced(), status.is_unregistered()),
            Lapse::Slot { group, slot } => of_slot(self.holder(group, slot, at).await?),
        })
    }

    /// The present holder of a slot: whether that is this worker, and whether it holds all shards of the slot.
    async fn holder(&self, group: GroupId, slot: SlotIndex, at: At) -> Result<Option<(bool, bool)>, ChainError> {
        let ours = self.handles.status.worker().map(|worker| worker.id);
        let health = self.handles.chain.group_health(group, at).await?;
        let holder = health.and_then(|health| health.slots.into_iter().nth(usize::from(slot)).flatten());
        Ok(holder.map(|holder| (Some(holder.worker) == ours, holder.whole)))
    }
}

/// Releases a page of what a lapse covers. Returns true at the end, and if the promise stands again: a group of a million leaves
/// takes a while, and the worker may get its slot back meanwhile.
fn release_page(store: &Store, lapse: &Lapse) -> Result<bool, StoreError> {
    Ok(!store.has_lapsed(lapse)? || store.release(lapse, PAGE)?)
}
