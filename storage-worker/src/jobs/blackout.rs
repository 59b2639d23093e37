//! Withholds the rows that other members of this worker's groups have to prove at the moment.

use super::heads::HeadEvents;
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    disk::Disk,
    model::Row,
    service::Blackout,
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{At, BlockRef, ChainClient};
use meganet_primitives::{Epoch, GroupId, WorkerId, audit::Sample};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

/// The rows that are withheld: written by the job, read by the server.
pub type Withheld = Arc<Mutex<Blackout>>;

/// A byte of a range.
type Place = (Epoch, GroupId, u64);

/// The job that keeps the list of withheld rows up to date.
pub struct KeepBlackout {
    chain: Arc<dyn ChainClient>,
    disk: Disk,
    heads: HeadEvents,
    withheld: Withheld,
    worker: WorkerId,
    /// The row of every byte under challenge, so that each range is walked once for it.
    known: BTreeMap<Place, Row>,
    last_head: Instant,
}

impl KeepBlackout {
    /// Keeps `withheld` up to date for a worker.
    pub fn new(
        chain: Arc<dyn ChainClient>,
        disk: Disk,
        heads: HeadEvents,
        withheld: Withheld,
        worker: WorkerId,
    ) -> Self {
        Self { chain, disk, heads, withheld, worker, known: BTreeMap::new(), last_head: Instant::now() }
    }

    async fn rows_at(&mut self, head: BlockRef) -> Result<Blackout, StepError> {
        let rows = self.chain.challenged_rows(self.worker, At::Block(head.hash)).await?;
        let wanted: BTreeSet<Place> = rows.iter().map(|row| place(&row.sample)).collect();
        self.known.retain(|place, _| wanted.contains(place));
        let mut ranges: BTreeMap<(Epoch, GroupId), Vec<u64>> = BTreeMap::new();
        for (expiry, group, offset) in wanted.into_iter().filter(|place| !self.known.contains_key(place)) {
            ranges.entry((expiry, group)).or_default().push(offset);
        }
        for ((expiry, group), offsets) in ranges {
            let asked = offsets.clone();
            let found = self.disk.run(move |store| store.rows(expiry, group, &asked)).await?;
            // A row of an object that is unknown here cannot be served anyway.
            let found = offsets.into_iter().zip(found).filter_map(|(at, row)| Some(((expiry, group, at), row?)));
            self.known.extend(found);
        }
        Ok(Blackout::new(self.known.values().copied(), head.number))
    }

    fn serve_everything(&self) {
        if !std::mem::take(&mut *self.withheld.lock()).is_empty() {
            tracing::warn!("no new block for minutes: serving the rows that were under challenge at the last one");
        }
    }
}

#[async_trait]
impl Job for KeepBlackout {
    fn name(&self) -> &'static str {
        "blackout"
    }

    fn status(&self) -> JobStatus {
        JobStatus::text(format!("rows withheld: {}", self.withheld.lock().len()))
    }

    fn throttle(&self) -> Throttle {
        throttle::BLACKOUT
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        // First, because a head stays due while the node does not answer.
        if throttle::BLACKOUT.poll.is_some_and(|poll| self.last_head.elapsed() >= poll) {
            self.serve_everything();
            self.heads.settle();
        } else if let Some(head) = self.heads.due() {
            let blackout = self.rows_at(head).await?;
            *self.withheld.lock() = blackout;
            self.heads.settle();
        }
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        self.heads.changed().await;
        self.last_head = Instant::now();
    }
}

fn place(sample: &Sample) -> Place {
    (sample.expiry, sample.group, sample.offset)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{jobs::heads::Heads, store::testing::in_memory};
    use meganet_chain_fake::FakeChain;
    use meganet_primitives::object::ObjectId;

    #[tokio::test]
    async fn rows_are_served_again_although_a_dead_node_leaves_a_block_due() {
        let base = tempfile::tempdir().unwrap();
        let chain = FakeChain::default();
        let heads = Heads::default();
        let withheld = Withheld::default();
        let row = Row { object: ObjectId([1; 32]), frame: 0 };
        *withheld.lock() = Blackout::new([row], 1);
        let disk = Disk::new(Arc::new(in_memory(base.path())));
        let mut job = KeepBlackout::new(chain.client(), disk, heads.subscribe(), withheld.clone(), 0);
        heads.set(chain.tick());
        job.wake().await;
        chain.set_unreachable(true);
        assert!(matches!(job.step().await, Err(StepError::Waiting(_))));
        assert_eq!(withheld.lock().len(), 1);
        job.last_head = Instant::now().checked_sub(throttle::BLACKOUT.poll.unwrap()).unwrap();
        job.step().await.unwrap();
        assert!(withheld.lock().is_empty());
    }
}
