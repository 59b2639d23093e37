//! Refuses requests with too many bytes of headers, with a page that helps the reader.

use crate::builtin_pages::message;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header, request::Parts},
};

/// Bytes of the largest request line with its headers.
const MAX_HEAD: usize = 64 << 10;
/// The same without cookies. Every site below the domain can set cookies for all of them, so they must not count.
const MAX_WITHOUT_COOKIES: usize = 16 << 10;
/// Bytes that the HTTP server accepts: more, since it refuses requests without a page.
pub const SERVER_LIMIT: usize = 2 * MAX_HEAD;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Returns the refusal of a request with too many bytes of headers.
pub fn refusal(request: &Parts) -> Option<Response<Body>> {
    let line =
        |(name, value): (&HeaderName, &HeaderValue)| (name == header::COOKIE, name.as_str().len() + value.len() + 4);
    let lines = || request.headers.iter().map(line);
    let target = request.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let without_cookies = lines().filter(|(is_cookie, _)| !is_cookie).map(|(_, bytes)| bytes).sum::<usize>() + target;
    let all = lines().map(|(_, bytes)| bytes).sum::<usize>() + target;
    if without_cookies > MAX_WITHOUT_COOKIES {
        let text = "The address and the headers of this request have more than 16 KiB without cookies. Open a shorter address, or turn \
                    off extensions of the browser that add headers.";
        return Some(message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, text));
    }
    if all > MAX_HEAD {
        let text = "The browser sent more than 64 KiB of headers, most of them cookies that sites have set. It was told to delete the \
                    cookies now: reload the page. If that does not help, delete the cookies of this address in the settings.";
        let mut page = message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, text);
        page.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cookies\""));
        return Some(page);
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::Request;

    #[test]
    fn cookies_count_less_than_other_headers() {
        for (path, cookies, others, refused) in [
            (1, 0, 100, None),
            (1, 17 << 10, 100, None),
            (1, 60 << 10, 100, None),
            (1, 65 << 10, 100, Some(true)),
            (1, 0, 17 << 10, Some(false)),
            (17 << 10, 0, 0, Some(false)),
            (1, 65 << 10, 17 << 10, Some(false)),
        ] {
            let request = Request::get(format!("/{}", "x".repeat(path)))
                .header("cookie", "x".repeat(cookies / 2))
                .header("cookie", "x".repeat(cookies / 2))
                .header("x-other", "x".repeat(others));
            let page = refusal(&request.body(()).unwrap().into_parts().0);
            let clears = page.map(|page| {
                assert_eq!(page.status(), 431);
                page.headers().contains_key(CLEAR_SITE_DATA)
            });
            assert_eq!(clears, refused, "{path} {cookies} {others}");
        }
    }
}
