//! The input of [`plan`](crate::plan()): a request, a site, and the policy of the gateway's operator.

use crate::listing::Listings;
use http::{HeaderMap, HeaderValue, Method};
use meganet_primitives::manifest::Manifest;
use std::time::Duration;

/// A request to a site.
#[derive(Clone, Copy, Debug)]
pub struct SiteRequest<'a> {
    /// GET, HEAD or OPTIONS.
    pub method: &'a Method,
    /// The path, percent-encoded, with its leading '/'.
    pub path: &'a str,
    /// The query, without its '?'.
    pub query: Option<&'a str>,
    /// The headers. Conditions, ranges, preflights and `Service-Worker` are honoured.
    pub headers: &'a HeaderMap,
}

impl SiteRequest<'_> {
    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }
}

/// One version of a site, as it is served at one host.
#[derive(Clone, Copy, Debug)]
pub struct SiteView<'a> {
    /// The name it was opened by, as in `alice` or `blog.alice`.
    pub name: &'a str,
    /// Its files.
    pub manifest: &'a Manifest,
    /// Whether the host names this version and no other, so that its responses never change.
    pub pinned: bool,
    /// The operator's decisions.
    pub policy: ServePolicy,
}

impl SiteView<'_> {
    /// The `Cache-Control` of the site's responses.
    pub(crate) fn cache_control(&self) -> HeaderValue {
        if self.pinned {
            // The value that IPFS gateways use: 336 days.
            return HeaderValue::from_static("public, max-age=29030400, immutable");
        }
        self.policy.cache_control()
    }
}

/// The policy of a gateway's operator for sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServePolicy {
    /// Which folders without an `index.html` are listed.
    pub listings: Listings,
    /// How long a response stays fresh in a browser, in whole seconds: the name may point elsewhere at any moment. With 0
    /// browsers revalidate each time.
    pub name_ttl: Duration,
}

impl ServePolicy {
    /// The `Cache-Control` of a response that depends on where the name points now.
    pub fn cache_control(&self) -> HeaderValue {
        match self.name_ttl.as_secs() {
            0 => HeaderValue::from_static("public, no-cache"),
            seconds => HeaderValue::from_str(&format!("public, max-age={seconds}, must-revalidate"))
                .unwrap_or(HeaderValue::from_static("public, no-cache")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_for_seconds_and_versions_for_ever() {
        let manifest = Manifest::default();
        let value = |seconds, pinned| {
            let policy = ServePolicy { listings: Listings::Never, name_ttl: Duration::from_secs(seconds) };
            SiteView { name: "hello", manifest: &manifest, pinned, policy }.cache_control()
        };
        assert_eq!(value(60, false), "public, max-age=60, must-revalidate");
        assert_eq!(value(0, false), "public, no-cache");
        assert_eq!(value(60, true), "public, max-age=29030400, immutable");
    }
}
