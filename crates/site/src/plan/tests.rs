#![allow(clippy::unwrap_used)]
use super::*;
use crate::{AnswerBody, HeaderRules, Listings, ServePolicy, compose::answer, rules::RuleFile, testing::site};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use meganet_primitives::manifest::Manifest;
use std::time::Duration;

/// A site in memory with its rules.
struct Site {
    manifest: Manifest,
    headers: Option<Result<HeaderRules, RuleError>>,
    redirects: Option<Result<Redirects, RuleError>>,
}

impl Site {
    fn new(paths: &[&str], headers: &str, redirects: &str) -> Self {
        Site {
            manifest: site(paths),
            headers: Some(HeaderRules::parse(headers.as_bytes())),
            redirects: Some(Redirects::parse(redirects.as_bytes())),
        }
    }

    fn view(&self) -> SiteView<'_> {
        let policy = ServePolicy { listings: Listings::WhereWanted, name_ttl: Duration::from_secs(5) };
        SiteView { name: "hello", manifest: &self.manifest, pinned: false, policy }
    }

    fn rules(&self) -> SiteRules<'_> {
        SiteRules { headers: self.headers.as_ref(), redirects: self.redirects.as_ref() }
    }

    /// The status of the outcome for a path, and its target or text.
    fn plan(&self, path: &str) -> (u16, String) {
        let headers = HeaderMap::new();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        match plan(&self.view(), &self.rules(), &SiteRequest { method: &Method::GET, path, query, headers: &headers }) {
            Outcome::File { entry, status } => (status.as_u16(), entry.path.clone()),
            Outcome::Listing { folder } => (200, format!("listing of {folder}")),
            Outcome::Redirect { location, status } => (status.as_u16(), location.to_str().unwrap().into()),
            Outcome::Options => (204, "options".to_owned()),
            Outcome::EndServiceWorker => (200, "ends a service worker".to_owned()),
            Outcome::Message { status, text } => (status.as_u16(), text),
        }
    }
}

#[test]
fn each_kind_of_path_has_one_outcome() {
    let site = Site::new(
        &["404.html", "a/index.html", "b.txt", "list/_listing", "list/x/y"],
        "",
        "/loop/* /loop/:splat\n/up/* /up/x/:splat\n/old /b.txt 302\n/app/* /a/ 200\n/gone /nowhere 410\n\
         /lost /nowhere 200\n/long/* /:splat\n",
    );
    for (path, status, target) in [
        ("/b.txt", 200, "b.txt"),
        ("/a/", 200, "a/index.html"),
        ("/a?q", 301, "/a/?q"),
        ("/list/", 200, "listing of list"),
        ("/list/x", 301, "/list/x/"),
        ("/old?q", 302, "/b.txt?q"),
        ("/app/x", 200, "a/index.html"),
        ("/gone", 410, "The site 'hello' declares this path as 410 Gone."),
        ("/lost", 404, "404.html"),
        ("/old/", 302, "/b.txt"),
        ("/nothing", 404, "404.html"),
        ("/_redirects", 404, "404.html"),
        ("/%2e%2e/x", 400, INVALID_PATH),
    ] {
        assert_eq!(site.plan(path), (status, target.to_string()), "{path}");
    }
    assert_eq!(site.plan(&format!("/long/{}", "x".repeat(9_000))).0, 414);
    for (path, why) in [("/loop/x", "in a circle (/loop/x -> /loop/x)"), ("/up/x", "more than 5 redirects")] {
        let (status, text) = site.plan(path);
        assert!(status == 404 && text.contains(why), "{path}: {text}");
    }
}

#[test]
fn rules_are_needed_only_where_they_matter() {
    let site = Site::new(&["index.html"], "", "");
    let headers = HeaderMap::new();
    let needed = |path| {
        let request = SiteRequest { method: &Method::GET, path, query: None, headers: &headers };
        let needed = needed_rules(&site.view(), &request);
        (needed.headers, needed.redirects)
    };
    assert_eq!(needed("/"), (true, false));
    assert_eq!(needed("/nothing"), (true, true));
    assert_eq!(needed("/%ff"), (false, false));
}

