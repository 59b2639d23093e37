//! A crowd of strangers with hundreds of identities besieges one worker for as long as it takes others to publish, read and
//! upload: it asks for frames and never takes them, announces uploads and never sends them, floods the index with questions,
//! sends large batches to be signed, and holds every stream and connection that it gets. The worker's memory stays within its bound.

use super::{Victim, streams::framed, uploads::Sample};
use crate::{Stage, folder, wait::until};
use anyhow::{Context, Result, ensure};
use codec::Encode;
use meganet_chain_client::{At, Signer};
use meganet_client::{Client, Network};
use meganet_devnet::ClientConfig;
use meganet_net::{
    BoxedIo, FrameRange, Multiaddr, Net, NetConfig, Protocol,
    wire::{
        MAX_CHUNK_LEN,
        get::{GetRequest, MAX_FRAMES, MAX_HAVE},
        put::{PutRequest, SignBatch},
    },
};
use meganet_primitives::{
    SlotIndex,
    link::Link,
    merkle::LEAF_LEN,
    object::ObjectId,
    receipt::{PeerKey, RECEIPT_BLOCKS},
    sum_tree::{BatchEntry, MAX_BATCH_OBJECTS},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::sleep,
};

/// The name that is published to meanwhile.
const LABEL: &str = "besieged";
/// Identities of the crowd.
const CROWD: usize = 200;
/// Blocks of addresses that the crowd has: on loopback, `127.0.B.0/24`.
const BLOCKS: u8 = 12;
/// Streams that each identity tries to hold.
const STREAMS: usize = 6;
/// Pause between the questions of a stream. Without one the attackers, on the same machine, would take all of its processors.
const PAUSE: Duration = Duration::from_millis(250);
/// How long an attacker holds a stream that it does not use.
const HOLD: Duration = Duration::from_secs(45);
/// Timeout of an honest request, with all its attempts.
const PATIENCE: Duration = Duration::from_secs(180);
/// Reads and uploads of honest strangers at the besieged worker, meanwhile.
const READS: usize = 10;
const UPLOADS: usize = 5;
/// Sites that are published meanwhile.
const PUBLISHES: usize = 3;
/// Most resident memory of a worker, in bytes.
const WORKER_BOUND: u64 = 300 << 20;

/// A shard of the besieged worker that is registered, and so readable by all.
#[derive(Clone, Copy)]
struct Target {
    object: ObjectId,
    shard: SlotIndex,
}

/// Checks that others are served during a siege, and that the worker's memory is bounded.
pub(super) async fn play(stage: &Stage, victim: &Victim) -> Result<()> {
    let target = target(stage, victim).await?;
    let batch = Arc::new(large_batch(victim).await?);
    let arrived = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let attacker = Attacker::new(stage, victim, number, batch.clone()).await?;
        let arrived = arrived.clone();
        crowd.spawn(async move { attacker.run(target, &arrived).await });
    }
    let arrivals = arrived.clone();
    until("the crowd at the gates", PATIENCE, move || {
        let arrived = arrivals.load(Ordering::Relaxed);
        async move { Ok((arrived >= CROWD / 4).then_some(())) }
    })
    .await?;

    let reads = async {
        let mut longest = Duration::ZERO;
        for _ in 0..READS {
            longest = longest.max(read(stage, victim, target).await.context("an honest reader")?);
        }
        anyhow::Ok(longest)
    };
    let uploads = async {
        let mut longest = Duration::ZERO;
        for _ in 0..UPLOADS {
            longest = longest.max(upload(stage, victim).await.context("an honest uploader")?);
        }
        anyhow::Ok(longest)
    };
    let publishes = async {
        let site = stage.folder("hostile-siege")?;
        for number in 0..PUBLISHES {
            folder::write_random(&site.join(format!("{number}.bin")), 400_000, 70 + u64::try_from(number)?)?;
            stage.publish(&site, LABEL).await.context("an honest publisher")?;
        }
        anyhow::Ok(())
    };
    let (read, uploaded, published) = tokio::join!(reads, uploads, publishes);
    published?;
    stage.facts.say("siege-identities", CROWD);
    stage.facts.say("siege-identities-that-got-in", arrived.load(Ordering::Relaxed));
    stage.facts.seconds("siege-longest-honest-read-seconds", read?);
    stage.facts.seconds("siege-longest-honest-upload-seconds", uploaded?);
    stage.facts.say("siege-sites-published", PUBLISHES);
    crowd.shutdown().await;

    let process = stage.devnet.state.processes[victim.index].running.context("the besieged worker runs")?;
    let (_, peak) = process.memory().context("the memory of the besieged worker")?;
    stage.facts.mebibytes("siege-worker-peak-mib", peak);
    ensure!(peak < WORKER_BOUND, "the besieged worker held {peak} bytes, more than {WORKER_BOUND}");
    Ok(())
}

