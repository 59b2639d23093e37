//! Everything that publishing decides before it sends, spends or registers anything: `publish` and `preview` share it.

use super::{
    check::Target,
    error::PublishError,
    folder::{digest, list},
    options::PublishOptions,
    state::{self, State},
    uploader::Uploader,
};
use crate::{
    client::Client,
    pack::{Plan, Skipped, Walked},
    site::Site,
};
use meganet_chain_client::Signer;
use meganet_primitives::content::ContentRef;
use meganet_transfer::progress::Progress;
use std::{path::Path, sync::Arc};

/// A folder, the name that it is to be published under, and how.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) client: &'a Client,
    pub(super) signer: &'a Signer,
    pub(super) dir: &'a Path,
    pub(super) name: &'a str,
    pub(super) options: &'a PublishOptions,
    pub(super) progress: &'a dyn Progress,
}

impl<'a> Request<'a> {
    /// Lists the files and checks that the signer may write for the name, or register it.
    pub(super) async fn check(self) -> Result<(Walked, Target), PublishError> {
        let walked = list(self.name, self.dir, &self.options.selection, self.progress).await?;
        Ok((walked, self.target().await?))
    }

    async fn target(self) -> Result<Target, PublishError> {
        Target::check(self.client, self.signer, self.name, self.options.register).await
    }

    /// The folder and key of the state of this site.
    pub(super) fn state_key(self) -> String {
        state::site(self.name, self.dir)
    }

    /// Compares the files with the published version and plans the upload. Looks the name up again if an earlier run may have changed
    /// it since the check.
    pub(super) async fn prepare(
        self,
        walked: Walked,
        target: Target,
        state: &'a mut State,
    ) -> Result<Prepared<'a>, PublishError> {
        let Self { client, signer, options, progress, .. } = self;
        let hashes = digest(&walked.files, Some(state), progress).await?;
        let mut uploader = Uploader::prepare(client, signer, options, state, progress).await?;
        let target = if uploader.settle_earlier(Vec::new()).await? { self.target().await? } else { target };
        let current = target.current(client, progress).await?;
        if let Some(current) = &current {
            uploader.learn_expiries(current).await;
        }
        let max_pack = uploader.max_pack(options.object_len);
        let usable = |object: &ContentRef| uploader.outlives(object);
        let previous = current.as_ref().map(|site| site.manifest().as_ref());
        let plan = Plan::new(walked.files, &hashes, previous, max_pack, &usable);
        // The version that already has all of it.
        let unchanged = current.filter(|site| plan.is_published(site.manifest()));
        Ok(Prepared { target, plan: Arc::new(plan), skipped: walked.skipped, unchanged, uploader })
    }
}

/// A publication that is ready to be made.
pub(super) struct Prepared<'a> {
    pub(super) target: Target,
    pub(super) plan: Arc<Plan>,
    /// Entries of the folder that are not published.
    pub(super) skipped: Vec<Skipped>,
    /// The published version, where the plan changes nothing about it.
    pub(super) unchanged: Option<Site>,
    pub(super) uploader: Uploader<'a>,
}
