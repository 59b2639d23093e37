//! One version of a site, pinned.
//!
//! A name points to a manifest and a manifest never changes, so a [`Site`] reads one version to the end,
//! whatever is published meanwhile: never a mixture.

use crate::{client::Client, error::SiteError, resolve::Resolved};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use meganet_primitives::{
    GroupId,
    content::ContentRef,
    link::Link,
    manifest::{Entry, Extent, Manifest, ManifestError},
};
use meganet_transfer::{FetchError, Network};
use std::{collections::BTreeSet, ops::Range, sync::Arc};

/// The most bytes that are reserved for a file before they arrive.
const MAX_RESERVED: usize = 1 << 20;

/// A version of a site, or the content of a link to an object. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site {
    network: Network,
    content: ContentRef,
    manifest: Arc<Manifest>,
    resolved: Option<Arc<Resolved>>,
}

impl Client {
    /// Opens the site that a name points to now.
    ///
    /// # Errors
    /// [`SiteError`]; in particular where a checkpoint is configured and the node does not prove its answer.
    pub async fn open_name(&self, name: &str) -> Result<Site, SiteError> {
        self.open(&self.resolver().resolve(name).await?).await
    }

    /// Opens the site that a resolved name points to.
    ///
    /// # Errors
    /// [`SiteError::Name`] where it points to none, and those of [`Client::manifest`].
    pub async fn open(&self, resolved: &Resolved) -> Result<Site, SiteError> {
        let site = self.open_reference(resolved.content()?).await?;
        Ok(Site { resolved: Some(Arc::new(resolved.clone())), ..site })
    }

    /// Opens the site that a resolved name points to if its list of files is in memory; `None` if workers have to be asked.
    ///
    /// # Errors
    /// [`SiteError::Name`] where it points to none.
    pub async fn open_known(&self, resolved: &Resolved) -> Result<Option<Site>, SiteError> {
        let content = resolved.content()?;
        let Some(manifest) = self.known_manifest(&content).await else { return Ok(None) };
        let resolved = Some(Arc::new(resolved.clone()));
        Ok(Some(Site { network: self.network().clone(), content, manifest, resolved }))
    }

    /// Opens what a link leads to.
    ///
    /// # Errors
    /// [`SiteError`]; [`FetchError::NoKey`] for a link to an object without its key.
    pub async fn open_link(&self, link: &Link) -> Result<Site, SiteError> {
        match link {
            Link::Name { name, .. } => self.open_name(name).await,
            Link::Object { object, key: None, .. } => Err(FetchError::NoKey { object: *object }.into()),
            // The link itself names the object, by its hash: there is nothing to believe.
            Link::Object { object, group, sealed_len, key } => {
                let (object, group, sealed_len, key) = (*object, *group, *sealed_len, *key);
                self.open_reference(ContentRef { object, group, sealed_len, key }).await
            }
        }
    }

    /// Opens a manifest by a reference that needs no evidence: from a link, a [`Resolved`], or this process's own upload.
    pub(crate) async fn open_reference(&self, content: ContentRef) -> Result<Site, SiteError> {
        let manifest = self.manifest(&content).await?;
        Ok(Site { network: self.network().clone(), content, manifest, resolved: None })
    }
}

impl Site {
    /// The reference to its manifest. The manifest's object id names the version.
    pub fn content(&self) -> &ContentRef {
        &self.content
    }

    /// Its files.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// All objects that it consists of: its manifest and what its files are in.
    pub fn objects(&self) -> impl Iterator<Item = &ContentRef> {
        std::iter::once(&self.content).chain(&self.manifest.objects)
    }

    /// The groups that hold them.
    pub fn groups(&self) -> BTreeSet<GroupId> {
        self.objects().map(|content| content.group).collect()
    }

    /// The answer that it was opened by, with its evidence; `None` for what was opened by a link to an object.
    pub fn resolved(&self) -> Option<&Resolved> {
        self.resolved.as_deref()
    }

