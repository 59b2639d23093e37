//! What a request to a site is answered with: its files, and what its rules say.

use crate::{
    digest,
    listing::{self, Listings},
    own::{failure, redirect, seal, sentence},
    page::{self, Page, decode, find, folder_of},
    respond::{Responder, has_it, tag_of},
    rules::{HeaderRules, Outcome, RuleError},
    source::{Site, SourceError},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header},
};
use headers::HeaderMapExt;
use meganet_primitives::manifest::{Entry, Manifest};
use std::time::Duration;

/// Sent by browsers that fetch the script of a service worker.
const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");
/// By this a site asks for a service worker.
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");
/// Keeps scripts of one name from reaching into another, though all are below one domain.
const ORIGIN_AGENT_CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");

/// How long an answer stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// A name may point elsewhere any moment: so long.
    For(Duration),
    /// What one version of a site is never changes.
    Forever,
}

impl Caching {
    /// As `Cache-Control` says it.
    pub fn value(self) -> HeaderValue {
        match self {
            Caching::For(time) if time.as_secs() == 0 => HeaderValue::from_static("public, no-cache"),
            Caching::For(time) => {
                let text = format!("public, max-age={}, must-revalidate", time.as_secs());
                HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("public, no-cache"))
            }
            // As gateways of IPFS say it: 336 days.
            Caching::Forever => HeaderValue::from_static("public, max-age=29030400, immutable"),
        }
    }
}

/// A request.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// GET or HEAD.
    pub method: &'a Method,
    /// Its path and query.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

/// Answers a request to a site.
pub async fn answer(responder: &Responder, site: &dyn Site, asked: Asked<'_>, caching: Caching) -> Response<Body> {
    match try_answer(responder, site, asked, caching).await {
        Ok(response) => response,
        Err(Failure::Source(error)) => failure(&error),
        Err(Failure::Rules(error)) => {
            let name = &site.resolved().name;
            let text = format!("The site '{name}' has a mistake in {error}. Its owner can publish it again without.");
            sentence(StatusCode::INTERNAL_SERVER_ERROR, &text)
        }
    }
}

#[derive(Debug)]
enum Failure {
    Source(SourceError),
    Rules(RuleError),
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Failure::Source(error)
    }
}

async fn try_answer(
    responder: &Responder,
    site: &dyn Site,
    asked: Asked<'_>,
    caching: Caching,
) -> Result<Response<Body>, Failure> {
    let Some(path) = decode(asked.uri.path()) else {
        return Ok(sentence(StatusCode::BAD_REQUEST, "No file can have this path."));
    };
    let rules = responder.rules(&responder.header_rules, site).await?;
    let dress = Dress { path: format!("/{path}"), rules: understood(rules.as_deref())?, caching };
    if asked.headers.get(SERVICE_WORKER).is_some_and(|value| value == "script") && !dress.allows_service_worker() {
        let text = "A service worker outlives the site in its readers' browsers, so a site has to ask for it: the line \
                    'Service-Worker-Allowed: /' below this path in _headers does.";
        return Ok(sentence(StatusCode::FORBIDDEN, text));
    }
    let manifest = site.manifest();
    let folder = folder_of(&path);
    let lists = || match responder.options.listings {
        Listings::WhereWanted => page::wants_listing(manifest, folder),
        Listings::Always => true,
        Listings::Never => false,
    };
    let file = |entry, status| responder.file(site, entry, status, asked.method, asked.headers);
    match find(manifest, &path) {
        Page::File(entry) => Ok(dress.on(file(entry, StatusCode::OK).await?)),
        Page::AddSlash => Ok(dress.on(slash(asked.uri))),
        Page::Folder { slash: true } if lists() => Ok(list(manifest, folder, &dress, responder, asked)),
        Page::Folder { slash: false } if lists() => Ok(dress.on(slash(asked.uri))),
        Page::Folder { .. } | Page::Missing => match by_rules(responder, site, &path, asked.uri).await? {
            Found::Page(entry, status) => Ok(dress.on(file(entry, status).await?)),
            Found::Elsewhere(response) => Ok(dress.on(response)),
            Found::Nothing(response) => Ok(response),
        },
    }
}

/// What stands in for what is not there.
enum Found<'a> {
    /// A file, with a status.
    Page(&'a Entry, StatusCode),
    /// A redirect.
    Elsewhere(Response<Body>),
    /// A sentence of the gateway.
    Nothing(Response<Body>),
}

