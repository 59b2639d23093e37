//! Reads every shard again, at a bounded rate, and checks it against its root. Also checks the ends of shard files, and
//! mends them.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    disk::{DamageLog, Disk},
    metrics::Metrics,
    model::{keys::ShardKey, records::ShardRecord},
    service::scrub::{Pace, until_next},
    store::{Mending, ReadError, StoreError},
    throttle,
};
use async_trait::async_trait;
use meganet_primitives::{convert::to_u64, merkle::FrameTree};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// Frames that are read in one step.
const FRAMES: u64 = 16;
/// Shards that are listed at once.
const PAGE: usize = 64;

/// How fast and how often to scrub.
#[derive(Clone, Copy, Debug)]
pub struct ScrubSettings {
    /// Bytes per second.
    pub rate: u64,
    /// Time from the beginning of one pass to that of the next, if a pass does not take longer.
    pub interval: Duration,
}

/// The job that scrubs.
pub struct Scrub {
    disk: Disk,
    damage: DamageLog,
    metrics: Arc<Metrics>,
    settings: ScrubSettings,
    pass: Option<Pass>,
}

/// A pass over all shards, which may resume one that was cut short.
struct Pass {
    begun: Instant,
    /// Listed shards that are not read yet.
    listed: VecDeque<(ShardKey, ShardRecord)>,
    /// The last listed shard.
    last: Option<ShardKey>,
    /// The shard that is being read.
    shard: Option<OpenShard>,
    /// Shards read in this pass.
    read: u64,
}

struct OpenShard {
    key: ShardKey,
    record: Arc<ShardRecord>,
    tree: Arc<FrameTree>,
    /// The first frame that is not read yet.
    next: u64,
}

impl Scrub {
    /// Scrubs a disk.
    pub fn new(disk: Disk, damage: DamageLog, metrics: Arc<Metrics>, settings: ScrubSettings) -> Self {
        Self { disk, damage, metrics, settings, pass: None }
    }

    async fn begin(&self) -> Result<Pass, StoreError> {
        let last = self.disk.run(|store| store.scrub_cursor()).await?;
        Ok(Pass { begun: Instant::now(), listed: VecDeque::new(), last, shard: None, read: 0 })
    }

    /// Lists the next shards; returns false at the end of the pass.
    async fn list(&self, pass: &mut Pass) -> Result<bool, StoreError> {
        let from = pass.last;
        let page = self.disk.run(move |store| store.shards_after(from.as_ref(), PAGE)).await?;
        let Some((last, _)) = page.last() else {
            self.disk.run(|store| store.set_scrub_cursor(None)).await?;
            return Ok(false);
        };
        pass.last = Some(*last);
        pass.listed = page.into_iter().filter(|(_, record)| !record.damaged).collect();
        Ok(true)
    }

    /// Loads the tree of a shard; `None` if it cannot be read, which is recorded.
    async fn open(&self, key: ShardKey, record: ShardRecord) -> Result<Option<OpenShard>, StoreError> {
        let record = Arc::new(record);
        let of = record.clone();
        // Not from the cache: the tree on disk is to be checked as well.
        match self.disk.run(move |store| store.tree(&key, &of)).await {
            Ok(tree) => Ok(Some(OpenShard { key, record, tree: Arc::new(tree), next: 0 })),
            Err(error) => self.found(key, error).await.map(|()| None),
        }
    }

    /// Reads the next frames of a shard; returns how long to rest, or `None` at its end or at its first damage.
    async fn read(&self, shard: &mut OpenShard) -> Result<Option<Duration>, StoreError> {
        let (first, count) = (shard.next, FRAMES.min(shard.tree.frames().saturating_sub(shard.next)));
        if count == 0 {
            return self.check_footer(shard).await.map(|()| None);
        }
        shard.next = first.saturating_add(count);
        let (key, record, tree) = (shard.key, shard.record.clone(), shard.tree.clone());
        let begun = Instant::now();
        match self.disk.run(move |store| store.frames_by(&key, &record, &tree, first, count)).await {
            Ok(frames) => {
                let bytes = to_u64(frames.bytes.len());
                self.metrics.scrubbed_bytes.inc_by(bytes);
                Ok(Some(Pace::new(self.settings.rate).rest(bytes, begun.elapsed())))
            }
            Err(error) => self.found(key, error).await.map(|()| None),
        }
    }

