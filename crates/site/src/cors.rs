//! Answers `OPTIONS` requests: preflights of CORS (Fetch standard, section 4.8), and plain ones.

use crate::{
    answer::{Answer, AnswerBody},
    html::message_page,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// The methods that sites answer, all of them safe, as the value of `Allow`.
pub const ALLOWED_METHODS: &str = "GET, HEAD, OPTIONS";

/// Headers of requests on which the answer to a preflight depends.
const VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
const PREFIX: &str = "access-control-";

const REFUSED: &str = "Pages of other origins may not send this request. The site's owner can allow it for GET, HEAD and \
                       OPTIONS by a header Access-Control-Allow-Origin in _headers.";

/// Returns true if a browser asks whether a page of another origin may send a request.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    let has = |name: HeaderName| headers.contains_key(name);
    method == Method::OPTIONS && has(header::ORIGIN) && has(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers an `OPTIONS` request that is no preflight.
pub fn plain_options() -> Answer<'static> {
    let allow = (header::ALLOW, HeaderValue::from_static(ALLOWED_METHODS));
    Answer { status: StatusCode::NO_CONTENT, headers: HeaderMap::from_iter([allow]), body: AnswerBody::Empty }
}

/// Answers a preflight. `site` contains the headers that the site's rules set for the path.
pub fn preflight(site: &HeaderMap, request: &HeaderMap) -> Answer<'static> {
    let mut answer = if is_granted(site, request) {
        let names = site.iter().filter(|(name, _)| name.as_str().starts_with(PREFIX));
        let mut headers: HeaderMap = names.map(|(name, value)| (name.clone(), value.clone())).collect();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allowed_methods(site));
        Answer { status: StatusCode::NO_CONTENT, headers, body: AnswerBody::Empty }
    } else {
        message_page(StatusCode::FORBIDDEN, REFUSED)
    };
    answer.headers.insert(header::VARY, HeaderValue::from_static(VARY));
    answer
}

/// Browsers accept POST without naming it, so an unsafe method must not see `Access-Control-Allow-Origin` at all.
fn is_granted(site: &HeaderMap, request: &HeaderMap) -> bool {
    let mut origins = site.get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN).iter();
    let (Some(allowed), None) = (origins.next(), origins.next()) else { return false };
    let is_origin = allowed == "*" || request.get(header::ORIGIN) == Some(allowed);
    let method = request.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    is_origin && method.is_some_and(|method| methods().any(|safe| method == safe))
}

/// The safe methods among those that the site lists; all of them if it lists none.
fn allowed_methods(site: &HeaderMap) -> HeaderValue {
    let listed = site.get(header::ACCESS_CONTROL_ALLOW_METHODS).and_then(|list| list.to_str().ok());
    let Some(listed) = listed.filter(|list| !list.contains('*')) else {
        return HeaderValue::from_static(ALLOWED_METHODS);
    };
    let is_listed = |safe: &&str| listed.split(',').any(|method| method.trim().eq_ignore_ascii_case(safe));
    let methods: Vec<&str> = methods().filter(is_listed).collect();
    HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static(ALLOWED_METHODS))
}

fn methods() -> impl Iterator<Item = &'static str> {
    ALLOWED_METHODS.split(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    type Lines<'a> = &'a [(&'static str, &'a str)];

    fn headers(lines: Lines) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        lines.iter().map(line).collect()
    }

    const ORIGIN: &str = "access-control-allow-origin";
    const METHODS: &str = "access-control-allow-methods";

    #[test]
    fn a_preflight_is_granted_where_the_site_allows_the_origin_and_the_method_is_safe() {
        let any: &[_] = &[(ORIGIN, "*")];
        let friend: &[_] = &[(ORIGIN, "https://friend.example")];
        let table: &[(Lines, &str, &str, Option<&str>)] = &[
            (any, "https://a.example", "GET", Some(ALLOWED_METHODS)),
            (any, "null", "HEAD", Some(ALLOWED_METHODS)),
            (friend, "https://friend.example", "GET", Some(ALLOWED_METHODS)),
            (friend, "https://a.example", "GET", None),
            (friend, "http://friend.example", "GET", None),
            (&[], "https://a.example", "GET", None),
            (&[(ORIGIN, "*"), (ORIGIN, "*")], "https://a.example", "GET", None),
            (&[(ORIGIN, "")], "", "GET", Some(ALLOWED_METHODS)),
            // Unsafe methods, also those that the site lists.
            (any, "https://a.example", "POST", None),
            (any, "https://a.example", "PUT", None),
            (any, "https://a.example", "get", None),
            (&[(ORIGIN, "*"), (METHODS, "PUT")], "https://a.example", "PUT", None),
            // The site's list.
            (&[(ORIGIN, "*"), (METHODS, "get, PUT")], "https://a.example", "GET", Some("GET")),
            (&[(ORIGIN, "*"), (METHODS, "PUT")], "https://a.example", "GET", Some("")),
            (&[(ORIGIN, "*"), (METHODS, "*")], "https://a.example", "GET", Some(ALLOWED_METHODS)),
        ];
        for (site, origin, method, granted) in table {
            let request = headers(&[("origin", origin), ("access-control-request-method", method)]);
            assert!(is_preflight(&Method::OPTIONS, &request) && !is_preflight(&Method::GET, &request));
            let answer = preflight(&headers(site), &request);
            let case = format!("{site:?} {origin} {method}");
            assert_eq!(answer.status, if granted.is_some() { 204 } else { 403 }, "{case}");
            assert_eq!(answer.headers[header::VARY], VARY, "{case}");
            let sent = answer.headers.get(METHODS).map(|value| value.to_str().unwrap());
            assert_eq!(sent, *granted, "{case}");
            let cors = answer.headers.keys().any(|name| name.as_str().starts_with(PREFIX));
            assert_eq!(cors, granted.is_some(), "{case}");
        }
    }

    #[test]
    fn a_granted_preflight_has_the_headers_of_the_site_that_concern_it() {
        let site = headers(&[
            (ORIGIN, "*"),
            ("access-control-allow-headers", "X-A"),
            ("access-control-max-age", "600"),
            ("x-a", "b"),
        ]);
        let request = headers(&[("origin", "https://a.example"), ("access-control-request-method", "GET")]);
        let answer = preflight(&site, &request);
        assert_eq!(answer.headers["access-control-allow-headers"], "X-A");
        assert_eq!(answer.headers["access-control-max-age"], "600");
        assert!(!answer.headers.contains_key("x-a") && answer.body == AnswerBody::Empty);
    }

    #[test]
    fn other_requests_are_no_preflights() {
        for lines in [&[][..], &[("origin", "null")], &[("access-control-request-method", "GET")]] {
            assert!(!is_preflight(&Method::OPTIONS, &headers(lines)));
        }
        let answer = plain_options();
        assert_eq!((answer.status.as_u16(), &answer.headers[header::ALLOW]), (204, &ALLOWED_METHODS.parse().unwrap()));
    }
}
