//! Real workers: six in three countries, each with a disk and a swarm on the loopback interface, over a chain in memory, and
//! an owner who stores objects with them.

use meganet_chain_client::{At, Call, Signer, StorageCall, TxOutcome, Until};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_net::{
    FrameRange, Keypair, Multiaddr, Net, NetConfig, NetError, OpenShard, PutClient, SignBatch, UploadAccount,
};
use meganet_objects::{Encoded, Encoder};
use meganet_primitives::{
    GroupId,
    content::ReadKey,
    country::Country,
    object::ObjectId,
    placement::ProfileId,
    receipt::{PeerKey, RECEIPT_BLOCKS, Receipt, upload_signed_bytes},
    sum_tree::{BatchEntry, summarize},
};
use meganet_worker::{
    clock::SystemClock,
    local::Local,
    settings::WorkerSettings,
    store::{self, InitOptions, Store, StoreError, keys::ShardKey},
    worker::{Parts, Worker},
};
use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

pub use meganet_primitives::{pay::GIB, units::MEGA};

const PATIENCE: Duration = Duration::from_secs(60);

/// A machine with a worker.
pub struct Member {
    pub base: tempfile::TempDir,
    pub identity: Keypair,
    pub operator: Signer,
    pub settings: WorkerSettings,
    pub listen: Option<Multiaddr>,
    pub worker: Option<Worker>,
}

impl Member {
    pub fn new(index: usize) -> Self {
        let country = [*b"DE", *b"FR", *b"JP"][index % 3];
        Self {
            base: tempfile::tempdir().unwrap(),
            identity: Keypair::generate_ed25519(),
            operator: Signer::from_suri(&format!("//Operator{index}")).unwrap(),
            settings: WorkerSettings::new(Country::new(country).unwrap(), 4 * GIB),
            listen: None,
            worker: None,
        }
    }

    pub fn peer(&self) -> PeerKey {
        meganet_net::peer_key(&self.identity.public().to_peer_id()).unwrap()
    }

    pub fn worker(&self) -> &Worker {
        self.worker.as_ref().unwrap()
    }

    pub fn store(&self) -> &Arc<Store> {
        self.worker().store()
    }

