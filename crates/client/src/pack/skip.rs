//! Entries of a folder that are not published, and why.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Names that a note or an error lists before it only counts.
const NAMED: usize = 5;

/// Something that is in the folder and is not published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its path, relative to the folder.
    pub path: PathBuf,
    /// Why.
    pub reason: SkipReason,
}

/// Why something is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum SkipReason {
    /// Its name begins with a dot.
    #[error("hidden")]
    Hidden,
    /// A pattern of the site's `.megaignore` matches it.
    #[error("left out by .megaignore")]
    Ignored,
    /// A pattern of [`super::Selection::exclude`] matches it.
    #[error("left out by --exclude")]
    Excluded,
    /// A symbolic link out of the folder: publishing what it leads to might publish a secret.
    #[error("a link that leads out of the folder")]
    LeadsOutside,
    /// A symbolic link to nothing.
    #[error("a link that leads nowhere")]
    Dangling,
    /// A symbolic link to a folder that it lies in.
    #[error("a link to a folder that contains it")]
    Loop,
    /// A device, socket or pipe.
    #[error("neither a file nor a folder")]
    Special,
    /// A folder with nothing in it: a site consists of files.
    #[error("an empty folder")]
    EmptyFolder,
}

impl SkipReason {
    /// The reason as scripts read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Ignored => "ignored",
            Self::Excluded => "excluded",
            Self::LeadsOutside => "link_outside",
            Self::Dangling => "link_dangling",
            Self::Loop => "link_loop",
            Self::Special => "special",
            Self::EmptyFolder => "empty_folder",
        }
    }
}

/// A line for each reason: how many entries, and the first names.
pub(crate) fn notes(skipped: &[Skipped]) -> Vec<String> {
    let mut by_reason: BTreeMap<SkipReason, Vec<&Path>> = BTreeMap::new();
    for one in skipped {
        by_reason.entry(one.reason).or_default().push(&one.path);
    }
    let note = |(reason, paths): (SkipReason, Vec<&Path>)| {
        let entries = if paths.len() == 1 { "1 entry is".to_owned() } else { format!("{} entries are", paths.len()) };
        format!("{entries} not published ({reason}): {}", Names(&paths))
    };
    by_reason.into_iter().map(note).collect()
}

/// The first of these names, quoted and escaped, and the number of the others.
pub(crate) struct Names<'a, P>(pub(crate) &'a [P]);

impl<P: AsRef<Path>> fmt::Display for Names<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, path) in self.0.iter().take(NAMED).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{:?}", path.as_ref())?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_by_reason_and_the_first_are_named() {
        let skipped = |path: &str, reason| Skipped { path: path.into(), reason };
        let mut all: Vec<_> = (0..8).map(|n| skipped(&format!(".{n}"), SkipReason::Hidden)).collect();
        all.push(skipped("a\n\u{1b}[2J", SkipReason::Dangling));
        let expected = [
            r#"8 entries are not published (hidden): ".0", ".1", ".2", ".3", ".4" and 3 more"#,
            r#"1 entry is not published (a link that leads nowhere): "a\n\u{1b}[2J""#,
        ];
        assert_eq!(notes(&all), expected);
        assert!(notes(&[]).is_empty());
    }
}
