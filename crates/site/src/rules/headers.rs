//! `_headers`: response headers in addition to the gateway's.
//!
//! A line that begins with '/', indented or not, is a path pattern; the lines `Name: value` below it apply to the paths that
//! match. A name given several times below one path is sent several times. A value below a later path replaces earlier ones,
//! and the gateway's default. `! Name` removes a header.

use super::{
    parse::{MAX_RULES, RuleFile},
    pattern::Glob,
};
use crate::control::HEADERS;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The most header lines in a file.
pub const MAX_FIELDS: usize = 1_000;

/// Headers that only the gateway sets: framing, ranges and digests, and what affects the whole gateway.
const RESERVED: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "connection",
    "content-digest",
    "content-length",
    "content-range",
    "date",
    "digest",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "proxy-authenticate",
    "proxy-connection",
    "repr-digest",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-content-type-options",
];
/// The prefix of the gateway's own headers.
const GATEWAY_PREFIX: &str = "x-mega-";
/// Headers that a response can have only once.
const SINGLE: &[&str] = &["content-type", "content-disposition", "content-location"];

/// The header by which a site allows a service worker.
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

/// The parsed `_headers` of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    rules: Vec<Rule>,
    /// Header lines so far.
    fields: usize,
    /// Whether the last path was invalid: the headers below it are checked, but belong to no path.
    after_invalid_path: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    path: Glob,
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Set(HeaderName, HeaderValue),
    Remove(HeaderName),
}

impl HeaderRules {
    /// Applies the rules for a decoded path (with its leading '/') to the headers of a response.
    pub fn apply(&self, path: &str, headers: &mut HeaderMap) {
        for rule in self.rules.iter().filter(|rule| rule.path.matches(path)) {
            let mut set: Vec<&HeaderName> = Vec::new();
            for change in &rule.changes {
                match change {
                    Change::Set(name, value) if set.contains(&name) => {
                        headers.append(name, value.clone());
                    }
                    Change::Set(name, value) => {
                        headers.insert(name, value.clone());
                        set.push(name);
                    }
                    Change::Remove(name) => {
                        headers.remove(name);
                    }
                }
            }
        }
    }

    /// Returns true if the rules send `Service-Worker-Allowed` for a decoded path (with its leading '/').
    pub fn allows_service_worker(&self, path: &str) -> bool {
        let mut headers = HeaderMap::new();
        self.apply(path, &mut headers);
        headers.contains_key(SERVICE_WORKER_ALLOWED)
    }
}

impl RuleFile for HeaderRules {
    const NAME: &'static str = HEADERS;

    fn parse_line(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with('/') {
            self.after_invalid_path = true;
            if self.rules.len() == MAX_RULES {
                return Err(format!("_headers can have at most {MAX_RULES} paths: use '*'"));
            }
            self.rules.push(Rule { path: Glob::parse(line)?, changes: Vec::new() });
            self.after_invalid_path = false;
            return Ok(());
        }
        let change = change(line)?;
        if self.after_invalid_path {
            return Ok(());
        }
        let Some(rule) = self.rules.last_mut() else {
            return Err("a header needs a path: write one above it, as in /*".into());
        };
        if let Change::Set(name, _) = &change {
            let again = |earlier: &Change| matches!(earlier, Change::Set(before, _) if before == name);
            if SINGLE.contains(&name.as_str()) && rule.changes.iter().any(again) {
                return Err(format!("a response can have only one {name}: keep one of these lines"));
            }
        }
        if self.fields == MAX_FIELDS {
            return Err(format!("_headers can have at most {MAX_FIELDS} header lines: use '*' in the paths"));
        }
        self.fields += 1;
        rule.changes.push(change);
        Ok(())
    }

    fn rule_count(&self) -> usize {
        self.rules.iter().map(|rule| rule.changes.len() + 1).sum()
    }
}

fn change(line: &str) -> Result<Change, String> {
    if let Some(name) = line.strip_prefix('!') {
        return Ok(Change::Remove(name_of(name)?));
    }
    if line.starts_with("https://") || line.starts_with("http://") {
        return Err(format!("'{line}' is a URL: write only its path, beginning with '/'"));
    }
    let Some((name, value)) = line.split_once(':') else {
        return Err(format!("'{line}' is neither a path nor a header: write /PATH, or Name: value"));
    };
    let name = name_of(name)?;
    // HeaderValue also accepts other bytes, but clients disagree on their meaning.
    let value = Some(value.trim()).filter(|value| value.is_ascii()).and_then(|value| HeaderValue::from_str(value).ok());
    let value = value
        .ok_or_else(|| format!("the value of {name} has characters that are not allowed in headers: use ASCII"))?;
    Ok(Change::Set(name, value))
}

