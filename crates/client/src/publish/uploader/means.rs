//! Whether there are workers and money for an upload.

use super::Uploader;
use crate::{funds::check_funds, publish::error::PublishError};
use meganet_chain_client::cost::store_price;
use meganet_primitives::{
    Balance,
    object::{Layout, sealed_len},
};
use meganet_transfer::upload::Room;

/// The cost of objects, and the group that has room for them.
pub(super) struct Means {
    /// The price of their storage.
    pub(super) price: Balance,
    /// The deposit of a group that has to be opened for them.
    pub(super) group_deposit: Balance,
    pub(super) room: Room,
}

impl Uploader<'_> {
    /// Checks, before anything is sent or spent, that there are workers and money for objects of these lengths, and money for
    /// `other_costs`.
    pub(super) async fn check_means(
        &mut self,
        packs: &[u64],
        manifest: u64,
        other_costs: Balance,
    ) -> Result<(), PublishError> {
        let means = self.means(packs, manifest).await?;
        let needed = means.price.saturating_add(means.group_deposit).saturating_add(other_costs);
        let purpose = if other_costs > 0 { "the name, storage and deposits" } else { "storage and deposits" };
        let chain = self.client.chain().as_ref();
        check_funds(chain, &self.signer.account(), needed, purpose.to_owned()).await?;
        if matches!(means.room, Room::In(_)) {
            // Before anything is sent or spent.
            let longest = packs.iter().fold(manifest, |longest, len| longest.max(*len));
            self.group_for(longest).await?;
        }
        Ok(())
    }

    /// The cost of objects of these lengths and of a manifest, and the group that has room for them.
    pub(super) async fn means(&self, packs: &[u64], manifest: u64) -> Result<Means, PublishError> {
        let bytes = self.shard_bytes(packs)?.saturating_add(self.shard_bytes(&[manifest])?);
        let longest = packs.iter().fold(manifest, |longest, len| longest.max(*len));
        let room = self.groups.look_for(self.layout(longest)?.shard_len()).await?;
        let group_deposit = if matches!(room, Room::ToOpen) { self.params.group_deposit } else { 0 };
        Ok(Means { price: self.price(bytes), group_deposit, room })
    }

    /// Bytes of one shard each of objects of these lengths.
    pub(super) fn shard_bytes(&self, lens: &[u64]) -> Result<u64, PublishError> {
        let mut sum = 0_u64;
        for len in lens {
            sum = sum.saturating_add(self.layout(*len)?.shard_len());
        }
        Ok(sum)
    }

    /// The price, in planck, of this many shard bytes in each slot, until the storage expires.
    pub(super) fn price(&self, bytes: u64) -> Balance {
        store_price(&self.params, bytes, self.summary.profile.profile().n, self.summary.expiry)
    }

    /// The layout of an object of this many plaintext bytes.
    pub(super) fn layout(&self, len: u64) -> Result<Layout, PublishError> {
        let profile = self.summary.profile.profile();
        Ok(Layout::new(profile.k, profile.n, sealed_len(len)?)?)
    }
}
