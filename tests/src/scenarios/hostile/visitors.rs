//! A crowd of strangers holds connections to the gateway: some never finish their requests, some take a part of their answers.
//! Others read meanwhile, and the gateway's memory stays within its bound.

use crate::{Stage, http::escape};
use anyhow::{Context, Result, ensure};
use meganet_devnet::Kind;
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// Connections that the crowd tries to hold: more than a gateway accepts.
const CROWD: usize = 700;
/// Of these, connections whose answers are not taken to the end: they are busy, and keep their places until they are too slow.
const SLOW_READERS: usize = 300;
/// Bytes that every second of them takes before it stops: then the gateway has fetched 2 MiB more for it. The others take nothing.
const TAKEN: usize = 2 << 20;
/// Times that others read meanwhile.
const READS: usize = 10;
/// Most resident memory of a gateway, in bytes.
const GATEWAY_BOUND: u64 = 400 << 20;
/// A file of the site that is longer than what its readers take, and what is on its way to them.
const LARGE: &str = "large.bin";

/// Checks that a site is served during the siege, and that the gateway's memory is bounded.
pub(super) async fn play(stage: &Stage, site: &Path) -> Result<()> {
    let index = *stage.devnet.state.of_kind(Kind::Gateway).first().context("there is a gateway")?;
    let process = &stage.devnet.state.processes[index];
    let port = process.http_port;
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        crowd.spawn(async move {
            loop {
                // A connection that is closed is opened again.
                if hold(number, port).await.is_err() {
                    sleep(Duration::from_secs(1)).await;
                }
            }
        });
    }
    sleep(Duration::from_secs(5)).await;
    let mut longest = Duration::ZERO;
    for _ in 0..READS {
        let started = Instant::now();
        stage.browser()?.same(super::LABEL, LARGE, &site.join(LARGE)).await.context("a reader at the gateway")?;
        longest = longest.max(started.elapsed());
        sleep(Duration::from_millis(500)).await;
    }
    crowd.shutdown().await;
    let (_, peak) = process.running.and_then(|running| running.memory()).context("the gateway's memory")?;
    stage.facts.say("visitors-connections", CROWD);
    stage.facts.seconds("visitors-longest-honest-read-seconds", longest);
    stage.facts.mebibytes("visitors-gateway-peak-mib", peak);
    ensure!(peak < GATEWAY_BOUND, "the gateway held {peak} bytes, more than {GATEWAY_BOUND}");
    Ok(())
}

/// Holds a connection until the gateway closes it.
async fn hold(number: usize, port: u16) -> Result<()> {
    let mut connection = connect(port).await?;
    let host = format!("{}.mega.localhost:{port}", super::LABEL);
    if number >= SLOW_READERS {
        // A request that never ends.
        connection.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n").as_bytes()).await?;
        loop {
            sleep(Duration::from_secs(1)).await;
            connection.write_all(b"X-Slow: 1\r\n").await?;
        }
    }
    // An answer that is not taken to the end.
    let request = format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", escape(LARGE));
    connection.write_all(request.as_bytes()).await?;
    if number.is_multiple_of(2) {
        connection.read_exact(&mut vec![0; TAKEN]).await?;
    }
    loop {
        sleep(Duration::from_secs(1)).await;
        ensure!(connection.read(&mut [0; 16]).await? > 0, "the gateway has closed the connection");
    }
}

async fn connect(port: u16) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Little is on its way to a reader that does not take it.
    socket.set_recv_buffer_size(16 * 1024)?;
    Ok(socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?)
}
