//! Path patterns of rules.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};

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

/// Percent-encoded when captured text is inserted into a target or a header: all characters that could be more than a name or a
/// folder there.
pub(super) const CAPTURE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

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
            (false, rest) => {
                rest.strip_suffix('/').unwrap_or(rest).split('/').map(&mut segment).collect::<Result<_, _>>()?
            }
        };
        if splat {
            names.push(SPLAT);
        }
        Ok((Segments { parts, splat }, names))
    }

    /// Matches a decoded path without its leading '/'. Returns the captures in the order of their names; `None` if it does not
    /// match. Without '*', a slash at the end of path or pattern makes no difference.
    pub(super) fn captures<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut captures = Vec::new();
        let mut rest = Some(if self.splat { path } else { path.strip_suffix('/').unwrap_or(path) });
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

    /// Returns true if all paths that another pattern matches match this one.
    pub(super) fn covers(&self, other: &Segments) -> bool {
        let is_long_enough = match (self.splat, other.splat) {
            (true, _) => self.parts.len() <= other.parts.len(),
            (false, true) => false,
            (false, false) => self.parts.len() == other.parts.len(),
        };
        is_long_enough
            && self.parts.iter().zip(&other.parts).all(|(part, other)| match (part, other) {
                (Segment::Any, Segment::Literal(literal)) => !literal.is_empty(),
                (Segment::Any, Segment::Any) => true,
                (Segment::Literal(_), _) => part == other,
            })
    }

    /// Returns a path that matches, with this text in the place of '*', and 'x' in that of placeholders.
    pub(super) fn example(&self, splat: &str) -> String {
        let text = |part: &'_ Segment| match part {
            Segment::Literal(literal) => literal.clone(),
            Segment::Any => "x".to_owned(),
        };
        let mut parts: Vec<String> = self.parts.iter().map(text).collect();
        if self.splat && !splat.is_empty() {
            parts.push(splat.to_owned());
        }
        let mut path = parts.join("/");
        if !self.splat && path.ends_with('/') {
            // The slash at the end of a path is not a part of it.
            path.push('/');
        }
        path
    }
}

/// A path pattern of `_headers`: '*' matches any characters, including '/', or none. A segment that begins with ':' matches one
/// non-empty segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    /// The parts between the stars; one more than there are stars.
    pieces: Vec<Vec<Token>>,
    /// The names of the captures, in order.
    names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This text, decoded.
    Text(String),
    /// A non-empty segment. It follows a '/', and ends before the next or at the end.
    Segment,
}

/// The most stars in a pattern.
const MAX_STARS: usize = 8;

impl Glob {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(mark) = text.chars().find(|mark| matches!(mark, '?' | '#')) {
            return Err(format!("headers apply to paths only: remove '{mark}' and what follows it from '{text}'"));
        }
        let mut glob = Glob { pieces: vec![Vec::new()], names: Vec::new() };
        for (index, segment) in text.split('/').enumerate() {
            if index > 0 {
                glob.push_text("/".to_owned());
            }
            match segment.strip_prefix(':') {
                Some(name) if !is_name(name) => {
                    return Err(format!(
                        "':{name}' is not a valid placeholder: use letters, digits and '_' up to the next '/', or write %3A for a \
                         colon"
                    ));
                }
                Some(name) => glob.push_segment(name),
                None => {
                    for (index, part) in segment.split('*').enumerate() {
                        if index > 0 {
                            glob.pieces.push(Vec::new());
                            glob.names.push(SPLAT.to_owned());
                        }
                        glob.push_text(literal(part)?);
                    }
                }
            }
        }
        if glob.pieces.len() > MAX_STARS + 1 {
            return Err(format!("a path can have at most {MAX_STARS} '*': use fewer"));
        }
        Ok(glob)
    }

    fn push_text(&mut self, text: String) {
        let Some(piece) = self.pieces.last_mut() else { return };
        match piece.last_mut() {
            Some(Token::Text(before)) => before.push_str(&text),
            _ if text.is_empty() => {}
            _ => piece.push(Token::Text(text)),
        }
    }

    fn push_segment(&mut self, name: &str) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(Token::Segment);
            self.names.push(name.to_owned());
        }
    }

    /// The names of the captures: those of placeholders, and [`SPLAT`] for each star.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of placeholders between two stars. Each may be compared with all segments of a path, others with one.
    pub(super) fn placeholders_between_stars(&self) -> usize {
        let between = self.pieces.split_last().and_then(|(_, pieces)| pieces.get(1..)).unwrap_or_default();
        between.iter().flatten().filter(|token| **token == Token::Segment).count()
    }

    /// Matches a decoded path with its leading '/'. Returns the captures in the order of their names; `None` if it does not
    /// match.
    pub(super) fn captures<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.pieces.split_first()?;
        let mut captures = Vec::new();
        let mut rest = match_start(first, path, &mut captures)?;
        for (index, piece) in others.iter().enumerate() {
            let is_last = index + 1 == others.len();
            let before = captures.len();
            // The first occurrence is the best one: it leaves the most text for the remaining pieces.
            let after = starts(piece, rest, is_last).find_map(|at| {
                let (skipped, tail) = rest.split_at_checked(at)?;
                captures.truncate(before);
                captures.push(skipped);
                match_start(piece, tail, &mut captures).filter(|after| !is_last || after.is_empty())
            });
            rest = after?;
        }
        rest.is_empty().then_some(captures)
    }
}

