//! The gateway's own pages: errors, `/__meganet__/` and the landing page.

use crate::{host::DOMAIN, metrics::Metrics, source::SourceError};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use meganet_http::METRICS_CONTENT_TYPE;
use meganet_site::{
    Answer, AnswerBody,
    html::{generated, message_page},
};

/// Below this path the gateway answers itself, at any host: no site can have a file there.
pub const BUILTIN_PREFIX: &str = "/__meganet__/";

/// Returns a page with one sentence.
pub fn message(status: StatusCode, text: &str) -> Response<Body> {
    into_response(message_page(status, text))
}

/// Returns the error page for a site or file that could not be read.
pub fn failure(error: &SourceError) -> Response<Body> {
    let status = match error {
        SourceError::NotFound { .. } => StatusCode::NOT_FOUND,
        SourceError::Lapsed { .. } => StatusCode::GONE,
        SourceError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        SourceError::Damaged(_) | SourceError::Unverified(_) => StatusCode::BAD_GATEWAY,
    };
    let mut response = message(status, &error.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// Returns the gateway's own page at a path below [`BUILTIN_PREFIX`].
pub fn builtin_page(metrics: &Metrics, path: &str) -> Response<Body> {
    match path {
        "health" => into_response(generated(StatusCode::OK, "application/json", "{\"ok\":true}".into())),
        "metrics" => into_response(generated(StatusCode::OK, METRICS_CONTENT_TYPE, metrics.text())),
        _ => message(
            StatusCode::NOT_FOUND,
            "The gateway has no such page. There are /__meganet__/health and /__meganet__/metrics.",
        ),
    }
}

/// Returns the page at the root of the gateway's own host.
pub fn landing() -> Response<Body> {
    message(StatusCode::OK, &format!("This is a Meganet gateway. Open a site at http://NAME.{DOMAIN}:PORT/."))
}

/// Turns an answer without a file into a response.
pub fn into_response(answer: Answer<'_>) -> Response<Body> {
    let body = match answer.body {
        AnswerBody::Text(text) => Body::from(text),
        AnswerBody::Empty | AnswerBody::FileHead(_) | AnswerBody::File { .. } => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
