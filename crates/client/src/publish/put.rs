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
    pack::{FoundFile, Plan, single},
};
use meganet_chain_client::{BlockRef, Signer};
use meganet_primitives::{content::ContentRef, link::Link};
use meganet_transfer::progress::{Progress, Stage};
use std::{path::Path, sync::Arc};

/// The result of storing a file with [`Client::put_file`].
#[derive(Clone, Debug)]
pub struct PutReport {
    /// The link. Anyone who has it can read the file.
    pub link: Link,
    /// The manifest that the link leads to.
    pub content: ContentRef,
    /// Bytes of the file.
    pub size: u64,
    /// The upload.
    pub upload: UploadReport,
    /// The block that registered it.
    pub block: BlockRef,
}

impl Client {
    /// Stores a file and returns the link to it: to a manifest with this one file. No name is involved. Run again after an
    /// interruption, it continues; run again after it has finished, it stores another copy with another link.
    ///
    /// # Errors
    /// [`PublishError`]. Nothing is registered then.
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
        let mut state = State::open(&options.state_dir, &self.chain().genesis(), &state::file(file))?;
        let hashes = digest(&files, None, progress).await?;
        let uploader = Uploader::prepare(self, signer, options, &mut state, progress).await?;
        let plan = Plan::new(files, &hashes, None, uploader.max_pack(options.object_len), &|_| false);
        let done = uploader.publish(Arc::new(plan), None, |_| None).await?;
        // The keys are in the link now, and need not stay here.
        state.remove();
        let ContentRef { object, group, sealed_len, key } = done.content;
        Ok(PutReport {
            link: Link::Object { object, group, sealed_len, key },
            content: done.content,
            size,
            upload: done.report,
            // Without a name it is registered by this run.
            block: done.block.ok_or(PublishError::Interrupted)?,
        })
    }
}
