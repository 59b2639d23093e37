//! Routes a request by its host and path.

use crate::{
    builtin_pages::{BUILTIN_PREFIX, builtin_page, failure, into_response, landing, message},
    file_reader::FileReader,
    head_size,
    host::{DOMAIN, Target, is_own, target},
    metrics::Metrics,
    name_headers,
    options::GatewayOptions,
    site_server::SiteServer,
    source::{Evidence, NameState, Opened, Site, Source, SourceError},
    tenure::Tenure,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts},
};
use meganet_client::names::foreign::uri as describe;
use meganet_primitives::content::ForeignRef;
use meganet_site::{
    SiteRequest,
    cors::{ALLOWED_METHODS, is_preflight, plain_options, preflight},
    html::{end_service_worker, redirect_page},
    lookup::decode_path,
    plan::is_service_worker_script,
};
use std::sync::Arc;

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
            Target::Site(name) => self.name(&name, request).await,
            Target::Version { name, object } => {
                let opened = self.source.open_version(&name, object).await;
                match self.trusted(opened, |site| site.state().evidence) {
                    Ok(site) => self.site(site.as_ref(), true, request).await,
                    Err(error) => failed(&name, &error, request),
                }
            }
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

    async fn name(&self, name: &str, request: &Parts) -> Response<Body> {
        let opened = self.source.open(name).await;
        match self.trusted(opened, |opened| opened.state().evidence) {
            Ok(Opened::Site(site)) => self.site(site.as_ref(), false, request).await,
            Ok(Opened::Foreign { .. }) if request.method == Method::OPTIONS => refused_preflight(request),
            Ok(Opened::Foreign { state, content }) => self.foreign(&state, &content, request),
            Err(error) => failed(name, &error, request),
        }
    }

    async fn site(&self, site: &dyn Site, pinned: bool, request: &Parts) -> Response<Body> {
        let asked = SiteRequest {
            method: &request.method,
            path: request.uri.path(),
            query: request.uri.query(),
            headers: &request.headers,
        };
        let (state, object) = (site.state(), site.object());
        let tenure = Tenure::of(&request.headers, &self.options.tenure_key, state);
        // The former owner's must end even where the new owner allows one.
        let mut response = match tenure {
            Tenure::Former if is_service_worker_script(&request.headers) => into_response(end_service_worker()),
            _ => self.sites.respond(site, pinned, asked).await,
        };
        tenure.mark(&request.headers, &self.options.tenure_key, state, response.headers_mut());
        name_headers::add_state(response.headers_mut(), state, Some(object));
        response
    }

    /// Replaces an answer about a name by an error if the operator requires a proof that is missing. That includes the answer
    /// that the name does not exist.
    fn trusted<T>(
        &self,
        answer: Result<T, SourceError>,
        evidence: impl FnOnce(&T) -> Evidence,
    ) -> Result<T, SourceError> {
        let evidence = match &answer {
            Ok(opened) => Some(evidence(opened)),
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