#[test]
fn invalid_rules_answer_only_what_needs_them() {
    let site = Site::new(&["index.html"], "", "/a /b 999");
    assert_eq!(site.plan("/"), (200, "index.html".into()));
    let (status, text) = site.plan("/nothing");
    assert!(status == 500 && text.contains("line 1 of _redirects"), "{text}");
    let site = Site::new(&["index.html"], "X-A: b", "");
    assert_eq!(site.plan("/").0, 500);
}

#[test]
fn an_answer_is_complete_but_for_the_bytes_of_a_file() {
    let mut site = Site::new(&["a.txt"], "/*\n  X-A: b\n", "");
    site.manifest.entries[0].size = 10;
    let (view, rules) = (site.view(), site.rules());
    let mut headers = HeaderMap::new();
    headers.insert(header::RANGE, "bytes=2-4".parse().unwrap());
    let ask = |method: &Method| {
        let request = SiteRequest { method, path: "/a.txt", query: None, headers: &headers };
        let answer = answer(plan(&view, &rules, &request), &view, &rules, &request);
        (
            answer.status.as_u16(),
            answer.headers[header::CONTENT_LENGTH].clone(),
            answer.headers["x-a"].clone(),
            answer.body,
        )
    };
    let entry = &view.manifest.entries[0];
    let part = AnswerBody::File { entry, range: 2..5 };
    assert_eq!(ask(&Method::GET), (206, "3".parse().unwrap(), "b".parse().unwrap(), part));
    assert_eq!(ask(&Method::HEAD), (200, "10".parse().unwrap(), "b".parse().unwrap(), AnswerBody::FileHead(entry)));
}

#[test]
fn conditions_apply_to_listings_as_to_files() {
    let site = Site::new(&["a", "list/_listing", "list/x"], "", "");
    for path in ["/a", "/list/"] {
        for (lines, status) in [
            (("if-match", "\"other\""), 412),
            (("if-match", "*"), 200),
            (("if-none-match", "*"), 304),
            (("if-none-match", "\"other\""), 200),
        ] {
            let (got, headers) = answer_to(&site, &Method::GET, path, &[lines]);
            assert_eq!(got, status, "{path} {lines:?}");
            assert!(headers.contains_key("etag"), "{path} {lines:?}");
            // Without a body there is nothing to digest.
            assert_eq!(headers.contains_key("content-digest"), path == "/list/" && got == 200, "{path} {lines:?}");
        }
    }
}

type Lines<'a> = &'a [(&'static str, &'static str)];

/// The answer to a request with these headers.
fn answer_to(site: &Site, method: &Method, path: &str, lines: Lines) -> (u16, HeaderMap) {
    let headers = lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let headers = headers.collect();
    let request = SiteRequest { method, path, query: None, headers: &headers };
    let (view, rules) = (site.view(), site.rules());
    let answer = answer(plan(&view, &rules, &request), &view, &rules, &request);
    (answer.status.as_u16(), answer.headers)
}

#[test]
fn every_answer_of_a_site_has_its_cors_headers() {
    let files = ["own/404.html", "folder/index.html", "a.txt", "list/_listing", "list/x"];
    let rules = "/here/* /a.txt\n/gone/* /nowhere 410\n/long/* /:splat\n";
    let headers =
        "/*\n  Access-Control-Allow-Origin: *\n  Content-Security-Policy: default-src *\n  Content-Encoding: br";
    let site = Site::new(&files, headers, rules);
    let long = format!("/long/{}", "x".repeat(9_000));
    for (path, status) in [
        ("/a.txt", 200),
        ("/own/nothing", 404),
        ("/nothing", 404),
        ("/folder", 301),
        ("/here/x", 301),
        ("/gone/x", 410),
        ("/list/", 200),
        (long.as_str(), 414),
    ] {
        let (got, headers) = answer_to(&site, &Method::GET, path, &[]);
        assert_eq!((got, headers.get("access-control-allow-origin")), (status, Some(&"*".parse().unwrap())), "{path}");
        if matches!(path, "/nothing" | "/gone/x") {
            assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
            assert!(!headers.contains_key("content-encoding") && headers["cache-control"] == "no-store", "{path}");
        }
    }
    let preflight = [("origin", "https://a.example"), ("access-control-request-method", "GET")];
    for (path, status) in [("/a.txt", 204), ("/nothing", 204), ("/%ff", 400)] {
        assert_eq!(answer_to(&site, &Method::OPTIONS, path, &preflight).0, status, "{path}");
    }
    assert_eq!(answer_to(&site, &Method::OPTIONS, "/a.txt", &[]).0, 204);
    let closed = Site::new(&files, "/b\n  Access-Control-Allow-Origin: *", rules);
    assert_eq!(answer_to(&closed, &Method::OPTIONS, "/a.txt", &preflight).0, 403);
}

