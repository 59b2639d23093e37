//! Names of files that not every system can hold. A site's paths are those of its publisher's system.

use crate::pack::Names;
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// A system, as far as it refuses names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Windows,
    /// Refuses none that a manifest can hold.
    Other,
}

impl System {
    /// The system that this program runs on.
    pub(crate) const HERE: Self = if cfg!(windows) { Self::Windows } else { Self::Other };
}

/// Why a system cannot hold a path of a site; `None` if it can.
pub(crate) fn refusal(path: &str, system: System) -> Option<String> {
    match system {
        System::Windows => path.split('/').find_map(windows_refusal),
        System::Other => None,
    }
}

fn windows_refusal(name: &str) -> Option<String> {
    // A backslash separates folders there, and a colon follows a drive: such a name could lead anywhere.
    let is_refused = |sign: &char| *sign < ' ' || r#"<>:"|?*\"#.contains(*sign);
    if let Some(sign) = name.chars().find(is_refused) {
        return Some(format!("a name on Windows cannot have {sign:?}"));
    }
    if name.ends_with(['.', ' ']) {
        return Some(format!("Windows drops the dots and spaces at the end of {name:?}"));
    }
    // With any extension, and with spaces before that.
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    is_device(stem).then(|| format!("{name:?} means a device on Windows"))
}

fn is_device(stem: &str) -> bool {
    let is = |device: &&str| stem.eq_ignore_ascii_case(device);
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].iter().any(is) {
        return true;
    }
    stem.split_at_checked(3).is_some_and(|(device, number)| {
        let is_port = device.eq_ignore_ascii_case("COM") || device.eq_ignore_ascii_case("LPT");
        is_port && matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    })
}

/// Notes for the publisher about files that some readers cannot fetch together with the others.
pub(crate) fn notes<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut notes = Vec::new();
    let same = same_names(paths.clone());
    if !same.is_empty() {
        notes.push(format!(
            "names that differ only in upper and lower case: {}. Most disks of Windows and macOS take them for the same, so readers there cannot fetch the folder",
            Names(&same)
        ));
    }
    let refused: Vec<&str> = paths.filter(|path| refusal(path, System::Windows).is_some()).collect();
    if !refused.is_empty() {
        notes.push(format!(
            "names that Windows cannot hold: {}. Readers there cannot fetch the folder, and have to choose other names for these files",
            Names(&refused)
        ));
    }
    notes
}

/// The files and folders whose names differ from another one in the same folder only in case, sorted. How accents are encoded
/// is not compared: only few systems take that for the same, and `get` finds it there.
fn same_names<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (mut known, mut same) = (BTreeSet::<&str>::new(), BTreeSet::<&str>::new());
    let mut first: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for path in paths {
        let mut rest = path;
        // Above a folder that is known, all are known.
        while !rest.is_empty() && known.insert(rest) {
            let (folder, name) = rest.rsplit_once('/').unwrap_or(("", rest));
            // Not that of the whole string, in which the case of a letter may depend on its neighbours.
            let folded: String = name.chars().flat_map(char::to_lowercase).collect();
            match first.entry((folder, folded)) {
                Entry::Vacant(free) => {
                    free.insert(rest);
                }
                Entry::Occupied(taken) => same.extend([*taken.get(), rest]),
            }
            rest = folder;
        }
    }
    same.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_system_cannot_hold_are_refused_there_only() {
        let refused = [
            ("CON", "device"),
            ("a/nul.txt/b", "device"),
            ("Com1", "device"),
            ("lpt9.tar.gz", "device"),
            ("COM².log", "device"),
            ("aux .txt", "device"),
            ("conout$", "device"),
            ("a.", "end"),
            ("folder /a", "end"),
            ("...", "end"),
            ("a:b", "':'"),
            ("a\\b", "'\\\\'"),
            ("..\\a", "'\\\\'"),
            ("what?", "'?'"),
            ("<a>", "'<'"),
            ("a|b", "'|'"),
            ("*.html", "'*'"),
            ("\"a\"", "'\"'"),
            ("a\nb", "'\\n'"),
        ];
        for (path, reason) in refused {
            let said = refusal(path, System::Windows);
            assert!(said.as_ref().is_some_and(|said| said.contains(reason)), "{path:?}: {said:?}");
            assert_eq!(refusal(path, System::Other), None, "{path:?}");
        }
        for path in ["console", "COM0", "com", "COM10", "a.con", "lpt", "nul-1", "a b/.c", "ÄÖ", "日本", "x/com1x"]
        {
            assert_eq!(refusal(path, System::Windows), None, "{path:?}");
        }
    }

    #[test]
    fn names_of_one_folder_that_differ_only_in_case_are_found() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&["A", "a", "b"], &["A", "a"]),
            (&["x/README", "x/b", "x/readme", "y/readme"], &["x/README", "x/readme"]),
            (&["B/x", "B/y", "b/x", "b/z"], &["B", "b"]),
            (&["ä", "Ä", "ΑΣ", "ας", "ασ"], &["Ä", "ä", "ΑΣ", "ασ"]),
            (&["a/b", "b/a", "ab"], &[]),
            (&["a", "A", "Á/x", "á"], &["A", "a", "Á", "á"]),
        ];
        for (paths, same) in cases {
            assert_eq!(same_names(paths.iter().copied()), same, "{paths:?}");
        }
    }

    #[test]
    fn publishers_are_told_once_for_each_kind() {
        let of = |paths: &[&str]| notes(paths.iter().copied()).join("\n");
        assert_eq!(of(&["index.html", "a/Index.html"]), "");
        let same = of(&["a", "A"]);
        assert!(same.starts_with("names that differ only in upper and lower case: \"A\", \"a\"."), "{same}");
        let refused = of(&["aux.c", "b", "c:d", "e."]);
        assert!(refused.starts_with("names that Windows cannot hold: \"aux.c\", \"c:d\", \"e.\"."), "{refused}");
        assert_eq!(of(&["con", "CON"]).lines().count(), 2);
    }
}
