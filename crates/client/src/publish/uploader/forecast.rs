//! What an upload would come to, found out without storing anything.

use super::{Room, Uploader, manifest_id};
use crate::{
    pack::{PackId, Plan},
    publish::{PublishError, lens, packs},
};
use meganet_chain_client::At;
use meganet_primitives::{Balance, Epoch, content::ContentRef, placement::ProfileId};
use meganet_transfer::upload::Source;
use std::sync::Arc;

/// What an upload would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadForecast {
    /// The profile of its groups.
    pub profile: ProfileId,
    /// Objects, the manifest among them.
    pub objects: usize,
    /// Of these, those that an earlier, interrupted run has uploaded.
    pub resumed: usize,
    /// Plaintext bytes that would be sealed and sent.
    pub plain_bytes: u64,
    /// Shard bytes that they would come to, all shards counted.
    pub shard_bytes: u64,
    /// The epoch at whose beginning they would expire.
    pub expiry: Epoch,
    /// The price of their storage, planck. Where objects have to be registered in several batches each is rounded up for
    /// itself, which makes it a few planck more.
    pub price: Balance,
    /// The deposit of the placement group that would be opened first, planck; 0 where there is one with room.
    pub group_deposit: Balance,
}

/// The same, and whether it can be paid.
pub(in crate::publish) struct Forecast {
    pub(in crate::publish) upload: UploadForecast,
    /// What the account must have more than, as [`Uploader::check_means`] reckons.
    pub(in crate::publish) needed: Balance,
    /// What it has to spend.
    pub(in crate::publish) available: Balance,
}

impl Uploader<'_> {
    /// Says what publishing a plan would upload and cost, with `besides` for something else. Asks the chain, and the workers for
    /// what an interrupted run has stored on them; sends and writes nothing.
    ///
    /// # Errors
    /// Where there would be no workers for it. That the account cannot pay is none.
    pub(in crate::publish) async fn forecast(
        mut self,
        plan: &Arc<Plan>,
        besides: Balance,
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
        // What the manifest says is known only when all that it lists is stored.
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
        let upload = UploadForecast {
            profile: self.profile,
            objects: packs.len().saturating_add(1),
            resumed: self.report.resumed,
            plain_bytes: new.iter().fold(0, |sum, len| len.saturating_add(sum)),
            shard_bytes: new_shards.saturating_mul(self.profile.profile().n.into()),
            expiry: self.report.expiry,
            price: self.price(to_register),
            group_deposit: means.group_deposit,
        };
        let needed = means.price.saturating_add(means.group_deposit).saturating_add(besides);
        let available = self.client.chain().balance(&self.signer.account(), At::Best).await?.spendable;
        Ok(Forecast { upload, needed, available })
    }

    /// What of these an earlier run has stored.
    async fn stored(&mut self, items: &[(PackId, Source)]) -> Result<Vec<Option<ContentRef>>, PublishError> {
        let mut done = vec![None; items.len()];
        self.resume(items, &mut done).await?;
        Ok(done)
    }
}
