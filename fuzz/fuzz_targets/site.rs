//! Requests of browsers to sites with rules: whatever both say, there is an answer, and the bytes that it promises are in the
//! file. The input is a path, a query, headers, `_headers` and `_redirects`, with a byte 255 between them.
#![no_main]

use http::{header::HeaderName, HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use meganet_primitives::manifest::{Entry, Manifest};
use meganet_site::{
    answer, check_rules, plan, rules::RuleFile, AnswerBody, HeaderRules, Listings, Redirects, ServePolicy,
    SiteRequest, SiteRules, SiteView,
};
use std::{sync::LazyLock, time::Duration};

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let entry = |path: &str, size| Entry {
        path: path.into(),
        size,
        mtime: 1_700_000_000,
        mode: 0o644,
        hash: [7; 32],
        extents: Vec::new(),
    };
    let mut entries = vec![
        entry("404.html", 20),
        entry("_headers", 5),
        entry("_redirects", 5),
        entry("about.html", 10),
        entry("docs/a.txt", 1000),
        entry("docs/empty", 0),
        entry("index.html", 26),
    ];
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Manifest { objects: Vec::new(), entries }
});

fn headers(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').take(32) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|byte| *byte == 255);
    let mut part = || parts.next().unwrap_or_default();
    let (Ok(path), Ok(query)) = (std::str::from_utf8(part()), std::str::from_utf8(part())) else { return };
    let (headers, header_rules, redirects) = (headers(part()), part(), part());
    let path = format!("/{path}");
    let valid = check_rules(&MANIFEST, HeaderRules::NAME, header_rules).errors.is_empty();
    let header_rules = HeaderRules::parse(header_rules);
    assert_eq!(valid, header_rules.is_ok(), "the check before publishing and the gateway differ");
    let redirects = Redirects::parse(redirects);
    let rules = SiteRules { headers: Some(&header_rules), redirects: Some(&redirects) };
    for method in [Method::GET, Method::HEAD] {
        let query = Some(query).filter(|query| !query.is_empty());
        let request = SiteRequest { method: &method, path: &path, query, headers: &headers };
        let policy = ServePolicy { listings: Listings::Never, name_ttl: Duration::from_secs(5) };
        let site = SiteView { name: "fuzz", manifest: &MANIFEST, pinned: false, policy };
        let answer = answer(plan(&site, &rules, &request), &site, &rules, &request);
        match answer.body {
            AnswerBody::File { entry, range } => {
                assert!(range.start <= range.end && range.end <= entry.size, "{range:?} of {}", entry.size);
                assert_eq!(method, Method::GET, "a body for HEAD");
            }
            AnswerBody::FileHead(_) => assert_eq!(method, Method::HEAD),
            AnswerBody::Empty | AnswerBody::Text(_) => {}
        }
    }
});
