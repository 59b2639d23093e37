//! The gateway over real sockets, with a source in memory.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_gateway::{GatewayLimits, GatewayOptions, SourceError};
use meganet_primitives::object::ObjectId;
use reqwest::{Method, StatusCode, header};
use std::time::Duration;
use support::{Files, Gateway, Kept, Shelf, not_found};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn files() -> Files {
    Files::new(
        "hello",
        &[
            ("index.html", b"<h1>hello</h1>"),
            ("docs/index.html", b"docs"),
            ("docs/a b.txt", b"0123456789"),
            ("empty", b""),
            ("large.bin", &vec![7; 3_000_000]),
            ("404.html", b"own 404"),
        ],
    )
}

fn site() -> Shelf {
    Shelf::default().with_site(files())
}

#[tokio::test]
async fn files_come_with_their_type_length_tag_and_version() {
    let gateway = Gateway::start(site()).await;
    let answer = gateway.get("hello", "/").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], "14");
    assert_eq!(answer.headers()["x-mega-version"], "1");
    assert_eq!(answer.headers()["x-mega-name"], "hello");
    assert_eq!(answer.text().await.unwrap(), "<h1>hello</h1>");
    assert_eq!(gateway.get("hello", "/docs/a%20b.txt?x=1").await.text().await.unwrap(), "0123456789");
    assert_eq!(gateway.get("hello", "/empty").await.bytes().await.unwrap().len(), 0);
    assert_eq!(gateway.get("hello", "/large.bin").await.bytes().await.unwrap(), vec![7; 3_000_000]);
}

#[tokio::test]
async fn a_folder_without_its_slash_redirects_on_the_same_host() {
    let gateway = Gateway::start(site()).await;
    let answer = gateway.get("hello", "/docs?q=1").await;
    assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(answer.headers()[header::LOCATION], "/docs/?q=1");
    let answer = gateway.get("hello", "//docs").await;
    assert!(answer.headers().get(header::LOCATION).is_none_or(|to| !to.to_str().unwrap().starts_with("//")));
}

#[tokio::test]
async fn a_reader_who_has_it_gets_304_and_head_has_no_body() {
    let gateway = Gateway::start(site()).await;
    let first = gateway.get("hello", "/large.bin").await;
    let tag = first.headers()[header::ETAG].clone();
    let reads = gateway.shelf.reads();
    let again =
        gateway.ask(Method::GET, "hello", "/large.bin").header(header::IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let head = gateway.ask(Method::HEAD, "hello", "/large.bin").send().await.unwrap();
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "3000000");
    assert_eq!(head.headers()[header::ETAG], tag);
    assert_eq!(gateway.shelf.reads(), reads, "neither reads the file");
}

