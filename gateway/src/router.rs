//! Routes a request by its host and path.

use crate::{
    builtin_pages::{BUILTIN_PREFIX, builtin_page, failure, into_response, landing, message},
    file_reader::FileReader,
    head_size,
    host::{DOMAIN, Target, is_own, target},
    metrics::Metrics,
    name_headers,
    options::GatewayOptions,
    site_server::{ReadRules, SiteServer, Step},
    source::{NameState, Opened, Site, Source, SourceError},
    tenure::Tenure,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts},
};
use meganet_client::names::foreign::uri as describe;
use meganet_primitives::{content::ForeignRef, object::ObjectId};
use meganet_site::{
    SiteRequest,
    cors::{ALLOWED_METHODS, is_preflight, plain_options, preflight},
    html::{end_service_worker, redirect_page},
    lookup::decode_path,
    plan::is_service_worker_script,
};
use std::sync::Arc;

/// The most times that a site is opened for one request: once more after its rules were read, and again if it was published
/// meanwhile.
const MAX_OPENS: usize = 4;

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    source: Arc<dyn Source>,
    options: Arc<GatewayOptions>,
    sites: SiteServer,
    metrics: Metrics,
}

impl Gateway {
    /// Over a source, with empty caches of at most `cache_bytes` of content.
    pub fn new(source: Arc<dyn Source>, options: GatewayOptions, cache_bytes: u64, metrics: Metrics) -> Self {
        let sites = SiteServer::new(FileReader::new(cache_bytes, metrics.clone()), options.serve_policy());
        Gateway { source, options: Arc::new(options), sites, metrics }
    }

    /// Returns a router that answers every host and path.
    pub fn router(self) -> Router {
        Router::new().fallback(count).with_state(self)
    }

