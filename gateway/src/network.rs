//! Sites from the real network.

use crate::{
    load_budget::{LoadBudget, SMALL_LIST},
    source::{Evidence, File, NameState, Opened, Site, Source, SourceError},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use meganet_client::{
    Client, FetchOptions, Site as PinnedSite, SiteError, SiteFile,
    resolve::{NotASite, ResolveError, Resolved},
};
use meganet_primitives::{
    convert::to_u32,
    manifest::{Entry, Manifest},
    object::ObjectId,
};
use moka::future::Cache;
use std::{future::Future, ops::Range, sync::Arc, time::Duration};

/// How long the answer about a name is cached: shorter than a block, and long enough that a page of a hundred files asks the
/// chain once.
const NAME_TTL: Duration = Duration::from_secs(2);
/// Bytes of cached answers by name: mostly lists of files, which publishers may make up to 32 MiB long.
const NAMES_BYTES: u64 = 24 << 20;
/// Bytes of cached answers by version.
const VERSIONS_BYTES: u64 = 8 << 20;
/// Bytes that an answer takes, approximately, in addition to its list of files.
const ANSWER_BYTES: usize = 1024;
/// The most parts of a file that is sent: they are in memory meanwhile, at most 128 KiB. `publish` makes parts of 64 MiB, so
/// that the largest file has 64 GiB.
const MAX_PARTS: usize = 1024;

/// Resolves names and reads from workers through a [`Client`].
pub struct NetworkSource {
    client: Client,
    names: Cache<String, Opened>,
    versions: Cache<(String, ObjectId), Arc<dyn Site>>,
    small_lists: LoadBudget,
    lists: LoadBudget,
}

impl NetworkSource {
    /// The limits of a gateway's client, which many readers share.
    pub fn fetch_options() -> FetchOptions {
        FetchOptions { budget: 40 << 20, prefetch_budget: 16 << 20, ..FetchOptions::default() }
    }

    /// Over a client that others may share. Its resolver determines what is verified.
    pub fn new(client: Client) -> Self {
        let names = new_cache(NAMES_BYTES, |opened: &Opened| match opened {
            Opened::Site(site) => weight(&**site),
            Opened::Foreign { .. } => ANSWER_BYTES,
        });
        let versions = new_cache(VERSIONS_BYTES, |site: &Arc<dyn Site>| weight(&**site));
        let (small_lists, lists) = (LoadBudget::for_small_lists(), LoadBudget::for_lists());
        NetworkSource { client, names, versions, small_lists, lists }
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
        let content = resolved.content().map_err(|error| not_a_site(error, resolved.evidence()))?;
        let state = NameState::from(resolved);
        // A list in memory takes no share, so that sites that are read often open though much else is loaded.
        let site = match self.client.open_known(resolved).await.map_err(not_readable)? {
            Some(site) => site,
            None => {
                // A reference of an impossible length fails when it is opened.
                let bytes = content.plain_len().unwrap_or(0);
                let budget = if bytes <= SMALL_LIST { &self.small_lists } else { &self.lists };
                let opened = budget.load(state.owner, bytes, self.client.open(resolved)).await;
                opened.map_err(SourceError::unavailable)?.map_err(not_readable)?
            }
        };
        Ok(Arc::new(Pinned { state, site }))
    }
}

#[async_trait]
impl Source for NetworkSource {
    async fn open(&self, name: &str) -> Result<Opened, SourceError> {
        if let Some(known) = self.names.get(name).await {
            return Ok(known);
        }
        // Concurrent requests for one name wait for one answer.
        let opened = shared(self.names.try_get_with_by_ref(name, self.look_up(name))).await;
        // Otherwise the cache would be above its bound for a while.
        self.names.run_pending_tasks().await;
        opened
    }

    async fn open_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let key = (name.to_string(), object);
        if let Some(known) = self.versions.get(&key).await {
            return Ok(known);
        }
        let opened = shared(self.versions.try_get_with_by_ref(&key, self.look_up_version(name, object))).await;
        self.versions.run_pending_tasks().await;
        opened
    }
}

fn new_cache<K, V>(max_bytes: u64, weight: impl Fn(&V) -> usize + Send + Sync + 'static) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let weigher = move |_: &K, value: &V| to_u32(weight(value));
    Cache::builder().max_capacity(max_bytes).weigher(weigher).time_to_live(NAME_TTL).build()
}

