//! Where the path of a request leads in the manifest of a site.

use crate::{
    control::{served_file, wants_listing},
    listing::Listings,
};
use meganet_primitives::manifest::{Entry, Manifest};
use percent_encoding::percent_decode_str;

/// The content of the manifest at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A file.
    File(&'a Entry),
    /// A folder that is shown, by its `index.html` or a listing, but requested without the trailing slash. Relative links in
    /// it would break, so the reader is redirected to the path with the slash.
    AddSlash,
    /// A folder to list.
    Listing,
    /// Nothing that is shown.
    Nothing,
}

/// Decodes the path of a request (percent-encoded, with its leading '/') to a path relative to the root of the site; `None` if
/// no file can have it.
pub fn decode_path(path: &str) -> Option<String> {
    let encoded = path.strip_prefix('/').unwrap_or(path);
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    let leads_out = decoded.contains('\0') || decoded.split('/').any(|segment| segment == ".." || segment == ".");
    (!leads_out).then(|| decoded.into_owned())
}

/// Looks up a decoded path in the manifest.
pub fn look_up<'a>(manifest: &'a Manifest, listings: Listings, path: &str) -> Place<'a> {
    let folder = path.strip_suffix('/').unwrap_or(path);
    let lists = || match listings {
        Listings::WhereWanted => wants_listing(manifest, folder),
        Listings::Always => true,
        Listings::Never => false,
    };
    if path.is_empty() || path.ends_with('/') {
        return match served_file(manifest, &format!("{path}index.html")).or_else(|| clean_page(manifest, folder)) {
            Some(page) => Place::File(page),
            // '//' is not a folder, though nothing is left of it without its slash.
            None if path != "/" && is_folder(manifest, folder) && lists() => Place::Listing,
            None => Place::Nothing,
        };
    }
    if let Some(file) = served_file(manifest, path).or_else(|| clean_page(manifest, path)) {
        return Place::File(file);
    }
    match served_file(manifest, &format!("{path}/index.html")) {
        Some(_) => Place::AddSlash,
        None if is_folder(manifest, path) && lists() => Place::AddSlash,
        None => Place::Nothing,
    }
}

/// Finds the file that the target of a rewrite means: a file, also without its `.html`, or the `index.html` of a folder.
pub(crate) fn rewrite_target<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    let path = decode_path(path)?;
    let index = || served_file(manifest, &format!("{path}/index.html"));
    match path.is_empty() || path.ends_with('/') {
        true => served_file(manifest, &format!("{path}index.html"))
            .or_else(|| clean_page(manifest, path.strip_suffix('/').unwrap_or(&path))),
        false => served_file(manifest, &path).or_else(|| clean_page(manifest, &path)).or_else(index),
    }
}

/// Finds the page whose path without `.html` this is, as on other hosts of sites: `about` is `about.html`.
fn clean_page<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    let has_name = !path.is_empty() && !path.ends_with('/');
    has_name.then(|| served_file(manifest, &format!("{path}.html")))?
}

/// Finds the site's own error page for a path without a file: the `404.html` of the nearest folder above it.
pub(crate) fn error_page<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    let folders = path.rmatch_indices('/').map(|(end, _)| &path[..=end]);
    folders.chain([""]).find_map(|folder| served_file(manifest, &format!("{folder}404.html")))
}