    async fn answer(&self, request: &Parts) -> Response<Body> {
        if let Some(refusal) = head_size::refusal(request) {
            return refusal;
        }
        match request.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS if is_preflight(&request.method, &request.headers) => {}
            Method::OPTIONS => return into_response(plain_options()),
            _ => {
                let text = "This gateway answers only GET, HEAD and OPTIONS requests. To publish a site, use `meganet publish`.";
                let mut refusal = message(StatusCode::METHOD_NOT_ALLOWED, text);
                refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOWED_METHODS));
                return refusal;
            }
        }
        if request.headers.get_all(header::HOST).iter().count() > 1 {
            return message(StatusCode::BAD_REQUEST, "This request names several hosts.");
        }
        let path = request.uri.path();
        // HTTP/1.1 has the host in a header, unless the request line contains the whole URL.
        let named = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = request.uri.host().or(named).unwrap_or_default();
        match target(host) {
            Target::Site(_) | Target::Version { .. } if path.starts_with(BUILTIN_PREFIX) => {
                message(StatusCode::NOT_FOUND, "The gateway's own pages are at its own host: http://localhost:PORT/.")
            }
            Target::Site(name) => self.name(&name, None, request).await,
            Target::Version { name, object } => self.name(&name, Some(object), request).await,
            Target::Bad(text) => message(StatusCode::BAD_REQUEST, &text),
            // No page of another origin may read what the gateway itself knows.
            Target::Gateway if request.method == Method::OPTIONS => refused_preflight(request),
            // A domain of others that points here: its pages must not read what this gateway knows.
            Target::Gateway if !is_own(host) => message(
                StatusCode::MISDIRECTED_REQUEST,
                &format!(
                    "This gateway serves http://NAME.{DOMAIN}:PORT/, and its own pages at http://localhost:PORT/."
                ),
            ),
            Target::Gateway if path.starts_with(BUILTIN_PREFIX) => {
                builtin_page(&self.metrics, path.strip_prefix(BUILTIN_PREFIX).unwrap_or_default())
            }
            Target::Gateway if path.starts_with("/o/") => message(
                StatusCode::NOT_IMPLEMENTED,
                "This gateway cannot open private objects yet: that has to happen in your browser, so that the key after '#' \
                 never reaches a server. Until then, `meganet get 'LINK' -o FILE` opens the object on your machine.",
            ),
            Target::Gateway if path == "/" => landing(),
            Target::Gateway => {
                message(StatusCode::NOT_FOUND, &format!("Sites are at http://NAME.{DOMAIN}:PORT/, not at this host."))
            }
        }
    }

    /// Answers a request to a name, or to one version of its site. The site is dropped before anything is read, since its list
    /// of files may be large, and opened again where the rules had to be read first.
    async fn name(&self, name: &str, version: Option<ObjectId>, request: &Parts) -> Response<Body> {
        let mut rules = ReadRules::default();
        for _ in 0..MAX_OPENS {
            let begun = match self.open(name, version).await {
                Ok(Opened::Site(site)) => self.begin(&*site, version.is_some(), &rules, request),
                Ok(Opened::Foreign { .. }) if request.method == Method::OPTIONS => return refused_preflight(request),
                Ok(Opened::Foreign { state, content }) => return self.foreign(&state, &content, request),
                Err(error) => return failed(name, &error, request),
            };
            let mut response = match begun.step {
                Step::Done(response) => response,
                Step::File(step) => self.sites.finish(*step, &asked(request)).await,
                Step::Rules(step) => match self.sites.read_rules(step, &mut rules).await {
                    Ok(()) => continue,
                    Err(error) => failure(&error),
                },
            };
            begun.tenure.mark(&request.headers, &self.options.tenure_key, &begun.state, response.headers_mut());
            name_headers::add_state(response.headers_mut(), &begun.state, Some(begun.object));
            return response;
        }
        failed(name, &SourceError::unavailable(Changing), request)
    }

    /// Opens what a name points to now, or one version of its site.
    async fn open(&self, name: &str, version: Option<ObjectId>) -> Result<Opened, SourceError> {
        let opened = match version {
            None => self.source.open(name).await,
            Some(object) => self.source.open_version(name, object).await.map(Opened::Site),
        };
        self.trusted(opened)
    }

    /// Does what needs the site.
    fn begin(&self, site: &dyn Site, pinned: bool, rules: &ReadRules, request: &Parts) -> Begun {
        let state = site.state().clone();
        let tenure = Tenure::of(&request.headers, &self.options.tenure_key, &state);
        // The former owner's must end even where the new owner allows one.
        let step = match tenure {
            Tenure::Former if is_service_worker_script(&request.headers) => {
                Step::Done(into_response(end_service_worker()))
            }
            _ => self.sites.begin(site, pinned, rules, &asked(request)),
        };
        Begun { state, object: site.object(), tenure, step }
    }

    /// Replaces an answer about a name by an error if the operator requires a proof that is missing. That includes the answer
    /// that the name does not exist.
    fn trusted(&self, answer: Result<Opened, SourceError>) -> Result<Opened, SourceError> {
        let evidence = match &answer {
            Ok(opened) => Some(opened.state().evidence),
            Err(error) => error.evidence(),
        };
        match evidence {
            Some(evidence) if self.options.require_verified && !evidence.verified.is_proven() => {
                Err(SourceError::unverified(NotProven))
            }
            _ => answer,
        }
    }

    /// Answers for a name that points into another network.
    fn foreign(&self, state: &NameState, content: &ForeignRef, request: &Parts) -> Response<Body> {
        let (path, query) = (request.uri.path(), request.uri.query());
        let tenure = Tenure::of(&request.headers, &self.options.tenure_key, state);
        let url = self.options.foreign.as_ref().and_then(|gateway| gateway.url(content, path, query));
        let mut response = match url {
            _ if is_service_worker_script(&request.headers) => into_response(end_service_worker()),
            // Browsers resolve '..' themselves. In another client it could lead out of the content that the name points to.
            _ if decode_path(path).is_none() => message(StatusCode::BAD_REQUEST, "No file can have this path."),
            Some(url) => match HeaderValue::from_str(&url) {
                Ok(url) => {
                    let mut response = into_response(redirect_page(StatusCode::FOUND, &url));
                    let cache_control = self.options.serve_policy().cache_control();
                    response.headers_mut().insert(header::CACHE_CONTROL, cache_control);
                    response
                }
                Err(_) => message(StatusCode::BAD_REQUEST, "The redirect cannot carry this query: percent-encode it."),
            },
            None => message(
                StatusCode::NOT_IMPLEMENTED,
                &format!(
                    "The name '{}' points to {}, which is content of another network. Open that address with the software \
                     of that network: this gateway redirects to no gateway for it.",
                    state.name,
                    describe(content)
                ),
            ),
        };
        tenure.mark(&request.headers, &self.options.tenure_key, state, response.headers_mut());
        name_headers::add_state(response.headers_mut(), state, None);
        response
    }
}

/// The error for names whose evidence does not satisfy the operator.
#[derive(Debug, thiserror::Error)]
#[error(
    "This gateway serves only what is proven, and its node did not prove what this name points to. Try again later, or ask the \
     gateway's operator."
)]
struct NotProven;

/// The error for a site that has other rules each time that it is opened.
#[derive(Debug, thiserror::Error)]
#[error("This site was published again and again while it was opened: try again in a few seconds.")]
struct Changing;