/// Returns the offsets, in order, at which a piece that follows a star may begin in a text. A piece without placeholders, and the
/// last one, have at most one: trying each character would take a part of a second with a long path and many rules.
fn starts<'t>(piece: &[Token], text: &'t str, is_last: bool) -> Box<dyn Iterator<Item = usize> + 't> {
    let only = match piece {
        [] if is_last => Some(text.len()),
        [] => Some(0),
        [Token::Text(whole)] if is_last => text.len().checked_sub(whole.len()),
        [Token::Text(whole)] => text.find(whole.as_str()),
        [Token::Text(first), ..] => {
            // It ends with the '/' before a placeholder.
            let before = first.find('/').unwrap_or_default();
            let start = move |(slash, _): (usize, &str)| slash.checked_sub(before);
            if !is_last {
                return Box::new(text.match_indices('/').filter_map(start));
            }
            // Placeholders match no '/', so the text from there to its end has as many as the piece.
            text.rmatch_indices('/').nth(slashes(piece).saturating_sub(1)).and_then(start)
        }
        // A placeholder follows a '/'.
        [Token::Segment, ..] => None,
    };
    Box::new(only.into_iter())
}

fn slashes(piece: &[Token]) -> usize {
    let of_token = |token: &Token| match token {
        Token::Text(text) => text.matches('/').count(),
        Token::Segment => 0,
    };
    piece.iter().map(of_token).sum()
}

