//! The server's bounds, over real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

use axum::{Router, body::Bytes, routing::get};
use meganet_http::{HttpLimits, serve};
use prometheus_client::metrics::gauge::Gauge;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of the large answer: several times what the system buffers for a connection.
const LARGE: usize = 32 << 20;

struct Server {
    port: u16,
    open: Gauge,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: HttpLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Gauge::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let large = Bytes::from(vec![7; LARGE]);
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/large", get(move || async move { large.clone() }));
        let shutdown = async { stopped.await.unwrap() };
        let task = tokio::spawn(serve(listener, router, limits, open.clone(), shutdown));
        Server { port, open, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// A whole request on its own connection.
    async fn get(&self) -> String {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        client.get(format!("http://127.0.0.1:{}/", self.port)).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn a_request_that_drips_is_cut_and_its_place_goes_to_the_next() {
    let limits = HttpLimits { connections: 1, header_timeout: Duration::from_millis(500), ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    // There is one place, so this response can arrive only after the slow connection was cut.
    let waiting = server.get();
    let drip = async {
        let (mut reader, mut writer) = slow.split();
        let mut byte = [0];
        loop {
            tokio::select! {
                // A response (408), an end of the stream or an error: the connection was cut.
                _ = reader.read(&mut byte) => return,
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            if writer.write_all(b"a").await.is_err() {
                return;
            }
        }
    };
    let (answer, ()) = tokio::time::timeout(PATIENCE, futures::future::join(waiting, drip)).await.unwrap();
    assert_eq!(answer, "hello");
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server =
        Server::start(HttpLimits { header_timeout: Duration::from_millis(200), ..HttpLimits::default() }).await;
    let mut silent = server.connect().await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, silent.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let server = Server::start(HttpLimits { header_bytes: 8 << 10, ..HttpLimits::default() }).await;
    let mut stream = server.connect().await;
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(100_000));
    // The server may respond and close before it has read all of it.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(server.get().await, "hello");
}

#[tokio::test]
async fn it_ends_when_told_though_a_connection_idles() {
    let server = Server::start(HttpLimits { header_timeout: PATIENCE * 60, ..HttpLimits::default() }).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200");
    assert_eq!(server.open.get(), 1);
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap();
    assert_eq!(server.open.get(), 0);
}

#[tokio::test]
async fn a_response_that_outlasts_the_shutdown_timeout_is_cut() {
    let limits = HttpLimits { shutdown_timeout: Duration::from_millis(200), ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let mut stopped = server.connect().await;
    stopped.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut begun = vec![0; 12];
    stopped.read_exact(&mut begun).await.unwrap();
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap();
    assert_eq!(server.open.get(), 0);
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stopped.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.len() < LARGE, "the answer broke off");
}

/// Limits of a server with one place and a short write timeout.
fn impatient(write_timeout: Duration) -> HttpLimits {
    HttpLimits { connections: 1, write_timeout, ..HttpLimits::default() }
}

#[tokio::test]
async fn a_reader_that_stops_is_cut_and_its_place_goes_to_the_next() {
    let server = Server::start(impatient(Duration::from_millis(500))).await;
    let mut stopped = server.connect().await;
    stopped.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let answer = tokio::time::timeout(PATIENCE, server.get()).await.unwrap();
    assert_eq!(answer, "hello");
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stopped.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.len() < LARGE, "the answer broke off");
}

#[tokio::test]
async fn a_reader_that_drips_is_cut() {
    let server = Server::start(impatient(Duration::from_millis(500))).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let waiting = server.get();
    // The reader takes bytes all the time, but far too few.
    let drip = async {
        let mut few = [0; 1024];
        loop {
            let _ = slow.read(&mut few).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::select! {
        answer = tokio::time::timeout(PATIENCE, waiting) => answer.unwrap(),
        () = drip => unreachable!("it never ends"),
    };
    assert_eq!(answer, "hello");
}

#[tokio::test]
async fn a_reader_that_is_slow_but_steady_gets_everything() {
    let server = Server::start(impatient(Duration::from_secs(2))).await;
    let mut steady = server.connect().await;
    steady.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    // In total this takes longer than the timeout for one piece.
    let (mut total, mut piece) = (0, vec![0; 64 << 10]);
    loop {
        let bytes = tokio::time::timeout(PATIENCE, steady.read(&mut piece)).await.unwrap().unwrap();
        if bytes == 0 {
            break;
        }
        total += bytes;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(total > LARGE, "{total} bytes with the headers");
}

#[tokio::test]
async fn silent_connections_cannot_hold_a_server_shut() {
    // Loopback has seven eighths of the places.
    let limits = HttpLimits { connections: 8, header_timeout: PATIENCE * 60, ..HttpLimits::default() };
    let server = Server::start(limits).await;
    let mut idle = Vec::new();
    for _ in 0..7 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        idle.push(stream);
    }
    assert_eq!(server.get().await, "hello");
    // The first one made way, the others are still served.
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, idle[0].read_to_end(&mut rest)).await.unwrap();
    idle[6].write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, idle[6].read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&rest).matches("HTTP/1.1 200").count(), 1);
}

#[tokio::test]
async fn busy_connections_do_not_make_way() {
    let server = Server::start(HttpLimits { connections: 8, write_timeout: PATIENCE, ..HttpLimits::default() }).await;
    let mut busy = Vec::new();
    for _ in 0..7 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut begun = vec![0; 12];
        stream.read_exact(&mut begun).await.unwrap();
        busy.push(stream);
    }
    let mut refused = server.connect().await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, refused.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "all connections of its block are busy");
    let mut large = Vec::new();
    tokio::time::timeout(PATIENCE, busy[0].read_to_end(&mut large)).await.unwrap().unwrap();
    assert!(large.len() > LARGE);
}
