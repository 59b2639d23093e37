//! Sites from the real network.

use crate::source::{Evidence, Opened, Resolved, Site, Source, SourceError, Verified};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use meganet_chain_client::At;
use meganet_client::{
    Client, Site as PinnedSite, SiteError,
    resolve::{Evidence as Known, ResolveError},
};
use meganet_primitives::{
    chain::Resolution,
    content::{ContentRef, NameContent},
    manifest::{Entry, Manifest},
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

/// What the chain says of a name, at one block.
struct Found {
    resolution: Resolution,
    evidence: Evidence,
    at: At,
}

impl NetworkSource {
    /// Over a client that others may share.
    pub fn new(client: Client) -> Self {
        NetworkSource { client, names: remembered(), versions: remembered() }
    }

    /// Asks what a name leads to, at a final block, so that no reader ever sees a version go back. How that is known is in
    /// the evidence.
    async fn find(&self, name: &str) -> Result<Found, SourceError> {
        let found = self.client.resolver().resolve(name).await.map_err(|error| unresolved(&error))?;
        let verified = match found.evidence {
            Known::Light => Verified::Light,
            Known::Proof(_) => Verified::Proof,
            Known::Rpc => Verified::Rpc,
        };
        let evidence = Evidence { verified, block: found.number };
        let (at, resolution) = (At::Block(found.hash), found.resolution);
        match resolution {
            None => Err(missing(&SiteError::NoSuchName { name: name.into() }, evidence)),
            Some(Resolution { status, expires, .. }) if !status.works() => {
                let text = SiteError::Lapsed { name: name.into(), expired: expires }.to_string();
                Err(SourceError::Lapsed { text, evidence })
            }
            Some(resolution) => Ok(Found { resolution, evidence, at }),
        }
    }

    async fn look_up(&self, name: &str) -> Result<Opened, SourceError> {
        let Found { resolution, evidence, .. } = self.find(name).await?;
        let resolved = Resolved { name: name.into(), version: resolution.version, status: resolution.status, evidence };
        match resolution.content {
            None => Err(missing(&SiteError::NoContent { name: name.into() }, evidence)),
            Some(NameContent::Foreign(content)) => Ok(Opened::Foreign { resolved, content }),
            Some(NameContent::Object(content)) => Ok(Opened::Site(self.pin(resolved, &content).await?)),
        }
    }

    async fn look_up_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let Found { resolution, mut evidence, at } = self.find(name).await?;
        let is_it = |content: &Option<NameContent>| {
            content.as_ref().and_then(NameContent::object).copied().filter(|content| content.object == object)
        };
        let mut found = is_it(&resolution.content).map(|content| (resolution.version, content));
        if found.is_none() && !name.contains('.') {
            // The chain remembers the last versions of labels, and of names below them only the last one.
            let history = self.client.chain().name_history(name, at).await.map_err(|error| explain(&error.into()))?;
            // A proof is about what the name points at now: for what it pointed at, the node was believed.
            if evidence.verified == Verified::Proof {
                evidence.verified = Verified::Rpc;
            }
            found = history.into_iter().find_map(|was| Some((was.version, is_it(&was.content)?)));
        }
        let Some((version, content)) = found else {
            let text = format!("{object} is not among the versions of '{name}' that the chain remembers.");
            return Err(SourceError::NotFound { text, evidence });
        };
        let resolved = Resolved { name: name.into(), version, status: resolution.status, evidence };
        self.pin(resolved, &content).await
    }

    async fn pin(&self, resolved: Resolved, content: &ContentRef) -> Result<Arc<dyn Site>, SourceError> {
        let site = self.client.open_content(content).await.map_err(|error| explain(&error))?;
        Ok(Arc::new(Pinned { resolved, site }))
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

fn missing(error: &SiteError, evidence: Evidence) -> SourceError {
    SourceError::NotFound { text: error.to_string(), evidence }
}

/// Why it is not known what a name leads to.
fn unresolved(error: &ResolveError) -> SourceError {
    let text = error.to_string();
    match error {
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
