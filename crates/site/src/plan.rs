//! Decides how a request to a site is answered.

use crate::{
    cross_site::{REFUSED, is_shared, is_subresource},
    follow::follow,
    lookup::{Place, decode_path, error_page, look_up, rewrite_target},
    request::{SiteRequest, SiteView},
    rules::{MatchedRule, Redirects, RuleError, SiteRules},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use meganet_primitives::manifest::Entry;

/// Sent by browsers that fetch the script of a service worker.
const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");
/// The header by which a site allows a service worker. The worker outlives the site in browsers, even when the name changes hands:
/// so a site has to opt in.
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

const INVALID_PATH: &str =
    "No file can have this path: it contains '.' or '..' as a segment, a zero byte, or bytes that are not UTF-8.";
const INVALID_QUERY: &str = "The redirect for this path cannot carry this query: percent-encode it.";

/// How a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// With a file of the site.
    File {
        /// The file.
        entry: &'a Entry,
        /// 200, or the status of an error page.
        status: StatusCode,
    },
    /// With the listing of a folder.
    Listing {
        /// The folder, without a slash at its end; empty for the root.
        folder: String,
    },
    /// With a redirect.
    Redirect {
        /// A path of the same host, or an absolute URL.
        location: HeaderValue,
        /// 301, 302, 303, 307 or 308.
        status: StatusCode,
    },
    /// To an `OPTIONS` request: with the rights of pages of other origins.
    Options,
    /// With a service worker that removes itself: the site allows none at this path.
    EndServiceWorker,
    /// With a sentence of the gateway: the site has no answer.
    Message {
        /// The status.
        status: StatusCode,
        /// A sentence for the reader.
        text: String,
    },
}

/// The rule files that [`plan`] needs for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeededRules {
    /// `_headers`.
    pub headers: bool,
    /// `_redirects`. Not needed for files, so that an error in it does not take them down.
    pub redirects: bool,
}

/// Returns the rule files that [`plan`] needs for a request.
pub fn needed_rules(site: &SiteView<'_>, request: &SiteRequest<'_>) -> NeededRules {
    match decode_path(request.path) {
        Some(path) => {
            let place = look_up(site.manifest, site.policy.listings, &path);
            let is_options = request.method == Method::OPTIONS;
            NeededRules { headers: true, redirects: place == Place::Nothing && !is_options }
        }
        None => NeededRules { headers: false, redirects: false },
    }
}

/// Decides how a request is answered. `rules` contains the files that [`needed_rules`] returns, as far as the site has them.
pub fn plan<'a>(site: &SiteView<'a>, rules: &SiteRules<'_>, request: &SiteRequest<'_>) -> Outcome<'a> {
    let Some(path) = decode_path(request.path) else {
        return message(StatusCode::BAD_REQUEST, INVALID_PATH);
    };
    let headers = match rules.headers {
        Some(Err(error)) => return invalid_rules(site, error),
        Some(Ok(headers)) => Some(headers),
        None => None,
    };
    if request.method == Method::OPTIONS {
        return Outcome::Options;
    }
    let (is_subresource, is_worker) = (is_subresource(request.headers), is_service_worker_script(request.headers));
    // Once, since a path may have to be compared with a thousand rules.
    let set = match headers {
        Some(headers) if is_subresource || is_worker => headers.of(&format!("/{path}")),
        _ => HeaderMap::new(),
    };
    if is_subresource && !is_shared(&set, request.headers) {
        return message(StatusCode::FORBIDDEN, REFUSED);
    }
    if is_worker && !set.contains_key(SERVICE_WORKER_ALLOWED) {
        return Outcome::EndServiceWorker;
    }
    match look_up(site.manifest, site.policy.listings, &path) {
        Place::File(entry) => Outcome::File { entry, status: StatusCode::OK },
        Place::AddSlash => add_slash(request),
        Place::Listing => Outcome::Listing { folder: path.strip_suffix('/').unwrap_or(&path).to_owned() },
        Place::Nothing => match rules.redirects {
            Some(Err(error)) => invalid_rules(site, error),
            Some(Ok(redirects)) => by_rules(site, redirects, request, &path),
            None => not_found(site, request, &path),
        },
    }
}

/// Applies `_redirects` to a path without a file.
fn by_rules<'a>(site: &SiteView<'a>, rules: &Redirects, request: &SiteRequest<'_>, path: &str) -> Outcome<'a> {
    match rules.apply(path, request.query) {
        Some(MatchedRule::Rewrite { path: target, status }) => match rewrite_target(site.manifest, &target) {
            Some(entry) => Outcome::File { entry, status },
            None if status == StatusCode::OK => not_found(site, request, path),
            None => message(status, &format!("The site '{}' declares this path as {status}.", site.name)),
        },
        Some(MatchedRule::Redirect { location, status }) => {
            match follow(site.manifest, site.policy.listings, rules, path) {
                Ok(()) => redirect(status, &location),
                Err(endless) => message(
                    StatusCode::NOT_FOUND,
                    &format!(
                        "There is no page here: {endless}. The owner of the site '{}' has to fix _redirects and publish again.",
                        site.name
                    ),
                ),
            }
        }
        Some(MatchedRule::TooLong) => {
            message(StatusCode::URI_TOO_LONG, "This path is too long: the redirect for it would exceed 8 KiB.")
        }
        None => not_found(site, request, path),
    }
}

/// The site's own error page, or else a sentence.
fn not_found<'a>(site: &SiteView<'a>, request: &SiteRequest<'_>, path: &str) -> Outcome<'a> {
    match error_page(site.manifest, path) {
        Some(entry) => Outcome::File { entry, status: StatusCode::NOT_FOUND },
        None => message(StatusCode::NOT_FOUND, &format!("The site '{}' has no file at {}", site.name, request.path)),
    }
}

/// Redirects to the same path with a slash at its end, with the same query.
fn add_slash(request: &SiteRequest<'_>) -> Outcome<'static> {
    let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
    // Two slashes at the beginning would name another host.
    redirect(StatusCode::MOVED_PERMANENTLY, &format!("/{}/{query}", request.path.trim_start_matches('/')))
}

fn redirect(status: StatusCode, location: &str) -> Outcome<'static> {
    match HeaderValue::from_str(location) {
        Ok(location) => Outcome::Redirect { location, status },
        Err(_) => message(StatusCode::BAD_REQUEST, INVALID_QUERY),
    }
}

/// Returns true if a browser fetches the script of a service worker.
pub fn is_service_worker_script(headers: &HeaderMap) -> bool {
    headers.get(SERVICE_WORKER).is_some_and(|value| value == "script")
}

fn invalid_rules(site: &SiteView<'_>, error: &RuleError) -> Outcome<'static> {
    let text = format!("The site '{}' has an error in {error}. Its owner has to fix it and publish again.", site.name);
    message(StatusCode::INTERNAL_SERVER_ERROR, &text)
}

fn message(status: StatusCode, text: &str) -> Outcome<'static> {
    Outcome::Message { status, text: text.to_owned() }
}

#[cfg(test)]
mod tests;
