//! The gateway over real sockets, with a source in memory.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, missing_docs)]

use async_trait::async_trait;
use blake2::{digest::consts::U32, Blake2b, Digest};
use bytes::Bytes;
use futures::{stream::BoxStream, StreamExt};
use meganet_gateway::{Limits, Site, Source, SourceError};
use meganet_primitives::manifest::{Entry, Manifest};
use reqwest::{header, Client, Method, StatusCode};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        atomic::{AtomicU32, AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A site in memory, which can fail in the middle of a file.
struct Shelf {
    files: BTreeMap<String, Bytes>,
    version: AtomicU32,
    reads: Arc<AtomicUsize>,
    break_after: Option<usize>,
}

impl Shelf {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(path, bytes)| ((*path).to_string(), Bytes::copy_from_slice(bytes))).collect();
        Shelf { files, version: AtomicU32::new(1), reads: Arc::default(), break_after: None }
    }
}

struct ShelfSite {
    manifest: Manifest,
    files: BTreeMap<String, Bytes>,
    version: u32,
    reads: Arc<AtomicUsize>,
    break_after: Option<usize>,
}

impl Site for ShelfSite {
    fn label(&self) -> &str {
        "hello"
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let file = self.files[&entry.path].slice(range.start as usize..range.end as usize);
        let mut pieces: Vec<Result<Bytes, SourceError>> =
            file.chunks(60_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        if let Some(count) = self.break_after {
            pieces.truncate(count);
            pieces.push(Err(SourceError::Damaged("a frame does not fit".into())));
        }
        futures::stream::iter(pieces).boxed()
    }
}

#[async_trait]
impl Source for Shelf {
    async fn site(&self, label: &str) -> Result<Arc<dyn Site>, SourceError> {
        match label {
            "hello" => {}
            "down" => return Err(SourceError::Unavailable("3 of 6 workers answered".into())),
            "broken" => return Err(SourceError::Damaged("the manifest is truncated".into())),
            "bare" => return Err(SourceError::NotFound("nothing is published under 'bare' yet".into())),
            _ => return Err(SourceError::NotFound(format!("nobody has registered the name '{label}'"))),
        }
        let entry = |(path, bytes): (&String, &Bytes)| Entry {
            path: path.clone(),
            size: bytes.len() as u64,
            mtime: 0,
            mode: 0o644,
            hash: Blake2b::<U32>::digest(bytes).into(),
            extents: Vec::new(),
        };
        Ok(Arc::new(ShelfSite {
            manifest: Manifest { objects: Vec::new(), entries: self.files.iter().map(entry).collect() },
            files: self.files.clone(),
            version: self.version.load(Ordering::Relaxed),
            reads: self.reads.clone(),
            break_after: self.break_after,
        }))
    }
}

struct Gateway {
    port: u16,
    shelf: Arc<Shelf>,
    http: Client,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Gateway {
    async fn start(shelf: Shelf, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shelf = Arc::new(shelf);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(meganet_gateway::serve(listener, shelf.clone(), limits, async {
            let _ = stopped.await;
        }));
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Gateway { port, shelf, http, stop: Some(stop), task }
    }

    fn ask(&self, method: Method, label: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        self.http.request(method, url).header(header::HOST, format!("{label}.mega.localhost:{}", self.port))
    }

    async fn get(&self, label: &str, path: &str) -> reqwest::Response {
        self.ask(Method::GET, label, path).send().await.unwrap()
    }
}

fn site() -> Shelf {
    Shelf::new(&[
        ("index.html", b"<h1>hello</h1>"),
        ("docs/index.html", b"docs"),
        ("docs/a b.txt", b"0123456789"),
        ("empty", b""),
        ("large.bin", &vec![7; 3_000_000]),
        ("404.html", b"own 404"),
    ])
}

#[tokio::test]
async fn files_come_with_their_type_length_tag_and_version() {
    let gateway = Gateway::start(site(), Limits::default()).await;
    let answer = gateway.get("hello", "/").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], "14");
    assert_eq!(answer.headers()["x-meganet-version"], "1");
    assert_eq!(answer.headers()["x-meganet-name"], "hello");
    assert_eq!(answer.text().await.unwrap(), "<h1>hello</h1>");
    assert_eq!(gateway.get("hello", "/docs/a%20b.txt?x=1").await.text().await.unwrap(), "0123456789");
    assert_eq!(gateway.get("hello", "/empty").await.bytes().await.unwrap().len(), 0);
    assert_eq!(gateway.get("hello", "/large.bin").await.bytes().await.unwrap(), vec![7; 3_000_000]);
}

#[tokio::test]
async fn a_folder_without_its_slash_redirects_on_the_same_host() {
    let gateway = Gateway::start(site(), Limits::default()).await;
    let answer = gateway.get("hello", "/docs?q=1").await;
    assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(answer.headers()[header::LOCATION], "/docs/?q=1");
    let answer = gateway.get("hello", "//docs").await;
    assert!(answer.headers().get(header::LOCATION).is_none_or(|to| !to.to_str().unwrap().starts_with("//")));
}