#[test]
fn pages_of_other_sites_load_only_files_that_are_shared() {
    let headers = "/cors/*\n  Access-Control-Allow-Origin: *\n/corp/*\n  Cross-Origin-Resource-Policy: cross-origin\n\
                   /near/*\n  Cross-Origin-Resource-Policy: same-site";
    let site = Site::new(&["cors/a", "corp/a", "near/a", "a"], headers, "/corp/old /corp/a");
    let (cross, near, mode) = (("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), "sec-fetch-mode");
    for (path, lines, status) in [
        ("/a", [cross, (mode, "no-cors")], 403),
        ("/a", [cross, (mode, "cors")], 403),
        ("/nothing", [cross, (mode, "no-cors")], 403),
        ("/a", [cross, (mode, "navigate")], 200),
        ("/a", [near, (mode, "no-cors")], 403),
        ("/a", [near, (mode, "navigate")], 200),
        ("/near/a", [near, (mode, "no-cors")], 200),
        ("/near/a", [cross, (mode, "no-cors")], 403),
        ("/cors/a", [cross, (mode, "cors")], 200),
        ("/corp/a", [cross, (mode, "no-cors")], 200),
        ("/corp/old", [cross, (mode, "no-cors")], 301),
    ] {
        assert_eq!(answer_to(&site, &Method::GET, path, &lines).0, status, "{path} {lines:?}");
    }
}

#[test]
fn a_browsers_cache_keeps_from_other_pages_what_the_site_does_not_share() {
    let files = ["a", "bare/a", "corp/a", "cors/a", "folder/index.html", "list/_listing", "list/x", "own/404.html"];
    let headers = "/bare/*\n  ! Cross-Origin-Resource-Policy\n  ! Vary\n/cors/*\n  Access-Control-Allow-Origin: *\n\
                   /corp/*\n  Cross-Origin-Resource-Policy: cross-origin\n  Vary: Accept-Language";
    let site = Site::new(&files, headers, "/old /a 302\n/corp/old /a 302\n/gone /nowhere 410");
    let own = Some("same-origin");
    let table: &[(&str, Lines, u16, Option<&str>)] = &[
        ("/a", &[], 200, own),
        ("/a", &[("if-none-match", "*")], 304, own),
        ("/a", &[("if-match", "\"x\"")], 412, own),
        ("/a", &[("range", "bytes=5-")], 416, own),
        ("/a", &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")], 200, own),
        ("/a", &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], 403, own),
        ("/bare/a", &[], 200, own),
        ("/own/nothing", &[], 404, own),
        ("/nothing", &[], 404, own),
        ("/gone", &[], 410, own),
        ("/folder", &[], 301, own),
        ("/old", &[], 302, own),
        ("/list/", &[], 200, own),
        ("/list/", &[("if-none-match", "*")], 304, own),
        // The site's decision stays.
        ("/cors/a", &[], 200, None),
        ("/cors/a", &[("if-none-match", "*")], 304, None),
        ("/cors/nothing", &[], 404, None),
        ("/corp/a", &[], 200, Some("cross-origin")),
        ("/corp/old", &[], 302, Some("cross-origin")),
        ("/corp/nothing", &[], 404, Some("cross-origin")),
    ];
    for (path, lines, status, policy) in table {
        let (got, headers) = answer_to(&site, &Method::GET, path, lines);
        let values = |name: &str| -> Vec<String> {
            headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
        };
        let policies: Vec<String> = policy.iter().map(|policy| (*policy).to_owned()).collect();
        assert_eq!((got, values("cross-origin-resource-policy")), (*status, policies), "{path} {lines:?}");
        let vary = values("vary").join(", ");
        for name in ["Sec-Fetch-Site", "Sec-Fetch-Mode", "Service-Worker"] {
            assert_eq!(vary.matches(name).count(), 1, "{path} {lines:?}: {vary}");
        }
        assert_eq!(vary.contains("Accept-Language"), path.starts_with("/corp/"), "{path} {lines:?}: {vary}");
    }
}