fn name_of(text: &str) -> Result<HeaderName, String> {
    let text = text.trim();
    let name: HeaderName =
        text.parse().map_err(|_| format!("'{text}' is not a valid header name: use letters and '-'"))?;
    if RESERVED.contains(&name.as_str()) || name.as_str().starts_with(GATEWAY_PREFIX) {
        return Err(format!("only the gateway can set {name}: remove the line"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn said(rules: &str, path: &str, name: &str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert("referrer-policy", HeaderValue::from_static("same-origin"));
        HeaderRules::parse(rules.as_bytes()).unwrap().apply(path, &mut headers);
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_string()).collect()
    }

    const RULES: &str = "\
# For all
/*
  Cache-Control: no-cache
  Link: </a.css>; rel=preload
  Link: </b.css>; rel=preload
  Referrer-Policy: no-referrer

/assets/*
\tcache-control:max-age=31536000, immutable
/raw/*.txt
Content-Type: text/plain; charset=us-ascii
! Referrer-Policy
";

    #[test]
    fn paths_get_their_headers() {
        assert_eq!(said(RULES, "/", "cache-control"), ["no-cache"]);
        assert_eq!(said(RULES, "/assets/x/y.js", "cache-control"), ["max-age=31536000, immutable"]);
        assert_eq!(said(RULES, "/x", "link"), ["</a.css>; rel=preload", "</b.css>; rel=preload"]);
        assert_eq!(said(RULES, "/x", "referrer-policy"), ["no-referrer"]);
        assert!(said(RULES, "/raw/x.txt", "referrer-policy").is_empty());
        assert_eq!(said(RULES, "/raw/x.txt", "content-type"), ["text/plain; charset=us-ascii"]);
        assert!(said(RULES, "/raw/x.html", "content-type").is_empty());
        assert_eq!(said("", "/", "referrer-policy"), ["same-origin"]);
    }

    #[test]
    fn a_broken_line_is_told() {
        for (lines, line, why) in [
            ("/*\n  nothing", 2, "neither a path nor a header"),
            ("X-A: b", 1, "write one above it"),
            ("/*\n  X A: b", 2, "not a valid header name"),
            ("/*\n  : b", 2, "not a valid header name"),
            ("/*\n  X-A: ü", 2, "use ASCII"),
            ("/*\n  X-A: a\u{7f}", 2, "use ASCII"),
            ("/*\nhttps://example.com/*\n", 2, "write only its path"),
            ("/a?b\n", 1, "remove '?'"),
            ("/:x\n", 1, "write '*'"),
            ("/a*b*c*d*e*f*g*h*i*j\n", 1, "use fewer"),
            ("/*\n\n#\n  Content-Type: a/b\n  content-type: a/c", 5, "only one content-type"),
        ] {
            let error = HeaderRules::parse(lines.as_bytes()).unwrap_err();
            assert_eq!(error.line, Some(line), "{lines}: {error}");
            assert!(error.to_string().contains(why), "{lines}: {error}");
        }
    }

    #[test]
    fn what_the_gateway_says_stays() {
        for name in
            ["Content-Length", "content-range", "ETag", "Transfer-Encoding", "Connection", "Set-Cookie", "X-Mega-Name"]
        {
            for line in [format!("{name}: x"), format!("! {name}")] {
                let error = HeaderRules::parse(format!("/*\n{line}").as_bytes()).unwrap_err();
                assert!(error.to_string().contains("only the gateway can set"), "{line}: {error}");
            }
        }
    }

    #[test]
    fn paths_and_headers_are_bounded() {
        let paths = "/a\n".repeat(MAX_RULES + 1);
        assert_eq!(HeaderRules::parse(paths.as_bytes()).unwrap_err().line, Some(MAX_RULES + 1));
        let fields = format!("/a\n{}", "X-A: b\n".repeat(MAX_FIELDS));
        assert_eq!(HeaderRules::parse(fields.as_bytes()).unwrap().rule_count(), MAX_FIELDS + 1);
        assert!(HeaderRules::parse(format!("{fields}X-A: b").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_understood_never_touches_the_gateways_headers(
            text in "(/\\*?|\n| |!|:|[a-zA-Z-]{1,4}|content-length|x-mega-name|etag|\t|\\*){0,30}",
        ) {
            let mut headers = HeaderMap::new();
            for name in ["content-length", "x-mega-name", "etag"] {
                headers.insert(name, HeaderValue::from_static("gateway"));
            }
            if let Ok(rules) = HeaderRules::parse(text.as_bytes()) {
                rules.apply("/", &mut headers);
            }
            for name in ["content-length", "x-mega-name", "etag"] {
                let values: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
                prop_assert_eq!(values, ["gateway"]);
            }
        }
    }
}
