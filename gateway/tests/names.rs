//! How the gateway answers for names: versions, subnames, other networks, and evidence.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_gateway::{Evidence, GatewayLimits, GatewayOptions, NameState, SourceError, Verified};
use meganet_name_proof::Basis;
use meganet_primitives::{content::ForeignRef, name::NameStatus, object::ObjectId};
use reqwest::{Method, StatusCode, header};
use support::{EVIDENCE, Files, Gateway, Kept, Shelf, header_of};

const PROOF: Verified = Verified::Proof(Basis { set_id: 0, votes: 3, voters: 3, checkpoint: 0, changes: 0 });

const CID: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";

fn ipfs() -> ForeignRef {
    let bytes = "e3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
    let bytes = (0..bytes.len()).step_by(2).map(|at| u8::from_str_radix(&bytes[at..at + 2], 16).unwrap()).collect();
    ForeignRef::new(bytes).unwrap()
}

fn elsewhere() -> Shelf {
    let status = Some(NameStatus::Active);
    let state = NameState { name: "afar".into(), owner: [1; 32], version: 4, status, evidence: EVIDENCE };
    Shelf::default().with("afar", Kept::Foreign(state, ipfs()))
}

fn site(name: &str, verified: Verified) -> Files {
    let mut files = Files::new(name, &[("index.html", name.as_bytes())]);
    files.state.evidence = Evidence { verified, block: 1234 };
    files
}

#[tokio::test]
async fn every_answer_says_how_it_is_known() {
    let mut grace = site("late", PROOF);
    grace.state.status = Some(NameStatus::Grace);
    let shelf = Shelf::default().with_site(site("hello", Verified::Light)).with_site(grace);
    let gateway = Gateway::start(shelf).await;
    for (name, verified, state) in [("hello", "light", "active"), ("late", "proof", "grace")] {
        for path in ["/", "/nothing", "/%00"] {
            let answer = gateway.get(name, path).await;
            assert_eq!(header_of(&answer, "x-mega-verified"), verified, "{path}");
            assert_eq!(header_of(&answer, "x-mega-state"), state);
            assert_eq!(header_of(&answer, "x-mega-name"), name);
            assert_eq!(header_of(&answer, "x-mega-version"), "1");
            assert_eq!(header_of(&answer, "x-mega-block"), "1234");
            assert_eq!(header_of(&answer, "x-mega-object"), ObjectId([1; 32]).to_string());
        }
    }
    let nobody = gateway.get("nobody", "/").await;
    assert_eq!(
        (header_of(&nobody, "x-mega-verified").as_str(), header_of(&nobody, "x-mega-block").as_str()),
        ("rpc", "77")
    );
}

#[tokio::test]
async fn what_is_not_proven_is_never_swapped_in() {
    let lapsed = SourceError::lapsed("it has lapsed", EVIDENCE);
    let shelf = elsewhere()
        .with_site(site("light", Verified::Light))
        .with_site(site("proof", PROOF))
        .with_site(site("believed", Verified::Rpc))
        .with("lapsed", Kept::Error(lapsed))
        .with("forged", Kept::Error(SourceError::unverified("the proof is of another block")));
    let options = GatewayOptions { require_verified: true, ..GatewayOptions::default() };
    let gateway = Gateway::with(shelf, options, GatewayLimits::default()).await;
    for name in ["light", "proof"] {
        assert_eq!(gateway.get(name, "/").await.status(), StatusCode::OK, "{name}");
    }
    // This includes the answers that a name points into another network, does not exist, or has lapsed.
    let version = format!("at--{}.believed", ObjectId([1; 32]));
    for name in ["believed", "afar", "nobody", "lapsed", &version] {
        let answer = gateway.get(name, "/").await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY, "{name}");
        assert!(answer.text().await.unwrap().contains("only what is proven"), "{name}");
    }
    let forged = gateway.get("forged", "/").await;
    assert_eq!(forged.status(), StatusCode::BAD_GATEWAY);
    assert!(forged.text().await.unwrap().contains("the proof is of another block"));
}

