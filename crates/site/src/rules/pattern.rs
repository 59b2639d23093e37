//! Path patterns of rules.

use percent_encoding::percent_decode_str;

/// A path pattern of `_redirects`, as in `/posts/:year/*`.
///
/// A segment that begins with ':' captures one non-empty segment of a path under its name. '*' at the end captures the rest,
/// which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segments {
    parts: Vec<Segment>,
    splat: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// This text, decoded.
    Literal(String),
    /// Any non-empty segment; captured.
    Any,
}

/// The name of the capture of '*'.
pub(super) const SPLAT: &str = "splat";

impl Segments {
    /// Parses a pattern. Also returns the names of its captures, in order.
    pub(super) fn parse<'t>(text: &'t str) -> Result<(Self, Vec<&'t str>), String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("'{text}' is not a path of this site: begin it with '/'"));
        };
        if let Some(mark) = text.chars().find(|mark| matches!(mark, '?' | '#')) {
            return Err(format!("rules match paths only: remove '{mark}' and what follows it from '{text}'"));
        }
        let (rest, splat) = match rest.strip_suffix('*') {
            Some(before) if before.is_empty() || before.ends_with('/') => (before, true),
            _ => (rest, false),
        };
        if rest.contains('*') {
            return Err(format!(
                "'*' is allowed only at the end of a path, after a '/': change '{text}', or write %2A"
            ));
        }
        let mut names = Vec::new();
        let mut segment = |part: &'t str| match part.strip_prefix(':') {
            None if part == "." || part == ".." => Err(format!("paths cannot contain '.' or '..': change '{text}'")),
            None => literal(part).map(Segment::Literal),
            Some(name) if !is_name(name) => Err(format!(
                "':{name}' is not a valid placeholder: use letters, digits and '_', or write %3A for a colon"
            )),
            Some(SPLAT) => Err("':splat' is the name of the capture of '*': choose another name".into()),
            Some(name) if names.contains(&name) => {
                Err(format!("':{name}' is used twice: choose another name for one of them"))
            }
            Some(name) => {
                names.push(name);
                Ok(Segment::Any)
            }
        };
        // Before the star of '/*' nothing is left; before that of '/a/*' there is one slash too many.
        let parts = match (splat, rest) {
            (true, "") => Vec::new(),
            (true, rest) => rest.trim_end_matches('/').split('/').map(&mut segment).collect::<Result<_, _>>()?,
            (false, rest) => rest.split('/').map(&mut segment).collect::<Result<_, _>>()?,
        };
        if splat {
            names.push(SPLAT);
        }
        Ok((Segments { parts, splat }, names))
    }

    /// Matches a decoded path without its leading '/'. Returns the captures in the order of their names; `None` if it does not
    /// match.
    pub(super) fn captures<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut captures = Vec::new();
        let mut rest = Some(path);
        for part in &self.parts {
            let (segment, after) = match rest?.split_once('/') {
                Some((segment, after)) => (segment, Some(after)),
                None => (rest?, None),
            };
            match part {
                Segment::Literal(literal) if literal == segment => {}
                Segment::Any if !segment.is_empty() => captures.push(segment),
                Segment::Literal(_) | Segment::Any => return None,
            }
            rest = after;
        }
        if self.splat {
            captures.push(rest.unwrap_or_default());
        } else if rest.is_some() {
            return None;
        }
        Some(captures)
    }
}

/// A path pattern of `_headers`: '*' matches any characters, including '/', or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    /// The text between the stars, decoded; one piece more than there are stars.
    pieces: Vec<String>,
}

/// The most stars in a pattern.
const MAX_STARS: usize = 8;

impl Glob {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(mark) = text.chars().find(|mark| matches!(mark, '?' | '#')) {
            return Err(format!("headers apply to paths only: remove '{mark}' and what follows it from '{text}'"));
        }
        if text.split('/').any(|part| part.starts_with(':')) {
            return Err(format!("placeholders work in _redirects only: write '*' in '{text}', or %3A for a colon"));
        }
        let pieces: Vec<String> = text.split('*').map(literal).collect::<Result<_, _>>()?;
        if pieces.len() > MAX_STARS + 1 {
            return Err(format!("a path can have at most {MAX_STARS} '*': use fewer"));
        }
        Ok(Glob { pieces })
    }

    /// Returns true if a decoded path, with its leading '/', matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        let Some((first, others)) = self.pieces.split_first() else { return false };
        let Some((last, between)) = others.split_last() else { return path == first };
        let Some(mut rest) = path.strip_prefix(first.as_str()) else { return false };
        for piece in between {
            // The first occurrence is the best one: it leaves the most text for the remaining pieces.
            let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}