async fn by_rules<'a>(responder: &Responder, site: &'a dyn Site, path: &str, uri: &Uri) -> Result<Found<'a>, Failure> {
    let rules = responder.rules(&responder.redirects, site).await?;
    let outcome = understood(rules.as_deref())?.and_then(|rules| rules.apply(path, uri.query()));
    let nothing = |status, text: &str| Ok(Found::Nothing(sentence(status, text)));
    match outcome {
        Some(Outcome::Page { path, status }) => match target(site.manifest(), &path) {
            Some(entry) => return Ok(Found::Page(entry, status)),
            None if status == StatusCode::OK => {}
            None => {
                let text = format!("The site '{}' says of this path: {status}.", site.resolved().name);
                return nothing(status, &text);
            }
        },
        Some(Outcome::Redirect { location, status }) => {
            return match redirect(status, &location) {
                Some(response) => Ok(Found::Elsewhere(response)),
                None => nothing(StatusCode::BAD_REQUEST, "No address can have this query."),
            };
        }
        Some(Outcome::TooLong) => return nothing(StatusCode::URI_TOO_LONG, "This would lead to too long an address."),
        None => {}
    }
    match page::not_found(site.manifest(), path) {
        Some(own) => Ok(Found::Page(own, StatusCode::NOT_FOUND)),
        None => {
            let text = format!("The site '{}' has no file {}", site.resolved().name, uri.path());
            nothing(StatusCode::NOT_FOUND, &text)
        }
    }
}

/// The file that a rule's target means; for a folder its `index.html`.
fn target<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a Entry> {
    let mut path = decode(path)?;
    if let Page::AddSlash = find(manifest, &path) {
        path.push('/');
    }
    match find(manifest, &path) {
        Page::File(entry) => Some(entry),
        _ => None,
    }
}

/// To the same path with a slash, its query kept. Only the path is sent, so it leads to no other host.
fn slash(uri: &Uri) -> Response<Body> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Two slashes at the beginning would name another host.
    let location = format!("/{}/{query}", uri.path().trim_start_matches('/'));
    redirect(StatusCode::MOVED_PERMANENTLY, &location)
        .unwrap_or_else(|| sentence(StatusCode::BAD_REQUEST, "No address can have this query."))
}

/// The listing of a folder. Whether there is one is the gateway's to say as well, so it is kept no longer than a name.
fn list(
    manifest: &Manifest,
    folder: &str,
    dress: &Dress<'_>,
    responder: &Responder,
    asked: Asked<'_>,
) -> Response<Body> {
    let page = listing::page(manifest, folder);
    let sha256 = digest::sha256(page.as_bytes());
    let etag = tag_of(&sha256);
    let not_modified = has_it(asked.headers, &etag);
    let dress = Dress { caching: Caching::For(responder.options.name_ttl), path: dress.path.clone(), ..*dress };
    let mut response = dress.on(Response::new(if not_modified { Body::empty() } else { Body::from(page) }));
    let headers = response.headers_mut();
    headers.typed_insert(etag);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    seal(headers);
    if not_modified {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.extend(digest::field(&sha256).map(|field| (digest::REPR_DIGEST, field)));
    if asked.method != Method::HEAD {
        headers.extend(digest::field(&sha256).map(|field| (digest::CONTENT_DIGEST, field)));
    }
    response
}

/// The rules of a file, where the site has it.
fn understood<T>(rules: Option<&Result<T, RuleError>>) -> Result<Option<&T>, Failure> {
    match rules {
        None => Ok(None),
        Some(Ok(rules)) => Ok(Some(rules)),
        Some(Err(error)) => Err(Failure::Rules(error.clone())),
    }
}

/// The headers that the answers for a path carry besides those about their content: the gateway's, and then the site's.
#[derive(Clone)]
struct Dress<'a> {
    path: String,
    rules: Option<&'a HeaderRules>,
    caching: Caching,
}

impl Dress<'_> {
    fn on(&self, mut response: Response<Body>) -> Response<Body> {
        let not_modified = response.status() == StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.caching.value());
        // Other hosts need not know which site their readers come from.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(ORIGIN_AGENT_CLUSTER, HeaderValue::from_static("?1"));
        if let Some(rules) = self.rules {
            rules.apply(&self.path, headers);
        }
        if self.caching == Caching::Forever {
            headers.insert(header::CACHE_CONTROL, self.caching.value());
        }
        if not_modified {
            // What describes a body is of no use without it (RFC 9110, 15.4.5).
            for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE] {
                headers.remove(name);
            }
        }
        response
    }

    fn allows_service_worker(&self) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(rules) = self.rules {
            rules.apply(&self.path, &mut headers);
        }
        headers.contains_key(SERVICE_WORKER_ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_for_seconds_and_versions_for_ever() {
        assert_eq!(Caching::For(Duration::from_secs(60)).value(), "public, max-age=60, must-revalidate");
        assert_eq!(Caching::For(Duration::ZERO).value(), "public, no-cache");
        assert_eq!(Caching::Forever.value(), "public, max-age=29030400, immutable");
    }
}
