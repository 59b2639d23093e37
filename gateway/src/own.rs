//! The pages that are the gateway's own: a sentence about what it could not answer, and what it says of itself.

use crate::{host::DOMAIN, metrics::Metrics, source::SourceError};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

/// Where the gateway answers for itself, at any host: no site's file can be there.
pub const OWN: &str = "/__meganet__/";

/// A sentence as a small page.
pub fn sentence(status: StatusCode, text: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Meganet");
    let body = format!("<!doctype html><meta charset=\"utf-8\"><title>{title}</title><p>{}</p>\n", escape(text));
    plain(status, "text/html; charset=utf-8", body)
}

/// The status and sentence of a failure. What may pass says when to come again.
pub fn failure(error: &SourceError) -> Response<Body> {
    let status = match error {
        SourceError::NotFound { .. } => StatusCode::NOT_FOUND,
        SourceError::Lapsed { .. } => StatusCode::GONE,
        SourceError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        SourceError::Damaged(_) | SourceError::Unverified(_) => StatusCode::BAD_GATEWAY,
    };
    let mut response = sentence(status, &error.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// A redirect; `None` if the location cannot be in a header.
pub fn redirect(status: StatusCode, location: &str) -> Option<Response<Body>> {
    let value = HeaderValue::from_str(location).ok()?;
    let mut response = sentence(status, &format!("This is at {location}."));
    response.headers_mut().insert(header::LOCATION, value);
    Some(response)
}

/// What the gateway says of itself, below [`OWN`].
pub fn own_page(metrics: &Metrics, path: &str) -> Response<Body> {
    match path {
        "health" => plain(StatusCode::OK, "application/json", "{\"ok\":true}".into()),
        "metrics" => plain(StatusCode::OK, "text/plain; version=0.0.4", metrics.text()),
        _ => sentence(StatusCode::NOT_FOUND, "The gateway has /__meganet__/health and /__meganet__/metrics."),
    }
}

/// What the gateway's own host shows.
pub fn landing() -> Response<Body> {
    sentence(StatusCode::OK, &format!("This is a Meganet gateway. Open a site at http://NAME.{DOMAIN}:PORT/."))
}

fn plain(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    seal(headers);
    response
}

/// The gateway's own pages run nothing, so a name or path that is repeated in one cannot either.
pub fn seal(headers: &mut header::HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let nothing = "default-src 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(nothing));
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
