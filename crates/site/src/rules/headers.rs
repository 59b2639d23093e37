//! `_headers`: response headers in addition to the gateway's.
//!
//! A line that begins with '/', indented or not, is a path pattern; the lines `Name: value` below it apply to the paths that
//! match. In a path, '*' matches any characters, and `:name` a segment; a value can repeat them as `:splat` and `:name`. A name
//! given several times below one path is sent several times. A value below a later path replaces earlier ones,
//! and the gateway's default. `! Name` removes a header.

mod reserved;

use super::{
    parse::{MAX_RULES, RuleFile, count_parts},
    pattern::{CAPTURE, Glob},
};
use crate::control::HEADERS;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::utf8_percent_encode;
use reserved::{Effect, effect};

/// The most header lines in a file.
pub const MAX_FIELDS: usize = 1_000;

/// The most placeholders between two stars in a file: each may be compared with all segments of a path.
pub const MAX_BETWEEN_STARS: usize = 64;

/// Bytes of the longest value with placeholders: one with many of them could take any amount of memory.
const MAX_FILLED: usize = 8 << 10;

/// Headers that a response can have only once.
const SINGLE: &[&str] = &["access-control-allow-origin", "content-type", "content-disposition", "content-location"];

/// The parsed `_headers` of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    rules: Vec<Rule>,
    /// Header lines so far.
    fields: usize,
    /// Folders and placeholders so far.
    parts: usize,
    /// Placeholders between two stars so far.
    between_stars: usize,
    /// Whether the last path was invalid or of another host: the headers below it are checked, but belong to no path.
    is_skipping: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    path: Glob,
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Set(HeaderName, HeaderValue),
    /// Sets a header to a value with placeholders.
    Fill(HeaderName, String),
    Remove(HeaderName),
}

impl HeaderRules {
    /// Applies the rules for a decoded path (with its leading '/') to the headers of a response.
    pub fn apply(&self, path: &str, headers: &mut HeaderMap) {
        for rule in &self.rules {
            if let Some(captures) = rule.path.captures(path) {
                rule.apply(&captures, headers);
            }
        }
    }

    /// Returns the headers that the rules set for a decoded path (with its leading '/').
    pub fn of(&self, path: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.apply(path, &mut headers);
        headers
    }
}

impl Rule {
    /// The change that sets a header to a value.
    fn setting(&self, name: HeaderName, value: HeaderValue) -> Result<Change, String> {
        let sets =
            |change: &Change| matches!(change, Change::Set(before, _) | Change::Fill(before, _) if *before == name);
        if SINGLE.contains(&name.as_str()) && self.changes.iter().any(sets) {
            return Err(format!("a response can have only one {name}: keep one of these lines"));
        }
        let text = value.to_str().unwrap_or_default();
        Ok(match has_placeholder(text, self.path.names()) {
            true => Change::Fill(name, text.to_owned()),
            false => Change::Set(name, value),
        })
    }

    fn apply(&self, captures: &[&str], headers: &mut HeaderMap) {
        let mut set: Vec<&HeaderName> = Vec::new();
        for change in &self.changes {
            let (name, value) = match change {
                Change::Remove(name) => {
                    headers.remove(name);
                    continue;
                }
                Change::Set(name, value) => (name, value.clone()),
                // The text is ASCII, and captures are percent-encoded.
                Change::Fill(name, text) => {
                    let filled = fill(text, self.path.names(), captures);
                    match filled.and_then(|filled| HeaderValue::try_from(filled).ok()) {
                        Some(value) => (name, value),
                        None => continue,
                    }
                }
            };
            if set.contains(&name) {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
                set.push(name);
            }
        }
    }
}