    /// Checks the end of a shard's file, by which the file is adopted if the index is lost.
    async fn check_footer(&self, shard: &OpenShard) -> Result<(), StoreError> {
        let key = shard.key;
        match self.disk.run(move |store| store.mend_footer(&key)).await? {
            Mending::Unneeded => {}
            Mending::Mended => {
                tracing::warn!(shard = %key, "the end of a shard's file was damaged on disk: it is written again");
                self.metrics.corrupt_found.inc();
                self.metrics.healed.inc();
            }
            // A rebuild makes a new file, elsewhere on the disk.
            Mending::Failed => self.damage.record(key, shard.tree.frames().saturating_sub(1)).await?,
        }
        Ok(())
    }

    async fn found(&self, key: ShardKey, error: ReadError) -> Result<(), StoreError> {
        match error {
            ReadError::Damaged { frame } => self.damage.found(key, frame).await,
            ReadError::Store(error) => Err(error),
            // Released while it was read.
            ReadError::NotHere | ReadError::OutOfRange { .. } => Ok(()),
        }
    }

    /// Notes that a shard has been read, so that a restart continues after it.
    async fn done(&self, pass: &mut Pass, key: ShardKey) -> Result<(), StoreError> {
        pass.shard = None;
        pass.read = pass.read.saturating_add(1);
        self.disk.run(move |store| store.set_scrub_cursor(Some(&key))).await
    }

    async fn advance(&self, pass: &mut Pass) -> Result<Progress, StoreError> {
        if let Some(shard) = &mut pass.shard {
            let key = shard.key;
            if let Some(rest) = self.read(shard).await? {
                return Ok(Progress::Rest(rest));
            }
            self.done(pass, key).await?;
            return Ok(Progress::More);
        }
        if let Some((key, record)) = pass.listed.pop_front() {
            pass.shard = self.open(key, record).await?;
            if pass.shard.is_none() {
                self.done(pass, key).await?;
            }
            return Ok(Progress::More);
        }
        Ok(if self.list(pass).await? { Progress::More } else { Progress::Finished })
    }
}

/// The result of one step of a pass.
enum Progress {
    More,
    Rest(Duration),
    Finished,
}

