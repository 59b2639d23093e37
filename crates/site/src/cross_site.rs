//! Keeps pages of other sites from loading files that a site does not share (Fetch Metadata).
//!
//! Browsers keep such pages from reading most responses, but not from measuring or showing them, and a gateway would load the files
//! for them. Links, frames and downloads are navigations, and stay possible. To a browser all names of a gateway are one site,
//! so a page of another name counts as one of another site.
//!
//! For the same reason they share what a browser has cached, and a browser does not ask again for that: so each answer carries
//! the rule, too.

use http::{HeaderMap, HeaderName, HeaderValue, header};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// The relation of the page to the file, in the words of `Sec-Fetch-Site`.
const CROSS_SITE: &str = "cross-site";
const SAME_SITE: &str = "same-site";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Headers of requests on which it depends whether a site answers, or the gateway for it.
const VARY: &str = "Sec-Fetch-Site, Sec-Fetch-Mode, Service-Worker";

/// The page for refused requests.
pub(crate) const REFUSED: &str = "Pages of other sites may not load this file. The site's owner can allow it by a header \
                                  Access-Control-Allow-Origin, or Cross-Origin-Resource-Policy: cross-origin, in _headers.";

/// Returns true if a page of another site loads a file as a part of itself.
pub(crate) fn is_subresource(request: &HeaderMap) -> bool {
    let is = |name: &HeaderName, values: &[&str]| {
        // A browser sends each once. Of several, any one counts.
        request.get_all(name).iter().any(|found| values.iter().any(|value| found == value))
    };
    is(&FETCH_SITE, &[CROSS_SITE, SAME_SITE]) && is(&FETCH_MODE, &["cors", "no-cors"])
}

/// Returns true if a site shares a file with the page that asks for it, by the headers that its rules set.
pub(crate) fn is_shared(site: &HeaderMap, request: &HeaderMap) -> bool {
    let mut relations = request.get_all(FETCH_SITE).iter();
    let near = relations.all(|relation| relation == SAME_SITE);
    let policy = site.get(RESOURCE_POLICY);
    site.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        || policy.is_some_and(|policy| policy == "cross-origin" || (near && policy == "same-site"))
}

/// Lets a browser's cache refuse what [`is_subresource`] and [`is_shared`] refuse. `response` already has the site's headers.
pub(crate) fn protect(response: &mut HeaderMap) {
    if !response.contains_key(RESOURCE_POLICY) && !response.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        response.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    }
    // In addition to what the site's own answers depend on.
    response.append(header::VARY, HeaderValue::from_static(VARY));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_parts_of_pages_of_other_sites_are_subresources() {
        for (site, mode, expected) in [
            ("cross-site", "no-cors", true),
            ("cross-site", "cors", true),
            ("cross-site", "navigate", false),
            ("cross-site", "websocket", false),
            ("same-site", "no-cors", true),
            ("same-site", "cors", true),
            ("same-site", "navigate", false),
            ("same-origin", "cors", false),
            ("none", "no-cors", false),
            ("", "no-cors", false),
            ("cross-site", "", false),
        ] {
            let mut request = HeaderMap::new();
            for (name, value) in [(FETCH_SITE, site), (FETCH_MODE, mode)] {
                if !value.is_empty() {
                    request.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(is_subresource(&request), expected, "{site} {mode}");
            // Another line in front of it changes nothing.
            let mut twice = HeaderMap::new();
            twice.append(FETCH_SITE, HeaderValue::from_static("same-origin"));
            request.iter().for_each(|(name, value)| _ = twice.append(name, value.clone()));
            twice.append(FETCH_SITE, site.parse().unwrap());
            assert_eq!(is_subresource(&twice), expected, "{site} {mode}");
        }
    }

    #[test]
    fn a_site_shares_files_by_either_header() {
        for (name, value, from_far, from_near) in [
            ("access-control-allow-origin", "*", true, true),
            ("access-control-allow-origin", "https://a.example", true, true),
            ("cross-origin-resource-policy", "cross-origin", true, true),
            ("cross-origin-resource-policy", "same-site", false, true),
            ("cross-origin-resource-policy", "same-origin", false, false),
            ("x-a", "*", false, false),
        ] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
            for (relation, expected) in [(CROSS_SITE, from_far), (SAME_SITE, from_near)] {
                let request = HeaderMap::from_iter([(FETCH_SITE, relation.parse().unwrap())]);
                assert_eq!(is_shared(&headers, &request), expected, "{name}: {value} for {relation}");
            }
        }
    }
}
