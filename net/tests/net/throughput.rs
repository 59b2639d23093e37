//! How fast one bulk stream is, against a plain TCP copy on the same machine. Ratios travel, absolutes do not.
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

fn rate(bytes: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(bytes >> 20).unwrap()) / took.as_secs_f64()
}

/// MiB/s of a plain copy, 64 KiB at a time.
async fn plain() -> f64 {
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
    let began = Instant::now();
    for _ in 0..BYTES / CHUNK {
        socket.write_all(&chunk).await.unwrap();
    }
    drop(socket);
    assert_eq!(sink.await.unwrap(), BYTES);
    rate(BYTES, began.elapsed())
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

/// MiB/s of `streams` puts at once over one connection.
async fn put(listen: &str, streams: usize) -> f64 {
    let genesis = [1; 32];
    let identity = Keypair::generate_ed25519();
    let config = NetConfig::worker(identity, genesis, vec![listen.parse().unwrap()], vec![]);
    let (worker, incoming) = Net::start(config).await.unwrap();
    tokio::spawn(swallow(incoming));
    let (reader, _) = Net::start(NetConfig::reader(genesis, worker.addresses())).await.unwrap();
    reader.find(worker.local_key()).await.unwrap();
    let began = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..streams {
        let (reader, key) = (reader.clone(), worker.local_key());
        tasks.push(tokio::spawn(async move {
            let mut put = reader.put_client(key).await.unwrap();
            let mut shard = put.begin(open_shard(BYTES / streams)).await.unwrap();
            let chunk = vec![7; CHUNK];
            for _ in 0..BYTES / streams / CHUNK {
                shard.write(&chunk).await.unwrap();
            }
            shard.finish(header(1), &roots()).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    rate(BYTES, began.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn throughput() {
    let plain = plain().await;
    println!("plain TCP: {plain:.0} MiB/s");
    for (name, listen) in [("QUIC", QUIC), ("TCP", TCP)] {
        for streams in [1, 4] {
            let put = put(listen, streams).await;
            println!("{name}, {streams} streams: {put:.0} MiB/s, {:.3} of plain", put / plain);
        }
    }
}
