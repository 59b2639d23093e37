//! The control files of a site: they configure gateways, or another host of the site, and are not served to readers.

use meganet_primitives::manifest::{Entry, Manifest};

/// Redirects and rewrites for paths without a file. In the root of a site only.
pub const REDIRECTS: &str = "_redirects";
/// Headers of the site's responses. In the root of a site only.
pub const HEADERS: &str = "_headers";
/// Turns on listings for its folder and all folders below.
pub const LISTING: &str = "_listing";

/// Files in the root of a site that configure GitHub Pages.
const GITHUB_PAGES: &[&str] = &[".nojekyll", "CNAME"];

/// Returns true if the file at a path of a site configures gateways or GitHub Pages, and so is not served.
pub fn is_control_file(path: &str) -> bool {
    is_rule_file(path) || GITHUB_PAGES.contains(&path) || path.rsplit('/').next() == Some(LISTING)
}

/// Returns true if the file at a path of a site contains rules: `_redirects` and `_headers` in its root.
pub fn is_rule_file(path: &str) -> bool {
    path == REDIRECTS || path == HEADERS
}

/// Returns true if the site turned on listings for a folder: `_listing` is in it or in a folder above it.
pub fn wants_listing(manifest: &Manifest, folder: &str) -> bool {
    let parents = folder.match_indices('/').map(|(end, _)| &folder[..end]);
    let at = |folder: &str| if folder.is_empty() { LISTING.to_string() } else { format!("{folder}/{LISTING}") };
    parents.chain(["", folder]).any(|folder| manifest.find(&at(folder)).is_some())
}

/// The file at exactly this path, unless it is a control file.
pub(crate) fn served_file<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    manifest.find(path).filter(|entry| !is_control_file(&entry.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::site;

    #[test]
    fn a_listing_is_wanted_below_its_file() {
        let wanted = |paths: &[&str], folder: &str| wants_listing(&site(paths), folder);
        assert!(wanted(&["_listing", "a/b"], "") && wanted(&["_listing", "a/b"], "a"));
        let some = ["a/_listing", "a/b/c", "ab/c", "x"];
        assert!(wanted(&some, "a") && wanted(&some, "a/b"));
        assert!(!wanted(&some, "") && !wanted(&some, "ab"));
    }
}
