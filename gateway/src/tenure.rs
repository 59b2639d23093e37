//! Ends what a former owner of a name left in browsers: service workers, storage and cached files.
//!
//! A cookie holds the owner whose site the browser saw last. The chain's counter of changes starts again when a name that has
//! lapsed is registered anew; the owner differs in that case too, and data of the same owner need not end.
//!
//! Sites of other names can set cookies for the whole domain. A MAC keeps them from making ours. Where strangers can reach the
//! gateway, they can also ask it for the cookie of another name and set that in a reader's browser. So each cookie is set twice:
//! browsers accept one whose name begins with `__Host-` only from the host itself, but some refuse it over plain HTTP.

use crate::{source::NameState, tenure_key::TenureKey};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The cookie. Scripts cannot read it, and the site's `_headers` can neither set nor remove it.
const COOKIE: &str = "__meganet_tenure";
/// The same for browsers that accept it: no other host can set it.
const HOST_COOKIE: &str = "__Host-meganet_tenure";
/// Seconds for which browsers keep the cookies: the most that they accept, 400 days. Each visit renews them.
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
    /// Another.
    Former,
}

impl Tenure {
    /// Compares the cookies of a request. Those that this gateway did not set for this name count as absent.
    pub fn of(request: &HeaderMap, key: &TenureKey, state: &NameState) -> Self {
        if is(request, &FETCH_SITE, "cross-site") {
            // The browser withholds ours, so none of these is.
            return Tenure::Unknown;
        }
        match compare(request, HOST_COOKIE, key, state) {
            Tenure::Unknown => compare(request, COOKIE, key, state),
            known => known,
        }
    }

    /// Returns true for a file of a page to which a link from another site led: with that page the cookies were withheld, with
    /// its files they would have come.
    fn is_first_contact(self, request: &HeaderMap) -> bool {
        self == Tenure::Unknown && is(request, &FETCH_SITE, "same-origin")
    }

    /// Adds the cookies to a response, and ends the data of a former owner.
    pub fn mark(self, request: &HeaderMap, key: &TenureKey, state: &NameState, response: &mut HeaderMap) {
        if self == Tenure::Former {
            response.insert(CLEAR_SITE_DATA, HeaderValue::from_static(EVERYTHING));
            // A cache must not repeat it.
            response.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        } else if !is_visit(request, response) && !self.is_first_contact(request) {
            return;
        }
        let value = key.value(&state.name, &state.owner);
        for (cookie, secure) in [(COOKIE, ""), (HOST_COOKIE, "Secure; ")] {
            let line = format!("{cookie}={value}; Path=/; Max-Age={MAX_AGE}; {secure}HttpOnly; SameSite=Strict");
            response.extend(HeaderValue::try_from(line).map(|line| (header::SET_COOKIE, line)));
        }
    }
}

/// Compares the cookies of one kind. Of several, a single former owner decides: which of them another site set is unknown, and to
/// delete data once more does less harm than to leave a stranger's.
fn compare(request: &HeaderMap, cookie: &str, key: &TenureKey, state: &NameState) -> Tenure {
    let lines = request.get_all(header::COOKIE).iter();
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let values = cookies.filter_map(|found| found.strip_prefix(cookie.as_bytes())?.strip_prefix(b"="));
    let mut tenure = Tenure::Unknown;
    for owner in values.filter_map(|value| key.owner_in(&state.name, value)) {
        if owner != state.owner {
            return Tenure::Former;
        }
        tenure = Tenure::Current;
    }
    tenure
}

/// Returns true if the browser may learn the owner. On a request from another site it withholds the cookies, and setting them
/// would replace those of a former owner before they were compared.
fn is_visit(request: &HeaderMap, response: &HeaderMap) -> bool {
    let kind = response.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_page = is(request, &FETCH_MODE, "navigate") || kind.is_some_and(|kind| kind.starts_with(b"text/html"));
    is_page && !is(request, &FETCH_SITE, "cross-site")
}

