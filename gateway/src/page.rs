//! Which file of a site a path means.

use meganet_primitives::manifest::{Entry, Manifest};
use percent_encoding::percent_decode_str;

/// Rules for paths that no file has.
pub const REDIRECTS: &str = "_redirects";
/// Headers of the site's answers.
pub const HEADERS: &str = "_headers";
/// Switches on the listings of its folder and of all folders below.
pub const LISTING: &str = "_listing";

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
pub enum Page<'a> {
    /// A file.
    File(&'a Entry),
    /// A folder with an `index.html`, without its slash: relative links inside would go astray, so the reader is sent to
    /// the path with it.
    AddSlash,
    /// A folder without an `index.html`.
    Folder {
        /// Whether it was asked for with the slash at its end.
        slash: bool,
    },
    /// Nothing.
    Missing,
}

/// The path of a file or folder that the path of a request means, relative to the site; `None` if no file can have it.
/// `path` begins with '/' and is percent-encoded.
pub fn decode(path: &str) -> Option<String> {
    let encoded = path.strip_prefix('/').unwrap_or(path);
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    let leads_out = decoded.contains('\0') || decoded.split('/').any(|segment| segment == ".." || segment == ".");
    (!leads_out).then(|| decoded.into_owned())
}

/// Finds what a decoded path means.
pub fn find<'a>(manifest: &'a Manifest, path: &str) -> Page<'a> {
    if path.is_empty() || path.ends_with('/') {
        return match file(manifest, &format!("{path}index.html")) {
            Some(index) => Page::File(index),
            // '//' is no folder, though nothing is left of it without its slash.
            None if path != "/" && is_folder(manifest, folder_of(path)) => Page::Folder { slash: true },
            None => Page::Missing,
        };
    }
    if let Some(file) = file(manifest, path) {
        return Page::File(file);
    }
    match file(manifest, &format!("{path}/index.html")) {
        Some(_) => Page::AddSlash,
        None if is_folder(manifest, path) => Page::Folder { slash: false },
        None => Page::Missing,
    }
}

/// The folder that a decoded path means, without a slash at its end; empty for the site itself.
pub fn folder_of(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The site's own page for what is missing at a path: that of the nearest folder.
pub fn not_found<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    let folders = path.rmatch_indices('/').map(|(end, _)| &path[..=end]);
    folders.chain([""]).find_map(|folder| file(manifest, &format!("{folder}404.html")))
}

/// Whether a site wants the listing of a folder to be shown.
pub fn wants_listing(manifest: &Manifest, folder: &str) -> bool {
    let parents = folder.match_indices('/').map(|(end, _)| &folder[..end]);
    let at = |folder: &str| if folder.is_empty() { LISTING.to_string() } else { format!("{folder}/{LISTING}") };
    parents.chain(["", folder]).any(|folder| manifest.find(&at(folder)).is_some())
}

/// Whether a file tells gateways what to do, and is not for readers.
pub fn is_control(path: &str) -> bool {
    path == REDIRECTS || path == HEADERS || path.rsplit('/').next() == Some(LISTING)
}

/// The file for readers of exactly that path.
fn file<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    manifest.find(path).filter(|entry| !is_control(&entry.path))
}

/// Whether there is anything below a path. The entries of a manifest are sorted by path.
fn is_folder(manifest: &Manifest, folder: &str) -> bool {
    if folder.is_empty() {
        return true;
    }
    let inside = format!("{folder}/");
    let first = manifest.entries.partition_point(|entry| entry.path < inside);
    manifest.entries.get(first).is_some_and(|entry| entry.path.starts_with(&inside))
}

