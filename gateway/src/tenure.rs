//! Ends what a former owner of a name left in browsers: service workers, storage and cached files.
//!
//! A cookie holds the owner whose site the browser saw last. The chain's counter of changes starts again when a name that has
//! lapsed is registered anew; the owner differs in that case too, and data of the same owner need not end.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use meganet_primitives::AccountId;

/// The cookie. Scripts cannot read it, and the site's `_headers` can neither set nor remove it.
const COOKIE: &str = "__meganet_tenure";
/// Seconds for which browsers keep the cookie: the most that they accept, 400 days. Each visit renews it.
const MAX_AGE: u32 = 400 * 24 * 60 * 60;
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const EVERYTHING: &str = "\"cache\", \"cookies\", \"storage\", \"executionContexts\"";
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The owner of a name compared with the one that a browser knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    /// The same.
    Current,
    /// The browser knows none, or did not say.
    Unknown,
    /// Another, or the browser has several cookies: a script of another name below the domain can add some, but not remove the
    /// gateway's.
    Former,
}

impl Tenure {
    /// Compares the cookie of a request.
    pub fn of(request: &HeaderMap, owner: &AccountId) -> Self {
        let lines = request.get_all(header::COOKIE).iter();
        let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        let values = cookies.filter_map(|cookie| cookie.strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"="));
        match values.collect::<Vec<_>>().as_slice() {
            [] => Tenure::Unknown,
            [value] if *value == value_of(owner).as_bytes() => Tenure::Current,
            _ => Tenure::Former,
        }
    }

    /// Adds the cookie to a response, and ends the data of a former owner.
    pub fn mark(self, request: &HeaderMap, owner: &AccountId, response: &mut HeaderMap) {
        if self == Tenure::Former {
            response.insert(CLEAR_SITE_DATA, HeaderValue::from_static(EVERYTHING));
            // A cache must not repeat it.
            response.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        } else if !is_visit(request, response) {
            return;
        }
        let cookie = format!("{COOKIE}={}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Strict", value_of(owner));
        response.extend(HeaderValue::try_from(cookie).map(|cookie| (header::SET_COOKIE, cookie)));
    }
}

/// Returns true if the browser may learn the owner. On a request from another site it withholds the cookie, and setting one would
/// replace that of a former owner before it was compared.
fn is_visit(request: &HeaderMap, response: &HeaderMap) -> bool {
    let is = |name: &HeaderName, value: &str| request.get(name).is_some_and(|found| found == value);
    let kind = response.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_page = is(&FETCH_MODE, "navigate") || kind.is_some_and(|kind| kind.starts_with(b"text/html"));
    is_page && !is(&FETCH_SITE, "cross-site")
}

fn value_of(owner: &AccountId) -> String {
    owner.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OWNER: AccountId = [0xab; 32];

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_the_one_right_cookie_is_of_the_current_owner() {
        let (right, wrong) = ("ab".repeat(32), "cd".repeat(32));
        let table: &[(&[String], Tenure)] = &[
            (&[], Tenure::Unknown),
            (&["a=b".into()], Tenure::Unknown),
            (&[format!("{COOKIE}x={wrong}; x{COOKIE}={wrong}")], Tenure::Unknown),
            (&[format!("{COOKIE}={right}")], Tenure::Current),
            (&[format!("a=b;{COOKIE}={right} ; c")], Tenure::Current),
            (&["a=b".into(), format!("{COOKIE}={right}")], Tenure::Current),
            (&[format!("{COOKIE}={wrong}")], Tenure::Former),
            (&[format!("{COOKIE}=")], Tenure::Former),
            (&[format!("{COOKIE}={right}0")], Tenure::Former),
            // Cookies that a script of another name added.
            (&[format!("{COOKIE}={right}; {COOKIE}={wrong}")], Tenure::Former),
            (&[format!("{COOKIE}={wrong}; {COOKIE}={right}")], Tenure::Former),
            (&[format!("{COOKIE}={right}"), format!("{COOKIE}={right}")], Tenure::Former),
        ];
        for (cookies, expected) in table {
            let lines: Vec<_> = cookies.iter().map(|cookie| ("cookie", cookie.as_str())).collect();
            assert_eq!(Tenure::of(&headers(&lines), &OWNER), *expected, "{cookies:?}");
        }
    }

    #[test]
    fn the_cookie_is_set_on_visits_and_when_the_owner_has_changed() {
        let html = ("content-type", "text/html; charset=utf-8");
        let (navigate, cross) = (("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site"));
        type Lines<'a> = &'a [(&'static str, &'a str)];
        let table: &[(Tenure, Lines, Lines, bool)] = &[
            (Tenure::Unknown, &[], &[html], true),
            (Tenure::Unknown, &[navigate], &[], true),
            (Tenure::Unknown, &[navigate, ("sec-fetch-site", "same-site")], &[], true),
            (Tenure::Current, &[navigate], &[], true),
            (Tenure::Unknown, &[], &[("content-type", "image/png")], false),
            (Tenure::Current, &[("sec-fetch-mode", "no-cors")], &[], false),
            // SameSite=Strict: a browser that follows a link from another site withholds the cookie.
            (Tenure::Unknown, &[navigate, cross], &[html], false),
            (Tenure::Former, &[], &[("content-type", "image/png")], true),
            (
                Tenure::Former,
                &[navigate],
                &[html, ("clear-site-data", "\"cache\""), ("cache-control", "max-age=9")],
                true,
            ),
        ];
        for (tenure, request, response, sets) in table {
            let mut response = headers(response);
            tenure.mark(&headers(request), &OWNER, &mut response);
            let cookies: Vec<_> = response.get_all(header::SET_COOKIE).iter().collect();
            assert_eq!(cookies.len(), usize::from(*sets), "{tenure:?} {request:?}");
            let clears = response.get(CLEAR_SITE_DATA).is_some_and(|value| value == EVERYTHING);
            assert_eq!(clears, *tenure == Tenure::Former, "{tenure:?} {request:?}");
            if clears {
                assert_eq!(response.get_all(header::CACHE_CONTROL).iter().collect::<Vec<_>>(), ["no-store"]);
            }
        }
    }
}
