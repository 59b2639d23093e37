//! Checks the rule files of a site before it is published.

use crate::{
    control::is_control_file,
    follow::{follow_named, own_path},
    listing::Listings,
    lookup::{Place, decode_path, look_up, rewrite_target},
    rules::{Findings, HeaderRules, MatchedRule, Redirects, RuleError, RuleFile, redirects::Rule},
};
use http::StatusCode;
use meganet_primitives::manifest::{Entry, Manifest};
use std::fmt;

/// The most errors that [`RuleErrors`] prints: a file with more is hardly a file of rules.
const MAX_PRINTED: usize = 100;

/// Checks a file at a path of a site, line by line and against the other files. Finds nothing in files that contain no rules.
/// Of the manifest, only the paths of its entries are used.
pub fn check_rules(manifest: &Manifest, path: &str, bytes: &[u8]) -> Findings {
    check(None, manifest, path, bytes)
}

/// The same for the site of a name. Also finds targets that are its own address.
pub fn check_named_rules(name: &str, manifest: &Manifest, path: &str, bytes: &[u8]) -> Findings {
    check(Some(name), manifest, path, bytes)
}

fn check(name: Option<&str>, manifest: &Manifest, path: &str, bytes: &[u8]) -> Findings {
    match path {
        Redirects::NAME => {
            let (redirects, mut findings) = Redirects::check(bytes);
            let site = Site { name, manifest, redirects: &redirects };
            site.check_redirects(&mut findings);
            findings.errors.sort_by_key(|error| error.line);
            findings.notes.sort_by_key(|note| note.line);
            findings
        }
        HeaderRules::NAME => HeaderRules::check(bytes).1,
        _ => Findings::default(),
    }
}

/// Returns a manifest for [`check_rules`] with empty files at these paths.
pub fn manifest_of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Manifest {
    let entry = |path: &str| Entry {
        path: path.to_owned(),
        size: 0,
        mtime: 0,
        mode: 0o644,
        hash: [0; 32],
        extents: Vec::new(),
    };
    let mut entries: Vec<Entry> = paths.into_iter().map(entry).collect();
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Manifest { objects: Vec::new(), entries }
}

/// A site, for checks of its redirects.
struct Site<'a> {
    name: Option<&'a str>,
    manifest: &'a Manifest,
    redirects: &'a Redirects,
}

/// A problem with a rule.
enum Problem {
    /// The rule is never answered sensibly.
    Error(String),
    /// The rule does less than its author meant.
    Note(String),
}

