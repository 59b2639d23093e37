//! Composes the response for an [`Outcome`]: status, headers and body.

use crate::{
    answer::{Answer, AnswerBody},
    conditional::{Conditions, Part, conditions, etag_of, requested_part},
    cors::{is_preflight, plain_options, preflight},
    cross_site::protect,
    digest::{CONTENT_DIGEST, REPR_DIGEST, digest_value, sha256},
    html::{end_service_worker, forbid_scripts, message_page, redirect_page},
    listing::listing_page,
    lookup::decode_path,
    media_type::media_type,
    plan::Outcome,
    request::{SiteRequest, SiteView},
    rules::{HeaderRules, SiteRules},
};
use headers::HeaderMapExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use meganet_primitives::manifest::Entry;

/// Isolates the scripts of one name from those of others below the same domain.
const ORIGIN_AGENT_CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");

/// Returns the response to a request. `outcome` is what [`plan`](crate::plan()) returned for the same arguments.
pub fn answer<'a>(
    outcome: Outcome<'a>,
    site: &SiteView<'_>,
    rules: &SiteRules<'_>,
    request: &SiteRequest<'_>,
) -> Answer<'a> {
    let common = CommonHeaders::new(site, rules, request);
    match outcome {
        Outcome::File { entry, status } => common.add(file(entry, status, request)),
        Outcome::Listing { folder } => {
            // Whether a folder is listed depends on the gateway, so a listing is never immutable.
            let cache_control = site.policy.cache_control();
            listing(site, &folder, request, &CommonHeaders { cache_control, pinned: false, ..common })
        }
        Outcome::Redirect { location, status } => common.add(redirect_page(status, &location)),
        Outcome::Options if is_preflight(request.method, request.headers) => {
            preflight(&common.of_the_site(), request.headers)
        }
        Outcome::Options => plain_options(),
        Outcome::EndServiceWorker => end_service_worker(),
        Outcome::Message { status, text } => {
            let mut page = message_page(status, &text);
            page.headers = common.below(page.headers);
            page
        }
    }
}

/// Adds the headers of a site to those of an error page for a request to it, so that pages of other origins can read the error
/// where the site allows that.
pub fn error_headers(
    page: HeaderMap,
    site: &SiteView<'_>,
    rules: &SiteRules<'_>,
    request: &SiteRequest<'_>,
) -> HeaderMap {
    CommonHeaders::new(site, rules, request).below(page)
}

/// The answer with a file. Conditions and ranges apply to requested files (200), not to error pages.
fn file<'a>(entry: &'a Entry, status: StatusCode, request: &SiteRequest<'_>) -> Answer<'a> {
    let etag = etag_of(&entry.hash);
    let mut headers = HeaderMap::new();
    headers.typed_insert(etag.clone());
    set(&mut headers, header::CONTENT_TYPE, &media_type(&entry.path));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    match conditions(request.headers, &etag) {
        Conditions::Fresh if status == StatusCode::OK => {
            return Answer { status: StatusCode::NOT_MODIFIED, headers, body: AnswerBody::Empty };
        }
        Conditions::Fail if status == StatusCode::OK => {
            return Answer { status: StatusCode::PRECONDITION_FAILED, headers, body: AnswerBody::Empty };
        }
        _ => {}
    }
    let size = entry.size;
    // RFC 9110 defines ranges for GET only.
    let part = match status {
        StatusCode::OK if request.method == Method::GET => requested_part(request.headers, size, &etag),
        _ => Part::Whole,
    };
    let (status, range) = match part {
        Part::Whole => (status, 0..size),
        Part::Bytes(start, end) => {
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
            (StatusCode::PARTIAL_CONTENT, start..end)
        }
        Part::Unsatisfiable => {
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Answer { status: StatusCode::RANGE_NOT_SATISFIABLE, headers, body: AnswerBody::Empty };
        }
    };
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    let body = if request.is_head() { AnswerBody::FileHead(entry) } else { AnswerBody::File { entry, range } };
    Answer { status, headers, body }
}

fn listing(
    site: &SiteView<'_>,
    folder: &str,
    request: &SiteRequest<'_>,
    common: &CommonHeaders<'_>,
) -> Answer<'static> {
    let page = listing_page(site.manifest, folder);
    let sha256 = sha256(page.as_bytes());
    let etag = etag_of(&sha256);
    let conditions = conditions(request.headers, &etag);
    let mut answer =
        common.add(Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: AnswerBody::Text(page) });
    // After the site's own headers: its rules must not enable scripts in a generated page.
    answer.headers.typed_insert(etag);
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    forbid_scripts(&mut answer.headers);
    match conditions {
        Conditions::Hold => {}
        Conditions::Fresh => return Answer { status: StatusCode::NOT_MODIFIED, body: AnswerBody::Empty, ..answer },
        Conditions::Fail => {
            return Answer { status: StatusCode::PRECONDITION_FAILED, body: AnswerBody::Empty, ..answer };
        }
    }
    answer.headers.extend(digest_value(&sha256).map(|value| (REPR_DIGEST, value)));
    if !request.is_head() {
        answer.headers.extend(digest_value(&sha256).map(|value| (CONTENT_DIGEST, value)));
    }
    answer
}

/// The headers that do not depend on the content: the gateway's, and then those of the site's `_headers`.
struct CommonHeaders<'a> {
    /// The decoded path, with its leading '/'.
    path: String,
    rules: Option<&'a HeaderRules>,
    cache_control: HeaderValue,
    /// Whether the site's rules cannot change `Cache-Control`.
    pinned: bool,
}

impl<'r> CommonHeaders<'r> {
    fn new(site: &SiteView<'_>, rules: &SiteRules<'r>, request: &SiteRequest<'_>) -> Self {
        CommonHeaders {
            path: decode_path(request.path).map(|path| format!("/{path}")).unwrap_or_default(),
            rules: rules.headers.and_then(|rules| rules.as_ref().ok()),
            cache_control: site.cache_control(),
            pinned: site.pinned,
        }
    }

    /// The headers that the site's rules set.
    fn of_the_site(&self) -> HeaderMap {
        self.rules.map(|rules| rules.of(&self.path)).unwrap_or_default()
    }

    /// Adds the site's headers to those of a page that the gateway generated. The page's own take precedence: the site's rules
    /// must not enable scripts in it.
    fn below(&self, page: HeaderMap) -> HeaderMap {
        let site = self.of_the_site();
        // `Content-…` describes bytes of the site.
        let of_others = site.iter().filter(|(name, _)| !name.as_str().starts_with("content-"));
        let mut headers: HeaderMap = of_others.map(|(name, value)| (name.clone(), value.clone())).collect();
        headers.extend(page);
        protect(&mut headers);
        headers
    }

    fn add<'a>(&self, mut answer: Answer<'a>) -> Answer<'a> {
        let headers = &mut answer.headers;
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        // Other hosts need not learn which page links to them.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(ORIGIN_AGENT_CLUSTER, HeaderValue::from_static("?1"));
        if let Some(rules) = self.rules {
            rules.apply(&self.path, headers);
        }
        protect(headers);
        if self.pinned {
            headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        }
        if answer.status == StatusCode::NOT_MODIFIED {
            // Headers that describe a body have no use without it (RFC 9110, 15.4.5).
            for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE] {
                headers.remove(name);
            }
        }
        answer
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
