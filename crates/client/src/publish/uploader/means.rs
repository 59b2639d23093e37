//! Whether there are workers and money for an upload.

use super::Uploader;
use crate::publish::error::PublishError;
use meganet_chain_client::{At, ChainError, account::format_account, cost::store_price};
use meganet_primitives::{
    Balance,
    object::{Layout, sealed_len},
};
use meganet_transfer::upload::Room;

/// What objects cost, and the group that has room for them.
pub(super) struct Means {
    /// The price of their storage.
    pub(super) price: Balance,
    /// The deposit of a group that has to be opened for them.
    pub(super) group_deposit: Balance,
    pub(super) room: Room,
}

impl Uploader<'_> {
    /// Whether there are workers and money for objects of these lengths, and `besides` for something else; before anything is
    /// sent or spent.
    pub(super) async fn check_means(
        &mut self,
        packs: &[u64],
        manifest: u64,
        besides: Balance,
    ) -> Result<(), PublishError> {
        let means = self.means(packs, manifest).await?;
        let needed = means.price.saturating_add(means.group_deposit).saturating_add(besides);
        let account = self.signer.account();
        let available = self.client.chain().balance(&account, At::Best).await?.spendable;
        // The fees come on top; the chain says so to whoever has next to nothing left.
        if available <= needed {
            let purpose =
                if besides > 0 { "the name, storage, deposits and fees" } else { "storage, deposits and fees" };
            let purpose = purpose.to_owned();
            return Err(ChainError::InsufficientFunds {
                account: format_account(&account),
                needed,
                available,
                purpose,
            }
            .into());
        }
        if let Room::In(group) = means.room {
            self.session(*group).await?;
        }
        Ok(())
    }

    /// What objects of these lengths take, with a manifest of that length.
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

    /// The price of so many shard bytes in each slot, for as long as storage is bought.
    pub(super) fn price(&self, bytes: u64) -> Balance {
        store_price(&self.params, bytes, self.summary.profile.profile().n, self.summary.expiry)
    }

    /// How an object of so many plaintext bytes is cut.
    pub(super) fn layout(&self, len: u64) -> Result<Layout, PublishError> {
        let profile = self.summary.profile.profile();
        Ok(Layout::new(profile.k, profile.n, sealed_len(len)?)?)
    }
}
