//! The handle that every operation of this crate starts from.

use crate::{
    error::SiteError,
    resolve::{CheckpointFile, Resolver},
};
use meganet_chain_client::ChainClient;
use meganet_net::Net;
use meganet_primitives::{content::ContentRef, convert::to_u32, manifest::Manifest, object::ObjectId};
use meganet_transfer::{FetchError, Network};
use moka::future::Cache;
use std::sync::Arc;

/// Bytes of manifests kept in memory.
const MANIFEST_CACHE: u64 = 32 * 1024 * 1024;
/// Plaintext bytes of the longest manifest that is read.
pub(crate) const MAX_MANIFEST: u64 = 32 * 1024 * 1024;

/// An object and the key it opens with.
type ManifestKey = (ObjectId, [u8; 32]);

/// The chain, the workers, and the one resolver of names. Cheap to clone; clones share their caches.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    network: Network,
    resolver: Resolver,
    manifests: Cache<ManifestKey, Arc<Manifest>>,
}

impl Client {
    /// A client of a network. With a checkpoint, nodes have to prove what names lead to; without one they are believed.
    pub fn new(network: Network, checkpoint: Option<CheckpointFile>) -> Self {
        let resolver = Resolver::new(network.chain().clone(), checkpoint);
        let manifests = Cache::builder()
            .max_capacity(MANIFEST_CACHE)
            .weigher(|_, manifest: &Arc<Manifest>| to_u32(manifest.weight()))
            .build();
        Self { inner: Arc::new(Inner { network, resolver, manifests }) }
    }

    /// The chain and the workers without names and sites.
    pub fn network(&self) -> &Network {
        &self.inner.network
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn ChainClient> {
        self.inner.network.chain()
    }

    /// The network of the workers.
    pub fn net(&self) -> &Net {
        self.inner.network.net()
    }

    /// The resolver of names.
    pub fn resolver(&self) -> &Resolver {
        &self.inner.resolver
    }

    /// The manifest that a content reference points to. Cached by its object, which never changes.
    ///
    /// # Errors
    /// [`SiteError::ManifestTooLong`], [`SiteError::Manifest`], and those of fetching.
    pub async fn manifest(&self, content: &ContentRef) -> Result<Arc<Manifest>, SiteError> {
        let key = content.key.ok_or(FetchError::NoKey { object: content.object })?;
        let len = content.plain_len().map_err(FetchError::from)?;
        if len > MAX_MANIFEST {
            return Err(SiteError::ManifestTooLong { len, limit: MAX_MANIFEST });
        }
        if let Some(known) = self.known_manifest(content).await {
            return Ok(known);
        }
        let bytes = self.network().open(content).await?.read_to_vec(0..len).await?;
        let manifest = tokio::task::spawn_blocking(move || Manifest::decode(&bytes))
            .await
            .map_err(|_| FetchError::Interrupted)??;
        let manifest = Arc::new(manifest);
        self.inner.manifests.insert((content.object, key.0), manifest.clone()).await;
        // Otherwise the cache would be above its bound for a while, and those who bound what is read would not know.
        self.inner.manifests.run_pending_tasks().await;
        Ok(manifest)
    }

    /// The manifest that a content reference points to, if it is in memory.
    pub(crate) async fn known_manifest(&self, content: &ContentRef) -> Option<Arc<Manifest>> {
        // By its key too: a reference with a wrong key must not open from the cache.
        self.inner.manifests.get(&(content.object, content.key?.0)).await
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(self.network()).finish()
    }
}