impl Site<'_> {
    /// Finds rules that are valid alone, but not together with other rules or files.
    fn check_redirects(&self, findings: &mut Findings) {
        for (index, rule) in self.redirects.rules().iter().enumerate() {
            let problem = match self.forced_over_file(rule) {
                Some(error) => Some(Problem::Error(error)),
                None => self.without_effect(index, rule).map(Problem::Note),
            };
            let problem = problem.or_else(|| self.endless(rule)).or_else(|| self.lost(rule));
            let (list, text) = match problem {
                Some(Problem::Error(text)) => (&mut findings.errors, text),
                Some(Problem::Note(text)) => (&mut findings.notes, text),
                None => continue,
            };
            list.push(RuleError::on_line(Redirects::NAME, rule.line, text));
        }
    }

    /// Finds a file that a rule is written to take precedence over.
    fn forced_over_file(&self, rule: &Rule) -> Option<String> {
        if !rule.is_forced {
            return None;
        }
        let file = hidden_file(self.manifest, |path| rule.matches(path), &rule.examples())?;
        Some(format!(
            "a gateway serves the file '{file}' instead, because files take precedence over rules: delete the file, or remove \
             the '!'"
        ))
    }

    /// Finds an earlier rule or a file because of which a rule never applies.
    fn without_effect(&self, index: usize, rule: &Rule) -> Option<String> {
        let mut before = self.redirects.rules().iter().take(index);
        if let Some(earlier) = before.find(|earlier| earlier.covers(rule)) {
            return Some(format!("the rule has no effect: the rule in line {} matches all its paths", earlier.line));
        }
        let path = rule.only_path()?;
        // `/data.json/ /data.json` applies to the path with the slash, which a pattern does not keep.
        let removes_slash = self.redirect_of(rule).is_some_and(|target| target == path);
        if removes_slash || look_up(self.manifest, Listings::WhereWanted, &path) == Place::Nothing {
            return None;
        }
        Some(format!(
            "the rule has no effect: there is a file or folder at '/{path}', and files take precedence over rules: delete it, or \
             remove the rule"
        ))
    }

    /// Finds redirects in a circle, and too many in a row.
    fn endless(&self, rule: &Rule) -> Option<Problem> {
        let is_first = |path: &&String| self.redirects.rule_for(path).is_some_and(|first| first.line == rule.line);
        let examples = rule.examples();
        let endless = examples
            .iter()
            .filter(is_first)
            .find_map(|path| follow_named(self.name, self.manifest, Listings::WhereWanted, self.redirects, path).err());
        endless.map(|endless| Problem::Error(format!("{endless}: change the target, or remove rules")))
    }

    /// Finds targets that lead nowhere. Those with placeholders are judged only by what all paths have in common.
    fn lost(&self, rule: &Rule) -> Option<Problem> {
        let targets: Vec<MatchedRule> = rule.examples().iter().filter_map(|path| rule.apply(path, None)).collect();
        let is_unreadable = |target: &MatchedRule| self.path_of(target).is_some_and(|path| decode_path(path).is_none());
        if !targets.is_empty() && targets.iter().all(is_unreadable) {
            return Some(Problem::Error(
                "no file can have the path of the target: its escapes stand for '.' or '..' as a segment, a zero byte, or bytes \
                 that are not UTF-8: write the path that is meant"
                    .to_owned(),
            ));
        }
        let is_address = |target: &MatchedRule| match target {
            MatchedRule::Redirect { location, .. } => {
                !location.starts_with('/') && own_path(self.name, location).is_some()
            }
            _ => false,
        };
        if targets.iter().any(is_address) {
            let note = "the target is the address of this site at one gateway, where other readers may not reach it: write only \
                        the path";
            return Some(Problem::Note(note.to_owned()));
        }
        self.missing(rule).map(Problem::Note)
    }

    /// Finds targets without a file.
    fn missing(&self, rule: &Rule) -> Option<String> {
        if let Some(MatchedRule::Rewrite { path, status }) = rule.fixed_target() {
            let answer = match status {
                StatusCode::OK => "404".to_owned(),
                status => format!("{} with a page of its own", status.as_u16()),
            };
            return rewrite_target(self.manifest, &path).is_none().then(|| {
                format!("there is no file at '{path}', so a gateway answers {answer}: add it, or change the target")
            });
        }
        let path = self.redirect_of(rule)?;
        let is_missing = look_up(self.manifest, Listings::WhereWanted, &path) == Place::Nothing
            && self.redirects.rule_for(&path).is_none();
        is_missing.then(|| {
            format!(
                "it redirects to '/{path}', where there is no file and no further rule: add it, or change the target"
            )
        })
    }

    /// The decoded path of the site that a rule redirects all its paths to.
    fn redirect_of(&self, rule: &Rule) -> Option<String> {
        match rule.fixed_target()? {
            MatchedRule::Redirect { location, .. } => own_path(self.name, &location).and_then(decode_path),
            MatchedRule::Rewrite { .. } | MatchedRule::TooLong => None,
        }
    }

    /// The path of the site that a target means, percent-encoded.
    fn path_of<'t>(&self, target: &'t MatchedRule) -> Option<&'t str> {
        match target {
            MatchedRule::Rewrite { path, .. } => Some(path),
            MatchedRule::Redirect { location, .. } => own_path(self.name, location),
            MatchedRule::TooLong => None,
        }
    }
}

/// Finds a file that readers see at a path of a rule.
fn hidden_file(manifest: &Manifest, matches: impl Fn(&str) -> bool, examples: &[String]) -> Option<String> {
    let is_served = |entry: &&Entry| !is_control_file(&entry.path) && matches(&entry.path);
    let shown = || {
        let is_shown = |path: &&String| look_up(manifest, Listings::Never, path) != Place::Nothing;
        examples.iter().find(is_shown).map(|path| format!("/{path}"))
    };
    manifest.entries.iter().find(is_served).map(|entry| entry.path.clone()).or_else(shown)
}

/// The errors in the rule files of a site, at least one. Printed one on each line, all but the first indented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleErrors(Vec<RuleError>);

