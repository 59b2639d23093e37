//! The texts of the repository avoid the habits of speech listed in `words.toml`.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use std::{fs, path::Path};
use walkdir::{DirEntry, WalkDir};

/// The top folder of the checkout: cargo runs tests in the folder of their package.
const ROOT: &str = "..";
/// Extensions of files with text for people; scripts have none.
const EXTENSIONS: [&str; 11] = ["rs", "md", "toml", "sh", "py", "js", "mjs", "html", "css", "yml", "hbs"];
/// Folders that are generated, or written elsewhere.
const SKIPPED: [&str; 4] = ["target", ".git", "node_modules", "vendor"];
/// Files that quote habits as examples.
const QUOTING: [&str; 3] = ["CONTRIBUTING.md", "tests/words.toml", "tests/tests/words.rs"];
/// Marks of comments; a longer one precedes those that it begins with.
const COMMENTS: [&str; 4] = ["///", "//!", "//", "#"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Habits {
    phrase: Vec<Phrase>,
    opening: Vec<Opening>,
    #[serde(default)]
    allowed: Vec<Allowed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrase {
    text: String,
    #[serde(default)]
    except: Vec<String>,
    instead: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    text: String,
    instead: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    file: String,
    line: String,
    why: String,
}

impl Phrase {
    /// The places at which the phrase begins in a text.
    fn places_in(&self, text: &str) -> Vec<usize> {
        let capitalized = |text: &str| text[..1].to_uppercase() + &text[1..];
        let mut text = text.to_owned();
        for exception in &self.except {
            // Of the same length, so that all places stay the same.
            let blank = " ".repeat(exception.len());
            text = text.replace(exception, &blank).replace(&capitalized(exception), &blank);
        }
        let mut places = places_of(&text, &self.text);
        places.extend(places_of(&text, &capitalized(&self.text)));
        places
    }
}

/// The places of words in a text, except as part of longer words.
fn places_of(text: &str, words: &str) -> Vec<usize> {
    let is_letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let is_whole = |start: &usize| {
        !is_letter(text[..*start].chars().next_back()) && !is_letter(text[*start + words.len()..].chars().next())
    };
    text.match_indices(words).map(|(start, _)| start).filter(is_whole).collect()
}

/// Splits a line into the mark of a comment, empty if there is none, and the words after it.
fn split_mark(line: &str) -> (&str, &str) {
    let line = line.trim();
    for mark in COMMENTS {
        if let Some(words) = line.strip_prefix(mark)
            && (words.is_empty() || words.starts_with(' '))
        {
            return (mark, words.trim_start());
        }
    }
    ("", line)
}

/// Joins the lines of each comment or paragraph by spaces, without the marks of comments. Returns the text, and the places
/// in it at which the lines begin.
fn join_lines(text: &str) -> (String, Vec<usize>) {
    let (mut joined, mut starts, mut last) = (String::new(), Vec::new(), "");
    for line in text.lines() {
        let (mark, words) = split_mark(line);
        joined.push(if mark == last && !words.is_empty() { ' ' } else { '\n' });
        starts.push(joined.len());
        joined.push_str(words);
        last = mark;
    }
    (joined, starts)
}

impl Opening {
    fn is_in(&self, line: &str) -> bool {
        let Some(text) = ["/// ", "//! "].iter().find_map(|mark| line.trim_start().strip_prefix(mark)) else {
            return false;
        };
        let opening = format!("{} ", self.text);
        text.starts_with(&opening) || text.contains(&format!(". {opening}"))
    }
}

impl Habits {
    fn read() -> Self {
        toml::from_str(&fs::read_to_string("words.toml").unwrap()).unwrap()
    }

    /// Every habit in a text, with its line: a phrase with the line in which it begins.
    fn found_in(&self, file: &str, text: &str, used: &mut [bool]) -> Vec<String> {
        let (joined, starts) = join_lines(text);
        let mut habits = Vec::new();
        for phrase in &self.phrase {
            for place in phrase.places_in(&joined) {
                let number = starts.partition_point(|start| *start <= place);
                habits.push((number, &phrase.text, &phrase.instead));
            }
        }
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in (1..).zip(&lines) {
            let openings = self.opening.iter().filter(|opening| opening.is_in(line));
            habits.extend(openings.map(|opening| (number, &opening.text, &opening.instead)));
        }
        habits.sort();
        habits.dedup();

        let mut found = Vec::new();
        for (number, text, instead) in habits {
            let line = lines[number - 1];
            let allowed = |one: &Allowed| one.file == file && line.contains(&one.line);
            match self.allowed.iter().position(allowed) {
                Some(index) => used[index] = true,
                None => found.push(format!("{file}:{number}: '{text}' (write: {instead}): {}", line.trim())),
            }
        }
        found
    }
}

fn is_text(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => EXTENSIONS.contains(&extension) && name != "weights.rs",
        None => name != "LICENSE",
    }
}

fn texts() -> impl Iterator<Item = (String, String)> {
    let is_ours = |entry: &DirEntry| !SKIPPED.iter().any(|name| entry.file_name() == *name);
    let files = WalkDir::new(ROOT).sort_by_file_name().into_iter().filter_entry(is_ours).map(Result::unwrap);
    files.filter(|entry| entry.file_type().is_file() && is_text(entry.path())).filter_map(|entry| {
        let name = entry.path().strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(entry.path()).ok()?;
        (!QUOTING.contains(&name.as_str())).then_some((name, text))
    })
}

#[test]
fn texts_are_in_plain_english() {
    let habits = Habits::read();
    let mut used = vec![false; habits.allowed.len()];
    let (mut read, mut found) = (0, Vec::new());
    for (name, text) in texts() {
        read += 1;
        found.extend(habits.found_in(&name, &text, &mut used));
    }
    assert!(read > 500, "only {read} files were found");
    let unused = habits.allowed.iter().zip(used).filter(|(_, used)| !used);
    found
        .extend(unused.map(|(one, _)| format!("words.toml allows '{}' in {} ({}): gone", one.line, one.file, one.why)));
    assert!(found.is_empty(), "{} lines to rewrite, see tests/words.toml:\n{}", found.len(), found.join("\n"));
}

#[test]
fn habits_are_found_in_phrases_and_openings() {
    let habits = Habits::read();
    let is_found = |line: &str| !habits.found_in("file", line, &mut []).is_empty();
    for bad in [
        "a node that is none",
        "Whoever asks",
        "what it has besides that",
        "it ends by itself.",
        "/// Gives the period.",
        "    //! The worker. Says which one.",
        "/// What a job returns.",
        "/// The peer. Who asks.",
    ] {
        assert!(is_found(bad), "{bad}");
    }
    for good in [
        "`None` if there is none",
        "There are none.",
        "if hashed is None:",
        "option.is_none()",
        "let besides_that = 1;",
        "// Gives way",
        "/// Returns what it gives",
        "/// Whole shards.",
        "// What a comment explains",
        "the tree Gives",
    ] {
        assert!(!is_found(good), "{good}");
    }
}

#[test]
fn phrases_are_found_across_line_breaks() {
    let habits = Habits::read();
    let found = |text: &str| habits.found_in("file", text, &mut []);
    for bad in ["/// It ends by\n/// itself.", "    // so\n    // many", "# By\n# itself", "it is\nnone"] {
        let found = found(bad);
        assert!(found.len() == 1 && found[0].starts_with("file:1: "), "{bad}: {found:?}");
    }
    let below = found("let it = 1;\n// It ends\n// when there are so\n// many.");
    assert!(below.len() == 1 && below[0].starts_with("file:3: "), "{below:?}");
    for good in [
        "/// None if there\n/// is none.",
        "// so\n//\n// many",
        "so\n\nmany",
        "so\n- many",
        "// so\n/// many",
        "// by\nitself()",
    ] {
        assert!(found(good).is_empty(), "{good}: {:?}", found(good));
    }
}
