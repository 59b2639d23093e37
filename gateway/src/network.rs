//! Sites from the real network.

use crate::source::{Evidence, NameState, Opened, Site, Source, SourceError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use meganet_client::{
    Client, Site as PinnedSite, SiteError,
    resolve::{NotASite, ResolveError, Resolved},
};
use meganet_primitives::{
    content::ContentRef,
    convert::to_u32,
    manifest::{Entry, Extent, Manifest},
    object::ObjectId,
};
use moka::future::Cache;
use std::{future::Future, ops::Range, sync::Arc, time::Duration};

/// How long the answer about a name is cached: shorter than a block, and long enough that a page of a hundred files asks the
/// chain once.
const NAME_TTL: Duration = Duration::from_secs(2);
/// Bytes of cached answers, by name and by version each: mostly lists of files, which publishers may make up to 64 MiB long.
const MAX_BYTES: u64 = 128 << 20;
/// Bytes that an answer takes, approximately, in addition to its list of files.
const ANSWER_BYTES: usize = 1024;

/// Resolves names and reads from workers through a [`Client`].
pub struct NetworkSource {
    client: Client,
    names: Cache<String, Opened>,
    versions: Cache<(String, ObjectId), Arc<dyn Site>>,
}

impl NetworkSource {
    /// Over a client that others may share. Its resolver determines what is verified.
    pub fn new(client: Client) -> Self {
        let names = new_cache(|opened: &Opened| match opened {
            Opened::Site(site) => weight(&**site),
            Opened::Foreign { .. } => ANSWER_BYTES,
        });
        NetworkSource { client, names, versions: new_cache(|site: &Arc<dyn Site>| weight(&**site)) }
    }

    async fn look_up(&self, name: &str) -> Result<Opened, SourceError> {
        let resolved = self.client.resolver().resolve(name).await.map_err(not_resolved)?;
        match resolved.content() {
            Ok(_) => Ok(Opened::Site(self.pin(&resolved).await?)),
            Err(NotASite::Foreign { reference, .. }) => {
                Ok(Opened::Foreign { state: Arc::new((&resolved).into()), content: reference })
            }
            Err(error) => Err(not_a_site(error, resolved.evidence())),
        }
    }

    async fn look_up_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let resolver = self.client.resolver();
        let current = resolver.resolve(name).await.map_err(not_resolved)?;
        if let Err(error @ (NotASite::NoSuchName { .. } | NotASite::Lapsed { .. })) = current.content() {
            return Err(not_a_site(error, current.evidence()));
        }
        let version = resolver.version(&current, object).await.map_err(not_resolved)?;
        self.pin(&version).await
    }

    async fn pin(&self, resolved: &Resolved) -> Result<Arc<dyn Site>, SourceError> {
        let site = self.client.open(resolved).await.map_err(not_readable)?;
        Ok(Arc::new(Pinned { state: resolved.into(), site }))
    }
}

#[async_trait]
impl Source for NetworkSource {
    async fn open(&self, name: &str) -> Result<Opened, SourceError> {
        // Concurrent requests for one name wait for one answer.
        shared(self.names.try_get_with_by_ref(name, self.look_up(name))).await
    }

    async fn open_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let key = (name.to_string(), object);
        shared(self.versions.try_get_with_by_ref(&key, self.look_up_version(name, object))).await
    }
}

fn new_cache<K, V>(weight: impl Fn(&V) -> usize + Send + Sync + 'static) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let weigher = move |_: &K, value: &V| to_u32(weight(value));
    Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).time_to_live(NAME_TTL).build()
}

/// Bytes in memory of an opened site, approximately.
fn weight(site: &dyn Site) -> usize {
    let Manifest { objects, entries } = site.manifest();
    let entry = |entry: &Entry| {
        let extents = size_of::<Extent>().saturating_mul(entry.extents.len());
        size_of::<Entry>().saturating_add(entry.path.len()).saturating_add(extents)
    };
    let objects = size_of::<ContentRef>().saturating_mul(objects.len());
    entries.iter().map(entry).fold(ANSWER_BYTES.saturating_add(objects), usize::saturating_add)
}

/// An answer whose error is shared by all who wait for it.
async fn shared<T>(answer: impl Future<Output = Result<T, Arc<SourceError>>>) -> Result<T, SourceError> {
    answer.await.map_err(Arc::unwrap_or_clone)
}

/// A version of a site, with the state of the name that it was opened by.
struct Pinned {
    state: NameState,
    site: PinnedSite,
}

impl Site for Pinned {
    fn state(&self) -> &NameState {
        &self.state
    }

    fn object(&self) -> ObjectId {
        self.site.content().object
    }

    fn manifest(&self) -> &Manifest {
        self.site.manifest()
    }

    fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
        self.site.read(entry, range).map_err(not_readable).boxed()
    }
}

/// The error for a name that points to no site.
fn not_a_site(error: NotASite, evidence: Evidence) -> SourceError {
    match error {
        NotASite::Lapsed { .. } => SourceError::lapsed(error, evidence),
        _ => SourceError::not_found(error, evidence),
    }
}

/// The error for a name that could not be resolved.
fn not_resolved(error: ResolveError) -> SourceError {
    match error {
        ResolveError::NoSuchVersion { evidence, .. } => SourceError::not_found(error, evidence),
        error if error.is_transient() => SourceError::unavailable(error),
        ResolveError::Chain(_) => SourceError::damaged(error),
        error => SourceError::unverified(error),
    }
}

/// The error for content that could not be read.
fn not_readable(error: SiteError) -> SourceError {
    if error.is_transient() { SourceError::unavailable(error) } else { SourceError::damaged(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_cannot_be_proven_is_unverified() {
        let error = ResolveError::UnprovenVersion { name: "hello".to_owned(), object: ObjectId([1; 32]) };
        assert!(matches!(not_resolved(error), SourceError::Unverified(_)));
    }
}