/// Stores a file, and returns the worker's shard of it.
async fn target(stage: &Stage, victim: &Victim) -> Result<Target> {
    let file = stage.folder("hostile-target")?.join("target.bin");
    folder::write_random(&file, 6_000_000, 12)?;
    let put = stage.cli.json(&["put", path(&file)?]).await?;
    let link: Link = put["link"].as_str().context("put prints a link")?.parse()?;
    let site = Client::new(Network::new(victim.chain.clone(), victim.net.clone()), None).open_link(&link).await?;
    let objects = &site.manifest().objects;
    let object = objects.iter().max_by_key(|object| object.sealed_len).context("the file is in an object")?;
    let group = victim.chain.group(object.group, At::Best).await?.context("its group is on the chain")?;
    let slot = group.slots.iter().position(|member| member.is_some_and(|member| member.peer == victim.peer));
    let shard = SlotIndex::try_from(slot.context("the besieged worker is in every group")?)?;
    Ok(Target { object: object.object, shard })
}

/// A request to sign the largest batch.
async fn large_batch(victim: &Victim) -> Result<Vec<u8>> {
    let expiry = victim.chain.params(At::Best).await?.epoch + 3;
    let valid_until = victim.chain.best().await?.number + RECEIPT_BLOCKS;
    let entry = || BatchEntry { object: ObjectId(rand::random()), shards_root: [1; 32], shard_len: LEAF_LEN };
    let entries = (0..MAX_BATCH_OBJECTS).map(|_| entry()).collect();
    let (group, slot, owner) = (victim.group.id, victim.slot, [0; 32]);
    framed(&PutRequest::Sign(SignBatch { group, slot, expiry, owner, valid_until, entries }))
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a Unicode path")
}

/// A stranger in a block of addresses: what it sends comes from there, since it listens there.
async fn stranger(stage: &Stage, victim: &Victim, block: u8) -> Result<Net> {
    let bootnodes = ClientConfig::read(&stage.devnet.state.client_config())?.bootnodes;
    let bootnodes = bootnodes.iter().map(|address| address.parse()).collect::<Result<_, _>>()?;
    let listen: Multiaddr = format!("/ip4/127.0.{block}.1/udp/0/quic-v1").parse()?;
    let config = NetConfig { listen: vec![listen], ..NetConfig::reader(victim.chain.genesis(), bootnodes) };
    Ok(Net::start(config).await?.0)
}

/// Reads frames from the besieged worker as a stranger would who has come just now; returns how long that took.
async fn read(stage: &Stage, victim: &Victim, target: Target) -> Result<Duration> {
    let started = Instant::now();
    let net = stranger(stage, victim, 200).await?;
    let (net, peer) = (&net, victim.peer);
    until("frames", PATIENCE, || async move {
        let range = FrameRange { object: target.object, shard: target.shard, first: 0, count: MAX_FRAMES };
        let frames = async { net.get_client(peer).await?.frames(range).await };
        Ok(frames.await.ok().map(|frames| frames.bytes.len()))
    })
    .await?;
    Ok(started.elapsed())
}

/// Uploads a shard to the besieged worker as a stranger would who has come just now; returns how long that took.
async fn upload(stage: &Stage, victim: &Victim) -> Result<Duration> {
    let started = Instant::now();
    let net = stranger(stage, victim, 201).await?;
    let owner = Signer::from_suri("//Bob")?;
    let account = victim.account_for(&owner, &net);
    let sample = Sample::new(&victim.group, 500_000)?;
    let (net, account, sample) = (&net, &account, &sample);
    until("an upload", PATIENCE, || async move {
        let put = async {
            let mut stream = net.put_client(victim.peer).await?;
            stream.authorize(*account).await?;
            sample.put(&mut stream, sample.open(&victim.group, victim.slot), victim.slot).await
        };
        Ok(put.await.ok())
    })
    .await?;
    Ok(started.elapsed())
}

/// One identity of the crowd.
struct Attacker {
    net: Net,
    victim: PeerKey,
    number: usize,
    /// The messages that begin an upload.
    upload: Vec<PutRequest>,
    /// A message with the largest batch, of objects that nobody has.
    batch: Arc<Vec<u8>>,
}