    /// Opens the disk and the network, without joining.
    pub async fn boot(&mut self, chain: &FakeChain, bootnodes: &[Multiaddr]) {
        let any: Multiaddr = "/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap();
        let listen = self.listen.clone().unwrap_or(any);
        let genesis = chain.genesis();
        let config = NetConfig::worker(self.identity.clone(), genesis, vec![listen], bootnodes.to_vec());
        let begun = Instant::now();
        let (net, incoming) = loop {
            match Net::start(config.clone()).await {
                Ok(started) => break started,
                // The worker that had the port a moment ago takes half a second to say goodbye.
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        self.listen = net.status().listening.first().cloned();
        self.prepare_disk(InitOptions::default());
        let store = Arc::new(Store::open(self.base.path()).unwrap());
        let local = Local::start(store, self.settings.clone(), Arc::new(SystemClock), CancellationToken::new());
        let parts = Parts { local, chain: chain.client(), net, identity: self.identity.clone() };
        self.worker = Some(Worker::start(parts, incoming));
    }

    pub async fn join(&self) {
        self.worker().join(&self.operator, false).await.unwrap().unwrap();
    }

    /// Ends the worker and waits until its disk is free.
    pub async fn stop(&mut self) {
        let worker = self.worker.take().unwrap();
        let store = Arc::downgrade(worker.store());
        worker.stop().await;
        until("the store is closed", || store.upgrade().is_none()).await;
    }

    /// From now on no file can be written.
    pub fn break_disk(&self) {
        std::fs::remove_dir_all(self.base.path().join("shards/unfinished")).unwrap();
    }

    fn prepare_disk(&self, options: InitOptions) {
        let peer = self.identity.public().to_peer_id().to_base58();
        match store::init(self.base.path(), &peer, options) {
            Ok(()) | Err(StoreError::AlreadyInitialized { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// The folder of shards, the index, and nothing else.
    pub fn lose_disk(&self) {
        self.lose_index();
        std::fs::remove_dir_all(self.base.path().join("shards")).unwrap();
        self.prepare_disk(InitOptions { shards_lost: true, ..InitOptions::default() });
    }

    /// The index alone.
    pub fn lose_index(&self) {
        std::fs::remove_dir_all(self.base.path().join("index")).unwrap();
    }
}

/// An object with all its shards.
pub struct Object {
    pub encoded: Encoded,
    pub shards: Vec<Vec<u8>>,
}

impl Object {
    pub fn new(seed: u8, len: usize) -> Self {
        let plain: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap() ^ seed).collect();
        let mut shards = vec![Vec::new(); 6];
        let sink = |_stripe: u64, shard: u8, chunk: &[u8]| -> io::Result<()> {
            shards[usize::from(shard)].extend_from_slice(chunk);
            Ok(())
        };
        let mut encoder = Encoder::new(&ReadKey([seed; 32]), 2, 6, u64::try_from(len).unwrap(), sink).unwrap();
        encoder.write(&plain).unwrap();
        let (encoded, _) = encoder.finish().unwrap();
        Self { encoded, shards }
    }

    pub fn id(&self) -> ObjectId {
        self.encoded.id()
    }

    pub fn key(&self, shard: u8) -> ShardKey {
        ShardKey { object: self.id(), shard }
    }

    pub fn entry(&self) -> BatchEntry {
        let shard_len = u64::try_from(self.shards[0].len()).unwrap();
        BatchEntry { object: self.id(), shards_root: self.encoded.header.shards_root, shard_len }
    }

    pub fn open(&self, group: GroupId, slot: u8) -> OpenShard {
        let header = &self.encoded.header;
        OpenShard {
            group,
            slot,
            shard_len: self.entry().shard_len,
            k: header.k,
            n: header.n,
            codec: header.codec,
            sealed_len: header.sealed_len,
        }
    }
}

pub struct Town {
    pub chain: FakeChain,
    pub members: Vec<Member>,
    pub owner: Signer,
    pub client: Net,
    pub group: GroupId,
    blocks: tokio::task::JoinHandle<()>,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.blocks.abort();
    }
}

impl Town {
    /// Starts six workers that have joined, and a group that they fill.
    pub async fn new() -> Self {
        Self::with(FakeConfig::default(), |_| {}).await
    }

    pub async fn with(config: FakeConfig, change: impl Fn(&mut WorkerSettings)) -> Self {
        let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_default();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let chain = FakeChain::new(config);
        let owner = Signer::from_suri("//Owner").unwrap();
        chain.fund(owner.account(), 1_000_000 * MEGA);
        let mut members: Vec<Member> = (0..6).map(Member::new).collect();
        let mut bootnodes = Vec::new();
        for member in &mut members {
            change(&mut member.settings);
            chain.fund(member.operator.account(), 1000 * MEGA);
            member.boot(&chain, &bootnodes).await;
            bootnodes.extend(member.worker().online().net.addresses().into_iter().take(1));
            member.join().await;
        }
        let (client, _) = Net::start(NetConfig::reader(chain.genesis(), bootnodes)).await.unwrap();
        let call = Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact });
        chain.submit(&owner, vec![call], Until::InBlock).await.unwrap();
        chain.ticks(4);
        let groups = chain.open_groups(ProfileId::Compact, At::Best).await.unwrap();
        let group = groups.first().unwrap();
        assert!(group.slots.iter().all(Option::is_some), "{group:?}");
        let group = group.id;
        let blocks = chain.start(Duration::from_millis(100));
        Self { chain, members, owner, client, group, blocks }
    }

    /// From now on blocks come only by [`FakeChain::tick`].
    pub fn stop_blocks(&self) {
        self.blocks.abort();
    }

    pub fn bootnodes(&self, but: usize) -> Vec<Multiaddr> {
        let others = self.members.iter().enumerate().filter(|(index, member)| *index != but && member.worker.is_some());
        others.flat_map(|(_, member)| member.worker().online().net.addresses()).collect()
    }

    pub async fn start(&mut self, index: usize) {
        let bootnodes = self.bootnodes(index);
        let chain = self.chain.clone();
        self.members[index].boot(&chain, &bootnodes).await;
        self.members[index].join().await;
    }

    /// The slot of a member in the town's group.
    pub async fn slot(&self, index: usize) -> u8 {
        let group = self.chain.group(self.group, At::Best).await.unwrap().unwrap();
        let peer = self.members[index].peer();
        let slot = group.slots.iter().position(|slot| slot.as_ref().is_some_and(|slot| slot.peer == peer)).unwrap();
        u8::try_from(slot).unwrap()
    }

    /// Which member sits in a slot.
    pub async fn in_slot(&self, slot: u8) -> usize {
        let group = self.chain.group(self.group, At::Best).await.unwrap().unwrap();
        let peer = group.slots[usize::from(slot)].unwrap().peer;
        self.members.iter().position(|member| member.peer() == peer).unwrap()
    }

    pub async fn put(&self, index: usize, object: &Object) -> Result<(), NetError> {
        let slot = self.slot(index).await;
        self.put_as(index, object, &object.open(self.group, slot), slot).await
    }

    /// A put stream to a member, in the owner's name.
    pub async fn putting(&self, index: usize) -> Result<PutClient, NetError> {
        let mut client = self.client.put_client(self.members[index].peer()).await?;
        let signed = upload_signed_bytes(&self.chain.genesis(), &self.client.local_key());
        let (account, signature) = (self.owner.account(), self.owner.sign(&signed));
        client.authorize(UploadAccount { account, signature }).await?;
        Ok(client)
    }

    /// Puts shard `shard` with any announcement.
    pub async fn put_as(&self, index: usize, object: &Object, open: &OpenShard, shard: u8) -> Result<(), NetError> {
        let mut client = self.putting(index).await?;
        let mut writer = client.begin(*open).await?;
        writer.write(&object.shards[usize::from(shard)]).await?;
        let stored = writer.finish(object.encoded.header, &object.encoded.shard_roots).await?;
        assert_eq!(stored, object.id());
        Ok(())
    }

    /// Until when receipts that are asked for now are valid; a few blocks later it is the same.
    pub async fn valid_until(&self) -> u32 {
        (self.chain.best().await.unwrap().number / RECEIPT_BLOCKS + 2) * RECEIPT_BLOCKS
    }

    pub async fn sign(&self, index: usize, entries: &[BatchEntry], expiry: u32) -> Result<Receipt, NetError> {
        let slot = self.slot(index).await;
        let mut client = self.putting(index).await?;
        let owner = self.owner.account();
        let (group, entries) = (self.group, entries.to_vec());
        let valid_until = self.valid_until().await;
        client.sign(SignBatch { group, slot, expiry, owner, valid_until, entries }).await
    }

    /// Uploads to some members, collects their receipts, registers.
    pub async fn store(&self, indices: &[usize], objects: &[&Object], expiry: u32) -> TxOutcome {
        let entries: Vec<BatchEntry> = objects.iter().map(|object| object.entry()).collect();
        let mut receipts = Vec::new();
        for index in indices {
            for object in objects {
                self.put(*index, object).await.unwrap();
            }
            receipts.push(self.sign(*index, &entries, expiry).await.unwrap());
        }
        receipts.sort_by_key(|receipt| receipt.slot);
        let batch = summarize(&entries).unwrap();
        let valid_until = self.valid_until().await;
        let call = Call::Storage(StorageCall::Store { group: self.group, expiry, batch, valid_until, receipts });
        self.chain.submit(&self.owner, vec![call], Until::InBlock).await.unwrap()
    }

    /// Reads a whole shard from a member, each frame verified.
    pub async fn get(&self, index: usize, object: &Object, shard: u8) -> Result<Vec<u8>, NetError> {
        let client = self.client.get_client(self.members[index].peer()).await?;
        let info = client.object(object.id()).await?;
        assert_eq!(info.header, object.encoded.header);
        let len = object.entry().shard_len;
        let root = object.encoded.shard_roots[usize::from(shard)];
        let mut bytes = Vec::new();
        for first in 0..len.div_ceil(64 << 10) {
            let range = FrameRange { object: object.id(), shard, first, count: 1 };
            let frames = client.frames(range).await?;
            meganet_objects::verify_frames(&root, len, first, &frames.bytes, &frames.proof).unwrap();
            bytes.extend(frames.bytes);
        }
        Ok(bytes)
    }

    /// Waits until a member knows and has all that it should.
    pub async fn whole(&self, index: usize) {
        let member = &self.members[index];
        let head = self.chain.finalized().await.unwrap().number;
        until("the worker is whole", || {
            let status = member.worker().status();
            status.followed() >= Some(head) && status.synced() && member.store().usage().missing == 0
        })
        .await;
    }

    /// Flips a bit of a shard's file.
    pub fn flip(&self, index: usize, key: &ShardKey, at: usize) -> PathBuf {
        let path = self.members[index].store().path_of(key);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
