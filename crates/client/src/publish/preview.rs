//! Previews of publishing, which change nothing.

use super::{error::PublishError, options::PublishOptions, prepare::Request, report::PublishPreview, state::State};
use crate::{client::Client, names::Estimate};
use meganet_chain_client::Signer;
use meganet_transfer::progress::Progress;
use std::path::Path;

impl Client {
    /// Reports what [`Client::publish`] would do with the same arguments. Changes nothing: not the chain, not the workers, not the
    /// state on this machine, which is read where it exists.
    ///
    /// # Errors
    /// [`PublishError`], where publishing would fail too. Insufficient funds are not an error here; the preview reports the amount
    /// needed.
    pub async fn preview(
        &self,
        signer: &Signer,
        dir: &Path,
        name: &str,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PublishPreview, PublishError> {
        let request = Request { client: self, signer, dir, name, options, progress };
        let (walked, target) = request.check().await?;
        let estimate = match target.to_register() {
            Some(label) => {
                let (chain, root) = (self.chain().as_ref(), &options.registrations);
                Some(Estimate::of(chain, signer, root, label, options.terms).await?)
            }
            None => None,
        };
        let subname_deposit = target.deposit(self).await?;
        let mut state = State::look(&options.state_dir, &self.chain().genesis(), &request.state_key(), signer)?;
        let prepared = request.prepare(walked, target, &mut state).await?;
        let mut preview = PublishPreview {
            points_at: prepared.target.points_at().cloned(),
            version: prepared.target.version(),
            name_quote: estimate.map(|estimate| estimate.quote),
            subname_deposit,
            totals: prepared.plan.totals(),
            skipped: prepared.skipped,
            upload: None,
            needed: 0,
            available: 0,
        };
        if prepared.unchanged.is_some() {
            return Ok(preview);
        }
        let other_costs = estimate.map_or(0, |estimate| estimate.needed).saturating_add(subname_deposit);
        let forecast = prepared.uploader.forecast(&prepared.plan, other_costs).await?;
        preview.upload = Some(forecast.upload);
        preview.needed = forecast.needed;
        preview.available = forecast.available;
        Ok(preview)
    }
}
