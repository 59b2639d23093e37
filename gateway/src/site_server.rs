//! Answers requests to sites: finds the rules that a request needs, lets [`meganet_site`] decide, and reads the file.
//!
//! Lists of files can be large, so nothing here waits with a site in hand: what needs the site is done at once, and returns
//! what has to be read.

use crate::{
    builtin_pages::{failure, into_response},
    file_cache::FileKey,
    file_reader::{FileReader, WantedFile},
    rule_cache::{Parsed, RuleCache, RuleCaches},
    source::{Site, SourceError},
};
use axum::{
    body::Body,
    http::{HeaderMap, Response},
};
use meganet_primitives::manifest::Manifest;
use meganet_site::{
    AnswerBody, RuleError, ServePolicy, SiteRequest, SiteRules, SiteView, answer,
    digest::{CONTENT_DIGEST, REPR_DIGEST, digest_value},
    error_headers, needed_rules, plan,
    rules::{HeaderRules, MAX_RULE_BYTES, Redirects, RuleFile},
};
use std::{ops::Range, sync::Arc};

/// Answers requests to sites. Cheap to clone; clones share the caches.
#[derive(Clone)]
pub struct SiteServer {
    files: FileReader,
    rules: RuleCaches,
    policy: ServePolicy,
}

/// The rest of an answer, which needs no site.
pub enum Step {
    /// It is complete.
    Done(Response<Body>),
    /// A file has to be read.
    File(Box<FileStep>),
    /// Rules have to be read, and the site has to be asked again with them.
    Rules(RuleStep),
}

/// An answer with a file that is not read yet.
pub struct FileStep {
    /// All but the bytes and their digests.
    response: Response<Body>,
    file: WantedFile,
    /// The bytes to send; `None` for HEAD.
    range: Option<Range<u64>>,
    name: String,
    pinned: bool,
    headers: Option<Parsed<HeaderRules>>,
}

/// The rule files that have to be read.
pub struct RuleStep {
    headers: Option<Box<WantedFile>>,
    redirects: Option<Box<WantedFile>>,
}

/// The rule files that were read for a request. They are used for each version of the site that has the same, also if they are
/// in no cache any more.
#[derive(Default)]
pub struct ReadRules {
    headers: Option<(FileKey, Parsed<HeaderRules>)>,
    redirects: Option<(FileKey, Parsed<Redirects>)>,
}

impl SiteServer {
    /// Over a reader of files, as the operator wants sites to be served.
    pub fn new(files: FileReader, policy: ServePolicy) -> Self {
        SiteServer { files, rules: RuleCaches::default(), policy }
    }

    /// Begins the answer to a request to a version of a site. `pinned` is true if the host names this version and no other.
    pub fn begin(&self, site: &dyn Site, pinned: bool, read: &ReadRules, request: &SiteRequest<'_>) -> Step {
        let view = SiteView { name: &site.state().name, manifest: site.manifest(), pinned, policy: self.policy };
        let needed = needed_rules(&view, request);
        let headers = find_rules(needed.headers, site, read.headers.as_ref(), &self.rules.headers);
        let redirects = find_rules(needed.redirects, site, read.redirects.as_ref(), &self.rules.redirects);
        let (headers, redirects) = match (headers, redirects) {
            (Ok(headers), Ok(redirects)) => (headers, redirects),
            (headers, redirects) => {
                return Step::Rules(RuleStep { headers: headers.err(), redirects: redirects.err() });
            }
        };
        let rules = SiteRules { headers: headers.as_deref(), redirects: redirects.as_deref() };
        let answered = answer(plan(&view, &rules, request), &view, &rules, request);
        let (entry, range) = match &answered.body {
            AnswerBody::FileHead(entry) => (*entry, None),
            AnswerBody::File { entry, range } => (*entry, Some(range.clone())),
            AnswerBody::Empty | AnswerBody::Text(_) => return Step::Done(into_response(answered)),
        };
        let (file, name) = (WantedFile::new(site, entry), view.name.to_owned());
        Step::File(Box::new(FileStep { response: into_response(answered), file, range, name, pinned, headers }))
    }

    /// Ends the answer to a request with a file.
    pub async fn finish(&self, step: FileStep, request: &SiteRequest<'_>) -> Response<Body> {
        let FileStep { mut response, file, range, name, pinned, headers } = step;
        match self.read(&file, range, response.headers_mut()).await {
            Ok(body) => {
                *response.body_mut() = body;
                response
            }
            Err(error) => {
                // The headers of an error do not depend on the files.
                let view = SiteView { name: &name, manifest: &Manifest::default(), pinned, policy: self.policy };
                let rules = SiteRules { headers: headers.as_deref(), redirects: None };
                let mut page = failure(&error);
                let headers = std::mem::take(page.headers_mut());
                *page.headers_mut() = error_headers(headers, &view, &rules, request);
                page
            }
        }
    }

    /// Reads a file, and adds the digests of its bytes.
    async fn read(
        &self,
        file: &WantedFile,
        range: Option<Range<u64>>,
        headers: &mut HeaderMap,
    ) -> Result<Body, SourceError> {
        let Some(range) = range else {
            let digest = self.files.digest(file).await?;
            add_digests(headers, digest.as_ref(), None);
            return Ok(Body::empty());
        };
        let read = self.files.read(file, range).await?;
        let digests = read.digests.as_ref();
        add_digests(headers, digests.map(|digests| &digests.whole), digests.map(|digests| &digests.sent));
        Ok(read.body)
    }

    /// Reads and parses rule files.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn read_rules(&self, step: RuleStep, read: &mut ReadRules) -> Result<(), SourceError> {
        if let Some(wanted) = step.headers {
            read.headers = Some(self.parse(&wanted, &self.rules.headers).await?);
        }
        if let Some(wanted) = step.redirects {
            read.redirects = Some(self.parse(&wanted, &self.rules.redirects).await?);
        }
        Ok(())
    }

    async fn parse<T: RuleFile>(
        &self,
        wanted: &WantedFile,
        cache: &RuleCache<T>,
    ) -> Result<(FileKey, Parsed<T>), SourceError> {
        let file = self.files.small(wanted).await?;
        let key = wanted.key();
        Ok((key.clone(), cache.put(key, &file.bytes)))
    }
}

/// One rule file, if it is needed; `None` if the site does not have it. The error is the file that has to be read first.
fn find_rules<T: RuleFile>(
    is_needed: bool,
    site: &dyn Site,
    read: Option<&(FileKey, Parsed<T>)>,
    cache: &RuleCache<T>,
) -> Result<Option<Parsed<T>>, Box<WantedFile>> {
    let Some(entry) = site.manifest().find(T::NAME).filter(|_| is_needed) else { return Ok(None) };
    if entry.size > MAX_RULE_BYTES {
        return Ok(Some(Arc::new(Err(RuleError::too_long(T::NAME)))));
    }
    let key = FileKey::new(&site.state().name, entry.hash);
    let known = read.filter(|(of, _)| *of == key).map(|(_, parsed)| parsed.clone());
    let known = known.or_else(|| cache.get(&key));
    known.map(Some).ok_or_else(|| Box::new(WantedFile::new(site, entry)))
}

fn add_digests(headers: &mut HeaderMap, whole: Option<&[u8; 32]>, sent: Option<&[u8; 32]>) {
    headers.extend(whole.and_then(digest_value).map(|value| (REPR_DIGEST, value)));
    headers.extend(sent.and_then(digest_value).map(|value| (CONTENT_DIGEST, value)));
}