impl RuleErrors {
    /// Returns an error if there are errors in the rules.
    ///
    /// # Errors
    /// These errors.
    pub fn check(errors: Vec<RuleError>) -> Result<(), RuleErrors> {
        if errors.is_empty() { Ok(()) } else { Err(RuleErrors(errors)) }
    }
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().take(MAX_PRINTED).enumerate() {
            let separator = if number == 0 { "" } else { "\n  " };
            write!(f, "{separator}{error}")?;
        }
        match self.0.len().saturating_sub(MAX_PRINTED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for RuleErrors {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rules::{MAX_RULE_BYTES, MAX_RULES};
    use proptest::prelude::*;

    fn errors_of(path: &str, bytes: &[u8]) -> Vec<RuleError> {
        check_rules(&Manifest::default(), path, bytes).errors
    }

    #[test]
    fn a_file_that_is_no_text_is_told_where() {
        let errors = |file: &str, bytes: &[u8]| -> Vec<String> {
            errors_of(file, bytes).iter().map(RuleError::to_string).collect()
        };
        let found = errors("_redirects", b"/a /b\n# x\n/c \xff\n");
        assert_eq!(found, ["line 3 of _redirects: it is not UTF-8: save the file as UTF-8"]);
        let long = vec![b'#'; usize::try_from(MAX_RULE_BYTES).unwrap() + 1];
        for file in ["_redirects", "_headers"] {
            assert!(errors(file, &long)[0].contains("more than 65536 bytes"));
            assert!(errors_of(file, &long[1..]).is_empty() && errors_of(file, b"").is_empty());
        }
        assert!(errors_of("a/_redirects", b"\xff").is_empty());
    }

    #[test]
    fn every_broken_line_is_found_and_the_first_is_the_error() {
        let at = |file: &str, text: &str| -> Vec<_> {
            errors_of(file, text.as_bytes()).iter().map(|error| error.line).collect()
        };
        assert_eq!(at("_redirects", "/a\n/b /c\n\n# x\n/d /e 299\n/f g"), [Some(1), Some(5), Some(6)]);
        // Headers below an invalid path are parsed, but not attached to the preceding valid path.
        let headers = "X-A: b\n/*\n  Content-Type: a/b\n/a?\n  Content-Type: a/c\n  Basic-Auth: x\n/b\n  X-A: b";
        assert_eq!(at("_headers", headers), [Some(1), Some(4), Some(6)]);
        assert_eq!(HeaderRules::parse(headers.as_bytes()).unwrap_err().line, Some(1));
        assert_eq!(at("_redirects", &"/a /b\n".repeat(MAX_RULES + 2)).len(), 2);
    }

    fn printed(files: &[(&str, &str)]) -> Option<String> {
        let errors = files.iter().flat_map(|(path, text)| errors_of(path, text.as_bytes())).collect();
        RuleErrors::check(errors).err().map(|errors| errors.to_string())
    }

    #[test]
    fn every_mistake_is_told_with_its_file_and_line() {
        let files = [("_headers", "X-A: b\n"), ("_redirects", "/a /b\n/c /d 299\n/e f\n"), ("index.html", "x")];
        let printed = printed(&files).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 3, "{printed}");
        assert!(lines[0].starts_with("line 1 of _headers: a header needs a path: write one above it"), "{printed}");
        assert!(lines[1].starts_with("  line 2 of _redirects: '299' is not a supported status: use 200"), "{printed}");
        assert!(lines[2].starts_with("  line 3 of _redirects: 'f' is not a valid target"), "{printed}");
    }

    #[test]
    fn other_files_and_right_ones_are_taken() {
        assert_eq!(printed(&[("index.html", "/a"), ("a/_redirects", "/a"), ("b/_listing", "/a")]), None);
        assert_eq!(printed(&[("_redirects", "# all\n/* /index.html 200\n"), ("_headers", "/*\n  X-A: b\n")]), None);
    }

    #[test]
    fn what_is_too_long_is_told_briefly() {
        let long = printed(&[("_headers", &"#".repeat(100_000))]).unwrap();
        assert!(long.ends_with("_headers: it has more than 65536 bytes: make it shorter"), "{long}");
        let wrong = printed(&[("_redirects", &"x\n".repeat(MAX_PRINTED + 7))]).unwrap();
        assert!(wrong.ends_with("\n  and 7 more") && wrong.lines().count() == MAX_PRINTED + 1, "{wrong}");
    }

    /// Forms of rules that other hosts document. `expected` contains the lines of errors, and those of notes.
    #[test]
    fn files_for_other_hosts_are_taken_or_the_line_is_named() {
        type Lines<'a> = &'a [usize];
        let table: &[(&str, &str, Lines, Lines)] = &[
            // Netlify.
            (
                "_redirects",
                "# c\n/home /  # why\n/blog/my-post.php /blog/my-post\n/news /blog 302\n/x /b 301!",
                &[],
                &[3, 4, 5],
            ),
            ("_redirects", "/* /index.html 200\n", &[], &[]),
            ("_redirects", "/* /index.html 200!\n", &[1], &[]),
            ("_redirects", "/secret/* /404.html 404!\n", &[1], &[]),
            ("_redirects", "/free/* /index.html 200!\n", &[], &[]),
            ("_redirects", "/about /team 301!\n", &[1], &[]),
            ("_redirects", "/ /china 302 Language=zh\n/x /au/x 302 Country=au,nz\n", &[], &[1, 2]),
            ("_redirects", "/admin/* /admin/:splat 200! Role=admin\n", &[1], &[]),
            ("_redirects", "/store id=:id /blog/:id 301\n", &[1], &[]),
            ("_redirects", "/api/* https://api.example.com/:splat 200\n", &[1], &[]),
            ("_redirects", "http://blog.example.com/* https://www.example.com/blog/:splat 301!\n", &[], &[1]),
            (
                "_headers",
                "/*\n  X-Frame-Options: DENY\n  X-Content-Type-Options: nosniff\n  Basic-Auth: a:b\n",
                &[4],
                &[],
            ),
            ("_headers", "/templates/*\n\t# c\n\tcache-control: max-age=0\n\tcache-control: no-store\n", &[], &[]),
            ("_headers", "/*\n  Strict-Transport-Security: max-age=63072000; includeSubDomains; preload\n", &[], &[2]),
            // Cloudflare Pages.
            (
                "_redirects",
                "/home301 / 301\n/notrailing/ /nottrailing 301\n/blog/* https://blog.my.domain/:splat\n",
                &[],
                &[2],
            ),
            ("_redirects", "/products/:code/:name /products?code=:code&name=:name\n/p# /x#y 302\n", &[2], &[]),
            ("_headers", "https://myproject.pages.dev/*\n  X-Robots-Tag: noindex\n", &[], &[1]),
            ("_headers", "/*\n  ! X-Frame-Options\n/movies/:title\n  X-Movie: You watch \":title\"\n", &[], &[]),
            (
                "_headers",
                "/static/*\n  Access-Control-Allow-Origin: *\n  ETag: \"1\"\n  Content-Length: 1\n",
                &[],
                &[3, 4],
            ),
            // Rules that cannot work.
            ("_redirects", "/docs/* /docs/:splat 301\n", &[1], &[]),
            ("_redirects", "/a /b\n/ok /team\n/b /a\n", &[1, 3], &[2]),
            ("_redirects", "/a /1\n/1 /2\n/2 /3\n/3 /4\n/4 /5\n/5 /6\n", &[1], &[6]),
            ("_redirects", "/* /:splat/x\n/a /b\n", &[1], &[2]),
            ("_redirects", "/about /x\n/x /about\n", &[], &[1]),
            ("_redirects", "/a/* /b\n/a/x /c\n/b /d\n", &[], &[2, 3]),
            // Targets without a file.
            ("_redirects", "/y /missing 200\n/z /gone.html 404\n/w/* /gone.html 410\n", &[], &[1, 2, 3]),
            ("_redirects", "/v /x 200\n/x /\n", &[], &[1]),
            ("_redirects", "/page /page.html\n/a /page.html?x#y\n/b /secret/\n/c /_headers\n", &[], &[1, 2, 3, 4]),
            ("_redirects", "/a /about.html\n/b /about?x 302\n/c /secret/x 410\n/d /e\n/e /\n", &[], &[]),
            ("_redirects", "/a/:b /c/:b 200\n/d/* /e/:splat\n/f/* /g?x=:splat\n/h/* /e/%2e:splat\n", &[], &[]),
            // Targets that no file can have.
            ("_redirects", "/a /%2e%2e/x\n/b/* /b/%2E%2e/:splat 200\n/c /%ff 302\n", &[1, 2, 3], &[]),
            // Addresses of the site, whose name is alice.
            ("_redirects", "/b http://alice.mega.localhost:8080/b\n", &[1], &[]),
            ("_redirects", "/a /b\n/b http://alice.mega.localhost:8080/a?x\n", &[1, 2], &[]),
            ("_redirects", "/* https://ALICE.mega.localhost/:splat\n", &[1], &[]),
            ("_redirects", "/b http://alice.mega.localhost:8080/about\n", &[], &[1]),
            ("_redirects", "/c/* http://alice.mega.localhost/d/:splat\n", &[], &[1]),
            ("_redirects", "/b http://bob.mega.localhost:8080/b\n/c https://alice.mega.example/c\n", &[], &[]),
            // Files at the paths of rules.
            ("_redirects", "/index.html /a 301\n/about /team\n/ /a 302\n", &[], &[1, 2, 3]),
            ("_redirects", "/about.html/ /about.html\n/secret/* /about\n/:a /about\n", &[], &[]),
        ];
        let manifest = manifest_of(["index.html", "about.html", "secret/x", "_redirects", "_headers"]);
        for (file, text, errors, notes) in table {
            let findings = check_named_rules("alice", &manifest, file, text.as_bytes());
            let lines = |found: &[RuleError]| found.iter().filter_map(|error| error.line).collect::<Vec<_>>();
            let got = (lines(&findings.errors), lines(&findings.notes));
            assert_eq!(got, (errors.to_vec(), notes.to_vec()), "{text}: {findings:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(.|\n){0,100}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let _ = errors_of("_redirects", bytes);
                prop_assert_eq!(Redirects::check(bytes).1.errors.into_iter().next(), Redirects::parse(bytes).err());
                prop_assert_eq!(errors_of("_headers", bytes).into_iter().next(), HeaderRules::parse(bytes).err());
            }
        }
    }
}