/// An answer to a request to a site, as far as it needs the site.
struct Begun {
    state: NameState,
    object: ObjectId,
    tenure: Tenure,
    step: Step,
}

/// The request as the rules of sites see it.
fn asked(request: &Parts) -> SiteRequest<'_> {
    SiteRequest {
        method: &request.method,
        path: request.uri.path(),
        query: request.uri.query(),
        headers: &request.headers,
    }
}

async fn count(State(gateway): State<Gateway>, request: Request) -> Response<Body> {
    let (parts, _body) = request.into_parts();
    let response = gateway.answer(&parts).await;
    gateway.metrics.answered(response.status().as_u16());
    response
}

/// Refuses a preflight where no site decides.
fn refused_preflight(request: &Parts) -> Response<Body> {
    into_response(preflight(&HeaderMap::new(), &request.headers))
}

/// Returns the error page for a name. A name that leads nowhere has no service worker either.
fn failed(name: &str, error: &SourceError, request: &Parts) -> Response<Body> {
    let ends = error.evidence().is_some() && is_service_worker_script(&request.headers);
    let mut response = if ends { into_response(end_service_worker()) } else { failure(error) };
    if let Some(evidence) = error.evidence() {
        name_headers::add_evidence(response.headers_mut(), name, evidence);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        file_cache::MAX_FILE,
        source::{Evidence, File, Verified},
    };
    use async_trait::async_trait;
    use axum::body::Bytes;
    use futures::{
        StreamExt,
        stream::{self, BoxStream},
    };
    use meganet_primitives::manifest::{Entry, Manifest};
    use std::{
        ops::Range,
        sync::{Mutex, Weak},
    };

    /// A site whose files never come.
    struct Stalled {
        state: NameState,
        manifest: Manifest,
    }

    impl Site for Stalled {
        fn state(&self) -> &NameState {
            &self.state
        }

        fn object(&self) -> ObjectId {
            ObjectId([1; 32])
        }

        fn manifest(&self) -> &Manifest {
            &self.manifest
        }

        fn file(&self, _entry: &Entry) -> Result<Arc<dyn File>, SourceError> {
            Ok(Arc::new(Never))
        }
    }

    struct Never;

    impl File for Never {
        fn read(&self, _range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
            stream::pending().boxed()
        }
    }

    /// Opens sites with these files, and remembers the sites.
    struct Sites {
        files: Vec<(&'static str, u64)>,
        opened: Mutex<Vec<Weak<Stalled>>>,
    }

    #[async_trait]
    impl Source for Sites {
        async fn open(&self, name: &str) -> Result<Opened, SourceError> {
            let entry = |(path, size): &(&str, u64)| Entry {
                path: (*path).to_owned(),
                size: *size,
                mtime: 0,
                mode: 0o644,
                hash: [1; 32],
                extents: Vec::new(),
            };
            let manifest = Manifest { objects: Vec::new(), entries: self.files.iter().map(entry).collect() };
            let evidence = Evidence { verified: Verified::Rpc, block: 1 };
            let state = NameState { name: name.to_owned(), owner: [1; 32], version: 1, status: None, evidence };
            let site = Arc::new(Stalled { state, manifest });
            self.opened.lock().unwrap().push(Arc::downgrade(&site));
            Ok(Opened::Site(site))
        }

        async fn open_version(&self, name: &str, _object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
            let Opened::Site(site) = self.open(name).await? else { panic!("it opens sites") };
            Ok(site)
        }
    }

    #[tokio::test]
    async fn no_list_of_files_is_kept_while_a_file_is_waited_for() {
        let cases = [
            vec![("index.html", 1)],
            vec![("index.html", MAX_FILE + 1)],
            vec![("_headers", 1), ("index.html", 1)],
            vec![("_redirects", 1)],
        ];
        for files in cases {
            let source = Arc::new(Sites { files: files.clone(), opened: Mutex::default() });
            let gateway = Gateway::new(source.clone(), GatewayOptions::default(), 1 << 20, Metrics::default());
            for host in ["hello.mega.localhost".to_owned(), format!("at--{}.hello.mega.localhost", ObjectId([1; 32]))] {
                let request = axum::http::Request::get("/").header(header::HOST, host).body(()).unwrap();
                let (request, ()) = request.into_parts();
                let mut answer = Box::pin(gateway.answer(&request));
                assert!(futures::poll!(&mut answer).is_pending(), "{files:?}");
                let opened = std::mem::take(&mut *source.opened.lock().unwrap());
                let kept: Vec<usize> = opened.iter().map(Weak::strong_count).collect();
                assert_eq!(kept, [0], "{files:?}");
            }
        }
    }
}
