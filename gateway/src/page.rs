//! Which file of a site a path means.

use meganet_primitives::manifest::{Entry, Manifest};
use percent_encoding::percent_decode_str;

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
pub enum Page<'a> {
    /// A file.
    File(&'a Entry),
    /// A folder without its slash: relative links inside would go astray, so the reader is sent to the path with it.
    AddSlash,
    /// Nothing; with the site's own `404.html` where it has one.
    NotFound(Option<&'a Entry>),
    /// A path that no file can have.
    BadPath,
}

/// Finds what the path of a request means. `path` begins with '/' and is percent-encoded.
pub fn find<'a>(manifest: &'a Manifest, path: &str) -> Page<'a> {
    let encoded = path.strip_prefix('/').unwrap_or(path);
    let Ok(decoded) = percent_decode_str(encoded).decode_utf8() else { return Page::BadPath };
    if decoded.contains('\0') || decoded.split('/').any(|segment| segment == ".." || segment == ".") {
        return Page::BadPath;
    }
    if decoded.is_empty() || decoded.ends_with('/') {
        return match entry(manifest, &format!("{decoded}index.html")) {
            Some(index) => Page::File(index),
            None => not_found(manifest),
        };
    }
    if let Some(file) = entry(manifest, &decoded) {
        return Page::File(file);
    }
    match entry(manifest, &format!("{decoded}/index.html")) {
        Some(_) => Page::AddSlash,
        None => not_found(manifest),
    }
}

/// The file of exactly that path. The entries of a manifest are sorted by path.
fn entry<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    let index = manifest.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
    manifest.entries.get(index)
}

fn not_found(manifest: &Manifest) -> Page<'_> {
    Page::NotFound(entry(manifest, "404.html"))
}

/// The MIME type of a path by its extension; text is UTF-8.
pub fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT
        || matches!(mime.subtype().as_str(), "javascript" | "json" | "xml")
        || mime.suffix().is_some_and(|suffix| suffix == "xml" || suffix == "json");
    if is_text && mime.get_param("charset").is_none() {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(paths: &[&str]) -> Manifest {
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
        match find(manifest, path) {
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
        assert_eq!(find(&site, "/docs"), Page::AddSlash);
        assert_eq!(find(&site, "/nothing"), Page::NotFound(None));
        assert_eq!(find(&site, "/nothing/"), Page::NotFound(None));
    }

    #[test]
    fn ways_out_are_refused() {
        let site = site(&["index.html"]);
        for path in ["/../x", "/a/../../x", "/%2e%2e/x", "/a/%2E%2E/x", "/./x", "/%FF", "/a%00b"] {
            assert_eq!(find(&site, path), Page::BadPath, "{path}");
        }
    }

    #[test]
    fn a_site_may_have_its_own_404() {
        let site = site(&["404.html"]);
        assert!(matches!(find(&site, "/x"), Page::NotFound(Some(entry)) if entry.path == "404.html"));
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