/// Decodes a literal part of a pattern.
fn literal(text: &str) -> Result<String, String> {
    let decoded =
        percent_decode_str(text).decode_utf8().map_err(|_| format!("'{text}' is not UTF-8 when decoded: change it"))?;
    if decoded.contains('\0') {
        return Err(format!("paths cannot contain a zero byte: change '{text}'"));
    }
    Ok(decoded.into_owned())
}

/// Returns true if a text can be the name of a placeholder.
pub(super) fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn captures(pattern: &str, path: &str) -> Option<Vec<String>> {
        let captures = Segments::parse(pattern).unwrap().0.captures(path)?.into_iter().map(str::to_string).collect();
        Some(captures)
    }

    #[test]
    fn segments_fit_whole_parts() {
        assert_eq!(captures("/a", "a"), Some(vec![]));
        assert_eq!(captures("/a%20b", "a b"), Some(vec![]));
        assert_eq!(captures("/", ""), Some(vec![]));
        assert_eq!(captures("/:year/x/:slug", "2024/x/hello"), Some(vec!["2024".into(), "hello".into()]));
        for (pattern, path) in
            [("/a", "a/"), ("/a", "ab"), ("/a", "a/b"), ("/a/:x", "a"), ("/a/:x", "a/"), ("/a/", "a")]
        {
            assert_eq!(captures(pattern, path), None, "{pattern} {path}");
        }
    }

    #[test]
    fn a_star_takes_the_rest() {
        for (path, rest) in [("p/a/b", "a/b"), ("p/", ""), ("p", ""), ("p//evil", "/evil")] {
            assert_eq!(captures("/p/*", path), Some(vec![rest.into()]), "{path}");
        }
        for path in ["", "a", "a/b", "/"] {
            assert_eq!(captures("/*", path), Some(vec![path.into()]));
        }
        assert_eq!(captures("/p/*", "pq"), None);
        assert_eq!(captures("/:a/*", "x/y/z"), Some(vec!["x".into(), "y/z".into()]));
    }

    #[test]
    fn a_bad_pattern_says_what_to_do() {
        for (pattern, why) in [
            ("a", "begin it with '/'"),
            ("https://example.com/", "begin it with '/'"),
            ("/a?b=:c", "remove '?'"),
            ("/a*", "at the end"),
            ("/a/*/b", "at the end"),
            ("/:", "not a valid placeholder"),
            ("/:1", "not a valid placeholder"),
            ("/:a/:a", "twice"),
            ("/:splat", "another name"),
            ("/a/../b", "'..'"),
            ("/%00", "zero byte"),
            ("/%ff", "UTF-8"),
        ] {
            let error = Segments::parse(pattern).unwrap_err();
            assert!(error.contains(why), "{pattern}: {error}");
        }
    }

    #[test]
    fn globs_fit_any_characters() {
        let fits = |glob: &str, path: &str| Glob::parse(glob).unwrap().matches(path);
        assert!(fits("/a", "/a") && !fits("/a", "/ab"));
        assert!(fits("/*", "/") && fits("/*", "/a/b"));
        assert!(fits("/*.js", "/a/b.js") && !fits("/*.js", "/a.js/b"));
        assert!(fits("/a/*/c*", "/a/b/c") && fits("/a/*/c*", "/a/x/y/cd") && !fits("/a/*/c*", "/a/c"));
        assert!(fits("/.*", "/.well-known/x") && fits("/*.", "/a."));
        assert!(!fits("/ab*ba", "/aba"), "what stands around a star does not overlap");
        assert!(fits("/Gr%C3%BC%C3%9Fe/%2A", "/Grüße/*") && !fits("/%2A", "/a"));
    }

    /// The same by trying everything.
    fn fits_slowly(glob: &[char], path: &[char]) -> bool {
        match glob.split_first() {
            None => path.is_empty(),
            Some(('*', rest)) => (0..=path.len()).any(|skip| fits_slowly(rest, &path[skip..])),
            Some((first, rest)) => path.first() == Some(first) && fits_slowly(rest, &path[1..]),
        }
    }

    proptest! {
        #[test]
        fn globs_are_what_trying_everything_says(glob in "/[ab*/]{0,8}", path in "/[ab/]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            if let Ok(parsed) = Glob::parse(&glob) {
                prop_assert_eq!(parsed.matches(&path), fits_slowly(&chars(&glob), &chars(&path)));
            }
        }

        #[test]
        fn nothing_panics(pattern in ".*", like in "/[:*a%2/]{0,10}", path in ".*") {
            for pattern in [pattern, like] {
                if let Ok((parsed, names)) = Segments::parse(&pattern) {
                    let captures = parsed.captures(&path);
                    prop_assert!(captures.is_none_or(|captures| captures.len() == names.len()));
                }
                let _ = Glob::parse(&pattern).map(|glob| glob.matches(&path));
            }
        }
    }
}
