//! Follows the redirects of a site, as a browser would.

use crate::{
    listing::Listings,
    lookup::{Place, decode_path, look_up},
    rules::{MatchedRule, Redirects},
};
use meganet_primitives::manifest::Manifest;
use std::fmt;

/// The most redirects in a row. Browsers follow about 20, but each costs the reader a request.
pub(crate) const MAX_HOPS: usize = 5;

/// Redirects that lead nowhere: the paths of the site in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endless {
    /// The last path is one of those before it.
    Circle(Vec<String>),
    /// More than [`MAX_HOPS`]. A target that contains its own path grows with each.
    TooMany(Vec<String>),
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Endless::Circle(paths) | Endless::TooMany(paths)) = self;
        let paths: Vec<String> = paths.iter().map(|path| format!("/{path}")).collect();
        let paths = paths.join(" -> ");
        match self {
            Endless::Circle(_) => write!(f, "redirects lead in a circle ({paths})"),
            Endless::TooMany(_) => write!(f, "more than {MAX_HOPS} redirects follow one another ({paths})"),
        }
    }
}

/// Follows the redirects from a decoded path (without its leading '/') to a file, an error or another host.
///
/// # Errors
/// [`Endless`]
pub(crate) fn follow(
    manifest: &Manifest,
    listings: Listings,
    redirects: &Redirects,
    path: &str,
) -> Result<(), Endless> {
    follow_named(None, manifest, listings, redirects, path)
}

/// The same, also through addresses of the site, if its name is known.
pub(crate) fn follow_named(
    name: Option<&str>,
    manifest: &Manifest,
    listings: Listings,
    redirects: &Redirects,
    path: &str,
) -> Result<(), Endless> {
    let mut paths = vec![path.to_owned()];
    loop {
        let Some(path) = paths.last() else { return Ok(()) };
        if look_up(manifest, listings, path) != Place::Nothing {
            return Ok(());
        }
        let Some(MatchedRule::Redirect { location, .. }) = redirects.apply(path, None) else { return Ok(()) };
        let Some(next) = own_path(name, &location).and_then(decode_path) else { return Ok(()) };
        let is_known = paths.contains(&next);
        paths.push(next);
        if is_known {
            return Err(Endless::Circle(paths));
        }
        if paths.len() > MAX_HOPS + 1 {
            return Err(Endless::TooMany(paths));
        }
    }
}

/// The path that a target has on the site itself, without query and fragment; `None` for another host.
pub(crate) fn own_path<'t>(name: Option<&str>, target: &'t str) -> Option<&'t str> {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    if target.starts_with('/') {
        return Some(target);
    }
    let (_, rest) = target.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_own = name.is_some_and(|name| is_address_of(name, authority));
    is_own.then_some(if path.is_empty() { "/" } else { path })
}

/// Returns true for `NAME.mega.localhost`, with any port, at which gateways serve the site of this name.
fn is_address_of(name: &str, authority: &str) -> bool {
    let host = authority.split(':').next().unwrap_or_default().trim_end_matches('.');
    host.strip_prefix(name) == Some(".mega.localhost")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{rules::RuleFile, testing::site};

    #[test]
    fn redirects_end_in_a_circle_or_after_some_hops() {
        let chain = |hops: usize| (0..hops).map(|hop| format!("/{hop} /{}\n", hop + 1)).collect::<String>();
        let (long, longer) = (chain(MAX_HOPS), chain(MAX_HOPS + 1));
        let table = [
            ("/a /b", "a", "ends"),
            ("/a /b\n/b /a", "a", "circle"),
            ("/a /b\n/b /c\n/c /b", "a", "circle"),
            ("/a /a", "a", "circle"),
            ("/a /a?x=1#y", "a", "circle"),
            ("/a /%61", "a", "circle"),
            ("/docs/* /docs/:splat", "docs/x", "circle"),
            ("/docs/* /docs/v1/:splat", "docs/x", "too many"),
            ("/about /about/", "about", "circle"),
            ("/* /:splat/", "a", "too many"),
            (&long, "0", "ends"),
            (&longer, "0", "too many"),
            // Files, rewrites and other hosts end a chain.
            ("/a /file\n/file /a", "a", "ends"),
            ("/* /file", "a", "ends"),
            ("/a /folder\n/folder /a", "a", "ends"),
            ("/a /b\n/b /a 200", "a", "ends"),
            ("/a https://a.example/a", "a", "ends"),
        ];
        let manifest = site(&["file", "folder/index.html"]);
        for (rules, path, expected) in table {
            let redirects = Redirects::parse(rules.as_bytes()).unwrap();
            let got = match follow(&manifest, Listings::Never, &redirects, path) {
                Ok(()) => "ends",
                Err(Endless::Circle(_)) => "circle",
                Err(Endless::TooMany(_)) => "too many",
            };
            assert_eq!(got, expected, "{rules} {path}");
        }
    }

    #[test]
    fn addresses_of_the_site_are_its_own() {
        for (name, target, expected) in [
            (None, "/b?x#y", Some("/b")),
            (None, "http://a.mega.localhost/b", None),
            (Some("a"), "http://a.mega.localhost:8080/b?x", Some("/b")),
            (Some("a"), "http://a.mega.localhost?x", Some("/")),
            (Some("a"), "https://a.mega.localhost./#y", Some("/")),
            (Some("b.a"), "http://b.a.mega.localhost/c/d", Some("/c/d")),
            (Some("a"), "http://b.a.mega.localhost/c", None),
            (Some("a"), "http://aa.mega.localhost/c", None),
            (Some("a"), "http://a.mega.example/c", None),
            (Some("a"), "http://a.example/a.mega.localhost/", None),
        ] {
            assert_eq!(own_path(name, target), expected, "{name:?} {target}");
        }
    }
}