fn is(request: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    request.get(name).is_some_and(|found| found == value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::{Evidence, Verified};

    fn key() -> TenureKey {
        TenureKey::from_bytes(&[7; 32]).unwrap()
    }

    fn state() -> NameState {
        let evidence = Evidence { verified: Verified::Rpc, block: 1 };
        NameState { name: "alice".into(), owner: [0xab; 32], version: 1, status: None, evidence }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        lines.iter().map(line).collect()
    }

    /// A cookie of this gateway, for the present owner of a name or a former one.
    fn cookie(kind: &str, name: &str, owner: u8) -> String {
        format!("{kind}={}", key().value(name, &[owner; 32]))
    }

    #[test]
    fn only_cookies_that_the_gateway_set_for_this_name_count() {
        let (now, past) = (cookie(COOKIE, "alice", 0xab), cookie(COOKIE, "alice", 0xcd));
        let (host_now, host_past) = (cookie(HOST_COOKIE, "alice", 0xab), cookie(HOST_COOKIE, "alice", 0xcd));
        let forged = format!("{COOKIE}={}", "cd".repeat(48));
        let unsigned = format!("{COOKIE}={}", "cd".repeat(32));
        let another_name = cookie(COOKIE, "mallory", 0xcd);
        let another_gateway = format!("{COOKIE}={}", TenureKey::random().value("alice", &[0xcd; 32]));
        let table: &[(&[&str], Tenure)] = &[
            (&[], Tenure::Unknown),
            (&["a=b"], Tenure::Unknown),
            (&[&format!("x{past}"), &past.replace('=', "x=")], Tenure::Unknown),
            (&[&now], Tenure::Current),
            (&[&format!("a=b;{now} ; c")], Tenure::Current),
            (&["a=b", &now], Tenure::Current),
            (&[&past], Tenure::Former),
            (&[&host_now], Tenure::Current),
            (&[&host_past], Tenure::Former),
            // Nothing that another site can make counts, alone or beside ours.
            (&[&format!("{COOKIE}=")], Tenure::Unknown),
            (&[&forged], Tenure::Unknown),
            (&[&unsigned], Tenure::Unknown),
            (&[&another_name], Tenure::Unknown),
            (&[&another_gateway], Tenure::Unknown),
            (&[&format!("{past}0")], Tenure::Unknown),
            (&[&format!("{forged}; {unsigned}; {another_name}; {now}; {another_gateway}")], Tenure::Current),
            (&[&format!("{forged}; {unsigned}; {another_name}; {past}; {another_gateway}")], Tenure::Former),
            // It can set for the whole domain what the gateway sent to itself, but not with the prefix.
            (&[&past, &host_now], Tenure::Current),
            (&[&format!("{now}; {host_past}")], Tenure::Former),
            // In a browser that refuses the prefix over plain HTTP, a former owner's data never stays.
            (&[&format!("{now}; {past}")], Tenure::Former),
            (&[&format!("{past}; {now}")], Tenure::Former),
            (&[&now, &now], Tenure::Current),
        ];
        for (cookies, expected) in table {
            let mut lines: Vec<_> = cookies.iter().map(|cookie| ("cookie", *cookie)).collect();
            assert_eq!(Tenure::of(&headers(&lines), &key(), &state()), *expected, "{cookies:?}");
            // From another site browsers send only cookies that are not ours.
            lines.push(("sec-fetch-site", "cross-site"));
            assert_eq!(Tenure::of(&headers(&lines), &key(), &state()), Tenure::Unknown, "{cookies:?}");
        }
    }

    #[test]
    fn the_cookies_are_set_on_visits_and_when_the_owner_has_changed() {
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
            // A file of a page to which a link from another site led.
            (
                Tenure::Unknown,
                &[("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "same-origin")],
                &[("content-type", "image/png")],
                true,
            ),
            (Tenure::Current, &[("sec-fetch-site", "same-origin")], &[("content-type", "image/png")], false),
            // SameSite=Strict: a browser that follows a link from another site withholds the cookies.
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
            tenure.mark(&headers(request), &key(), &state(), &mut response);
            let cookies = response.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
            let cookies: Vec<&str> = cookies.collect();
            let attributes = format!("Path=/; Max-Age={MAX_AGE}");
            let expected = [
                format!("{}; {attributes}; HttpOnly; SameSite=Strict", cookie(COOKIE, "alice", 0xab)),
                format!("{}; {attributes}; Secure; HttpOnly; SameSite=Strict", cookie(HOST_COOKIE, "alice", 0xab)),
            ];
            assert_eq!(cookies, expected[..if *sets { 2 } else { 0 }], "{tenure:?} {request:?}");
            let clears = response.get(CLEAR_SITE_DATA).is_some_and(|value| value == EVERYTHING);
            assert_eq!(clears, *tenure == Tenure::Former, "{tenure:?} {request:?}");
            if clears {
                assert_eq!(response.get_all(header::CACHE_CONTROL).iter().collect::<Vec<_>>(), ["no-store"]);
            }
        }
    }
}
