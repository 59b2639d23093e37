//! A worker that stores nothing, and makes the challenged shard anew from its neighbours whenever it is asked for it.
#![allow(clippy::unwrap_used)]

use futures::StreamExt;
use meganet_chain_client::{At, Call, ChainError, Until, WorkerCall};
use meganet_chain_fake::FakeConfig;
use meganet_primitives::pallets::StorageError;
use meganet_primitives::{
    audit::{Answer, AuditProof, Schedule, Tolerance},
    chain::{ChallengeInfo, ChallengeState},
};
use meganet_testkit::town::{Object, Town, until};
use meganet_transfer::{FetchError, FetchOptions, Network};
use meganet_worker::store::{self, InitOptions, Store, StoredSample, keys::LeafKey, records::ObjectRecord};
use std::time::{Duration, Instant};

const EXPIRY: u32 = 20;
const FREELOADER: usize = 2;

/// A town in which one member has thrown everything away but the lists of what it should have.
struct Fraud {
    town: Town,
    object: Object,
    slot: u8,
    worker: u32,
    network: Network,
    /// Its store: the lists of the shards that it should have, without the shards.
    base: tempfile::TempDir,
}

impl Fraud {
    async fn new(blackout: bool) -> Self {
        let schedule = Schedule { period_blocks: 60, window_blocks: 40, samples: 2 };
        let tolerance = Tolerance { misses: 100_000, proofs_per_miss: 10 };
        let config = FakeConfig { schedule, tolerance, ..FakeConfig::default() };
        let mut town = Town::with(config, |settings| settings.blackout = blackout).await;
        let object = Object::new(1, 90_000);
        town.store(&[0, 1, 2, 3, 4, 5], &[&object], EXPIRY).await;
        for index in 0..6 {
            town.whole(index).await;
        }
        let slot = town.slot(FREELOADER).await;
        let worker = town.members[FREELOADER].worker().status().worker().unwrap().id;
        let key = LeafKey { expiry: EXPIRY, group: town.group, index: 0 };
        let leaf = town.members[FREELOADER].store().leaves(EXPIRY, town.group, 0, 1).unwrap()[0];
        town.members[FREELOADER].stop().await;
        town.members[FREELOADER].lose_disk();
        let base = tempfile::tempdir().unwrap();
        store::init(base.path(), "peer", InitOptions::default()).unwrap();
        let store = Store::open(base.path()).unwrap();
        store.add_leaf(&key, &leaf).unwrap();
        store.resolve(&key, &leaf, slot, &[object.entry()], 0).unwrap();
        drop(store);
        // It does not wait: its window is short.
        let options = FetchOptions { challenged: Duration::ZERO, rounds: 1, ..FetchOptions::default() };
        let network = Network::with_options(town.chain.client(), town.client.clone(), options);
        Self { town, object, slot, worker, network, base }
    }

    /// The challenge of a period, once it is open and every honest member has heard of it.
    async fn challenge(&self, after: u32) -> ChallengeInfo {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "no challenge is open after period {after}");
            let info = self.town.chain.challenge(self.worker, At::Best).await.unwrap();
            if let Some(info) = info.filter(|info| info.state == ChallengeState::Open && info.period > after) {
                let aware =
                    |index: &usize| self.town.members[*index].worker().online().withheld.lock().at() >= info.block;
                until("the others know of the challenge", || [0, 1, 3, 4, 5].iter().all(aware)).await;
                return info;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Makes its shard anew, and the proof from it.
    async fn forge(&self, info: &ChallengeInfo) -> Result<AuditProof, FetchError> {
        let object = self.network.object(self.town.group, self.object.id()).await?;
        let mut shard = Vec::new();
        let mut chunks = self.network.rebuild_shard(object, self.slot);
        while let Some(chunk) = chunks.next().await {
            shard.extend_from_slice(&chunk?);
        }
        let copy = tempfile::tempdir().unwrap();
        let (from, to) = (self.base.path().join("index"), copy.path().join("index"));
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
        std::fs::copy(self.base.path().join("worker.json"), copy.path().join("worker.json")).unwrap();
        store::init(copy.path(), "peer", InitOptions { shards_lost: true, ..InitOptions::default() }).unwrap();
        let store = Store::open(copy.path()).unwrap();
        let mut writer = store.begin(u64::try_from(shard.len()).unwrap()).unwrap();
        writer.write(&shard).unwrap();
        let encoded = &self.object.encoded;
        let record = ObjectRecord { header: encoded.header, roots: encoded.shard_roots.clone() };
        store.commit(writer.finish().unwrap(), &self.object.key(self.slot), &record, self.town.group, 0).unwrap();
        let answer = |reading| match reading {
            StoredSample::Held(answer @ Answer::Held(_)) => answer,
            other => panic!("{other:?}"),
        };
        let answers: Vec<Answer> = store.read_samples(&info.samples).unwrap().into_iter().map(answer).collect();
        Ok(AuditProof { answers: answers.try_into().unwrap() })
    }

    async fn submit(&self, info: &ChallengeInfo, proof: AuditProof) -> Result<(), ChainError> {
        let call = Call::Worker(WorkerCall::Prove { worker: self.worker, period: info.period, proof: Box::new(proof) });
        let operator = &self.town.members[FREELOADER].operator;
        self.town.chain.submit(operator, vec![call], Until::InBlock).await.map(drop)
    }

    async fn is_open(&self, info: &ChallengeInfo) -> bool {
        let now = self.town.chain.challenge(self.worker, At::Best).await.unwrap();
        now.is_some_and(|now| now.period == info.period && now.state == ChallengeState::Open)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stores_nothing_cannot_borrow_what_it_is_asked_for() {
    let fraud = Fraud::new(true).await;
    let account = || fraud.town.chain.worker_audit(fraud.worker, At::Best);
    // It was honest until a moment ago.
    let before = account().await.unwrap().unwrap();
    let (mut after, mut attempts) =
        (fraud.town.chain.challenge(fraud.worker, At::Best).await.unwrap().map_or(0, |now| now.period), 0);
    for _ in 0..2 {
        let info = fraud.challenge(after).await;
        after = info.period;
        while fraud.is_open(&info).await {
            let error = fraud.forge(&info).await;
            // The window may end while it asks: then it is too late, whatever it got.
            if !fraud.is_open(&info).await {
                break;
            }
            attempts += 1;
            assert!(matches!(error, Err(FetchError::TooFewShards { .. })), "it got what it was asked for");
        }
        let missed = fraud.town.chain.challenge(fraud.worker, At::Best).await.unwrap();
        assert!(missed.is_none_or(|now| now.state != ChallengeState::Proven));
    }
    assert!(attempts > 0);
    let after = account().await.unwrap().unwrap();
    assert!(after.record.missed > before.record.missed);
    assert_eq!((after.record.proven, after.earned), (before.record.proven, before.earned));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_blackout_it_could() {
    let fraud = Fraud::new(false).await;
    let mut after = 0;
    for _ in 0..20 {
        let info = fraud.challenge(after).await;
        after = info.period;
        let proof = fraud.forge(&info).await.unwrap();
        match fraud.submit(&info, proof).await {
            Ok(()) => return,
            // A machine that is busy with something else.
            Err(error) if error.is(StorageError::TooLate) || error.is(StorageError::WrongPeriod) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it never was in time");
}
