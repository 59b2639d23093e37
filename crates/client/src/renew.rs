//! Keeping what is stored for longer: finds the batches that hold a site's objects, and makes the calls that register them
//! again with a later expiry. No data moves.

use crate::{client::Client, error::SiteError, registrations::Registration, site::Site};
use meganet_chain_client::{At, Call, ChainError, Mega, cost::store_price};
use meganet_primitives::{Balance, Epoch, GroupId, object::ObjectId};

/// Why a site could not be renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The site could not be opened.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// No member could tell a range of its group.
    #[error(
        "no member of group {group} told what is registered in it until epoch {expiry}: try again when more workers are reachable"
    )]
    RangeUnknown {
        /// The group.
        group: GroupId,
        /// The range.
        expiry: Epoch,
    },
    /// No member could tell where objects are registered.
    #[error("no member of group {group} told what is registered in it: try again when more workers are reachable")]
    GroupUnknown {
        /// The group.
        group: GroupId,
    },
    /// An object is in no batch that has not expired.
    #[error("object {object} is not registered any more: publish it again")]
    Expired {
        /// The object.
        object: ObjectId,
    },
    /// Less is to be prepaid than one renewal costs.
    #[error("{} does not pay for one renewal, which costs {} at today's price: prepay at least that", Mega(*amount), Mega(*needed))]
    TooLittle {
        /// What one renewal of everything costs, in planck.
        needed: Balance,
        /// What was offered, in planck.
        amount: Balance,
    },
}

/// What renewing comes to.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    /// The calls, to be submitted as one transaction.
    pub calls: Vec<Call>,
    /// What they cost at today's price, in planck, without the fee.
    pub price: Balance,
    /// Objects that are kept for longer.
    pub objects: u64,
    /// The epoch at whose beginning the first of the site's objects expires now.
    pub expires: Epoch,
}

impl Client {
    /// What it takes to keep all objects of a site until epoch `until`: a call for each batch that holds one of them and
    /// expires before. Batches are renewed whole, also where others' objects are in them.
    ///
    /// # Errors
    /// [`RenewError`] where the chain or all members of a group can't be asked, or something has expired already.
    pub async fn renewal(&self, site: &Site, until: Epoch) -> Result<Renewal, RenewError> {
        let at = self.chain().pin(At::Finalized).await?;
        let params = self.chain().params(at).await?;
        let mut renewal = Renewal { expires: Epoch::MAX, ..Renewal::default() };
        for registration in self.registrations(site, at).await? {
            renewal.expires = renewal.expires.min(registration.expiry);
            if registration.expiry >= until {
                continue;
            }
            let Registration { group, slots, expiry, index, leaf, leaf_proof, objects } = registration;
            renewal.objects = renewal.objects.saturating_add(u64::try_from(objects.len()).unwrap_or(u64::MAX));
            let price = store_price(&params, leaf.batch.bytes, slots, until);
            renewal.price = renewal.price.saturating_add(price);
            renewal.calls.push(Call::Renew { group, expiry, leaf_index: index, leaf, leaf_proof, until });
        }
        Ok(renewal)
    }
}
