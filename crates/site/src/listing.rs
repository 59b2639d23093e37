//! Listings: generated pages with the content of a folder.

use crate::{control::is_control_file, html::escape};
use meganet_primitives::manifest::Manifest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write;

/// Which folders without an `index.html` are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listings {
    /// Those with a file `_listing` in them or in a folder above.
    #[default]
    WhereWanted,
    /// All.
    Always,
    /// No folders.
    Never,
}

/// The most rows of a listing: bounds the length of the page.
const MAX_ROWS: usize = 10_000;

/// Percent-encoded in a link: all but the unreserved characters.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A folder or file in a folder.
struct Row<'a> {
    name: &'a str,
    /// `None` for a folder.
    size: Option<u64>,
}

/// Returns the page for a folder (without a slash at its end; empty for the root). Folders come first, then files, each sorted by
/// the bytes of their names.
pub fn listing_page(manifest: &Manifest, folder: &str) -> String {
    let (rows, all) = rows(manifest, folder);
    let title = escape(&format!("/{folder}"));
    let mut page = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title></head><body><h1>{title}</h1>\n<table>\n<tr><th>Name</th><th>Bytes</th></tr>\n"
    );
    if !folder.is_empty() {
        page.push_str("<tr><td><a href=\"../\">../</a></td><td></td></tr>\n");
    }
    for Row { name, size } in rows {
        let slash = if size.is_none() { "/" } else { "" };
        // A link of letters, digits and escapes needs no escaping as HTML; './' keeps a colon from making it a scheme.
        let link = utf8_percent_encode(name, PLAIN);
        let size = size.map(|size| size.to_string()).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "<tr><td><a href=\"./{link}{slash}\">{}{slash}</a></td><td align=\"right\">{size}</td></tr>",
            escape(name)
        );
    }
    page.push_str("</table>\n");
    if !all {
        let _ = writeln!(page, "<p>Only the first {MAX_ROWS} entries are shown.</p>");
    }
    page.push_str("</body></html>\n");
    page
}

/// Returns the content of a folder, and whether it is complete. The entries of a manifest are sorted by path.
fn rows<'a>(manifest: &'a Manifest, folder: &str) -> (Vec<Row<'a>>, bool) {
    let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let entries = &manifest.entries;
    let mut next = entries.partition_point(|entry| entry.path < inside);
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    while let Some(entry) = entries.get(next) {
        let Some(rest) = entry.path.strip_prefix(&inside) else { break };
        if folders.len() + files.len() == MAX_ROWS {
            return (folders.into_iter().chain(files).collect(), false);
        }
        match rest.split_once('/') {
            Some((name, _)) => {
                folders.push(Row { name, size: None });
                // All entries below it are adjacent; '0' is the character after '/'.
                let after = format!("{inside}{name}0");
                next += entries[next..].partition_point(|entry| entry.path < after);
            }
            None => {
                if !is_control_file(&entry.path) {
                    files.push(Row { name: rest, size: Some(entry.size) });
                }
                next += 1;
            }
        }
    }
    // 'a-b/' comes before 'a/' in the order of paths.
    folders.sort_unstable_by_key(|row| row.name);
    (folders.into_iter().chain(files).collect(), true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::site;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn names(paths: &[&str], folder: &str) -> Vec<String> {
        let site = site(paths);
        let name = |row: Row| if row.size.is_some() { row.name.to_string() } else { format!("{}/", row.name) };
        rows(&site, folder).0.into_iter().map(name).collect()
    }

    #[test]
    fn folders_come_first_and_everything_once() {
        let paths =
            ["_headers", "_listing", "_redirects", "a-b/c", "a.txt", "a/b/c", "a/d", "a/_listing", "a0", "b/_headers"];
        assert_eq!(names(&paths, ""), ["a/", "a-b/", "b/", "a.txt", "a0"]);
        assert_eq!(names(&paths, "a"), ["b/", "d"]);
        assert_eq!(names(&paths, "b"), ["_headers"]);
        assert!(names(&paths, "c").is_empty());
    }

    #[test]
    fn names_are_escaped_as_links_and_as_text() {
        let page = listing_page(&site(&["x/<b>\"&.html", "x/javascript:alert(1)", "x/y z/1"]), "x");
        assert!(page.contains("<a href=\"./%3Cb%3E%22%26.html\">&lt;b&gt;&quot;&amp;.html</a>"), "{page}");
        assert!(page.contains("href=\"./javascript%3Aalert%281%29\""), "{page}");
        assert!(page.contains("<a href=\"./y%20z/\">y z/</a>"), "{page}");
        assert!(page.contains("<a href=\"../\">") && page.contains("<h1>/x</h1>"), "{page}");
    }

    #[test]
    fn a_name_cannot_look_like_another_and_its_link_works() {
        let page = listing_page(&site(&["\u{2067}x/\u{202e}gpj.exe", "\u{2067}x/a\u{1b}\nb/1"]), "\u{2067}x");
        assert!(page.contains("<a href=\"./%E2%80%AEgpj.exe\">\\u{202e}gpj.exe</a>"), "{page}");
        assert!(page.contains("<a href=\"./a%1B%0Ab/\">a\\u{1b}\\u{a}b/</a>"), "{page}");
        assert!(page.contains("<title>/\\u{2067}x</title>") && page.contains("<h1>/\\u{2067}x</h1>"), "{page}");
    }

    #[test]
    fn a_huge_folder_is_cut() {
        let paths: Vec<String> = (0..MAX_ROWS + 5).map(|index| format!("{index:06}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let page = listing_page(&site(&paths), "");
        assert!(page.contains("009999") && !page.contains("010000") && page.contains("Only the first 10000 entries"));
    }

    proptest! {
        #[test]
        fn it_says_what_a_walk_over_all_files_says(
            paths in prop::collection::btree_set("[ab0.-]{1,3}(/[ab0.-]{1,2}){0,2}", 0..30),
            folder in "[ab]?",
        ) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let walked: BTreeSet<String> = paths
                .iter()
                .filter_map(|path| path.strip_prefix(&inside))
                .map(|rest| rest.split_once('/').map_or(rest.to_string(), |(name, _)| format!("{name}/")))
                .collect();
            let listed = names(&paths, &folder);
            prop_assert_eq!(listed.len(), walked.len());
            prop_assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), walked);
        }
    }
}