/// Bytes in memory of an opened site, approximately.
fn weight(site: &dyn Site) -> usize {
    ANSWER_BYTES.saturating_add(site.manifest().weight())
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

    fn file(&self, entry: &Entry) -> Result<Arc<dyn File>, SourceError> {
        let file = self.site.file(entry).map_err(not_readable)?;
        let parts = file.parts();
        if parts > MAX_PARTS {
            return Err(SourceError::damaged(TooManyParts { path: entry.path.clone(), parts }));
        }
        Ok(Arc::new(PinnedFile(file)))
    }
}

/// A file of a site.
struct PinnedFile(SiteFile);

impl File for PinnedFile {
    fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
        self.0.read(range).map_err(not_readable).boxed()
    }
}

/// A file whose parts would take too much memory for as long as it is sent.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path:?} is in {parts} parts, and this gateway sends files of at most {MAX_PARTS}: read it with `meganet get`"
)]
struct TooManyParts {
    path: String,
    parts: usize,
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
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_client::{progress::Silent, resolve::Verified};
    use meganet_primitives::manifest::Extent;
    use meganet_testkit::FaultyTown;

    /// A site with a list of files and no bytes.
    struct Listed {
        state: NameState,
        manifest: Manifest,
    }

    impl Site for Listed {
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
            Err(SourceError::damaged("it has no bytes"))
        }
    }

    /// A site of `files` files, each with a path of `path` bytes and this many extents.
    fn listed(files: usize, path: usize, extents: usize) -> Arc<dyn Site> {
        let entry = Entry {
            path: "a".repeat(path),
            size: 1,
            mtime: 0,
            mode: 0o644,
            hash: [0; 32],
            extents: vec![Extent { object: 0, offset: 0, len: 1 }; extents],
        };
        let evidence = Evidence { verified: Verified::Rpc, block: 1 };
        let state = NameState { name: "hello".into(), owner: [1; 32], version: 1, status: None, evidence };
        Arc::new(Listed { state, manifest: Manifest { objects: Vec::new(), entries: vec![entry; files] } })
    }

    #[test]
    fn a_site_weighs_what_its_list_takes_up() {
        for (files, path, extents) in [(0, 0, 0), (1, 1, 0), (1_000, 10, 1), (10, 4_000, 1), (10, 10, 1_000)] {
            // A file has at least a hash, and an extent at least 20 bytes.
            let least = files * (path + 32 + 20 * extents);
            let most = 2 * ANSWER_BYTES + 4 * files * (path + 64 + 20 * extents);
            let bytes = weight(&*listed(files, path, extents));
            assert!((least..=most).contains(&bytes), "{files} {path} {extents}: {bytes}");
        }
    }

    #[tokio::test]
    async fn caches_of_sites_are_bounded_by_bytes() {
        let bound = 4 << 20;
        let cache = new_cache(bound, |site: &Arc<dyn Site>| weight(&**site));
        // Above 1 MiB each.
        let site = listed(1_000, 1_100, 1);
        for number in 0..100 {
            cache.insert(number, site.clone()).await;
        }
        cache.run_pending_tasks().await;
        assert!(cache.weighted_size() <= bound, "{}", cache.weighted_size());
        assert!(cache.entry_count() < 4, "{}", cache.entry_count());
        // One that is larger than the cache is not kept.
        cache.insert(1_000, listed(5_000, 1_000, 1)).await;
        cache.run_pending_tasks().await;
        assert!(cache.get(&1_000).await.is_none());
    }

    #[test]
    fn a_version_that_cannot_be_proven_is_unverified() {
        let error = ResolveError::UnprovenVersion { name: "hello".to_owned(), object: ObjectId([1; 32]) };
        assert!(matches!(not_resolved(error), SourceError::Unverified(_)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_list_in_memory_opens_while_the_budget_is_used_up() {
        let world = FaultyTown::start().await;
        world.file("index.html", b"index");
        world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
        let client = world.fresh_client();
        client.open_name("home").await.unwrap();
        let source = NetworkSource::new(client);
        let opened = source.small_lists.load([7; 32], u64::MAX, source.open("home")).await;
        assert!(matches!(opened.unwrap(), Ok(Opened::Site(_))));
    }
}