#[tokio::test]
async fn names_below_names_are_sites_of_their_own() {
    let shelf = Shelf::default().with_site(site("hello", Verified::Rpc)).with_site(site("b.hello", Verified::Rpc));
    let gateway = Gateway::start(shelf).await;
    for name in ["hello", "b.hello"] {
        let answer = gateway.get(name, "/").await;
        assert_eq!(header_of(&answer, "x-mega-name"), name);
        assert_eq!(answer.text().await.unwrap(), name);
    }
    assert_eq!(gateway.get("c.hello", "/").await.status(), StatusCode::NOT_FOUND);
    for (name, why) in [("a.b.hello", "one dot"), ("-.hello", "hyphen"), ("hello.b", "at least 3")] {
        let answer = gateway.get(name, "/").await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("is not a name") && text.contains(why), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_name_that_lapsed_is_gone() {
    let lapsed = SourceError::lapsed("the name old has lapsed", EVIDENCE);
    let gateway = Gateway::start(Shelf::default().with("old", Kept::Error(lapsed))).await;
    for name in ["old", &format!("at--{}.old", ObjectId([1; 32]))] {
        let answer = gateway.get(name, "/").await;
        assert_eq!((answer.status(), header_of(&answer, "x-mega-block").as_str()), (StatusCode::GONE, "77"));
        assert_eq!(header_of(&answer, "cache-control"), "no-store");
        assert!(answer.text().await.unwrap().contains("has lapsed"));
    }
}

#[tokio::test]
async fn a_version_is_immutable() {
    let version = |number: u8| {
        let headers: &[u8] = b"/*\n  Cache-Control: no-store\n";
        let mut files = Files::new("hello", &[("index.html", &[b'0' + number]), ("_headers", headers)]);
        files.state.version = number.into();
        files.object = ObjectId([number; 32]);
        files
    };
    let gateway = Gateway::start(Shelf::default().with("hello", Kept::Site(vec![version(1), version(2)]))).await;
    for number in [1, 2] {
        let host = format!("at--{}.hello", ObjectId([number; 32]));
        let answer = gateway.get(&host, "/").await;
        assert_eq!(header_of(&answer, "cache-control"), "public, max-age=29030400, immutable");
        assert_eq!(header_of(&answer, "x-mega-version"), number.to_string());
        assert_eq!(answer.text().await.unwrap(), number.to_string());
        let missing = gateway.get(&host, "/nothing").await;
        assert_eq!(
            (missing.status(), header_of(&missing, "cache-control").as_str()),
            (StatusCode::NOT_FOUND, "no-store")
        );
    }
    assert_eq!(gateway.get("hello", "/").await.text().await.unwrap(), "2");
    let never = format!("at--{}.hello", ObjectId([3; 32]));
    assert_eq!(gateway.get(&never, "/").await.status(), StatusCode::NOT_FOUND);
    let answer = gateway.get("at--3.hello", "/").await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("no version of"));
}

#[tokio::test]
async fn a_name_that_points_elsewhere_is_sent_on_or_told() {
    let gateway = Gateway::start(elsewhere()).await;
    let told = gateway.get("afar", "/x").await;
    assert_eq!((told.status(), header_of(&told, "x-mega-version").as_str()), (StatusCode::NOT_IMPLEMENTED, "4"));
    assert!(told.text().await.unwrap().contains(&format!("ipfs://{CID}")));

    let foreign = Some("https://{cid}.ipfs.example/{path}".parse().unwrap());
    let gateway =
        Gateway::with(elsewhere(), GatewayOptions { foreign, ..GatewayOptions::default() }, GatewayLimits::default())
            .await;
    for method in [Method::GET, Method::HEAD] {
        let sent = gateway.ask(method, "afar", "/a%20b/?c=d").send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::FOUND);
        assert_eq!(sent.headers()[header::LOCATION], format!("https://{CID}.ipfs.example/a%20b/?c=d"));
        assert_eq!(header_of(&sent, "cache-control"), "public, max-age=5, must-revalidate");
        assert_eq!(header_of(&sent, "x-mega-name"), "afar");
    }
    // The HTTP client resolves '..' itself, as browsers do, unless it is escaped.
    let out = gateway.get("afar", "/%2e%2e%2fx").await;
    assert_eq!(out.status(), StatusCode::BAD_REQUEST);
}