/// Replaces each `:name` of a capture in a value. Other colons are text. `None` if the result has more than [`MAX_FILLED`] bytes.
fn fill(text: &str, names: &[String], captures: &[&str]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        if filled.len() > MAX_FILLED {
            return None;
        }
        filled.push_str(before);
        let name = &after[..name_len(after)];
        match names.iter().zip(captures).find(|(known, _)| *known == name) {
            Some((_, captured)) => {
                filled.extend(utf8_percent_encode(captured, CAPTURE));
                rest = &after[name.len()..];
            }
            None => {
                filled.push(':');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    (filled.len() <= MAX_FILLED).then_some(filled)
}

fn name_len(text: &str) -> usize {
    text.find(|mark: char| !mark.is_ascii_alphanumeric() && mark != '_').unwrap_or(text.len())
}

/// Returns true if a value contains the `:name` of a capture.
fn has_placeholder(value: &str, names: &[String]) -> bool {
    value.match_indices(':').any(|(at, _)| {
        let after = &value[at + 1..];
        names.iter().any(|name| *name == after[..name_len(after)])
    })
}

impl RuleFile for HeaderRules {
    const NAME: &'static str = HEADERS;

    fn parse_line(&mut self, _number: usize, line: &str) -> Result<Option<String>, String> {
        if line.starts_with('/') {
            self.is_skipping = true;
            if self.rules.len() == MAX_RULES {
                return Err(format!("_headers can have at most {MAX_RULES} paths: use '*'"));
            }
            let parts = count_parts(self.parts, line)?;
            let path = Glob::parse(line)?;
            let between_stars = self.between_stars + path.placeholders_between_stars();
            if between_stars > MAX_BETWEEN_STARS {
                return Err(format!(
                    "_headers can have at most {MAX_BETWEEN_STARS} placeholders between two '*': use '*' in their place"
                ));
            }
            self.rules.push(Rule { path, changes: Vec::new() });
            (self.parts, self.between_stars) = (parts, between_stars);
            self.is_skipping = false;
            return Ok(None);
        }
        if line.starts_with("https://") || line.starts_with("http://") {
            self.is_skipping = true;
            let note = "the line and the headers below it are ignored: it is for another host. If it is meant for this site, write \
                        only its path";
            return Ok(Some(note.into()));
        }
        let (name, value) = header(line)?;
        let effect = effect(&name, value.as_ref())?;
        if self.is_skipping {
            return Ok(None);
        }
        let Some(rule) = self.rules.last_mut() else {
            return Err("a header needs a path: write one above it, as in /*".into());
        };
        match effect {
            Effect::Applies => {}
            Effect::Redundant => return Ok(None),
            Effect::Ignored(note) => return Ok(Some(note)),
        }
        let change = match value {
            None => Change::Remove(name),
            Some(value) => rule.setting(name, value)?,
        };
        if self.fields == MAX_FIELDS {
            return Err(format!("_headers can have at most {MAX_FIELDS} header lines: use '*' in the paths"));
        }
        self.fields += 1;
        rule.changes.push(change);
        Ok(None)
    }

    fn rule_count(&self) -> usize {
        self.rules.iter().map(|rule| rule.changes.len() + 1).sum()
    }

    fn part_count(&self) -> usize {
        self.parts
    }
}

/// Parses `Name: value`, or `! Name` without a value.
fn header(line: &str) -> Result<(HeaderName, Option<HeaderValue>), String> {
    if let Some(name) = line.strip_prefix('!') {
        return Ok((name_of(name)?, None));
    }
    let Some((name, value)) = line.split_once(':') else {
        return Err(format!("'{line}' is neither a path nor a header: write /PATH, or Name: value"));
    };
    let name = name_of(name)?;
    // HeaderValue also accepts other bytes, but clients disagree on their meaning.
    let value = Some(value.trim()).filter(|value| value.is_ascii()).and_then(|value| HeaderValue::from_str(value).ok());
    match value {
        Some(value) => Ok((name, Some(value))),
        None => Err(format!("the value of {name} has characters that are not allowed in headers: use ASCII")),
    }
}

fn name_of(text: &str) -> Result<HeaderName, String> {
    let text = text.trim();
    text.parse().map_err(|_| format!("'{text}' is not a valid header name: use letters and '-'"))
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
            ("/*\n  Basic-Auth: user:secret", 2, "protects nothing"),
            ("/*\n  Access-Control-Allow-Origin: *\n  Access-Control-Allow-Origin: null", 3, "only one"),
            ("/a?b\n", 1, "remove '?'"),
            ("/:x*\n", 1, "not a valid placeholder"),
            ("/:x.html\n", 1, "not a valid placeholder"),
            ("/a*b*c*d*e*f*g*h*i*j\n", 1, "use fewer"),
            ("/*\n\n#\n  Content-Type: a/b\n  content-type: a/c", 5, "only one content-type"),
        ] {
            let error = HeaderRules::parse(lines.as_bytes()).unwrap_err();
            assert_eq!(error.line, Some(line), "{lines}: {error}");
            assert!(error.to_string().contains(why), "{lines}: {error}");
        }
    }

    #[test]
    fn lines_without_effect_are_ignored_with_a_note() {
        for name in
            ["Content-Length", "content-range", "ETag", "Transfer-Encoding", "Connection", "Set-Cookie", "X-Mega-Name"]
        {
            for line in [format!("{name}: x"), format!("! {name}")] {
                let (rules, findings) = HeaderRules::check(format!("/*\n{line}").as_bytes());
                assert!(findings.errors.is_empty() && findings.notes[0].line == Some(2), "{line}");
                assert!(findings.notes[0].problem.contains("only the gateway can set"), "{line}");
                assert_eq!(rules.fields, 0);
            }
        }
        let other = "/*\n  X-A: a\nhttps://:project.pages.dev/*\n  X-Robots-Tag: noindex\n  ETag: x\n/b\n  X-B: b";
        let (_, findings) = HeaderRules::check(other.as_bytes());
        let lines: Vec<_> = findings.notes.iter().map(|note| note.line).collect();
        assert!(findings.errors.is_empty() && lines == [Some(3)], "{findings:?}");
        assert!(said(other, "/b", "x-robots-tag").is_empty() && said(other, "/b", "x-b") == ["b"]);
        assert_eq!(HeaderRules::parse(b"https://a.example/*\n  X-A: b").unwrap().fields, 0);
    }

    #[test]
    fn values_repeat_what_the_path_captures() {
        let rules = "/movies/:title\n  X-Movie: You watch \":title\", not :other or https://a:80\n/files/*\n  Link: </raw/:splat>";
        assert_eq!(said(rules, "/movies/x", "x-movie"), ["You watch \"x\", not :other or https://a:80"]);
        assert_eq!(said(rules, "/movies/ü\r\n", "x-movie"), ["You watch \"%C3%BC%0D%0A\", not :other or https://a:80"]);
        assert!(said(rules, "/movies/x/y", "x-movie").is_empty());
        assert_eq!(said(rules, "/files/a/b.txt", "link"), ["</raw/a/b.txt>"]);
        let bomb = format!("/*\n  X-A: {}", ":splat".repeat(10_000));
        assert!(said(&bomb, "/xx", "x-a").is_empty() && said(&bomb, "/", "x-a") == [""]);
    }

    #[test]
    fn paths_that_take_much_memory_are_refused() {
        let placeholders = "/:a".repeat(65);
        assert_eq!(HeaderRules::parse(placeholders.as_bytes()).unwrap_err().line, Some(1));
        let fits = "/:a".repeat(64);
        assert_eq!(HeaderRules::parse(fits.as_bytes()).unwrap().part_count(), 128);
        let folders = format!("{}\n", "/a".repeat(100));
        assert_eq!(HeaderRules::parse(folders.repeat(100).as_bytes()).unwrap().part_count(), 10_000);
        assert_eq!(HeaderRules::parse(folders.repeat(101).as_bytes()).unwrap_err().line, Some(101));
    }

    #[test]
    fn paths_that_take_much_time_are_refused() {
        let line = format!("/*{}/x*\n", "/:a".repeat(8));
        let fits = line.repeat(MAX_BETWEEN_STARS / 8);
        let error = HeaderRules::parse(format!("{fits}/*/:a/*").as_bytes()).unwrap_err();
        assert_eq!(error.line, Some(MAX_BETWEEN_STARS / 8 + 1));
        assert!(error.to_string().contains("between two '*': use '*'"), "{error}");
        // Elsewhere they have one place in a path.
        let elsewhere = format!("/:a/*{}\n  X-A: b\n", "/:a".repeat(60));
        let rules = HeaderRules::parse(format!("{fits}{}", elsewhere.repeat(60)).as_bytes()).unwrap();
        assert_eq!(rules.of(&"/a".repeat(8 << 10)).get_all("x-a").iter().count(), 1);
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
