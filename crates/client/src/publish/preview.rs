//! What publishing would do, without doing it.

use super::{
    PublishError, PublishOptions, UploadForecast, check::Target, digest, list, state, state::State, uploader::Uploader,
};
use crate::{
    client::Client,
    names::Estimate,
    pack::{Plan, Skipped, Totals},
};
use meganet_chain_client::Signer;
use meganet_primitives::{
    Balance,
    content::{ContentRef, NameContent},
    name::Quote,
};
use meganet_transfer::progress::Progress;
use std::{path::Path, sync::Arc};

/// What publishing would do. What the name would point at then is not known: objects get a fresh key when they are sealed, and
/// their ids with it.
#[derive(Clone, Debug)]
pub struct PublishPreview {
    /// What the name points at now.
    pub points_at: Option<NameContent>,
    /// Counts the changes of its content so far; publishing would make it one more.
    pub version: u32,
    /// What the name would cost; `None` where it need not be registered.
    pub name_quote: Option<Quote>,
    /// What a name that would begin to exist below another takes as a deposit, planck; 0 for others.
    pub subname_deposit: Balance,
    /// Sums over the site.
    pub totals: Totals,
    /// What is in the folder and would not be published.
    pub skipped: Vec<Skipped>,
    /// What would go to the workers; `None` where nothing has changed, so that nothing would be done.
    pub upload: Option<UploadForecast>,
    /// What the account must have more than, in planck: price, rent and deposits. Fees come on top.
    pub needed: Balance,
    /// What the account has to spend, in planck; 0 where nothing would be done.
    pub available: Balance,
}

impl PublishPreview {
    /// Whether the account can pay for it.
    pub fn is_affordable(&self) -> bool {
        self.upload.is_none() || self.available > self.needed
    }
}

impl Client {
    /// Says what [`Client::publish`] would do with the same arguments. Changes nothing: not the chain, not the workers, not
    /// what is kept on this machine, which is read where it is there.
    ///
    /// # Errors
    /// [`PublishError`], where publishing would fail too. Too little money is none: the preview says what is needed.
    pub async fn preview(
        &self,
        signer: &Signer,
        dir: &Path,
        name: &str,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PublishPreview, PublishError> {
        let walked = list(dir, progress).await?;
        let target = Target::check(self, signer, name, options.register).await?;
        let estimate = match target.to_register() {
            Some(label) => {
                let (chain, root) = (self.chain().as_ref(), &options.registrations);
                Some(Estimate::of(chain, signer, root, label, options.terms).await?)
            }
            None => None,
        };
        let subname_deposit = target.deposit(self).await?;
        let mut state = State::look(&options.state_dir, &self.chain().genesis(), &state::site(name, dir))?;
        let hashes = digest(&walked.files, Some(&state), progress).await?;
        let previous = target.previous(self, progress).await;
        let mut uploader = Uploader::prepare(self, signer, options, &mut state, progress).await?;
        uploader.learn_expiries(target.content(), previous.as_deref()).await;
        let max_pack = uploader.max_pack(options.object_len);
        let usable = |object: &ContentRef| uploader.outlives(object);
        let plan = Plan::new(walked.files, &hashes, previous.as_deref(), max_pack, &usable);
        let mut preview = PublishPreview {
            points_at: target.points_at().cloned(),
            version: target.version(),
            name_quote: estimate.map(|estimate| estimate.quote),
            subname_deposit,
            totals: plan.totals(),
            skipped: walked.skipped,
            upload: None,
            needed: 0,
            available: 0,
        };
        if previous.is_some_and(|previous| plan.is_published(&previous)) {
            return Ok(preview);
        }
        let besides = estimate.map_or(0, |estimate| estimate.needed).saturating_add(subname_deposit);
        let forecast = uploader.forecast(&Arc::new(plan), besides).await?;
        preview.upload = Some(forecast.upload);
        preview.needed = forecast.needed;
        preview.available = forecast.available;
        Ok(preview)
    }
}