/// The cookies of an answer, as a browser sends them back.
fn set_cookies(answer: &reqwest::Response) -> String {
    let lines = answer.headers().get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
    lines.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn the_data_of_a_former_owner_ends() {
    let owned = |owner: u8| {
        let headers: &[u8] = b"/*\n  Service-Worker-Allowed: /\n  ! Set-Cookie\n  Clear-Site-Data: \"cookies\"\n";
        let mut files = Files::new(
            "hello",
            &[("index.html", b"page"), ("a.png", b"image"), ("sw.js", b"worker"), ("_headers", headers)],
        );
        files.state.owner = [owner; 32];
        files
    };
    let gateway = Gateway::start(Shelf::default().with_site(owned(1))).await;
    let ask = |path: &'static str, cookie: &str| {
        let request = gateway.ask(Method::GET, "hello", path).header(header::COOKIE, cookie);
        let worker = if path == "/sw.js" { "script" } else { "" };
        async move { request.header("service-worker", worker).send().await.unwrap() }
    };
    let first = ask("/", "a=b").await;
    assert_eq!(header_of(&first, "clear-site-data"), "");
    let cookie = set_cookies(&first);
    assert_eq!(set_cookies(&ask("/a.png", &cookie).await), "");
    assert_eq!(ask("/sw.js", &cookie).await.text().await.unwrap(), "worker");

    gateway.shelf.names.lock().unwrap().insert("hello".into(), Kept::Site(vec![owned(2)]));
    for path in ["/", "/a.png", "/nothing", "/sw.js"] {
        let answer = ask(path, &cookie).await;
        assert!(header_of(&answer, "clear-site-data").contains("\"storage\""), "{path}");
        assert!(set_cookies(&answer).starts_with("__meganet_tenure=0202"), "{path}");
        assert_eq!(header_of(&answer, "cache-control"), "no-store", "{path}");
        let ends = answer.text().await.unwrap().contains("registration.unregister()");
        assert_eq!(ends, path == "/sw.js", "{path}");
    }
    let new = set_cookies(&ask("/", &cookie).await);
    assert_eq!(header_of(&ask("/", &new).await, "clear-site-data"), "");
    assert_eq!(ask("/sw.js", &new).await.text().await.unwrap(), "worker");

    // Between two owners, and where the name points elsewhere, there is no service worker at all.
    gateway
        .shelf
        .names
        .lock()
        .unwrap()
        .insert("hello".into(), Kept::Error(SourceError::lapsed("it has lapsed", EVIDENCE)));
    assert!(ask("/sw.js", &new).await.text().await.unwrap().contains("registration.unregister()"));
    assert_eq!(ask("/", &new).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn another_site_can_neither_delete_the_data_of_this_one_nor_keep_a_former_owners() {
    let owned = |name: &str, owner: u8| {
        let mut files = Files::new(name, &[("index.html", b"page")]);
        files.state.owner = [owner; 32];
        files
    };
    let shelf = || Shelf::default().with_site(owned("hello", 1)).with_site(owned("mallory", 9));
    let (gateway, elsewhere) = (Gateway::start(shelf()).await, Gateway::start(shelf()).await);
    let ask = |cookie: &str| gateway.ask(Method::GET, "hello", "/").header(header::COOKIE, cookie).send();
    let ours = set_cookies(&gateway.get("hello", "/").await);
    // A site of another name sets these for the whole domain. Browsers send the oldest first.
    let unsigned = format!("__meganet_tenure={}", "09".repeat(32));
    let of_its_name = set_cookies(&gateway.get("mallory", "/").await).split("; ").next().unwrap().to_owned();
    let of_its_gateway = set_cookies(&elsewhere.get("hello", "/").await).split("; ").next().unwrap().to_owned();
    let planted = [unsigned, of_its_name, of_its_gateway];
    for planted in &planted {
        let first = ask(planted).await.unwrap();
        assert_eq!(header_of(&first, "clear-site-data"), "", "{planted}");
        assert_eq!(set_cookies(&first), ours, "it is a first visit");
        let again = ask(&format!("{planted}; {ours}")).await.unwrap();
        assert_eq!(header_of(&again, "clear-site-data"), "", "{planted}");
    }
    gateway.shelf.names.lock().unwrap().insert("hello".into(), Kept::Site(vec![owned("hello", 2)]));
    let now = set_cookies(&gateway.get("hello", "/").await).split("; ").next().unwrap().to_owned();
    // Strangers who reach the gateway can also ask it for the present owner's.
    for planted in planted.iter().chain([&now]) {
        let changed = ask(&format!("{planted}; {ours}")).await.unwrap();
        assert!(header_of(&changed, "clear-site-data").contains("\"storage\""), "{planted}");
    }
}