#[async_trait]
impl Job for Scrub {
    fn name(&self) -> &'static str {
        "scrub"
    }

    fn status(&self) -> JobStatus {
        let all = self.disk.usage().shards;
        JobStatus::text(match &self.pass {
            Some(pass) => format!("shards read: {} of {all}", pass.read),
            None => format!("all shards read; passes: {}", self.metrics.scrub_passes.get()),
        })
    }

    fn throttle(&self) -> Throttle {
        throttle::SCRUB
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => self.begin().await?,
        };
        let turn = match self.advance(&mut pass).await? {
            Progress::More => Turn::Busy,
            Progress::Rest(rest) => Turn::Throttled(rest),
            Progress::Finished => {
                self.metrics.scrub_passes.inc();
                tracing::info!(shards = pass.read, seconds = pass.begun.elapsed().as_secs(), "read all shards again");
                return Ok(Turn::Idle(Some(until_next(self.settings.interval, pass.begun.elapsed()))));
            }
        };
        self.pass = Some(pass);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        clock::SystemClock,
        model::keys::LeafKey,
        store::{
            Store,
            engine::Table,
            testing::{FakeObject, in_memory, spoil},
        },
    };
    use meganet_primitives::{range::RangeLeaf, sum_tree::summarize};

    fn scrub(disk: &Disk) -> Scrub {
        let (clock, metrics) = (Arc::new(SystemClock), Arc::new(Metrics::default()));
        let damage = DamageLog { disk: disk.clone(), clock, metrics: metrics.clone(), rebuild_due: Arc::default() };
        let settings = ScrubSettings { rate: u64::MAX, interval: Duration::from_secs(1) };
        Scrub::new(disk.clone(), damage, metrics, settings)
    }

    #[tokio::test]
    async fn a_bit_that_flipped_in_the_end_of_a_file_is_found_and_mended() {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let object = FakeObject::new(1, 1 << 18);
        object.store(&store, 0, 0);
        let path = store.path_of(&object.key(0));
        let good = std::fs::read(&path).unwrap();
        let disk = Disk::new(Arc::new(store));
        for at in [object.shards[0].len(), good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, bad).unwrap();
            let mut scrub = scrub(&disk);
            while !matches!(scrub.step().await.unwrap(), Turn::Idle(_)) {}
            assert!(std::fs::read(&path).unwrap() == good, "byte {at}");
            assert_eq!((scrub.metrics.corrupt_found.get(), scrub.metrics.healed.get()), (1, 1), "byte {at}");
        }
        // Nothing promises it, and a damaged one would have been removed.
        assert_eq!((disk.usage().shards, disk.usage().damaged), (1, 0));
    }

    /// Has the chain count on an object that is stored.
    fn register(store: &Store, object: &FakeObject) {
        let entries = [object.entry()];
        let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: [1; 32], signed: 1, registered: 1 };
        let key = LeafKey { expiry: 10, group: 0, index: 0 };
        store.set_slot(0, 0).unwrap();
        store.add_leaf(&key, &leaf).unwrap();
        store.resolve(&key, &leaf, 0, &entries, 1).unwrap();
    }

    #[tokio::test]
    async fn a_shard_whose_object_has_a_lost_or_bad_row_is_rebuilt_with_it() {
        let bad = [0xff; 3];
        for (len, row) in [(1 << 10, None), (1 << 18, None), (1 << 10, Some(&bad[..])), (1 << 18, Some(&bad[..]))] {
            let base = tempfile::tempdir().unwrap();
            let store = in_memory(base.path());
            let object = FakeObject::new(1, len);
            let key = object.key(0);
            object.store(&store, 0, 0);
            register(&store, &object);
            spoil(&store, Table::Objects, key.object.0.to_vec(), row);
            let disk = Disk::new(Arc::new(store));
            let mut scrub = scrub(&disk);
            while !matches!(scrub.step().await.unwrap(), Turn::Idle(_)) {}
            assert!(disk.store().is_missing(&key).unwrap(), "{len} {row:?}");
            assert_eq!((disk.usage().damaged, scrub.metrics.corrupt_found.get()), (1, 1), "{len} {row:?}");
            // As the rebuild ends.
            object.store(disk.store(), 0, 5);
            assert!(!disk.store().is_missing(&key).unwrap(), "{len} {row:?}");
            while !matches!(scrub.step().await.unwrap(), Turn::Idle(_)) {}
            assert_eq!((disk.usage().damaged, scrub.metrics.corrupt_found.get()), (0, 1), "{len} {row:?}");
            assert!(disk.store().frames(&key, 0, 1).is_ok(), "{len} {row:?}");
        }
    }

    #[tokio::test]
    async fn a_pass_that_is_cut_short_continues_after_the_last_shard_that_was_read() {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let mut keys: Vec<ShardKey> = (0..3)
            .map(|seed| {
                let object = FakeObject::new(seed, 50_000);
                object.store(&store, 0, 0);
                object.key(0)
            })
            .collect();
        keys.sort();
        let disk = Disk::new(Arc::new(store));
        let mut first = scrub(&disk);
        while first.pass.as_ref().is_none_or(|pass| pass.read < 1) {
            first.step().await.unwrap();
        }
        assert_eq!(disk.store().scrub_cursor().unwrap(), Some(keys[0]));
        drop(first);

        let mut second = scrub(&disk);
        let mut read = 0;
        while !matches!(second.step().await.unwrap(), Turn::Idle(_)) {
            read = second.pass.as_ref().map_or(read, |pass| pass.read);
        }
        assert_eq!(read, 2);
        assert_eq!(disk.store().scrub_cursor().unwrap(), None);
    }
}
