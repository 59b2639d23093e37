//! Patterns in the syntax of `.gitignore`.

use glob::{MatchOptions, Pattern};
use std::path::Path;

/// As git matches: `*` does not cross a '/', and matches a dot at the start of a name.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// Patterns, of which the last one that matches counts.
#[derive(Debug, Default)]
pub(super) struct Patterns(Vec<Line>);

#[derive(Debug)]
struct Line {
    pattern: Pattern,
    publishes: bool,
    only_folders: bool,
    names_hidden: bool,
}

/// The pattern that counts for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// No pattern matches.
    Nothing,
    /// It leaves the entry out.
    LeftOut,
    /// It brings the entry back.
    Published {
        /// Whether its last part begins with a dot. As in a shell, `*` does not mean hidden entries: `!/public/*` must not
        /// publish the `.git` in there.
        names_hidden: bool,
    },
}

impl Patterns {
    /// Adds a line; one that is empty or begins with '#' has no pattern.
    ///
    /// # Errors
    /// The mistake in it.
    pub(super) fn add(&mut self, line: &str) -> Result<(), String> {
        let line = trim_end(line);
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (publishes, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (only_folders, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        // With a '/' before its end a pattern is for a path from the root; without one, for a name anywhere.
        let glob = match line.strip_prefix('/') {
            Some(from_root) => from_root.to_owned(),
            None if line.contains('/') => line.to_owned(),
            None => format!("**/{line}"),
        };
        let names_hidden = line.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        let pattern = Pattern::new(&unescape(&glob)).map_err(|error| error.msg.to_owned())?;
        self.0.push(Line { pattern, publishes, only_folders, names_hidden });
        Ok(())
    }

    /// The pattern that counts for an entry at a path, relative to the root.
    pub(super) fn matched(&self, path: &Path, is_folder: bool) -> Matched {
        // A name that is not Unicode can be left out too.
        let path = path.to_string_lossy();
        let matches = |line: &&Line| (is_folder || !line.only_folders) && line.pattern.matches_with(&path, OPTIONS);
        match self.0.iter().rev().find(matches) {
            None => Matched::Nothing,
            Some(line) if line.publishes => Matched::Published { names_hidden: line.names_hidden },
            Some(_) => Matched::LeftOut,
        }
    }
}

/// Without spaces at the end, except after a backslash.
fn trim_end(line: &str) -> &str {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let trimmed = line.trim_end_matches(' ');
    let escaped = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    if escaped { line.get(..=trimmed.len()).unwrap_or(trimmed) } else { trimmed }
}

/// The same pattern without backslashes: `glob` escapes by brackets.
fn unescape(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => out.extend(chars.next().map(|escaped| Pattern::escape(&escaped.to_string()))),
            (_, false) => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_match_as_git_says() {
        let cases = [
            // A name, anywhere.
            ("a", "a", false, true),
            ("a", "x/y/a", false, true),
            ("a", "ab", false, false),
            ("*.log", "x/.log", false, true),
            ("*.log", "x.log/y", false, false),
            // A path from the root.
            ("/a", "a", false, true),
            ("/a", "x/a", false, false),
            ("x/a", "x/a", false, true),
            ("x/a", "y/x/a", false, false),
            ("x/*", "x/a", false, true),
            ("x/*", "x/y/a", false, false),
            // Folders.
            ("a/", "x/a", true, true),
            ("a/", "x/a", false, false),
            // Any number of folders.
            ("**/a", "a", false, true),
            ("**/a", "x/y/a", false, true),
            ("x/**/a", "x/a", false, true),
            ("x/**/a", "x/y/z/a", false, true),
            ("x/**", "x/y/z", false, true),
            // Sets, and characters that are meant as they are.
            ("[ab].txt", "b.txt", false, true),
            ("[!ab].txt", "b.txt", false, false),
            ("a?c", "abc", false, true),
            ("a?c", "a/c", false, false),
            (r"\#a", "#a", false, true),
            (r"\!a", "!a", false, true),
            (r"a\*", "a*", false, true),
            (r"a\*", "ab", false, false),
            ("a  ", "a", false, true),
            (r"a\ ", "a ", false, true),
            ("A", "a", false, false),
        ];
        for (line, path, is_folder, expected) in cases {
            let mut patterns = Patterns::default();
            patterns.add(line).unwrap();
            let matched = patterns.matched(Path::new(path), is_folder);
            assert_eq!(matched == Matched::LeftOut, expected, "{line} {path}: {matched:?}");
        }
    }

    #[test]
    fn the_last_pattern_counts() {
        let mut patterns = Patterns::default();
        for line in ["*.tmp", "!keep.tmp", "", "# a remark", "/keep.tmp"] {
            patterns.add(line).unwrap();
        }
        assert_eq!(patterns.matched(Path::new("a/keep.tmp"), false), Matched::Published { names_hidden: false });
        assert_eq!(patterns.matched(Path::new("keep.tmp"), false), Matched::LeftOut);
        assert_eq!(patterns.matched(Path::new("b"), false), Matched::Nothing);
    }
}