    /// Returns how often the name's content has changed; 0 for a site that was opened by a link to an object.
    pub fn version(&self) -> u32 {
        self.resolved.as_ref().map_or(0, |resolved| resolved.version())
    }

    /// The file with this path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.manifest.find(path)
    }

    /// A file of the site, to be read without the site.
    ///
    /// # Errors
    /// [`ManifestError::Damaged`] for an entry of another site.
    pub fn file(&self, entry: &Entry) -> Result<SiteFile, SiteError> {
        let object = |extent: &Extent| usize::try_from(extent.object).ok().and_then(|at| self.manifest.objects.get(at));
        let part = |extent| Some(Part { content: *object(extent)?, offset: extent.offset, len: extent.len });
        // A manifest that was decoded has all objects of its entries.
        let parts: Option<Arc<[Part]>> = entry.extents.iter().map(part).collect();
        Ok(SiteFile { network: self.network.clone(), parts: parts.ok_or(ManifestError::Damaged)? })
    }

    /// Streams a range of a file's bytes, verified. The range is cut at the end of the file.
    pub fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SiteError>> {
        match self.file(entry) {
            Ok(file) => file.read(range),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    /// Reads a whole file into memory. The caller checks that it fits.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn read_to_vec(&self, entry: &Entry) -> Result<Vec<u8>, SiteError> {
        // The size is the publisher's word until the bytes are here.
        let expected = usize::try_from(entry.size).unwrap_or(usize::MAX).min(MAX_RESERVED);
        let mut bytes = Vec::with_capacity(expected);
        let mut stream = self.read(entry, 0..entry.size);
        while let Some(part) = stream.try_next().await? {
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }
}

/// A file of a site. It keeps the parts of the file in memory, and not the other files of the site. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SiteFile {
    network: Network,
    parts: Arc<[Part]>,
}

/// A run of plaintext of an object.
#[derive(Clone, Debug)]
struct Part {
    content: ContentRef,
    offset: u64,
    len: u64,
}

impl SiteFile {
    /// The number of parts that it consists of.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Streams a range of its bytes, verified. The range is cut at the end of the file.
    pub fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SiteError>> {
        let file = self.clone();
        stream::iter(pieces(&self.parts, &range))
            .then(move |(index, within)| {
                let SiteFile { network, parts } = file.clone();
                async move {
                    Ok::<_, SiteError>(network.open(&parts[index].content).await?.read(within).map_err(SiteError::from))
                }
            })
            .try_flatten()
            .boxed()
    }
}

/// The parts that hold a range of a file, by index, each with the range of its object's plaintext.
fn pieces(parts: &[Part], range: &Range<u64>) -> Vec<(usize, Range<u64>)> {
    let mut pieces = Vec::new();
    let mut begins = 0_u64;
    for (index, part) in parts.iter().enumerate() {
        let ends = begins.saturating_add(part.len);
        let (start, end) = (range.start.max(begins), range.end.min(ends));
        if start < end {
            pieces.push((index, part.offset + (start - begins)..part.offset + (end - begins)));
        }
        begins = ends;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_primitives::object::ObjectId;

    #[test]
    fn a_range_is_cut_at_the_parts() {
        let content = ContentRef { object: ObjectId([0; 32]), group: 0, sealed_len: 0, key: None };
        let parts = [(100, 10), (0, 20), (0, 5)].map(|(offset, len)| Part { content, offset, len });
        let cut = |range: Range<u64>| pieces(&parts, &range);
        assert_eq!(cut(0..35), [(0, 100..110), (1, 0..20), (2, 0..5)]);
        assert_eq!(cut(5..12), [(0, 105..110), (1, 0..2)]);
        assert_eq!(cut(10..30), [(1, 0..20)]);
        assert_eq!(cut(34..1000), [(2, 4..5)]);
        assert!(cut(7..7).is_empty() && cut(35..36).is_empty());
    }
}
