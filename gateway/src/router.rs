//! What a request is answered with.

use crate::{
    host::{target, Target, DOMAIN},
    page::{find, Page},
    respond::Responder,
    source::SourceError,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{header, HeaderMap, HeaderValue, Method, Response, StatusCode, Uri},
    Router,
};

/// Where the gateway answers for itself, at any host: no site's file can be there.
const OWN: &str = "/__meganet__/";

/// The routes, over a responder.
pub fn router(responder: Responder) -> Router {
    Router::new().fallback(answer).with_state(responder)
}

async fn answer(State(responder): State<Responder>, request: Request) -> Response<Body> {
    let (parts, _body) = request.into_parts();
    let response = if parts.method == Method::GET || parts.method == Method::HEAD {
        route(&responder, &parts.method, &parts.uri, &parts.headers).await
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

async fn route(responder: &Responder, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    let path = uri.path();
    if let Some(own) = path.strip_prefix(OWN) {
        return own_page(responder, own);
    }
    // HTTP/1.1 has the host in a header, unless the request names it in full.
    let host = uri.host().or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok())).unwrap_or_default();
    match target(host) {
        Target::Site(label) => site(responder, &label, method, uri, headers).await,
        Target::BadLabel(label) => sentence(
            StatusCode::BAD_REQUEST,
            &format!("'{label}' is not a name: names have 3 to 63 of a-z, 0-9 and '-', with no '-' at an edge."),
        ),
        Target::Gateway if path.starts_with("/o/") => sentence(
            StatusCode::NOT_IMPLEMENTED,
            "This gateway cannot open private objects yet: that has to happen in your browser, so that the key after '#' never \
             reaches a server. Until then, `meganet get 'LINK' -o FILE` opens it on your machine.",
        ),
        Target::Gateway if path == "/" => landing(),
        Target::Gateway => sentence(StatusCode::NOT_FOUND, &format!("Open a site at http://NAME.{DOMAIN}:PORT/ instead.")),
    }
}

async fn site(responder: &Responder, label: &str, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    let answer = async {
        let site = responder.source.site(label).await?;
        let site = site.as_ref();
        Ok(match find(site.manifest(), uri.path()) {
            Page::File(entry) => responder.file(site, entry, StatusCode::OK, method, headers).await?,
            Page::AddSlash => redirect(uri),
            Page::NotFound(Some(own)) => responder.file(site, own, StatusCode::NOT_FOUND, method, headers).await?,
            Page::NotFound(None) => {
                sentence(StatusCode::NOT_FOUND, &format!("The site '{label}' has no file {}", uri.path()))
            }
            Page::BadPath => sentence(StatusCode::BAD_REQUEST, "No file can have this path."),
        })
    };
    answer.await.unwrap_or_else(|error| failure(&error))
}

/// The status and sentence of a failure. What may pass says when to come again.
fn failure(error: &SourceError) -> Response<Body> {
    let status = match error {
        SourceError::NotFound(_) => StatusCode::NOT_FOUND,
        SourceError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        SourceError::Damaged(_) => StatusCode::BAD_GATEWAY,
    };
    let mut response = sentence(status, &error.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// To the same path with a slash, its query kept. Only the path is sent, so it leads to no other host.
fn redirect(uri: &Uri) -> Response<Body> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Two slashes at the beginning would name another host.
    let location = format!("/{}/{query}", uri.path().trim_start_matches('/'));
    let mut response = sentence(StatusCode::MOVED_PERMANENTLY, "The folder's address ends in a slash.");
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn own_page(responder: &Responder, path: &str) -> Response<Body> {
    match path {
        "health" => plain(StatusCode::OK, "application/json", "{\"ok\":true}".into()),
        "metrics" => plain(StatusCode::OK, "text/plain; version=0.0.4", responder.metrics.text()),
        _ => sentence(StatusCode::NOT_FOUND, "The gateway has /__meganet__/health and /__meganet__/metrics."),
    }
}

/// A sentence as a small page.
fn sentence(status: StatusCode, text: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Meganet");
    let body = format!("<!doctype html><meta charset=\"utf-8\"><title>{title}</title><p>{}</p>\n", escape(text));
    plain(status, "text/html; charset=utf-8", body)
}

fn landing() -> Response<Body> {
    sentence(StatusCode::OK, &format!("This is a Meganet gateway. Open a site at http://NAME.{DOMAIN}:PORT/."))
}

fn plain(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The gateway's own pages run nothing, so a label or path that is repeated in one cannot either.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
