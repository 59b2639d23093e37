//! `_headers`: what the answers of a site say besides what the gateway says.
//!
//! A path begins in the first column or not, and with '/'; the lines `Name: value` below it are for the paths that fit it.
//! A name that is given several times below one path is sent several times; a later path's value takes the place of an
//! earlier one's, and of the gateway's own where it has one. `! Name` takes away what was said so far.

use super::{MAX_RULES, Rules, pattern::Glob};
use crate::page::HEADERS;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The most lines with headers of a file.
pub const MAX_FIELDS: usize = 1_000;

/// What only the gateway says: how an answer is framed, what part of what it is, and what holds for the whole gateway.
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
/// What the names of the gateway's own headers begin with.
const OWN_PREFIX: &str = "x-mega-";
/// What an answer says once.
const ONCE: &[&str] = &["content-type", "content-disposition", "content-location"];

/// The headers of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    rules: Vec<Rule>,
    /// Lines with headers so far.
    fields: usize,
    /// Whether the last path was not understood: what stands below it is for no path then.
    astray: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    path: Glob,
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Say(HeaderName, HeaderValue),
    TakeAway(HeaderName),
}

impl HeaderRules {
    /// Says what a site says of a decoded path (with its first '/').
    pub fn apply(&self, path: &str, headers: &mut HeaderMap) {
        for rule in self.rules.iter().filter(|rule| rule.path.fits(path)) {
            let mut said: Vec<&HeaderName> = Vec::new();
            for change in &rule.changes {
                match change {
                    Change::Say(name, value) if said.contains(&name) => {
                        headers.append(name, value.clone());
                    }
                    Change::Say(name, value) => {
                        headers.insert(name, value.clone());
                        said.push(name);
                    }
                    Change::TakeAway(name) => {
                        headers.remove(name);
                    }
                }
            }
        }
    }
}

impl Rules for HeaderRules {
    const FILE: &'static str = HEADERS;

    fn take(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with('/') {
            self.astray = true;
            if self.rules.len() == MAX_RULES {
                return Err(format!("a site has {MAX_RULES} paths with headers at most: use '*'"));
            }
            self.rules.push(Rule { path: Glob::parse(line)?, changes: Vec::new() });
            self.astray = false;
            return Ok(());
        }
        let change = change(line)?;
        if self.astray {
            return Ok(());
        }
        let Some(rule) = self.rules.last_mut() else {
            return Err("a header is for a path: write one above it, as in /*".into());
        };
        if let Change::Say(name, _) = &change {
            let again = |said: &Change| matches!(said, Change::Say(before, _) if before == name);
            if ONCE.contains(&name.as_str()) && rule.changes.iter().any(again) {
                return Err(format!("an answer has one {name}: keep one of these lines"));
            }
        }
        if self.fields == MAX_FIELDS {
            return Err(format!("a site has {MAX_FIELDS} headers at most: use '*' in the paths"));
        }
        self.fields += 1;
        rule.changes.push(change);
        Ok(())
    }

    fn count(&self) -> usize {
        self.rules.iter().map(|rule| rule.changes.len() + 1).sum()
    }
}

fn change(line: &str) -> Result<Change, String> {
    if let Some(name) = line.strip_prefix('!') {
        return Ok(Change::TakeAway(name_of(name)?));
    }
    if line.starts_with("https://") || line.starts_with("http://") {
        return Err(format!("'{line}' is an address: write its path alone, beginning with '/'"));
    }
    let Some((name, value)) = line.split_once(':') else {
        return Err(format!("'{line}' is neither a path nor a header: write /PATH, or Name: value"));
    };
    let name = name_of(name)?;
    // The library takes other bytes too, which no two readers understand alike.
    let value = Some(value.trim()).filter(|value| value.is_ascii()).and_then(|value| HeaderValue::from_str(value).ok());
    let value = value.ok_or_else(|| format!("the value of {name} has characters that no header has: use ASCII"))?;
    Ok(Change::Say(name, value))
}

fn name_of(text: &str) -> Result<HeaderName, String> {
    let text = text.trim();
    let name: HeaderName = text.parse().map_err(|_| format!("'{text}' is no name of a header: use letters and '-'"))?;
    if RESERVED.contains(&name.as_str()) || name.as_str().starts_with(OWN_PREFIX) {
        return Err(format!("{name} is for the gateway alone to say: remove the line"));
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
            ("/*\n  X A: b", 2, "no name of a header"),
            ("/*\n  : b", 2, "no name of a header"),
            ("/*\n  X-A: ü", 2, "use ASCII"),
            ("/*\n  X-A: a\u{7f}", 2, "use ASCII"),
            ("/*\nhttps://example.com/*\n", 2, "write its path alone"),
            ("/a?b\n", 1, "remove '?'"),
            ("/:x\n", 1, "write '*'"),
            ("/a*b*c*d*e*f*g*h*i*j\n", 1, "use fewer"),
            ("/*\n\n#\n  Content-Type: a/b\n  content-type: a/c", 5, "an answer has one content-type"),
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
                assert!(error.to_string().contains("for the gateway alone"), "{line}: {error}");
            }
        }
    }

    #[test]
    fn paths_and_headers_are_bounded() {
        let paths = "/a\n".repeat(MAX_RULES + 1);
        assert_eq!(HeaderRules::parse(paths.as_bytes()).unwrap_err().line, Some(MAX_RULES + 1));
        let fields = format!("/a\n{}", "X-A: b\n".repeat(MAX_FIELDS));
        assert_eq!(HeaderRules::parse(fields.as_bytes()).unwrap().count(), MAX_FIELDS + 1);
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
