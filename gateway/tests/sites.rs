//! Sites with `_redirects`, `_headers` and `_listing`, over real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_gateway::{GatewayLimits, GatewayOptions, Listings};
use reqwest::{Method, Response, StatusCode, header};
use std::time::Duration;
use support::{Files, Gateway, Kept, Shelf, header_of};

async fn start(files: &[(&str, &str)]) -> Gateway {
    with(files, GatewayOptions::default()).await
}

async fn with(files: &[(&str, &str)], options: GatewayOptions) -> Gateway {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    Gateway::with(Shelf::default().with_site(Files::new("hello", &files)), options, GatewayLimits::default()).await
}

fn location(answer: &Response) -> String {
    header_of(answer, "location")
}

#[tokio::test]
async fn a_single_page_application_is_one_line() {
    let files =
        [("_redirects", "/* /index.html 200"), ("index.html", "app"), ("a/b.js", "js"), ("404.html", "own 404")];
    let gateway = start(&files).await;
    for (path, body) in [("/", "app"), ("/users/7", "app"), ("/a", "app"), ("/a/", "app"), ("/a/b.js", "js")] {
        let answer = gateway.get("hello", path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.text().await.unwrap(), body, "{path}");
    }
    // It is the same file at every path, so a reader fetches it once.
    let first = gateway.get("hello", "/x").await;
    let tag = first.headers()[header::ETAG].clone();
    let again = gateway.ask(Method::GET, "hello", "/y").header(header::IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn rules_are_for_what_no_file_has() {
    let rules = "/a /b 302\n/gone/* /gone.html 410\n/law /nowhere.html 451\n/lost /nowhere.html 200\n/folder /a/ 200\n\
                 /self /_headers 200\n/out/* /:splat\n";
    let files =
        [("_redirects", rules), ("_headers", "/gone/*\n  X-A: b"), ("a/index.html", "a"), ("gone.html", "gone")];
    let gateway = start(&files).await;
    assert_eq!(location(&gateway.get("hello", "/a").await), "/a/", "the folder comes first");
    let gone = gateway.get("hello", "/gone/x").await;
    assert_eq!((gone.status(), header_of(&gone, "x-a").as_str()), (StatusCode::GONE, "b"));
    assert_eq!(gone.text().await.unwrap(), "gone");
    let law = gateway.get("hello", "/law").await;
    assert_eq!(law.status(), StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS);
    assert!(law.text().await.unwrap().contains("451"));
    assert_eq!(gateway.get("hello", "/lost").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(gateway.get("hello", "/folder").await.text().await.unwrap(), "a");
    for hidden in ["/_redirects", "/_headers", "/self"] {
        assert_eq!(gateway.get("hello", hidden).await.status(), StatusCode::NOT_FOUND, "{hidden}");
    }
    let out = gateway.get("hello", "/out//evil.example?x").await;
    assert_eq!((out.status(), location(&out).as_str()), (StatusCode::MOVED_PERMANENTLY, "/evil.example?x"));
    assert_eq!(header_of(&out, "cache-control"), "public, max-age=5, must-revalidate");
    assert_eq!(header_of(&out, "x-mega-name"), "hello");
    let long = gateway.get("hello", &format!("/out/{}", "%C3%BC".repeat(2_000))).await;
    assert_eq!(long.status(), StatusCode::URI_TOO_LONG);
}

#[tokio::test]
async fn a_broken_line_is_an_error_that_names_it() {
    let gateway = start(&[("_redirects", "# x\n/a /b 999\n"), ("index.html", "here")]).await;
    assert_eq!(gateway.get("hello", "/").await.status(), StatusCode::OK, "files do not need the rules");
    let answer = gateway.get("hello", "/nothing").await;
    assert_eq!(
        (answer.status(), header_of(&answer, "cache-control").as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "no-store")
    );
    assert!(answer.text().await.unwrap().contains("line 2 of _redirects: '999' is not a supported status"));

    let gateway = start(&[("_headers", "/*\n  Basic-Auth: a:b\n"), ("index.html", "here")]).await;
    let answer = gateway.get("hello", "/").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().await.unwrap().contains("line 2 of _headers: basic-auth protects nothing"));

    let long = format!("/a /b # {}\n", "x".repeat(100)).repeat(700);
    let gateway = start(&[("_redirects", &long)]).await;
    let answer = gateway.get("hello", "/a").await;
    assert!(answer.text().await.unwrap().contains("_redirects: it has more than 65536 bytes"));
}

#[tokio::test]
async fn rules_are_read_once_and_follow_the_site() {
    let site = |rules: &'static str, version| {
        let mut files = Files::new("hello", &[("_redirects", rules.as_bytes()), ("_headers", b"/*\n  X-A: b")]);
        files.state.version = version;
        files
    };
    let gateway = Gateway::start(Shelf::default().with_site(site("/a /one", 1))).await;
    for _ in 0..3 {
        let answer = gateway.get("hello", "/a").await;
        assert_eq!((location(&answer).as_str(), header_of(&answer, "x-a").as_str()), ("/one", "b"));
    }
    assert_eq!(gateway.shelf.reads(), 2);
    gateway.shelf.names.lock().unwrap().insert("hello".into(), Kept::Site(vec![site("/a /two", 2)]));
    let answer = gateway.get("hello", "/a").await;
    assert_eq!((location(&answer).as_str(), header_of(&answer, "x-mega-version").as_str()), ("/two", "2"));
    assert_eq!(gateway.shelf.reads(), 3, "only what changed");
}

#[tokio::test]
async fn sites_loosen_what_is_theirs_alone() {
    let headers = "/*\n  Referrer-Policy: unsafe-url\n  Link: <a>\n  Link: <b>\n/x\n  Content-Type: text/x; charset=x\n! Referrer-Policy";
    let gateway = start(&[("_headers", headers), ("index.html", "i"), ("x", "x")]).await;
    let answer = gateway.get("hello", "/").await;
    assert_eq!(header_of(&answer, "referrer-policy"), "unsafe-url");
    assert_eq!(header_of(&answer, "x-content-type-options"), "nosniff");
    assert_eq!(header_of(&answer, "origin-agent-cluster"), "?1");
    let links: Vec<_> = answer.headers().get_all("link").iter().collect();
    assert_eq!(links, ["<a>", "<b>"]);
    let answer = gateway.get("hello", "/x").await;
    assert_eq!(header_of(&answer, "content-type"), "text/x; charset=x");
    assert_eq!(header_of(&answer, "referrer-policy"), "");
}

#[tokio::test]
async fn service_workers_have_to_be_asked_for() {
    let headers = "/sw.js\n  Service-Worker-Allowed: /";
    let gateway = start(&[("_headers", headers), ("sw.js", "1"), ("other.js", "2")]).await;
    let ask = |path: &'static str| gateway.ask(Method::GET, "hello", path).header("service-worker", "script");
    let allowed = ask("/sw.js").send().await.unwrap();
    assert_eq!((allowed.status(), header_of(&allowed, "service-worker-allowed").as_str()), (StatusCode::OK, "/"));
    // Neither a script that is not allowed nor one that is gone keeps an older one alive.
    for path in ["/other.js", "/gone.js"] {
        let ending = ask(path).send().await.unwrap();
        assert_eq!(ending.status(), StatusCode::OK, "{path}");
        assert_eq!(header_of(&ending, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header_of(&ending, "cache-control"), "no-store");
        let script = ending.text().await.unwrap();
        assert!(script.contains("registration.unregister()") && script.contains("Service-Worker-Allowed"), "{script}");
    }
    assert_eq!(gateway.get("hello", "/other.js").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn folders_are_listed_where_the_site_wants_it() {
    let files = [
        ("_headers", "/*\n  X-A: b\n  Content-Security-Policy: default-src *\n  Content-Type: text/plain"),
        ("files/_listing", ""),
        ("files/<x>&.txt", "12345"),
        ("files/deep/y", "y"),
        ("files/indexed/index.html", "index"),
        ("other/z", "z"),
    ];
    let gateway = start(&files).await;
    let answer = gateway.get("hello", "/files/").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header_of(&answer, "content-type"), "text/html; charset=utf-8");
    assert!(header_of(&answer, "content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(header_of(&answer, "x-a"), "b");
    assert_eq!(header_of(&answer, "content-digest"), header_of(&answer, "repr-digest"));
    let (tag, length) = (header_of(&answer, "etag"), header_of(&answer, "content-length"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("&lt;x&gt;&amp;.txt</a></td><td align=\"right\">5</td>"), "{page}");
    assert!(page.contains("href=\"./deep/\"") && !page.contains("_listing"), "{page}");
    let again = gateway.ask(Method::GET, "hello", "/files/").header(header::IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let head = gateway.ask(Method::HEAD, "hello", "/files/").send().await.unwrap();
    assert_eq!(header_of(&head, "content-length"), length);
    let slash = gateway.get("hello", "/files/deep").await;
    assert_eq!((slash.status(), location(&slash).as_str()), (StatusCode::MOVED_PERMANENTLY, "/files/deep/"));
    assert_eq!(gateway.get("hello", "/files/indexed/").await.text().await.unwrap(), "index");
    for path in ["/", "/other/", "/other", "/files/_listing", "/files/nothing/"] {
        assert_eq!(gateway.get("hello", path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let all = with(&files, GatewayOptions { listings: Listings::Always, ..GatewayOptions::default() }).await;
    assert!(all.get("hello", "/").await.text().await.unwrap().contains("./other/"));
    let none = with(&files, GatewayOptions { listings: Listings::Never, ..GatewayOptions::default() }).await;
    assert_eq!(none.get("hello", "/files/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_nearest_404_is_shown() {
    let gateway = start(&[("404.html", "root"), ("de/404.html", "nicht da"), ("de/a/b", "b")]).await;
    for (path, body) in [("/x", "root"), ("/de/x", "nicht da"), ("/de/a/x/y", "nicht da"), ("/de/a/", "nicht da")] {
        let answer = gateway.get("hello", path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.text().await.unwrap(), body, "{path}");
    }
}

#[tokio::test]
async fn names_are_kept_as_long_as_the_operator_says() {
    for (seconds, value) in [(0, "public, no-cache"), (60, "public, max-age=60, must-revalidate")] {
        let options = GatewayOptions { name_ttl: Duration::from_secs(seconds), ..GatewayOptions::default() };
        let gateway =
            with(&[("index.html", "i"), ("_headers", "/own\n  Cache-Control: max-age=1"), ("own", "")], options).await;
        assert_eq!(header_of(&gateway.get("hello", "/").await, "cache-control"), value);
        assert_eq!(header_of(&gateway.get("hello", "/own").await, "cache-control"), "max-age=1");
    }
}

#[tokio::test]
async fn preflights_are_answered_as_the_site_says() {
    let headers = "/open/*\n  Access-Control-Allow-Origin: *\n  Access-Control-Max-Age: 60";
    let gateway = start(&[("_headers", headers), ("open/a", "a"), ("b", "b")]).await;
    let ask = |path: &'static str| {
        gateway
            .ask(Method::OPTIONS, "hello", path)
            .header(header::ORIGIN, "https://a.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
    };
    for path in ["/open/a", "/open/nothing"] {
        let granted = ask(path).send().await.unwrap();
        assert_eq!(
            (granted.status(), header_of(&granted, "access-control-max-age").as_str()),
            (StatusCode::NO_CONTENT, "60")
        );
        assert_eq!(header_of(&granted, "x-mega-name"), "hello");
    }
    assert_eq!(ask("/b").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let plain = gateway.ask(Method::OPTIONS, "hello", "/b").send().await.unwrap();
    assert_eq!((plain.status(), header_of(&plain, "allow").as_str()), (StatusCode::NO_CONTENT, "GET, HEAD, OPTIONS"));
    let missing = gateway.get("hello", "/open/nothing").await;
    assert_eq!(
        (missing.status(), header_of(&missing, "access-control-allow-origin").as_str()),
        (StatusCode::NOT_FOUND, "*")
    );
    // The gateway itself shares nothing.
    let url = format!("http://127.0.0.1:{}/__meganet__/metrics", gateway.port);
    let own = gateway
        .http
        .request(Method::OPTIONS, url)
        .header(header::ORIGIN, "https://a.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
    assert_eq!(own.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