#[tokio::test]
async fn ranges_are_served() {
    let gateway = Gateway::start(site()).await;
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
    let whole =
        gateway.ask(Method::HEAD, "hello", "/docs/a%20b.txt").header(header::RANGE, "bytes=2-4").send().await.unwrap();
    assert_eq!((whole.status(), whole.headers()[header::CONTENT_LENGTH].to_str().unwrap()), (StatusCode::OK, "10"));
    let answer = part("/docs/a%20b.txt", "bytes=10-").await;
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(answer.headers()[header::CONTENT_RANGE], "bytes */10");
    let answer = part("/empty", "bytes=-5").await;
    assert_eq!((answer.status(), answer.bytes().await.unwrap().len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn failures_have_their_status_and_sentence() {
    let shelf = site()
        .with("bare", Kept::Error(not_found("nothing is published under 'bare' yet")))
        .with("down", Kept::Error(SourceError::unavailable("3 of 6 workers answered")))
        .with("broken", Kept::Error(SourceError::damaged("the manifest is truncated")));
    let gateway = Gateway::start(shelf).await;
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
    assert_eq!(post.headers()[header::ALLOW], "GET, HEAD, OPTIONS");
    let url = format!("http://127.0.0.1:{}/o/abc", gateway.port);
    let private = gateway.http.get(url).send().await.unwrap();
    assert_eq!(private.status(), StatusCode::NOT_IMPLEMENTED);
    assert!(private.text().await.unwrap().contains("never reaches a server"));
}

#[tokio::test]
async fn a_file_that_breaks_in_the_middle_never_looks_whole() {
    let gateway = Gateway::start(Shelf::default().with_site(Files { break_after: Some(3), ..files() })).await;
    let answer = gateway.get("hello", "/large.bin").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.bytes().await.is_err(), "the connection breaks off");
    let gateway = Gateway::start(Shelf::default().with_site(Files { break_after: Some(0), ..files() })).await;
    assert_eq!(gateway.get("hello", "/large.bin").await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(gateway.get("hello", "/").await.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn small_files_are_read_once() {
    let gateway = Gateway::start(site()).await;
    for _ in 0..3 {
        assert_eq!(gateway.get("hello", "/").await.text().await.unwrap(), "<h1>hello</h1>");
    }
    assert_eq!(gateway.shelf.reads(), 1);
    let url = format!("http://127.0.0.1:{}/__meganet__/metrics", gateway.port);
    let metrics = gateway.http.get(url).send().await.unwrap();
    let kind = metrics.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("meganet_gateway_cache_hits_total 2"), "{metrics}");
}

#[tokio::test]
async fn oversized_and_slow_requests_are_cut_and_others_still_served() {
    let http =
        meganet_http::HttpLimits { header_timeout: Duration::from_millis(300), ..meganet_http::HttpLimits::default() };
    let limits = GatewayLimits { http, ..GatewayLimits::default() };
    let gateway = Gateway::with(site(), GatewayOptions::default(), limits).await;
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
    let mut gateway = Gateway::start(site()).await;
    assert_eq!(gateway.get("hello", "/").await.status(), StatusCode::OK);
    gateway.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), gateway.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn digests_are_of_what_is_sent_and_of_the_whole() {
    // printf hello | openssl dgst -sha256 -binary | base64, and likewise for 'ell'.
    let whole = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
    let part = "sha-256=:uuqWUAmX/1zWz9Jlkql41rc9SAtK0z0AJJnPAEGsmZY=:";
    let gateway = Gateway::start(Shelf::default().with_site(Files::new("hello", &[("a", b"hello")]))).await;
    let ask = |method: Method, range: Option<&'static str>| {
        let mut request = gateway.ask(method, "hello", "/a");
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        async move { request.send().await.unwrap() }
    };
    let digests =
        |answer: &reqwest::Response| ["repr-digest", "content-digest"].map(|name| support::header_of(answer, name));
    let answer = ask(Method::GET, None).await;
    assert_eq!(digests(&answer), [whole, whole]);
    let etag = answer.headers()[header::ETAG].clone();
    assert_eq!(digests(&ask(Method::GET, Some("bytes=1-3")).await), [whole, part]);
    // Nothing is sent, so nothing of it has a digest.
    assert_eq!(digests(&ask(Method::HEAD, None).await), [whole, ""]);
    assert_eq!(digests(&ask(Method::GET, Some("bytes=9-")).await), ["", ""]);
    let again = gateway.ask(Method::GET, "hello", "/a").header(header::IF_NONE_MATCH, etag).send().await.unwrap();
    assert_eq!((again.status(), digests(&again)), (StatusCode::NOT_MODIFIED, ["".into(), "".into()]));
    assert_eq!(support::header_of(&again, "content-type"), "");
    assert_eq!(support::header_of(&again, "cache-control"), "public, max-age=5, must-revalidate");
}

#[tokio::test]
async fn no_site_can_put_its_bytes_in_the_place_of_anothers() {
    let mine = Files::new("hello", &[("index.html", b"mine")]);
    let mut evil = Files::new("evil", &[("index.html", b"evil"), ("empty", b"")]);
    evil.false_digest = Some(("index.html".into(), "mine".into()));
    let mut empty = Files::new("empty", &[("index.html", b"")]);
    empty.false_digest = Some(("index.html".into(), "mine".into()));
    let gateway = Gateway::start(Shelf::default().with_site(mine).with_site(evil).with_site(empty)).await;
    for name in ["evil", "empty"] {
        let answer = gateway.get(name, "/").await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY, "{name}");
        assert!(answer.text().await.unwrap().contains("wrong digest"));
    }
    assert_eq!(gateway.get("hello", "/").await.text().await.unwrap(), "mine");
}

#[tokio::test]
async fn a_reader_that_stops_gives_its_place_to_the_next() {
    let http = meganet_http::HttpLimits {
        connections: 1,
        write_timeout: Duration::from_millis(500),
        ..meganet_http::HttpLimits::default()
    };
    let large = vec![7; 32 << 20];
    let shelf = Shelf::default().with_site(Files::new("hello", &[("large", &large), ("small", b"small")]));
    let gateway =
        Gateway::with(shelf, GatewayOptions::default(), GatewayLimits { http, ..GatewayLimits::default() }).await;
    let mut stopped = TcpStream::connect(("127.0.0.1", gateway.port)).await.unwrap();
    stopped.write_all(b"GET /large HTTP/1.1\r\nHost: hello.mega.localhost\r\n\r\n").await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(60), gateway.get("hello", "/small")).await.unwrap();
    assert_eq!(next.text().await.unwrap(), "small");
}

#[tokio::test]
async fn concurrent_requests_for_a_small_file_read_it_once() {
    let gateway = Gateway::start(site()).await;
    let answers = futures::future::join_all((0..8).map(|_| gateway.get("hello", "/docs/a%20b.txt"))).await;
    for answer in answers {
        assert_eq!(answer.text().await.unwrap(), "0123456789");
    }
    assert_eq!(gateway.shelf.reads(), 1);
}

#[tokio::test]
async fn cookies_do_not_lock_a_reader_out() {
    let gateway = Gateway::start(site()).await;
    let ask = |name: &'static str, bytes: usize| {
        gateway.ask(Method::GET, "hello", "/").header(name, "x".repeat(bytes)).send()
    };
    assert_eq!(ask("cookie", 60 << 10).await.unwrap().status(), StatusCode::OK);
    let cookies = ask("cookie", 100 << 10).await.unwrap();
    assert_eq!(cookies.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(support::header_of(&cookies, "clear-site-data"), "\"cookies\"");
    assert!(cookies.text().await.unwrap().contains("reload the page"));
    // As many small ones.
    let mut many = gateway.ask(Method::GET, "hello", "/");
    for number in 0..500 {
        many = many.header("cookie", format!("{number}={}", "x".repeat(200)));
    }
    let many = many.send().await.unwrap();
    assert_eq!(support::header_of(&many, "clear-site-data"), "\"cookies\"");
    let other = ask("x-other", 17 << 10).await.unwrap();
    assert_eq!(other.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(other.text().await.unwrap().contains("16 KiB"));
}

#[tokio::test]
async fn the_gateways_own_pages_are_at_its_own_hosts_only() {
    // A site cannot take their place either.
    let files =
        Files::new("hello", &[("index.html", b"hello"), ("__meganet__/metrics", b"own"), ("__meganet__/x", b"own")]);
    let gateway = Gateway::start(Shelf::default().with_site(files)).await;
    let ask = |host: &str, path: &str| {
        let url = format!("http://127.0.0.1:{}{path}", gateway.port);
        let request = gateway.http.get(url).header(header::HOST, host);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        }
    };
    for host in ["127.0.0.1", "127.0.0.1:80", "[::1]:8080", "localhost", "LocalHost:8080", "mega.localhost:8080"] {
        let (status, body) = ask(host, "/__meganet__/metrics").await;
        assert_eq!(status, StatusCode::OK, "{host}");
        assert!(body.contains("meganet_gateway_"), "{host}: {body}");
    }
    // Domains that somebody points at this machine.
    for host in
        ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "evilmega.localhost"]
    {
        for path in ["/", "/__meganet__/metrics", "/__meganet__/health", "/o/abc", "/index.html"] {
            let (status, body) = ask(host, path).await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}{path}");
            assert!(!body.contains("meganet_gateway_") && !body.contains("\"ok\""), "{host}{path}: {body}");
        }
    }
    // Pages of a site could read what is at its own host.
    let version = format!("at--{}.hello.mega.localhost", ObjectId([1; 32]));
    for host in ["hello.mega.localhost", "hello.mega.localhost:8080", "nobody.mega.localhost", &version] {
        for path in ["/__meganet__/metrics", "/__meganet__/health", "/__meganet__/x", "/__meganet__/"] {
            let (status, body) = ask(host, path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{host}{path}");
            assert!(body.contains("at its own host"), "{host}{path}: {body}");
        }
    }
    assert_eq!(ask(&version, "/").await, (StatusCode::OK, "hello".into()));
    let mut socket = TcpStream::connect(("127.0.0.1", gateway.port)).await.unwrap();
    let two = b"GET / HTTP/1.1\r\nHost: hello.mega.localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    socket.write_all(two).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
