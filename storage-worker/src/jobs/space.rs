//! Watches the free bytes of the disk, and gives up the ballast where it is full.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    disk::Disk,
    service::space::{Room, effective, may_lay, reserve, room},
    status::{Space, Status},
    store::StoreError,
    throttle,
};
use async_trait::async_trait;
use std::sync::Arc;

/// The job that watches the disk.
pub struct WatchSpace {
    disk: Disk,
    status: Arc<Status>,
    reserve: u64,
}

impl WatchSpace {
    /// Watches a disk on which `capacity` bytes are lent.
    pub fn new(disk: Disk, status: Arc<Status>, capacity: u64) -> Self {
        Self { disk, status, reserve: reserve(capacity) }
    }
}

#[async_trait]
impl Job for WatchSpace {
    fn name(&self) -> &'static str {
        "space"
    }

    fn status(&self) -> JobStatus {
        let free = self.status.space().map(|space| format!("{} MiB free", space.free >> 20));
        JobStatus::text(free.unwrap_or_default())
    }

    fn throttle(&self) -> Throttle {
        throttle::SPACE
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let reserve = self.reserve;
        let free = self.disk.run(move |store| {
            let (free, ballast) = (store.free()?, store.ballast()?);
            if room(free, reserve) == Room::Full && ballast > 0 {
                tracing::warn!(free, "the disk is full: giving up the ballast");
                store.drop_ballast()?;
            } else if ballast < reserve && may_lay(free, reserve, reserve) {
                store.lay_ballast(reserve)?;
            }
            Ok::<_, StoreError>(effective(store.free()?, reserve, store.ballast()?))
        });
        let free = free.await?;
        let space = Space { free, reserve, room: room(free, reserve) };
        let before = self.status.space().map(|space| space.room);
        if space.room != Room::Ample && before != Some(space.room) {
            tracing::error!("{space}");
        }
        self.status.set_space(space);
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        std::future::pending().await
    }
}
