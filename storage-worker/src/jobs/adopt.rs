//! Compares the folder of shard files with the index after a start: adopts whole files that the index does not know, and
//! lists shards whose files are gone.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    clock::Clock,
    disk::{DamageLog, Disk},
    metrics::Metrics,
    model::keys::ShardKey,
    store::Adoption,
    throttle,
};
use async_trait::async_trait;
use std::sync::Arc;

/// The job that adopts. It ends when every file was looked at.
pub struct Adopt {
    disk: Disk,
    damage: DamageLog,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// The first byte of the objects to be compared next; `None` after the last.
    next: Option<u8>,
    /// Files without a record that are not read yet.
    unknown: Vec<ShardKey>,
    put_aside: u64,
}

impl Adopt {
    /// Compares everything on a disk.
    pub fn new(disk: Disk, damage: DamageLog, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { disk, damage, clock, metrics, next: Some(0), unknown: Vec::new(), put_aside: 0 }
    }

    /// Compares the objects that begin with one byte.
    async fn compare(&mut self, first: u8) -> Result<(), StepError> {
        let differences = self.disk.run(move |store| store.differences(first)).await?;
        for key in differences.lost {
            self.damage.record(key, 0).await?;
        }
        self.unknown = differences.unknown;
        self.next = first.checked_add(1);
        Ok(())
    }

    async fn adopt(&mut self, key: ShardKey) -> Result<(), StepError> {
        let now = self.clock.now();
        match self.disk.run(move |store| store.adopt(&key, now)).await? {
            Adoption::Adopted => {
                self.metrics.adopted.inc();
            }
            Adoption::PutAside => {
                self.put_aside = self.put_aside.saturating_add(1);
                tracing::warn!(shard = %key, "a file is not a whole shard: moved to shards/orphans");
            }
            Adoption::Known | Adoption::NotHere => {}
        }
        Ok(())
    }
}

#[async_trait]
impl Job for Adopt {
    fn name(&self) -> &'static str {
        "adopt"
    }

    fn status(&self) -> JobStatus {
        JobStatus {
            progress: Some(format!("adopted {} files, put aside {}", self.metrics.adopted.get(), self.put_aside)),
            queue: None,
        }
    }

    fn throttle(&self) -> Throttle {
        throttle::ADOPT
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        if let Some(key) = self.unknown.last().copied() {
            self.adopt(key).await?;
            // Only now: a failure tries the same file again.
            self.unknown.pop();
            return Ok(Turn::Busy);
        }
        match self.next {
            Some(first) => self.compare(first).await.map(|()| Turn::Busy),
            None => {
                let adopted = self.metrics.adopted.get();
                if adopted > 0 {
                    tracing::info!(shards = adopted, "adopted shard files that the index did not know");
                }
                Ok(Turn::Done)
            }
        }
    }

    async fn wake(&mut self) {
        std::future::pending().await
    }
}
