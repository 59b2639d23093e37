//! Which entries of a folder are published.

use super::{
    FoundFile, PackError, SkipReason,
    patterns::{Matched, Patterns},
    secrets::{holds_keys, is_secret_name},
};
use meganet_primitives::convert::to_u64;
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    path::Path,
};

/// The file in the root of a site with patterns of what to leave out, in the syntax of `.gitignore`.
pub const IGNORE_FILE: &str = ".megaignore";
/// The one hidden folder that readers ask for (RFC 8615).
const WELL_KNOWN: &str = ".well-known";
/// Bytes of the longest [`IGNORE_FILE`] that is read.
const MAX_IGNORE_BYTES: u64 = 1 << 20;

/// Which entries of a folder are published. Patterns in its [`IGNORE_FILE`] always apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Publish also files and folders whose names begin with a dot. `.well-known` in the root is published in any case.
    pub hidden: bool,
    /// Patterns of entries to leave out, in the syntax of `.gitignore`.
    pub exclude: Vec<String>,
    /// Publish files that look like secrets. Otherwise they are an error.
    pub allow_secrets: bool,
}

impl Selection {
    /// Hidden files and secrets too.
    pub fn everything() -> Self {
        Self { hidden: true, exclude: Vec::new(), allow_secrets: true }
    }
}

/// A [`Selection`] with its patterns, and those of a folder, compiled.
pub(super) struct Rules {
    hidden: bool,
    allow_secrets: bool,
    exclude: Patterns,
    ignore: Patterns,
}

impl Rules {
    /// Compiles the patterns that apply to a folder.
    pub(super) fn read(root: &Path, selection: &Selection) -> Result<Self, PackError> {
        let patterns = read_ignore_file(&root.join(IGNORE_FILE))?;
        Self::new(selection, &patterns)
    }

    fn new(selection: &Selection, ignore: &str) -> Result<Self, PackError> {
        let Selection { hidden, exclude, allow_secrets } = selection;
        let lines = (1..).zip(ignore.trim_start_matches('\u{feff}').lines());
        Ok(Self {
            hidden: *hidden,
            allow_secrets: *allow_secrets,
            exclude: compile(exclude.iter().map(|glob| (format!("--exclude {glob:?}"), excluded(glob))))?,
            ignore: compile(lines.map(|(number, line)| (format!("line {number} of {IGNORE_FILE}"), Ok(line.into()))))?,
        })
    }

    /// Why an entry at this path, relative to the root, is not published; `None` if it is. The entries of a folder that is not
    /// published need not be asked about.
    pub(super) fn leaves_out(&self, path: &Path, is_folder: bool) -> Option<SkipReason> {
        if self.exclude.matched(path, is_folder) == Matched::LeftOut {
            return Some(SkipReason::Excluded);
        }
        let named = match self.ignore.matched(path, is_folder) {
            Matched::LeftOut => return Some(SkipReason::Ignored),
            Matched::Published { names_hidden } => names_hidden,
            Matched::Nothing => false,
        };
        let shown = self.hidden || named || path == Path::new(WELL_KNOWN);
        (!shown && is_hidden(path.file_name())).then_some(SkipReason::Hidden)
    }

    /// Whether a file that would be published needs a permission that was not given: it looks like a secret, by its name, by that
    /// of the file that a link leads to, or by its content.
    pub(super) fn refuses(&self, file: &FoundFile, target: Option<&Path>) -> Result<bool, PackError> {
        if self.allow_secrets {
            return Ok(false);
        }
        let paths = [Some(file.disk.as_path()), target];
        Ok(paths.into_iter().flatten().any(is_secret_name) || holds_keys(file)?)
    }
}

/// Compiles patterns, each with the place that it comes from.
fn compile(lines: impl Iterator<Item = (String, Result<String, String>)>) -> Result<Patterns, PackError> {
    let mut patterns = Patterns::default();
    for (place, line) in lines {
        line.and_then(|line| patterns.add(&line)).map_err(|reason| PackError::Pattern { place, reason })?;
    }
    Ok(patterns)
}

/// The line of a `.gitignore` that leaves out the same as an `--exclude`.
fn excluded(glob: &str) -> Result<String, String> {
    match glob.chars().next() {
        None => Err("it is empty".into()),
        // It would be taken for the opposite, and publish what somebody wants to keep out.
        Some('!') => Err(format!("it begins with '!': write such a line into {IGNORE_FILE}, or \\! for a name")),
        Some('#') => Ok(format!("\\{glob}")),
        Some(_) => Ok(glob.into()),
    }
}