/// Matches the beginning of a text, and returns what follows.
fn match_start<'a>(piece: &[Token], text: &'a str, captures: &mut Vec<&'a str>) -> Option<&'a str> {
    let mut rest = text;
    for token in piece {
        rest = match token {
            Token::Text(text) => rest.strip_prefix(text.as_str())?,
            Token::Segment => {
                let (segment, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                if segment.is_empty() {
                    return None;
                }
                captures.push(segment);
                after
            }
        };
    }
    Some(rest)
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
            [("/a", "/a"), ("/a", "ab"), ("/a", "a/b"), ("/a/:x", "a"), ("/a/:x", "a/"), ("/a", "a//")]
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
        let fits = |glob: &str, path: &str| Glob::parse(glob).unwrap().captures(path).is_some();
        assert!(fits("/a", "/a") && !fits("/a", "/ab"));
        assert!(fits("/*", "/") && fits("/*", "/a/b"));
        assert!(fits("/*.js", "/a/b.js") && !fits("/*.js", "/a.js/b"));
        assert!(fits("/a/*/c*", "/a/b/c") && fits("/a/*/c*", "/a/x/y/cd") && !fits("/a/*/c*", "/a/c"));
        assert!(fits("/.*", "/.well-known/x") && fits("/*.", "/a."));
        assert!(!fits("/ab*ba", "/aba"), "what stands around a star does not overlap");
        assert!(fits("/Gr%C3%BC%C3%9Fe/%2A", "/Grüße/*") && !fits("/%2A", "/a"));
    }

    #[test]
    fn globs_capture_segments_and_stars() {
        let captures = |glob: &str, path: &str| {
            let glob = Glob::parse(glob).unwrap();
            let captures = glob.captures(path)?;
            let named = glob.names().iter().zip(captures).map(|(name, text)| format!("{name}={text}"));
            Some(named.collect::<Vec<_>>().join(" "))
        };
        for (glob, path, expected) in [
            ("/movies/:title", "/movies/x", Some("title=x")),
            ("/movies/:title", "/movies/", None),
            ("/movies/:title", "/movies/x/y", None),
            ("/:a/b/:c", "/x/b/z", Some("a=x c=z")),
            ("/:a/*", "/x/y/z", Some("a=x splat=y/z")),
            ("/*/:a", "/x/y/z", Some("splat=x/y a=z")),
            ("/*/:a/end", "/x/y/end", Some("splat=x a=y")),
        ] {
            assert_eq!(captures(glob, path).as_deref(), expected, "{glob} {path}");
        }
    }

    /// The same by trying everything.
    fn fits_slowly(glob: &[char], path: &[char]) -> bool {
        match glob.split_first() {
            None => path.is_empty(),
            Some(('*', rest)) => (0..=path.len()).any(|skip| fits_slowly(rest, &path[skip..])),
            Some((first, rest)) => path.first() == Some(first) && fits_slowly(rest, &path[1..]),
        }
    }

    /// The captures by trying each place for each piece.
    fn captures_slowly<'a>(glob: &Glob, path: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = glob.pieces.split_first()?;
        let mut captures = Vec::new();
        let mut rest = match_start(first, path, &mut captures)?;
        for (index, piece) in others.iter().enumerate() {
            let is_last = index + 1 == others.len();
            let before = captures.len();
            let after = (0..=rest.len()).find_map(|at| {
                let (skipped, tail) = rest.split_at_checked(at)?;
                captures.truncate(before);
                captures.push(skipped);
                match_start(piece, tail, &mut captures).filter(|after| !is_last || after.is_empty())
            });
            rest = after?;
        }
        rest.is_empty().then_some(captures)
    }

    #[test]
    fn a_piece_is_tried_at_one_place_or_at_each_slash() {
        let path = "/a".repeat(8 << 10);
        let placeholders = "/:a".repeat(64);
        for (glob, fits) in [
            (format!("/*{placeholders}"), true),
            (format!("/*x{placeholders}"), false),
            (format!("/*{placeholders}/b"), false),
            (format!("/*a/b*{placeholders}"), false),
            (format!("/*a*{placeholders}"), true),
            (format!("/*{}", "/a".repeat(100)), true),
            (format!("/*{}b*", "/a".repeat(100)), false),
        ] {
            let parsed = Glob::parse(&glob).unwrap();
            let tried = |index: usize, piece: &[Token]| starts(piece, &path, index + 2 == parsed.pieces.len()).count();
            assert!(parsed.pieces[1..].iter().enumerate().all(|(index, piece)| tried(index, piece) <= 1), "{glob}");
            assert_eq!((parsed.captures(&path).is_some(), parsed.placeholders_between_stars()), (fits, 0), "{glob}");
        }
        let between = Glob::parse(&format!("/*{placeholders}/b*/:c")).unwrap();
        assert_eq!(between.placeholders_between_stars(), 64);
        assert_eq!(starts(&between.pieces[1], &path, false).count(), 8 << 10);
        assert_eq!(between.captures(&path), None);
    }

    proptest! {
        #[test]
        fn globs_capture_what_trying_each_place_captures(
            segments in prop::collection::vec("(:x|[aü*]{0,2})", 1..7),
            path in "/[aü/]{0,14}",
        ) {
            if let Ok(glob) = Glob::parse(&format!("/{}", segments.join("/"))) {
                prop_assert_eq!(glob.captures(&path), captures_slowly(&glob, &path));
            }
        }

        #[test]
        fn globs_are_what_trying_everything_says(glob in "/[ab*/]{0,8}", path in "/[ab/]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            if let Ok(parsed) = Glob::parse(&glob) {
                prop_assert_eq!(parsed.captures(&path).is_some(), fits_slowly(&chars(&glob), &chars(&path)));
            }
        }

        #[test]
        fn nothing_panics(pattern in ".*", like in "/[:*a%2/]{0,10}", path in ".*") {
            for pattern in [pattern, like] {
                if let Ok((parsed, names)) = Segments::parse(&pattern) {
                    let captures = parsed.captures(&path);
                    prop_assert!(captures.is_none_or(|captures| captures.len() == names.len()));
                }
                if let Ok(glob) = Glob::parse(&pattern) {
                    let captures = glob.captures(&path);
                    prop_assert!(captures.is_none_or(|captures| captures.len() == glob.names().len()));
                }
            }
        }
    }
}