/// The MIME type of a path by its extension; text is UTF-8.
pub fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT
        || matches!(mime.subtype().as_str(), "javascript" | "json" | "xml")
        || mime.suffix().is_some_and(|suffix| suffix == "xml" || suffix == "json");
    if is_text && mime.get_param("charset").is_none() { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn site(paths: &[&str]) -> Manifest {
        let mut paths = paths.to_vec();
        paths.sort_unstable();
        let entry = |path: &&str| Entry {
            path: (*path).into(),
            size: 0,
            mtime: 0,
            mode: 0o644,
            hash: [0; 32],
            extents: Vec::new(),
        };
        Manifest { objects: Vec::new(), entries: paths.iter().map(entry).collect() }
    }

    fn found(manifest: &Manifest, path: &str) -> Option<String> {
        match find(manifest, &decode(path)?) {
            Page::File(entry) => Some(entry.path.clone()),
            _ => None,
        }
    }

    #[test]
    fn files_folders_and_escapes_are_found() {
        let site = site(&["index.html", "docs/index.html", "docs/a b.html", "Grüße.html", "100%.txt", "..almost/x"]);
        assert_eq!(found(&site, "/").as_deref(), Some("index.html"));
        assert_eq!(found(&site, "/docs/").as_deref(), Some("docs/index.html"));
        assert_eq!(found(&site, "/docs/a%20b.html").as_deref(), Some("docs/a b.html"));
        assert_eq!(found(&site, "/Gr%C3%BC%C3%9Fe.html").as_deref(), Some("Grüße.html"));
        assert_eq!(found(&site, "/100%25.txt").as_deref(), Some("100%.txt"));
        assert_eq!(found(&site, "/..almost/x").as_deref(), Some("..almost/x"));
        assert_eq!(find(&site, "docs"), Page::AddSlash);
        assert_eq!(find(&site, "..almost"), Page::Folder { slash: false });
        assert_eq!(find(&site, "..almost/"), Page::Folder { slash: true });
        for missing in ["nothing", "nothing/", "doc", "docs//", "/docs", "/"] {
            assert_eq!(find(&site, missing), Page::Missing, "{missing}");
        }
        let bare = self::site(&["a"]);
        assert_eq!(find(&bare, ""), Page::Folder { slash: true });
    }

    #[test]
    fn ways_out_are_refused() {
        for path in ["/../x", "/a/../../x", "/%2e%2e/x", "/a/%2E%2E/x", "/./x", "/%FF", "/a%00b"] {
            assert_eq!(decode(path), None, "{path}");
        }
    }

    #[test]
    fn files_for_gateways_are_not_for_readers() {
        let site = site(&["_headers", "_listing", "_redirects", "a/_headers", "a/_listing", "a/_redirects"]);
        for path in ["_headers", "_listing", "_redirects", "a/_listing"] {
            assert_eq!(find(&site, path), Page::Missing, "{path}");
        }
        assert_eq!(found(&site, "/a/_headers").as_deref(), Some("a/_headers"));
        assert_eq!(found(&site, "/a/_redirects").as_deref(), Some("a/_redirects"));
    }

    #[test]
    fn the_nearest_404_is_taken() {
        let site = site(&["404.html", "de/404.html", "de/x/y"]);
        let nearest = |path| not_found(&site, path).map(|entry| entry.path.as_str());
        assert_eq!(nearest("nothing"), Some("404.html"));
        assert_eq!(nearest("de/nothing"), Some("de/404.html"));
        assert_eq!(nearest("de/x/nothing"), Some("de/404.html"));
        assert_eq!(nearest("de/"), Some("de/404.html"));
        assert_eq!(nearest("de"), Some("404.html"));
        assert_eq!(not_found(&self::site(&["de/404.html"]), "x"), None);
    }

    #[test]
    fn a_listing_is_wanted_below_its_file() {
        let wanted = |paths: &[&str], folder: &str| wants_listing(&site(paths), folder);
        assert!(wanted(&["_listing", "a/b"], "") && wanted(&["_listing", "a/b"], "a"));
        let some = ["a/_listing", "a/b/c", "ab/c", "x"];
        assert!(wanted(&some, "a") && wanted(&some, "a/b"));
        assert!(!wanted(&some, "") && !wanted(&some, "ab"));
    }

    proptest! {
        #[test]
        fn no_path_panics(path in ".*", other in "(/|a|%2[eEfF]|\\.|404|index\\.html){0,8}") {
            let site = site(&["a/index.html", "a/404.html", "404/a"]);
            for path in [path, other] {
                if let Some(decoded) = decode(&path) {
                    let _ = (find(&site, &decoded), not_found(&site, &decoded), wants_listing(&site, &decoded));
                }
            }
        }
    }

    #[test]
    fn types_follow_the_extension() {
        assert_eq!(content_type("a/index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("x.svg"), "image/svg+xml; charset=utf-8");
        assert_eq!(content_type("x.png"), "image/png");
        assert_eq!(content_type("x.wasm"), "application/wasm");
        assert_eq!(content_type("x.json"), "application/json; charset=utf-8");
        assert_eq!(content_type("unknown"), "application/octet-stream");
    }
}
