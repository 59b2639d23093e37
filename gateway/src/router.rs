//! What a request is answered with.

use crate::{
    host::{DOMAIN, Target, target},
    own::{OWN, failure, landing, own_page, redirect, sentence},
    page::decode,
    respond::Responder,
    site::{Asked, Caching, answer as answer_site},
    source::{Evidence, Opened, Resolved, Site, SourceError},
    stamp,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, Response, StatusCode, header},
};
use meganet_client::names::foreign::uri as describe;
use meganet_primitives::content::ForeignRef;

/// The routes, over a responder.
pub fn router(responder: Responder) -> Router {
    Router::new().fallback(answer).with_state(responder)
}

async fn answer(State(responder): State<Responder>, request: Request) -> Response<Body> {
    let (parts, _body) = request.into_parts();
    let response = if parts.method == Method::GET || parts.method == Method::HEAD {
        route(&responder, Asked { method: &parts.method, uri: &parts.uri, headers: &parts.headers }).await
    } else {
        let mut refusal = sentence(
            StatusCode::METHOD_NOT_ALLOWED,
            "Sites are read with GET and HEAD. To publish, use `meganet publish`.",
        );
        refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        refusal
    };
    responder.metrics.answered(response.status().as_u16());
    response
}

async fn route(responder: &Responder, asked: Asked<'_>) -> Response<Body> {
    let path = asked.uri.path();
    if let Some(own) = path.strip_prefix(OWN) {
        return own_page(&responder.metrics, own);
    }
    // HTTP/1.1 has the host in a header, unless the request names it in full.
    let named = asked.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = asked.uri.host().or(named).unwrap_or_default();
    match target(host) {
        Target::Site(name) => {
            let opened = responder.source.open(&name).await;
            match believed(responder, opened, |opened| opened.resolved().evidence) {
                Ok(Opened::Site(site)) => {
                    from_site(responder, site.as_ref(), asked, Caching::For(responder.options.name_ttl)).await
                }
                Ok(Opened::Foreign { resolved, content }) => from_elsewhere(responder, &resolved, &content, asked),
                Err(error) => failed(&name, &error),
            }
        }
        Target::Version { name, object } => {
            let opened = responder.source.open_version(&name, object).await;
            match believed(responder, opened, |site| site.resolved().evidence) {
                Ok(site) => from_site(responder, site.as_ref(), asked, Caching::Forever).await,
                Err(error) => failed(&name, &error),
            }
        }
        Target::Bad(text) => sentence(StatusCode::BAD_REQUEST, &text),
        Target::Gateway if path.starts_with("/o/") => sentence(
            StatusCode::NOT_IMPLEMENTED,
            "This gateway cannot open private objects yet: that has to happen in your browser, so that the key after '#' never \
             reaches a server. Until then, `meganet get 'LINK' -o FILE` opens it on your machine.",
        ),
        Target::Gateway if path == "/" => landing(),
        Target::Gateway => {
            sentence(StatusCode::NOT_FOUND, &format!("Open a site at http://NAME.{DOMAIN}:PORT/ instead."))
        }
    }
}

/// Takes an answer about a name only if it relies on what the operator wants; also that there is no such name.
fn believed<T>(
    responder: &Responder,
    answer: Result<T, SourceError>,
    evidence: impl FnOnce(&T) -> Evidence,
) -> Result<T, SourceError> {
    let relies_on = match &answer {
        Ok(opened) => Some(evidence(opened)),
        Err(error) => error.evidence(),
    };
    match relies_on {
        Some(evidence) if responder.options.require_verified && !evidence.verified.is_proven() => {
            Err(SourceError::Unverified(
                "This gateway answers only what is proven, and what this name points at came from a node that would have to \
                 be believed. Try again later, or ask who runs the gateway."
                    .into(),
            ))
        }
        _ => answer,
    }
}

async fn from_site(responder: &Responder, site: &dyn Site, asked: Asked<'_>, caching: Caching) -> Response<Body> {
    let mut response = answer_site(responder, site, asked, caching).await;
    stamp::resolved(response.headers_mut(), site.resolved(), Some(site.object()));
    response
}

/// For a name that points into another network.
fn from_elsewhere(
    responder: &Responder,
    resolved: &Resolved,
    content: &ForeignRef,
    asked: Asked<'_>,
) -> Response<Body> {
    let (path, query) = (asked.uri.path(), asked.uri.query());
    let url = responder.options.foreign.as_ref().and_then(|gateway| gateway.url(content, path, query));
    let mut response = match url {
        // Browsers resolve '..' before they ask: it could lead out of what the name points at.
        _ if decode(path).is_none() => sentence(StatusCode::BAD_REQUEST, "No file can have this path."),
        Some(url) => match redirect(StatusCode::FOUND, &url) {
            Some(mut response) => {
                let caching = Caching::For(responder.options.name_ttl).value();
                response.headers_mut().insert(header::CACHE_CONTROL, caching);
                response
            }
            None => sentence(StatusCode::BAD_REQUEST, "No address can have this query."),
        },
        None => sentence(
            StatusCode::NOT_IMPLEMENTED,
            &format!(
                "The name '{}' points at {}, which is in another network. This gateway knows no gateway there; open it with \
                 a program of that network.",
                resolved.name,
                describe(content)
            ),
        ),
    };
    stamp::resolved(response.headers_mut(), resolved, None);
    response
}

fn failed(name: &str, error: &SourceError) -> Response<Body> {
    let mut response = failure(error);
    if let Some(evidence) = error.evidence() {
        stamp::evidence(response.headers_mut(), name, evidence);
    }
    response
}
