//! Answers requests to sites: loads the rules that a request needs, lets [`meganet_site`] decide, and reads the file.

use crate::{
    builtin_pages::{failure, into_response},
    file_cache::FileKey,
    file_reader::FileReader,
    rule_cache::{Parsed, RuleCache, RuleCaches},
    source::{Site, SourceError},
};
use axum::{
    body::Body,
    http::{HeaderMap, Response},
};
use meganet_site::{
    Answer, AnswerBody, NeededRules, RuleError, ServePolicy, SiteRequest, SiteRules, SiteView, answer,
    digest::{CONTENT_DIGEST, REPR_DIGEST, digest_value},
    error_headers, needed_rules, plan,
    rules::{HeaderRules, MAX_RULE_BYTES, Redirects, RuleFile},
};
use std::sync::Arc;

/// Answers requests to sites. Cheap to clone; clones share the caches.
#[derive(Clone)]
pub struct SiteServer {
    files: FileReader,
    rules: RuleCaches,
    policy: ServePolicy,
}

impl SiteServer {
    /// Over a reader of files, as the operator wants sites to be served.
    pub fn new(files: FileReader, policy: ServePolicy) -> Self {
        SiteServer { files, rules: RuleCaches::default(), policy }
    }

    /// Answers a request to a version of a site. `pinned` is true if the host names this version and no other.
    pub async fn respond(&self, site: &dyn Site, pinned: bool, request: SiteRequest<'_>) -> Response<Body> {
        self.try_respond(site, pinned, request).await.unwrap_or_else(|error| failure(&error))
    }

    async fn try_respond(
        &self,
        site: &dyn Site,
        pinned: bool,
        request: SiteRequest<'_>,
    ) -> Result<Response<Body>, SourceError> {
        let name = &site.state().name;
        let view = SiteView { name, manifest: site.manifest(), pinned, policy: self.policy };
        let loaded = self.load(site, needed_rules(&view, &request)).await?;
        let rules = SiteRules { headers: loaded.headers.as_deref(), redirects: loaded.redirects.as_deref() };
        let outcome = plan(&view, &rules, &request);
        Ok(self.send(site, answer(outcome, &view, &rules, &request)).await.unwrap_or_else(|error| {
            let mut response = failure(&error);
            let headers = std::mem::take(response.headers_mut());
            *response.headers_mut() = error_headers(headers, &view, &rules, &request);
            response
        }))
    }

    /// Turns an answer into a response, with the bytes of its file and their digests.
    async fn send(&self, site: &dyn Site, mut answer: Answer<'_>) -> Result<Response<Body>, SourceError> {
        let headers = &mut answer.headers;
        let file = match &answer.body {
            AnswerBody::FileHead(entry) => {
                let digest = self.files.digest(site, entry).await?;
                add_digests(headers, digest.as_ref(), None);
                Body::empty()
            }
            AnswerBody::File { entry, range } => {
                let file = self.files.read(site, entry, range.clone()).await?;
                let digests = file.digests.as_ref();
                add_digests(headers, digests.map(|digests| &digests.whole), digests.map(|digests| &digests.sent));
                file.body
            }
            AnswerBody::Empty | AnswerBody::Text(_) => return Ok(into_response(answer)),
        };
        let mut response = into_response(Answer { body: AnswerBody::Empty, ..answer });
        *response.body_mut() = file;
        Ok(response)
    }

    /// Reads and parses rule files, or takes them from the caches.
    async fn load(&self, site: &dyn Site, needed: NeededRules) -> Result<LoadedRules, SourceError> {
        let mut loaded = LoadedRules::default();
        if needed.headers {
            loaded.headers = self.load_file(&self.rules.headers, site).await?;
        }
        if needed.redirects {
            loaded.redirects = self.load_file(&self.rules.redirects, site).await?;
        }
        Ok(loaded)
    }

    /// One rule file; `None` if the site does not have it.
    async fn load_file<T: RuleFile>(
        &self,
        cache: &RuleCache<T>,
        site: &dyn Site,
    ) -> Result<Option<Parsed<T>>, SourceError> {
        let Some(entry) = site.manifest().find(T::NAME) else { return Ok(None) };
        if entry.size > MAX_RULE_BYTES {
            return Ok(Some(Arc::new(Err(RuleError::too_long(T::NAME)))));
        }
        let key = FileKey::new(&site.state().name, entry.hash);
        if let Some(parsed) = cache.get(&key) {
            return Ok(Some(parsed));
        }
        let file = self.files.small(site, entry).await?;
        Ok(Some(cache.put(key, &file.bytes)))
    }
}

/// The rule files that a request needs, as far as the site has them.
#[derive(Default)]
struct LoadedRules {
    headers: Option<Parsed<HeaderRules>>,
    redirects: Option<Parsed<Redirects>>,
}

fn add_digests(headers: &mut HeaderMap, whole: Option<&[u8; 32]>, sent: Option<&[u8; 32]>) {
    headers.extend(whole.and_then(digest_value).map(|value| (REPR_DIGEST, value)));
    headers.extend(sent.and_then(digest_value).map(|value| (CONTENT_DIGEST, value)));
}
