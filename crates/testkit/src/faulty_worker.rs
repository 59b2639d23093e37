//! A worker made by hand, in memory: it serves puts and gets, and can be told to misbehave.

use ed25519_dalek::{Signer as _, SigningKey};
use meganet_net::{
    GetRefusal, Incoming, IncomingStream, Keypair, Multiaddr, Net, NetConfig, NetLimits, ObjectInfo, Refusal,
    get::{Frames, GetCall, GetServer},
    memory::Hub,
    put::{PutCall, PutServer},
};
use meganet_objects::ShardHasher;
use meganet_primitives::{
    hash::Hash,
    merkle::FrameTree,
    object::{FRAME_LEN, Layout, ObjectHeader, ObjectId},
    receipt::{PeerKey, PeerSignature, Receipt, ReceiptStatement},
    sum_tree::summarize,
};
use std::{
    collections::HashMap,
    fs::File,
    io::Write,
    os::unix::fs::FileExt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

pub struct Shard {
    pub header: ObjectHeader,
    pub roots: Vec<Hash>,
    pub slot: u8,
    pub bytes: Vec<u8>,
    /// Where the bytes are if they are not in memory.
    pub file: Option<File>,
    pub tree: FrameTree,
}

impl Shard {
    fn read(&self, start: u64, end: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        match &self.file {
            Some(file) => file.read_exact_at(&mut bytes, start).unwrap(),
            None => bytes.copy_from_slice(&self.bytes[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()]),
        }
        bytes
    }
}

/// The ways in which a worker misbehaves.
#[derive(Default)]
pub struct Faults {
    /// Milliseconds before each answer to a get.
    pub get_delay: AtomicU64,
    /// Milliseconds before each chunk of a put is read.
    pub put_delay: AtomicU64,
    /// Refuses all shards.
    pub full: AtomicBool,
    /// Signs for another chain.
    pub bad_receipts: AtomicBool,
    /// The number of further requests for frames that it refuses because another member is challenged for them.
    pub challenged: AtomicU64,
    /// Keeps shards in files.
    pub on_disk: AtomicBool,
}

pub struct FaultyWorker {
    pub key: SigningKey,
    pub shards: Arc<Mutex<HashMap<ObjectId, Shard>>>,
    /// Shard bytes received.
    pub received: Arc<AtomicU64>,
    pub faults: Arc<Faults>,
    genesis: Hash,
    tasks: Vec<JoinHandle<()>>,
    net: Option<Net>,
}

#[derive(Clone)]
struct Service {
    key: SigningKey,
    genesis: Hash,
    shards: Arc<Mutex<HashMap<ObjectId, Shard>>>,
    received: Arc<AtomicU64>,
    faults: Arc<Faults>,
}

impl FaultyWorker {
    pub fn start(hub: &Hub, seed: u8, genesis: Hash) -> Self {
        let mut worker = Self::new(seed, genesis);
        worker.join(hub);
        worker
    }

    fn new(seed: u8, genesis: Hash) -> Self {
        Self {
            key: SigningKey::from_bytes(&[seed; 32]),
            shards: Arc::default(),
            received: Arc::default(),
            faults: Arc::default(),
            genesis,
            tasks: Vec::new(),
            net: None,
        }
    }

    pub fn peer(&self) -> PeerKey {
        PeerKey(self.key.verifying_key().to_bytes())
    }

    /// Comes up (again), with the shards that it had.
    pub fn join(&mut self, hub: &Hub) {
        let (net, incoming) = hub.worker(self.peer(), NetLimits::default());
        self.serve(net, incoming);
    }

    /// A worker behind real sockets.
    pub async fn listen(seed: u8, genesis: Hash, bootnodes: Vec<Multiaddr>) -> Self {
        let mut worker = Self::new(seed, genesis);
        let identity = Keypair::ed25519_from_bytes(worker.key.to_bytes()).unwrap();
        let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()];
        let config = NetConfig::worker(identity, genesis, listen, bootnodes);
        let (net, incoming) = Net::start(config).await.unwrap();
        worker.serve(net, incoming);
        worker
    }

    pub fn net(&self) -> &Net {
        self.net.as_ref().unwrap()
    }

    fn serve(&mut self, net: Net, incoming: Incoming) {
        let service = Service {
            key: self.key.clone(),
            genesis: self.genesis,
            shards: self.shards.clone(),
            received: self.received.clone(),
            faults: self.faults.clone(),
        };
        self.net = Some(net);
        self.tasks = vec![tokio::spawn(service.serve(incoming))];
    }

    /// Goes down: it no longer answers.
    pub fn kill(&mut self, hub: &Hub) {
        hub.disconnect(self.peer());
        for task in self.tasks.drain(..) {
            task.abort();
        }
        self.net = None;
    }

    /// Flips a bit of each shard, as a failing disk would.
    pub fn corrupt(&self) {
        for shard in self.shards.lock().unwrap().values_mut() {
            let middle = shard.bytes.len() / 2;
            shard.bytes[middle] ^= 1;
        }
    }

    pub fn shard_bytes(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }
}

