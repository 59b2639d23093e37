//! The texts of the repository avoid the habits of speech listed in `words.toml`.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use std::{fs, path::Path};
use walkdir::{DirEntry, WalkDir};

/// The top folder of the checkout: cargo runs tests in the folder of their package.
const ROOT: &str = "..";
/// Extensions of files with text for people; scripts have none.
const EXTENSIONS: [&str; 9] = ["rs", "md", "toml", "sh", "py", "js", "mjs", "html", "yml"];
/// Folders that are generated, or written elsewhere.
const SKIPPED: [&str; 4] = ["target", ".git", "node_modules", "vendor"];
/// Files that quote habits as examples.
const QUOTING: [&str; 3] = ["CONTRIBUTING.md", "tests/words.toml", "tests/tests/words.rs"];

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
    fn is_in(&self, line: &str) -> bool {
        let capitalized = |text: &str| text[..1].to_uppercase() + &text[1..];
        let mut line = line.to_owned();
        for exception in &self.except {
            line = line.replace(exception, "").replace(&capitalized(exception), "");
        }
        [self.text.clone(), capitalized(&self.text)].iter().any(|text| has_words(&line, text))
    }
}

/// Whether a line contains a text, not as part of longer words.
fn has_words(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(start, found)| {
        let is_letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        !is_letter(line[..start].chars().next_back()) && !is_letter(line[start + found.len()..].chars().next())
    })
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

    /// Every habit in a text, with its line.
    fn found_in(&self, file: &str, text: &str, used: &mut [bool]) -> Vec<String> {
        let mut found = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let phrases = self.phrase.iter().filter(|phrase| phrase.is_in(line)).map(|one| (&one.text, &one.instead));
            let openings = self.opening.iter().filter(|opening| opening.is_in(line));
            for (text, instead) in phrases.chain(openings.map(|one| (&one.text, &one.instead))) {
                let allowed = |one: &Allowed| one.file == file && line.contains(&one.line);
                match self.allowed.iter().position(allowed) {
                    Some(index) => used[index] = true,
                    None => found.push(format!("{file}:{number}: '{text}' (write: {instead}): {}", line.trim())),
                }
            }
        }
        found
    }
}

fn is_text(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => EXTENSIONS.contains(&extension) && name != "weights.rs",
        None => path.starts_with(Path::new(ROOT).join("scripts")) || path.starts_with(Path::new(ROOT).join(".ci")),
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
        "the tree Gives",
    ] {
        assert!(!is_found(good), "{good}");
    }
}
