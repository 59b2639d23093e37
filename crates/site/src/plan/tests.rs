#![allow(clippy::unwrap_used)]
use super::*;
use crate::{AnswerBody, Listings, ServePolicy, compose::answer, rules::RuleFile, testing::site};
use http::{HeaderMap, Method, header};
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
            Outcome::Message { status, text } => (status.as_u16(), text),
        }
    }
}

#[test]
fn each_kind_of_path_has_one_outcome() {
    let site = Site::new(
        &["404.html", "a/index.html", "b.txt", "list/_listing", "list/x/y"],
        "",
        "/old /b.txt 302\n/app/* /a/ 200\n/gone /nowhere 410\n/lost /nowhere 200\n/long/* /:splat\n",
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
        ("/nothing", 404, "404.html"),
        ("/_redirects", 404, "404.html"),
        ("/%2e%2e/x", 400, INVALID_PATH),
    ] {
        assert_eq!(site.plan(path), (status, target.to_string()), "{path}");
    }
    assert_eq!(site.plan(&format!("/long/{}", "x".repeat(9_000))).0, 414);
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