impl Service {
    async fn serve(self, mut incoming: Incoming) {
        // Aborted together with this task.
        let mut streams = tokio::task::JoinSet::new();
        while let Some(stream) = incoming.next().await {
            let service = self.clone();
            streams.spawn(async move {
                match stream {
                    IncomingStream::Put(put) => service.put(put).await,
                    IncomingStream::Get(get) => service.get(get).await,
                }
            });
            while streams.try_join_next().is_some() {}
        }
    }

    async fn put(self, mut stream: PutServer) {
        while let Ok(Some(call)) = stream.next().await {
            let done = match call {
                PutCall::Account(call) => call.accept().await,
                PutCall::Open(open) => {
                    if self.faults.full.load(Ordering::SeqCst) {
                        let _ = open.refuse(Refusal::OverCapacity { free: 0 }).await;
                        continue;
                    }
                    let request = open.request;
                    let mut upload = match open.go().await {
                        Ok(upload) => upload,
                        Err(_) => return,
                    };
                    let on_disk = self.faults.on_disk.load(Ordering::SeqCst);
                    let mut file = on_disk.then(|| tempfile::tempfile().unwrap());
                    let mut bytes = Vec::new();
                    let mut hasher = ShardHasher::new();
                    loop {
                        wait(&self.faults.put_delay).await;
                        match upload.chunk().await {
                            Ok(Some(chunk)) => {
                                self.received.fetch_add(chunk.len() as u64, Ordering::SeqCst);
                                hasher.push(chunk);
                                match &mut file {
                                    Some(file) => file.write_all(chunk).unwrap(),
                                    None => bytes.extend_from_slice(chunk),
                                }
                            }
                            Ok(None) => break,
                            Err(_) => return,
                        }
                    }
                    let Ok(close) = upload.close().await else { return };
                    let (root, tree) = hasher.finish().unwrap();
                    let header = close.request.header;
                    let roots = close.request.shard_roots.clone();
                    if roots.get(usize::from(request.slot)) != Some(&root) {
                        close.refuse(Refusal::ShardMismatch).await
                    } else {
                        let id = header.id();
                        let shard = Shard { header, roots, slot: request.slot, bytes, file, tree };
                        self.shards.lock().unwrap().insert(id, shard);
                        close.stored(id).await
                    }
                }
                PutCall::Sign(sign) => {
                    let request = &sign.request;
                    let missing =
                        request.entries.iter().find(|e| !self.shards.lock().unwrap().contains_key(&e.object)).copied();
                    if let Some(entry) = missing {
                        let _ = sign.refuse(Refusal::UnknownObject { object: entry.object }).await;
                        continue;
                    }
                    let mut statement = ReceiptStatement {
                        genesis: self.genesis,
                        group: request.group,
                        slot: request.slot,
                        expiry: request.expiry,
                        owner: request.owner,
                        batch: summarize(&request.entries).unwrap(),
                        valid_until: request.valid_until,
                    };
                    if self.faults.bad_receipts.load(Ordering::SeqCst) {
                        statement.genesis = [0xbb; 32];
                    }
                    let signature = PeerSignature(self.key.sign(&statement.signed_bytes()).to_bytes());
                    let slot = request.slot;
                    sign.signed(Receipt { slot, signature }).await
                }
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn get(self, mut stream: GetServer) {
        while let Ok(Some(call)) = stream.next().await {
            wait(&self.faults.get_delay).await;
            let done = match call {
                GetCall::Object { object, answer } => {
                    let info = self.shards.lock().unwrap().get(&object).map(|shard| ObjectInfo {
                        header: shard.header,
                        shard_roots: shard.roots.clone(),
                        shards: vec![shard.slot],
                    });
                    match info {
                        Some(info) => answer.send(info).await,
                        None => answer.refuse(GetRefusal::NotHere).await,
                    }
                }
                GetCall::Frames { answer, .. } if take(&self.faults.challenged) => {
                    answer.refuse(GetRefusal::Challenged).await
                }
                GetCall::Frames { range, answer } => {
                    let frames = self.shards.lock().unwrap().get(&range.object).map(|shard| {
                        assert_eq!(shard.slot, range.shard);
                        let layout: Layout = shard.header.layout().unwrap();
                        let last = (range.first + u64::from(range.count)).min(layout.frames());
                        let start = range.first * FRAME_LEN;
                        let end = layout.shard_len().min(last * FRAME_LEN);
                        Frames {
                            proof: shard.tree.prove_frames(range.first, last - range.first).unwrap(),
                            bytes: shard.read(start, end),
                        }
                    });
                    match frames {
                        Some(frames) => answer.send(frames).await,
                        None => answer.refuse(GetRefusal::NotHere).await,
                    }
                }
                GetCall::Have { objects, answer } => {
                    let have: Vec<bool> =
                        objects.iter().map(|object| self.shards.lock().unwrap().contains_key(object)).collect();
                    answer.send(&have).await
                }
                GetCall::Locate { answer, .. } => answer.refuse(GetRefusal::NotHere).await,
                GetCall::Batch { answer, .. } => answer.refuse(GetRefusal::NotHere).await,
                GetCall::Range { answer, .. } => answer.refuse(GetRefusal::NotHere).await,
            };
            if done.is_err() {
                return;
            }
        }
    }
}

/// Counts down to 0; returns false once there is nothing left.
fn take(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

async fn wait(millis: &AtomicU64) {
    let millis = millis.load(Ordering::SeqCst);
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
