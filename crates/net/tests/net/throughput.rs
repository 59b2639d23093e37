//! The throughput of one bulk stream against a plain TCP copy on the same machine, both ends in this process. Ratios carry over to
//! other machines, absolute values do not. Processor time is steadier than wall time if other programs run as well.
//!
//! `cargo test --release -p meganet-net -- --ignored --nocapture throughput`

use crate::{
    support::{header, open_shard, roots},
    swarm::{QUIC, TCP},
};
use meganet_net::{Incoming, IncomingStream, Keypair, Net, NetConfig, PutCall};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const BYTES: usize = 512 << 20;
const CHUNK: usize = 64 * 1024;

/// The cost of a copy.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    cpu: f64,
}

/// Runs a copy of [`BYTES`].
async fn measure(copy: impl std::future::Future<Output = ()>) -> Cost {
    let (time, cpu) = (Instant::now(), cpu());
    copy.await;
    Cost { time: time.elapsed(), cpu: self::cpu() - cpu }
}

/// Seconds of processor time that this process has used; 0 if the system does not report it.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn show(name: &str, cost: Cost, plain: Cost) {
    let bytes = f64::from(u32::try_from(BYTES >> 20).unwrap());
    let speed = |cost: Cost| bytes / cost.time.as_secs_f64();
    println!(
        "{name}: {:.0} MiB/s, {:.2} of plain TCP; {:.2} s of processor time a GiB, {:.1} times plain TCP's",
        speed(cost),
        speed(cost) / speed(plain),
        cost.cpu / bytes * 1024.0,
        cost.cpu / plain.cpu,
    );
}

/// A plain copy, 64 KiB at a time.
async fn plain() -> Cost {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sink = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; CHUNK];
        let mut total = 0;
        while let Ok(count @ 1..) = socket.read(&mut buffer).await {
            total += count;
        }
        total
    });
    let mut socket = TcpStream::connect(address).await.unwrap();
    let chunk = vec![7; CHUNK];
    measure(async move {
        for _ in 0..BYTES / CHUNK {
            socket.write_all(&chunk).await.unwrap();
        }
        drop(socket);
        assert_eq!(sink.await.unwrap(), BYTES);
    })
    .await
}

async fn swallow(mut incoming: Incoming) {
    while let Some(IncomingStream::Put(mut stream)) = incoming.next().await {
        tokio::spawn(async move {
            while let Ok(Some(PutCall::Open(call))) = stream.next().await {
                let mut upload = call.go().await.unwrap();
                while upload.chunk().await.unwrap().is_some() {}
                let call = upload.close().await.unwrap();
                let object = call.request.header.id();
                call.stored(object).await.unwrap();
            }
        });
    }
}

/// This many concurrent puts over one connection.
async fn put(listen: &str, streams: usize) -> Cost {
    let genesis = [1; 32];
    let identity = Keypair::generate_ed25519();
    let config = NetConfig::worker(identity, genesis, vec![listen.parse().unwrap()], vec![]);
    let (worker, incoming) = Net::start(config).await.unwrap();
    tokio::spawn(swallow(incoming));
    let (reader, _) = Net::start(NetConfig::reader(genesis, worker.addresses())).await.unwrap();
    reader.find(worker.local_key()).await.unwrap();
    let copies = (0..streams).map(|_| {
        let (reader, key) = (reader.clone(), worker.local_key());
        tokio::spawn(async move {
            let mut put = reader.put_client(key).await.unwrap();
            let mut shard = put.begin(open_shard(BYTES / streams)).await.unwrap();
            let chunk = vec![7; CHUNK];
            for _ in 0..BYTES / streams / CHUNK {
                shard.write(&chunk).await.unwrap();
            }
            shard.finish(header(1), &roots()).await.unwrap();
        })
    });
    let copies: Vec<_> = copies.collect();
    measure(async {
        for copy in copies {
            copy.await.unwrap();
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn throughput() {
    let base = plain().await;
    show("plain TCP", base, base);
    for (name, listen) in [("QUIC", QUIC), ("TCP", TCP)] {
        for streams in [1, 4] {
            show(&format!("{name}, {streams} streams"), put(listen, streams).await, base);
        }
    }
}
