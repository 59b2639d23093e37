//! Keeping objects for longer: makes the calls that register a site's batches again with a later expiry. No data moves.

use crate::{
    batches::{BatchError, StoredBatch},
    client::Client,
    error::SiteError,
    site::Site,
};
use meganet_chain_client::{At, Call, ChainError, Mega, StorageCall, cost::store_price};
use meganet_primitives::{Balance, Epoch, convert::to_u64};

/// Why a site could not be renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The site could not be opened.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The site's batches could not be found.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The amount to prepay is less than one renewal costs.
    #[error("{} does not pay for one renewal, which costs {} at today's price: prepay at least that", Mega(*amount), Mega(*needed))]
    TooLittle {
        /// The cost of one renewal of everything, in planck.
        needed: Balance,
        /// The amount to prepay, in planck.
        amount: Balance,
    },
}

/// The calls that renew a site, and their cost.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    /// The calls, to be submitted as one transaction.
    pub calls: Vec<Call>,
    /// Their cost at today's price, in planck, without the fee.
    pub price: Balance,
    /// Objects that will be kept for longer.
    pub objects: u64,
    /// The epoch at whose beginning the first of the site's objects expires at present.
    pub expires: Epoch,
}

impl Client {
    /// The calls that keep all objects of a site until epoch `until`: one for each batch that holds one of them and expires earlier.
    /// Batches are renewed whole, even if they also hold objects of others.
    ///
    /// # Errors
    /// [`RenewError`] if the chain or all members of a group are unreachable, or an object has expired.
    pub async fn renewal(&self, site: &Site, until: Epoch) -> Result<Renewal, RenewError> {
        let at = self.chain().pin(At::Finalized).await?;
        let params = self.chain().params(at).await?;
        let mut renewal = Renewal { expires: Epoch::MAX, ..Renewal::default() };
        let mut batches = self.stored_batches(site, at).await?;
        self.look_for_renewals(&mut batches, until, at).await?;
        for batch in batches {
            renewal.expires = renewal.expires.min(batch.expiry);
            if batch.expiry >= until {
                continue;
            }
            let StoredBatch { group, slots, expiry, index, leaf, leaf_proof, objects } = batch;
            renewal.objects = renewal.objects.saturating_add(to_u64(objects.len()));
            let price = store_price(&params, leaf.batch.bytes, slots, until);
            renewal.price = renewal.price.saturating_add(price);
            renewal.calls.push(Call::Storage(StorageCall::Renew {
                group,
                expiry,
                leaf_index: index,
                leaf,
                leaf_proof,
                until,
            }));
        }
        Ok(renewal)
    }
}