/// Returns true if there is a file below a path. The entries of a manifest are sorted by path.
fn is_folder(manifest: &Manifest, folder: &str) -> bool {
    if folder.is_empty() {
        return true;
    }
    let inside = format!("{folder}/");
    let first = manifest.entries.partition_point(|entry| entry.path < inside);
    manifest.entries.get(first).is_some_and(|entry| entry.path.starts_with(&inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::site;
    use proptest::prelude::*;

    fn found(manifest: &Manifest, path: &str) -> Option<String> {
        match look_up(manifest, Listings::Never, &decode_path(path)?) {
            Place::File(entry) => Some(entry.path.clone()),
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
        let always = |path| look_up(&site, Listings::Always, path);
        assert_eq!(always("docs"), Place::AddSlash);
        assert_eq!(always("..almost"), Place::AddSlash);
        assert_eq!(always("..almost/"), Place::Listing);
        assert_eq!(look_up(&site, Listings::Never, "docs"), Place::AddSlash);
        for path in ["..almost", "..almost/"] {
            assert_eq!(look_up(&site, Listings::Never, path), Place::Nothing, "{path}");
        }
        for missing in ["nothing", "nothing/", "doc", "docs//", "/docs", "/"] {
            assert_eq!(always(missing), Place::Nothing, "{missing}");
        }
        let bare = self::site(&["a"]);
        assert_eq!(look_up(&bare, Listings::Always, ""), Place::Listing);
    }

    #[test]
    fn pages_have_clean_paths() {
        let site =
            site(&["about.html", "both.html", "both/index.html", "docs/a.html", "docs/a/b", "x", "x.html", ".html"]);
        for (path, file) in [
            ("/about", Some("about.html")),
            ("/about/", Some("about.html")),
            ("/about.html", Some("about.html")),
            ("/about//", None),
            ("/about.html/", None),
            ("/both", Some("both.html")),
            ("/both/", Some("both/index.html")),
            ("/docs/a", Some("docs/a.html")),
            ("/docs/a/", Some("docs/a.html")),
            ("/docs/b", None),
            ("/x", Some("x")),
            ("/", None),
            ("//", None),
            ("/docs/", None),
        ] {
            assert_eq!(found(&site, path).as_deref(), file, "{path}");
        }
        let target = |path| rewrite_target(&site, path).map(|entry| entry.path.as_str());
        assert_eq!(
            (target("/about"), target("/about/"), target("/both/")),
            (Some("about.html"), Some("about.html"), Some("both/index.html"))
        );
    }

    #[test]
    fn ways_out_are_refused() {
        for path in ["/../x", "/a/../../x", "/%2e%2e/x", "/a/%2E%2E/x", "/./x", "/%FF", "/a%00b"] {
            assert_eq!(decode_path(path), None, "{path}");
        }
    }

    #[test]
    fn files_for_gateways_are_not_for_readers() {
        let site = site(&[
            "_headers",
            "_listing",
            "_redirects",
            ".nojekyll",
            "CNAME",
            "a/_headers",
            "a/_listing",
            "a/_redirects",
        ]);
        for path in ["_headers", "_listing", "_redirects", ".nojekyll", "CNAME", "a/_listing"] {
            assert_eq!(look_up(&site, Listings::Always, path), Place::Nothing, "{path}");
        }
        assert_eq!(found(&site, "/a/_headers").as_deref(), Some("a/_headers"));
        assert_eq!(found(&site, "/a/_redirects").as_deref(), Some("a/_redirects"));
    }

    #[test]
    fn the_nearest_404_is_taken() {
        let site = site(&["404.html", "de/404.html", "de/x/y"]);
        let nearest = |path| error_page(&site, path).map(|entry| entry.path.as_str());
        assert_eq!(nearest("nothing"), Some("404.html"));
        assert_eq!(nearest("de/nothing"), Some("de/404.html"));
        assert_eq!(nearest("de/x/nothing"), Some("de/404.html"));
        assert_eq!(nearest("de/"), Some("de/404.html"));
        assert_eq!(nearest("de"), Some("404.html"));
        assert_eq!(error_page(&self::site(&["de/404.html"]), "x"), None);
    }

    #[test]
    fn a_rewrite_leads_to_a_file_or_the_index_of_a_folder() {
        let site = site(&["_headers", "a/index.html", "b", "c/d"]);
        let target = |path| rewrite_target(&site, path).map(|entry| entry.path.as_str());
        assert_eq!(
            (target("/a"), target("/a/"), target("/b")),
            (Some("a/index.html"), Some("a/index.html"), Some("b"))
        );
        for path in ["/", "/c", "/c/", "/_headers", "/b/", "/a/../b"] {
            assert_eq!(target(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in ".*", other in "(/|a|%2[eEfF]|\\.|404|index\\.html){0,8}") {
            let site = site(&["a/index.html", "a/404.html", "404/a"]);
            for path in [path, other] {
                if let Some(decoded) = decode_path(&path) {
                    let _ = (look_up(&site, Listings::Always, &decoded), error_page(&site, &decoded));
                    let _ = (rewrite_target(&site, &path), wants_listing(&site, &decoded));
                }
            }
        }
    }
}
