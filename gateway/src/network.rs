//! Sites from the real network.

use crate::source::{Site, Source, SourceError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{stream::BoxStream, StreamExt, TryStreamExt};
use meganet_chain::At;
use meganet_client::{fetch::FetchError, Network, Site as PinnedSite};
use meganet_primitives::manifest::{Entry, Manifest};
use moka::future::Cache;
use std::{ops::Range, sync::Arc, time::Duration};

/// How long a name is taken to point where it did. A page of a hundred files asks the chain once, not a hundred times; a
/// block takes longer.
const NAME_MEMORY: Duration = Duration::from_secs(2);
/// Names remembered.
const NAMES: u64 = 1024;

/// Opens names by the chain and reads from workers.
pub struct NetworkSource {
    network: Network,
    names: Cache<String, Arc<dyn Site>>,
}

impl NetworkSource {
    /// Over a connection that others may share.
    pub fn new(network: Network) -> Self {
        NetworkSource { network, names: Cache::builder().max_capacity(NAMES).time_to_live(NAME_MEMORY).build() }
    }
}

#[async_trait]
impl Source for NetworkSource {
    async fn site(&self, label: &str) -> Result<Arc<dyn Site>, SourceError> {
        let open = async {
            // The finalized head, so that no reader ever sees a version go back.
            let site = self.network.open_site(label, At::Finalized).await?;
            Ok::<Arc<dyn Site>, FetchError>(Arc::new(Pinned { label: label.to_string(), site }))
        };
        // Readers who come at once wait for one answer.
        self.names.try_get_with_by_ref(label, open).await.map_err(|error: Arc<FetchError>| explain(&error))
    }
}

struct Pinned {
    label: String,
    site: PinnedSite,
}

impl Site for Pinned {
    fn label(&self) -> &str {
        &self.label
    }

    fn version(&self) -> u32 {
        self.site.version()
    }

    fn manifest(&self) -> &Manifest {
        self.site.manifest()
    }

    fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
        self.site.read(entry, range).map_err(|error| explain(&error)).boxed()
    }
}

fn explain(error: &FetchError) -> SourceError {
    let text = error.to_string();
    if error.is_not_found() {
        SourceError::NotFound(text)
    } else if error.is_transient() {
        SourceError::Unavailable(text)
    } else {
        SourceError::Damaged(text)
    }
}