impl Attacker {
    async fn new(stage: &Stage, victim: &Victim, number: usize, batch: Arc<Vec<u8>>) -> Result<Self> {
        let block = 10 + u8::try_from(number % usize::from(BLOCKS))?;
        let net = stranger(stage, victim, block).await?;
        // Accounts that could pay; identities share them.
        let owner = Signer::from_suri(["//Charlie", "//Dave", "//Eve", "//Ferdie"][number / 4 % 4])?;
        let account = victim.account_for(&owner, &net);
        let sample = Sample::new(&victim.group, 1_000_000)?;
        let upload = vec![PutRequest::Account(account), PutRequest::Open(sample.open(&victim.group, victim.slot))];
        Ok(Attacker { net, victim: victim.peer, number, upload, batch })
    }

    /// Attacks until it is aborted.
    async fn run(&self, target: Target, arrived: &AtomicUsize) {
        let once = AtomicUsize::new(0);
        let streams = (0..STREAMS).map(|stream| {
            let once = &once;
            async move {
                loop {
                    let held = self.attack(stream, target).await;
                    if held.is_ok() && once.fetch_add(1, Ordering::Relaxed) == 0 {
                        arrived.fetch_add(1, Ordering::Relaxed);
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
        });
        futures::future::join_all(streams).await;
    }

    /// Opens a stream and misuses it in one of several ways. Fails if it gets none.
    async fn attack(&self, stream: usize, target: Target) -> Result<()> {
        match (self.number + stream) % 5 {
            0 => self.ask_and_never_take(target).await,
            1 => self.announce_and_trickle().await,
            2 => self.flood().await,
            3 => self.send_a_batch().await,
            _ => {
                let io = self.net.transport().open(self.victim, Protocol::Get).await?;
                sleep(HOLD).await;
                drop(io);
                Ok(())
            }
        }
    }

    async fn ask_and_never_take(&self, target: Target) -> Result<()> {
        let mut io = self.net.transport().open(self.victim, Protocol::Get).await?;
        let range = FrameRange { object: target.object, shard: target.shard, first: 0, count: MAX_FRAMES };
        // Several requests at once, though they should alternate with answers.
        for _ in 0..4 {
            send(&mut io, &GetRequest::Frames(range)).await?;
        }
        sleep(HOLD).await;
        Ok(())
    }

    async fn announce_and_trickle(&self) -> Result<()> {
        let mut io = self.net.transport().open(self.victim, Protocol::Put).await?;
        for request in &self.upload {
            send(&mut io, request).await?;
        }
        send(&mut io, &PutRequest::Chunk { len: MAX_CHUNK_LEN }).await?;
        let ends = Instant::now() + HOLD;
        while Instant::now() < ends {
            io.write_all(&[0; 4096]).await?;
            io.flush().await?;
            sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// Every second one is sent as fast as the worker takes it, the others trickle.
    async fn send_a_batch(&self) -> Result<()> {
        let mut io = self.net.transport().open(self.victim, Protocol::Put).await?;
        send(&mut io, self.upload.first().context("the account comes first")?).await?;
        let (step, pause) = if self.number.is_multiple_of(2) { (64 << 10, Duration::ZERO) } else { (8 << 10, PAUSE) };
        let ends = Instant::now() + HOLD;
        for part in self.batch.chunks(step) {
            ensure!(Instant::now() < ends, "the worker has taken a part");
            io.write_all(part).await?;
            io.flush().await?;
            sleep(pause).await;
        }
        // The worker has none of the objects.
        ensure!(io.read(&mut [0; 64]).await? > 0, "the worker has closed the stream");
        sleep(ends.saturating_duration_since(Instant::now())).await;
        Ok(())
    }

    async fn flood(&self) -> Result<()> {
        let mut io = self.net.transport().open(self.victim, Protocol::Get).await?;
        let objects = (0..MAX_HAVE).map(|_| ObjectId(rand::random())).collect();
        let request = GetRequest::Have { objects };
        let ends = Instant::now() + HOLD;
        let mut answer = vec![0; 64 * 1024];
        while Instant::now() < ends {
            send(&mut io, &request).await?;
            // An answer in one piece, or a part of one: what it says is of no interest.
            ensure!(io.read(&mut answer).await? > 0, "the worker has closed the stream");
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

async fn send(io: &mut BoxedIo, message: &impl Encode) -> Result<()> {
    io.write_all(&framed(message)?).await?;
    io.flush().await?;
    Ok(())
}
