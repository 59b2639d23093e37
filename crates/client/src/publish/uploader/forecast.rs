//! The size and price of an upload, worked out without storing anything.

use super::{
    Uploader,
    plaintext::{lens, manifest_id, packs},
};
use crate::{
    pack::{PackId, Plan},
    publish::{
        error::PublishError,
        report::{UploadForecast, UploadSummary},
    },
};
use meganet_chain_client::At;
use meganet_primitives::{Balance, content::ContentRef};
use meganet_transfer::upload::{Room, Source};
use std::sync::Arc;

/// A forecast of an upload, with the money that it needs.
pub(in crate::publish) struct Forecast {
    pub(in crate::publish) upload: UploadForecast,
    /// The balance that the account must exceed, in planck, as in [`Uploader::check_means`].
    pub(in crate::publish) needed: Balance,
    /// The balance that it can spend, in planck.
    pub(in crate::publish) available: Balance,
}

impl Uploader<'_> {
    /// Works out what publishing a plan would upload and cost, in addition to `other_costs`. Asks the chain, and the workers for
    /// objects of an interrupted run; sends and writes nothing.
    ///
    /// # Errors
    /// Where there are too few workers for it. Insufficient funds are not an error.
    pub(in crate::publish) async fn forecast(
        mut self,
        plan: &Arc<Plan>,
        other_costs: Balance,
    ) -> Result<Forecast, PublishError> {
        let (pack_lens, manifest_len) = lens(plan)?;
        let means = self.means(&pack_lens, manifest_len).await?;
        if let Room::In(group) = means.room {
            self.session(*group).await?;
        }
        let packs = packs(plan);
        let stored = self.stored(&packs).await?;
        let missing = packs.iter().zip(&stored).filter(|(_, stored)| stored.is_none());
        let mut new: Vec<u64> = missing.map(|((_, source), _)| source.len()).collect();
        // The manifest is known only when all objects that it lists are stored.
        let manifest = match stored.into_iter().collect::<Option<Vec<_>>>() {
            Some(sealed) => {
                let bytes = plan.manifest(&sealed).encode()?;
                self.stored(&[(manifest_id(&bytes), Source::bytes(bytes))]).await?
            }
            None => vec![None],
        };
        new.extend(manifest.iter().filter(|stored| stored.is_none()).map(|_| manifest_len));
        let new_shards = self.shard_bytes(&new)?;
        let mut to_register = new_shards;
        for stored in self.open.values().flatten() {
            to_register = to_register.saturating_add(stored.header.layout()?.shard_len());
        }
        let summary = UploadSummary {
            profile: self.summary.profile,
            objects: packs.len().saturating_add(1),
            resumed: self.summary.resumed,
            plain_bytes: new.iter().fold(0, |sum, len| len.saturating_add(sum)),
            shard_bytes: new_shards.saturating_mul(self.summary.profile.profile().n.into()),
            expiry: self.lasts,
            price: self.price(to_register),
        };
        let upload = UploadForecast { summary, group_deposit: means.group_deposit };
        let needed = means.price.saturating_add(means.group_deposit).saturating_add(other_costs);
        let available = self.client.chain().balance(&self.signer.account(), At::Best).await?.spendable;
        Ok(Forecast { upload, needed, available })
    }

    /// The references to those of these items that an earlier run has stored.
    async fn stored(&mut self, items: &[(PackId, Source)]) -> Result<Vec<Option<ContentRef>>, PublishError> {
        let mut done = vec![None; items.len()];
        self.resume(items, &mut done).await?;
        Ok(done)
    }
}
