//! Damaged shards are whole again, and cost the other members no more than the frames that are bad. With real swarms.
#![allow(clippy::unwrap_used)]

use meganet_chain_fake::FakeConfig;
use meganet_objects::ShardHasher;
use meganet_testkit::town::{Object, Town, until};
use meganet_worker::{
    metrics::Metrics,
    store::{
        engine::{Batch, Durability, Engine, Table},
        rocks::RocksEngine,
    },
};
use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

const ALL: [usize; 6] = [0, 1, 2, 3, 4, 5];
/// The member whose disk is damaged.
const HURT: usize = 1;
const FRAME: u64 = 64 << 10;
/// Members that may be asked for the same frame, when some seem to be late. Two are enough.
const OTHERS: u64 = 5;

/// A town with an object of 62 stripes.
struct Damaged {
    town: Town,
    object: Object,
    slot: u8,
    path: PathBuf,
}

impl Damaged {
    async fn new() -> Self {
        let town = Town::new().await;
        let object = Object::new(1, 8_000_000);
        town.store(&ALL, &[&object], 20).await;
        town.whole(HURT).await;
        let slot = town.slot(HURT).await;
        let path = town.members[HURT].store().path_of(&object.key(slot));
        let damaged = Self { town, object, slot, path };
        assert_eq!(damaged.len().div_ceil(FRAME), 62);
        damaged
    }

    fn len(&self) -> u64 {
        self.object.entry().shard_len
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.town.members[HURT].worker().metrics().clone()
    }

    /// Frame bytes that the other members have served.
    fn served(&self) -> u64 {
        let others = ALL.into_iter().filter(|index| *index != HURT);
        others.map(|index| self.town.members[index].worker().metrics().bytes_out.get()).sum()
    }

    fn change_file(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(&self.path).unwrap();
        change(&mut bytes);
        fs::write(&self.path, bytes).unwrap();
    }

    /// Stops the member, changes its file and the tops of the frames in its index, and starts it again.
    async fn change_stopped(&mut self, file: impl FnOnce(&mut Vec<u8>), tops: impl FnOnce(&mut Vec<u8>)) {
        self.town.members[HURT].stop().await;
        self.change_file(file);
        let key = self.object.key(self.slot).encode();
        let index = RocksEngine::open(&self.town.members[HURT].base.path().join("index")).unwrap();
        let mut row = index.get(Table::Trees, &key).unwrap().unwrap();
        tops(&mut row);
        let mut batch = Batch::default();
        batch.put(Table::Trees, key, row);
        index.commit(batch, Durability::Synced).unwrap();
        drop(index);
        self.town.start(HURT).await;
    }

    /// Reads the shard until it is whole, as the `count`th one that healed.
    async fn heals(&self, count: u64) {
        let shard = &self.object.shards[usize::from(self.slot)];
        let begun = Instant::now();
        // The first read finds the damage, unless the scrub does.
        while !self.town.get(HURT, &self.object, self.slot).await.is_ok_and(|bytes| bytes == *shard) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the shard is not whole");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let metrics = self.metrics();
        until("the shard is counted", || metrics.healed.get() == count).await;
        assert_eq!(self.town.members[HURT].store().usage().damaged, 0);
    }

    /// The bytes of another shard, with the tops of its frames.
    fn other(&self) -> (Vec<u8>, Vec<u8>) {
        let shard = self.object.shards[usize::from((self.slot + 1) % 6)].clone();
        let mut hasher = ShardHasher::new();
        hasher.push(&shard);
        let (_, tree) = hasher.finish().unwrap();
        (shard, tree.tops().concat())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_bad_frames_come_from_other_members() {
    let damaged = Damaged::new().await;
    let frame = usize::try_from(FRAME).unwrap();
    // The number of bad frames, the bits that flip, and the bytes that are left.
    let cases = [
        (1, vec![5 * frame + 9], usize::MAX),
        (2, vec![2 * frame, 60 * frame], usize::MAX),
        // The last frame is short.
        (1, vec![61 * frame], usize::MAX),
        (4, vec![], 58 * frame),
    ];
    for (count, (bad, flips, left)) in (1..).zip(cases) {
        let before = damaged.served();
        damaged.change_file(|bytes| {
            flips.iter().for_each(|at| bytes[*at] ^= 0x10);
            bytes.truncate(left);
        });
        damaged.heals(count).await;
        let served = damaged.served() - before;
        assert!(served <= OTHERS * bad * FRAME, "case {count}: {served} bytes for {bad} bad frames");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_digests_cost_their_frames_only() {
    let mut damaged = Damaged::new().await;
    let before = damaged.served();
    damaged.change_stopped(|bytes| bytes[5 << 16] ^= 1, |tops| tops[40 * 32] ^= 1).await;
    damaged.heals(1).await;
    let served = damaged.served() - before;
    assert!(served <= OTHERS * 2 * FRAME, "{served} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_good_is_left_all_frames_come_from_other_members() {
    let damaged = Damaged::new().await;
    let (other, _) = damaged.other();
    let before = damaged.served();
    damaged.change_file(|bytes| bytes[..other.len()].copy_from_slice(&other));
    damaged.heals(1).await;
    until("all frames of two members are counted", || damaged.served() - before >= 2 * damaged.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_look_good_and_are_bad_are_found_by_the_root() {
    let mut damaged = Damaged::new().await;
    let (other, other_tops) = damaged.other();
    let before = damaged.served();
    let swap = |bytes: &mut Vec<u8>| bytes[..other.len()].copy_from_slice(&other);
    damaged.change_stopped(swap, |tops| *tops = other_tops).await;
    damaged.heals(1).await;
    until("all frames of two members are counted", || damaged.served() - before >= 2 * damaged.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_takes_long_keeps_no_other_shard_waiting() {
    // 16 KiB per second for each of two, so a frame takes four seconds.
    let town = Town::with(FakeConfig::default(), |settings| {
        (settings.rebuilds, settings.rebuild_rate) = (2, 32 << 10);
    })
    .await;
    // 62 frames, of which none will be good, and two.
    let (large, small) = (Object::new(1, 8_000_000), Object::new(2, 200_000));
    town.store(&ALL, &[&large, &small], 20).await;
    town.whole(HURT).await;
    let (slot, member) = (town.slot(HURT).await, &town.members[HURT]);
    let path = member.store().path_of(&large.key(slot));
    let mut bytes = fs::read(&path).unwrap();
    bytes[..large.shards[usize::from(slot)].len()].fill(0);
    fs::write(&path, bytes).unwrap();
    // Reading finds the damage.
    let _ = town.get(HURT, &large, slot).await;
    until("the large shard is being rebuilt", || member.worker().status().rebuilding() == 1).await;
    town.flip(HURT, &small.key(slot), 9);
    let _ = town.get(HURT, &small, slot).await;
    until("the small shard is whole", || member.worker().metrics().healed.get() == 1).await;
    assert!(town.get(HURT, &small, slot).await.unwrap() == small.shards[usize::from(slot)]);
    assert_eq!((member.store().usage().damaged, member.worker().status().rebuilding()), (1, 1));
}