#[tokio::test]
async fn a_reader_who_has_it_gets_304_and_head_has_no_body() {
    let gateway = Gateway::start(site(), Limits::default()).await;
    let first = gateway.get("hello", "/large.bin").await;
    let tag = first.headers()[header::ETAG].clone();
    let reads = gateway.shelf.reads.load(Ordering::Relaxed);
    let again =
        gateway.ask(Method::GET, "hello", "/large.bin").header(header::IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let head = gateway.ask(Method::HEAD, "hello", "/large.bin").send().await.unwrap();
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "3000000");
    assert_eq!(head.headers()[header::ETAG], tag);
    assert_eq!(gateway.shelf.reads.load(Ordering::Relaxed), reads, "neither reads the file");
}

#[tokio::test]
async fn ranges_are_served() {
    let gateway = Gateway::start(site(), Limits::default()).await;
    let part = |path: &'static str, range: &'static str| {
        let request = gateway.ask(Method::GET, "hello", path).header(header::RANGE, range);
        async move { request.send().await.unwrap() }
    };
    let answer = part("/docs/a%20b.txt", "bytes=2-4").await;
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(answer.headers()[header::CONTENT_RANGE], "bytes 2-4/10");
    assert_eq!(answer.text().await.unwrap(), "234");
    let answer = part("/large.bin", "bytes=-100000").await;
    assert_eq!(answer.headers()[header::CONTENT_RANGE], "bytes 2900000-2999999/3000000");
    assert_eq!(answer.bytes().await.unwrap().len(), 100_000);
    let answer = part("/docs/a%20b.txt", "bytes=10-").await;
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(answer.headers()[header::CONTENT_RANGE], "bytes */10");
}

#[tokio::test]
async fn failures_have_their_status_and_sentence() {
    let gateway = Gateway::start(site(), Limits::default()).await;
    let cases = [
        ("hello", "/nothing", StatusCode::NOT_FOUND, "own 404"),
        ("nobody", "/", StatusCode::NOT_FOUND, "nobody has registered"),
        ("bare", "/", StatusCode::NOT_FOUND, "nothing is published"),
        ("down", "/", StatusCode::SERVICE_UNAVAILABLE, "3 of 6"),
        ("broken", "/", StatusCode::BAD_GATEWAY, "truncated"),
        ("-bad-", "/", StatusCode::BAD_REQUEST, "is not a name"),
        ("hello", "/docs/%2e%2e%2f%2e%2e%2fetc/passwd", StatusCode::BAD_REQUEST, "No file"),
        ("hello", "/%FF", StatusCode::BAD_REQUEST, "No file"),
    ];
    for (label, path, status, text) in cases {
        let answer = gateway.get(label, path).await;
        assert_eq!(answer.status(), status, "{label}{path}");
        let body = answer.text().await.unwrap();
        assert!(body.contains(text), "{label}{path}: {body}");
    }
    let post = gateway.ask(Method::POST, "hello", "/").body("x").send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    let url = format!("http://127.0.0.1:{}/o/abc", gateway.port);
    let private = gateway.http.get(url).send().await.unwrap();
    assert_eq!(private.status(), StatusCode::NOT_IMPLEMENTED);
    assert!(private.text().await.unwrap().contains("never reaches a server"));
}

#[tokio::test]
async fn a_file_that_breaks_in_the_middle_never_looks_whole() {
    let gateway = Gateway::start(Shelf { break_after: Some(3), ..site() }, Limits::default()).await;
    let answer = gateway.get("hello", "/large.bin").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.bytes().await.is_err(), "the connection breaks off");
    let gateway = Gateway::start(Shelf { break_after: Some(0), ..site() }, Limits::default()).await;
    assert_eq!(gateway.get("hello", "/large.bin").await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(gateway.get("hello", "/").await.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn small_files_are_read_once() {
    let gateway = Gateway::start(site(), Limits::default()).await;
    for _ in 0..3 {
        assert_eq!(gateway.get("hello", "/").await.text().await.unwrap(), "<h1>hello</h1>");
    }
    assert_eq!(gateway.shelf.reads.load(Ordering::Relaxed), 1);
    let metrics = gateway.get("hello", "/__meganet__/metrics").await.text().await.unwrap();
    assert!(metrics.contains("meganet_gateway_cache_hits_total 2"), "{metrics}");
}

#[tokio::test]
async fn oversized_and_slow_requests_are_cut_and_others_still_served() {
    let http = meganet_http::Limits { header_timeout: Duration::from_millis(300), ..meganet_http::Limits::default() };
    let limits = Limits { http, ..Limits::default() };
    let gateway = Gateway::start(site(), limits).await;
    let mut slow = TcpStream::connect(("127.0.0.1", gateway.port)).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: hello.mega.localhost\r\nX: ").await.unwrap();
    let mut oversized = TcpStream::connect(("127.0.0.1", gateway.port)).await.unwrap();
    let head = format!("GET /{} HTTP/1.1\r\nHost: hello.mega.localhost\r\n\r\n", "a".repeat(100_000));
    let _ = oversized.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = oversized.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the slow request still holds its connection");
    assert_eq!(gateway.get("hello", "/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn it_ends_when_told_though_a_connection_idles() {
    let mut gateway = Gateway::start(site(), Limits::default()).await;
    assert_eq!(gateway.get("hello", "/").await.status(), StatusCode::OK);
    gateway.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), gateway.task).await.unwrap().unwrap();
}
