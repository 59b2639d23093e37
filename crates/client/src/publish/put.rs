//! One file as a link.

use super::{
    error::PublishError,
    folder::{blocking, digest},
    options::PublishOptions,
    report::UploadReport,
    state::{self, State},
    uploader::Uploader,
};
use crate::{
    client::Client,
    links::{KeptLink, LinkError, LinkState, LinkStore},
    pack::{FoundFile, Plan, content_hash, single},
};
use codec::Encode;
use meganet_chain_client::{BlockRef, Signer};
use meganet_primitives::{content::ContentRef, link::Link};
use meganet_transfer::progress::{Progress, Stage};
use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The result of storing a file with [`Client::put_file`].
#[derive(Clone, Debug)]
pub struct PutReport {
    /// The link. Anyone who has it can read the file.
    pub link: Link,
    /// The manifest that the link leads to.
    pub content: ContentRef,
    /// Bytes of the file.
    pub size: u64,
    /// The upload; `None` where an earlier run had done it.
    pub upload: Option<UploadReport>,
    /// The block that registered it; `None` where an earlier run had done that.
    pub block: Option<BlockRef>,
}

impl Client {
    /// Stores a file and returns the link to it: to a manifest with this one file. No name is involved. Run again after an
    /// interruption, it continues; run again before [`Client::link_shown`], it returns the same link and pays nothing; run
    /// again after that, it stores another copy with another link.
    ///
    /// The link is kept in [`PublishOptions::links`] before the file is paid for.
    ///
    /// # Errors
    /// [`PublishError`]. Nothing is registered then, except after a timeout; then the next run finds out.
    pub async fn put_file(
        &self,
        signer: &Signer,
        file: &Path,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PutReport, PublishError> {
        progress.begin(Stage::Listing, None);
        let path = file.to_owned();
        let files = vec![blocking(move || single(&path)).await??];
        let size = files.iter().map(FoundFile::size).sum();
        let mut state = State::open(&options.state_dir, &self.chain().genesis(), &state::file(file), signer)?;
        let hashes = digest(&files, None, progress).await?;
        let source = content_hash(&(state::file(file), &hashes).encode());
        let links = LinkStore::at(&options.links, &self.chain().genesis(), signer);
        if let Some(kept) = links.unshown(&source)? {
            progress.note("an earlier run has stored this file, and its link was not shown");
            state.remove();
            return Ok(PutReport { link: kept.link(), content: kept.content, size, upload: None, block: None });
        }
        let uploader = Uploader::prepare(self, signer, options, &mut state, progress).await?;
        let plan = Plan::new(files, &hashes, None, uploader.max_pack(options.object_len), &|_| false);
        let keep = |content: &ContentRef, expiry, state| {
            let path = file.canonicalize().unwrap_or_else(|_| file.to_owned()).display().to_string();
            let stored = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let kept = KeptLink { content: *content, path, source, size, stored, expiry, state };
            links.save(&kept).map(|()| kept)
        };
        let expiry = uploader.expiry();
        let before = |content: &ContentRef| {
            keep(content, expiry, LinkState::Registering)?;
            Ok(None)
        };
        let done = uploader.publish(Arc::new(plan), None, before).await?;
        let kept = keep(&done.content, expiry, LinkState::Registered)?;
        // The keys are in the kept link now, and need not stay here.
        state.remove();
        Ok(PutReport { link: kept.link(), content: done.content, size, upload: Some(done.report), block: done.block })
    }

    /// Records that the link of a file was shown: it need not be shown again.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn link_shown(&self, signer: &Signer, content: &ContentRef, options: &PublishOptions) -> Result<(), LinkError> {
        let links = LinkStore::at(&options.links, &self.chain().genesis(), signer);
        let (all, _) = links.all()?;
        match all.into_iter().find(|link| link.content == *content) {
            Some(link) => links.save(&KeptLink { state: LinkState::Shown, ..link }),
            None => Ok(()),
        }
    }
}