fn is_hidden(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Returns the text of an [`IGNORE_FILE`], or an empty text if the folder has no such file.
fn read_ignore_file(path: &Path) -> Result<String, PackError> {
    // Looked at first, since opening a pipe would wait for somebody to write to it.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(PackError::NotAFile(path.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(PackError::io(path)(error)),
    }
    let file = File::open(path).map_err(PackError::io(path))?;
    let mut text = String::new();
    file.take(MAX_IGNORE_BYTES + 1).read_to_string(&mut text).map_err(PackError::io(path))?;
    if to_u64(text.len()) > MAX_IGNORE_BYTES {
        let reason = format!("it has more than {MAX_IGNORE_BYTES} bytes");
        return Err(PackError::Pattern { place: IGNORE_FILE.into(), reason });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use SkipReason::{Excluded, Hidden, Ignored};

    fn rules(hidden: bool, exclude: &[&str], ignore: &str) -> Result<Rules, PackError> {
        let exclude = exclude.iter().map(|glob| (*glob).to_owned()).collect();
        Rules::new(&Selection { hidden, exclude, allow_secrets: false }, ignore)
    }

    #[test]
    fn hidden_entries_stay_out_unless_they_are_asked_for() {
        let cases: &[(&str, bool, &str, Option<SkipReason>)] = &[
            ("index.html", false, "", None),
            (".git", false, "", Some(Hidden)),
            ("a/.DS_Store", false, "", Some(Hidden)),
            ("...", false, "", Some(Hidden)),
            (".git", true, "", None),
            // The one that readers ask for, and only where they do.
            (".well-known", false, "", None),
            (".well-known/security.txt", false, "", None),
            (".well-known/.DS_Store", false, "", Some(Hidden)),
            ("a/.well-known", false, "", Some(Hidden)),
            // The control files of gateways are not hidden.
            ("_headers", false, "", None),
            ("_redirects", false, "", None),
            // A pattern publishes a hidden entry only if it names it.
            (".nojekyll", false, "!.nojekyll", None),
            ("a/.nojekyll", false, "!/a/.no*", None),
            (".nojekyll", false, "!*", Some(Hidden)),
            ("public/.git", false, "/*\n!/public/**", Some(Hidden)),
        ];
        for (path, hidden, ignore, expected) in cases {
            let rules = rules(*hidden, &[], ignore).unwrap();
            assert_eq!(rules.leaves_out(Path::new(path), false), *expected, "{path} {hidden} {ignore}");
        }
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let ignore = "\u{feff}# drafts\r\n*.tmp\r\n!keep.tmp\r\n/drafts/\r\nlogs/**/*.log\r\n\r\n\\#odd\r\n";
        let rules = rules(true, &["*.map", "#mine", "/root.txt", "old/"], ignore).unwrap();
        let cases = [
            ("a/b.tmp", false, Some(Ignored)),
            ("keep.tmp", false, None),
            ("drafts", true, Some(Ignored)),
            ("drafts", false, None),
            ("a/drafts", true, None),
            ("logs/1/2.log", false, Some(Ignored)),
            ("#odd", false, Some(Ignored)),
            ("# drafts", false, None),
            ("a/b.map", false, Some(Excluded)),
            ("a/#mine", false, Some(Excluded)),
            ("root.txt", false, Some(Excluded)),
            ("a/root.txt", false, None),
            ("a/old", true, Some(Excluded)),
            (".hidden", false, None),
        ];
        for (path, is_folder, expected) in cases {
            assert_eq!(rules.leaves_out(Path::new(path), is_folder), expected, "{path}");
        }
        // What is excluded on the command line is not brought back by the file.
        let rules = self::rules(false, &["*.tmp"], "!keep.tmp").unwrap();
        assert_eq!(rules.leaves_out(Path::new("keep.tmp"), false), Some(Excluded));
    }

    #[test]
    fn a_pattern_with_a_mistake_is_an_error_that_names_its_place() {
        let error = |exclude: &[&str], ignore: &str| rules(false, exclude, ignore).err().unwrap().to_string();
        assert!(error(&[], "ok\n[a\n").contains("line 2 of .megaignore"));
        assert!(error(&["[a"], "").contains(r#"--exclude "[a""#));
        assert!(error(&[""], "").contains("empty"));
        assert!(error(&["!a"], "").contains(".megaignore"));
    }
}
