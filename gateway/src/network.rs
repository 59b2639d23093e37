//! Sites from the real network.

use crate::source::{Evidence, Opened, Resolved, Site, Source, SourceError, Verified};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use meganet_client::{
    Client, Site as PinnedSite, SiteError,
    resolve::{Evidence as KnownEvidence, NotASite, ResolveError, Resolved as Known, Verified as KnownVerified},
};
use meganet_primitives::{
    manifest::{Entry, Manifest},
    name::NameStatus,
    object::ObjectId,
};
use moka::future::Cache;
use std::{future::Future, ops::Range, sync::Arc, time::Duration};

/// How long a name is taken to point where it did. A page of a hundred files asks the chain once, not a hundred times; a
/// block takes longer.
const NAME_MEMORY: Duration = Duration::from_secs(2);
/// Names remembered.
const NAMES: u64 = 1024;

/// Opens names by the chain and reads from workers.
pub struct NetworkSource {
    client: Client,
    names: Cache<String, Opened>,
    versions: Cache<(String, ObjectId), Arc<dyn Site>>,
}

impl NetworkSource {
    /// Over a client that others may share.
    pub fn new(client: Client) -> Self {
        NetworkSource { client, names: remembered(), versions: remembered() }
    }

    async fn look_up(&self, name: &str) -> Result<Opened, SourceError> {
        let resolved = self.client.resolver().resolve(name).await.map_err(|error| unresolved(&error))?;
        match resolved.content() {
            Ok(_) => Ok(Opened::Site(self.pin(&resolved).await?)),
            Err(NotASite::Foreign { reference, .. }) => {
                Ok(Opened::Foreign { resolved: seen(&resolved), content: reference })
            }
            Err(error) => Err(leads_nowhere(&error, evidence(&resolved.evidence()))),
        }
    }

    async fn look_up_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let resolver = self.client.resolver();
        let current = resolver.resolve(name).await.map_err(|error| unresolved(&error))?;
        if let Err(error @ (NotASite::NoSuchName { .. } | NotASite::Lapsed { .. })) = current.content() {
            return Err(leads_nowhere(&error, evidence(&current.evidence())));
        }
        let version = resolver.version(&current, object).await.map_err(|error| unresolved(&error))?;
        self.pin(&version).await
    }

    async fn pin(&self, resolved: &Known) -> Result<Arc<dyn Site>, SourceError> {
        let site = self.client.open(resolved).await.map_err(|error| explain(&error))?;
        Ok(Arc::new(Pinned { resolved: seen(resolved), site }))
    }
}

#[async_trait]
impl Source for NetworkSource {
    async fn open(&self, name: &str) -> Result<Opened, SourceError> {
        // Readers who come at once wait for one answer.
        shared(self.names.try_get_with_by_ref(name, self.look_up(name))).await
    }

    async fn open_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let key = (name.to_string(), object);
        shared(self.versions.try_get_with_by_ref(&key, self.look_up_version(name, object))).await
    }
}

fn remembered<K, V>() -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(NAMES).time_to_live(NAME_MEMORY).build()
}

/// An answer of which several wait for the error.
async fn shared<T>(answer: impl Future<Output = Result<T, Arc<SourceError>>>) -> Result<T, SourceError> {
    answer.await.map_err(Arc::unwrap_or_clone)
}

struct Pinned {
    resolved: Resolved,
    site: PinnedSite,
}

impl Site for Pinned {
    fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    fn object(&self) -> ObjectId {
        self.site.content().object
    }

    fn manifest(&self) -> &Manifest {
        self.site.manifest()
    }

    fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
        self.site.read(entry, range).map_err(|error| explain(&error)).boxed()
    }
}

fn seen(resolved: &Known) -> Resolved {
    Resolved {
        name: resolved.name().to_owned(),
        version: resolved.version(),
        status: resolved.status().unwrap_or(NameStatus::Lapsed),
        evidence: evidence(&resolved.evidence()),
    }
}

fn evidence(known: &KnownEvidence) -> Evidence {
    let verified = match known.verified {
        KnownVerified::Light => Verified::Light,
        KnownVerified::Proof(_) => Verified::Proof,
        KnownVerified::Rpc => Verified::Rpc,
    };
    Evidence { verified, block: known.block }
}

/// The answer for a name that leads to nothing that can be served.
fn leads_nowhere(error: &NotASite, evidence: Evidence) -> SourceError {
    let text = error.to_string();
    match error {
        NotASite::Lapsed { .. } => SourceError::Lapsed { text, evidence },
        _ => SourceError::NotFound { text, evidence },
    }
}

/// The answer for a name that could not be resolved.
fn unresolved(error: &ResolveError) -> SourceError {
    let text = error.to_string();
    match error {
        ResolveError::NoSuchVersion { evidence: known, .. } => {
            SourceError::NotFound { text, evidence: evidence(known) }
        }
        error if error.is_transient() => SourceError::Unavailable(text),
        ResolveError::Chain(_) => SourceError::Damaged(text),
        _ => SourceError::Unverified(text),
    }
}

/// Why something could not be read that the chain says is there.
fn explain(error: &SiteError) -> SourceError {
    if error.is_transient() {
        SourceError::Unavailable(error.to_string())
    } else {
        SourceError::Damaged(error.to_string())
    }
}
