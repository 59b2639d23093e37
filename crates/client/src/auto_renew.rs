//! Prepaying for a site, so that the network renews it automatically for as long as the money lasts.
//!
//! The chain knows batches, not sites: what a site is prepaid with is split over the batches that hold its objects, in
//! proportion to what renewing each costs, so that all last equally long.

use crate::{batches::StoredBatch, client::Client, renew::RenewError, site::Site};
use meganet_chain_client::{At, AutoRenewalCall, Call, cost::store_price};
use meganet_primitives::{
    AccountId, Balance,
    chain::{AutoRenewalInfo, StorageParams},
    pay::RENEWAL_WINDOW,
};

/// An amount to prepay, and the terms on which it is spent.
#[derive(Clone, Copy, Debug)]
pub struct Prepayment {
    /// The amount, in planck.
    pub amount: Balance,
    /// The number of epochs by which each renewal extends a batch.
    pub epochs: u32,
    /// Nothing is renewed while a GiB in one slot costs more than this for an epoch, in planck; `None` for twice the present
    /// price.
    pub max_price: Option<Balance>,
}

/// The calls that prepay for a site, and their cost.
#[derive(Clone, Debug, Default)]
pub struct Prepaying {
    /// The calls, to be submitted as one transaction.
    pub calls: Vec<Call>,
    /// Batches that are renewed automatically from now on.
    pub opened: u64,
    /// Batches for which the account has prepaid before, and that get more.
    pub topped_up: u64,
    /// The cost of renewing all of them once at today's price, in planck.
    pub next: Balance,
    /// The deposits, in planck.
    pub deposits: Balance,
    /// The price above which nothing new is renewed, in planck.
    pub max_price: Balance,
}

impl Prepaying {
    /// Returns the number of renewals of everything that an amount pays for, at today's price.
    pub fn renewals(&self, amount: Balance) -> Balance {
        amount.checked_div(self.next).unwrap_or_default()
    }
}

/// A batch to prepay for, with the order that there is already.
struct Part {
    batch: StoredBatch,
    order: Option<AutoRenewalInfo>,
    next: Balance,
}

impl Client {
    /// The calls by which `payer` prepays for all objects of a site. Its automatic renewals that exist already are topped up and
    /// otherwise stay as they are.
    ///
    /// # Errors
    /// [`RenewError`] if the chain or all members of a group are unreachable, an object has expired, or the amount does not
    /// pay for one renewal.
    pub async fn prepaying(
        &self,
        site: &Site,
        payer: &AccountId,
        prepayment: Prepayment,
    ) -> Result<Prepaying, RenewError> {
        let Prepayment { amount, epochs, max_price } = prepayment;
        let at = self.chain().pin(At::Finalized).await?;
        let params = self.chain().params(at).await?;
        let max_price = max_price.unwrap_or(params.price_per_gib_epoch.saturating_mul(2));
        let mut orders = self.chain().all_auto_renewals_of(payer, at).await?;
        orders.retain(|order| order.expiry > params.epoch);
        let mut parts = Vec::new();
        for batch in self.stored_batches(site, at).await? {
            let order = orders.iter().find(|order| batch.is_named_by(order)).cloned();
            let next = order.as_ref().map_or_else(|| next(&params, &batch, epochs), |order| order.next);
            parts.push(Part { batch, order, next });
        }
        let mut prepaying = Prepaying { max_price, ..Prepaying::default() };
        prepaying.next = parts.iter().fold(0, |sum, part| part.next.saturating_add(sum));
        if amount < prepaying.next {
            return Err(RenewError::TooLittle { needed: prepaying.next, amount });
        }
        let shares = split(amount, &parts.iter().map(|part| part.next).collect::<Vec<_>>());
        for (Part { batch, order, .. }, amount) in parts.into_iter().zip(shares) {
            let call = match order {
                Some(order) => {
                    prepaying.topped_up += 1;
                    Call::AutoRenewal(AutoRenewalCall::TopUp { id: order.id, amount })
                }
                None => {
                    prepaying.opened += 1;
                    prepaying.deposits = prepaying.deposits.saturating_add(params.renewal_deposit);
                    let StoredBatch { group, expiry, index, leaf, leaf_proof, .. } = batch;
                    Call::AutoRenewal(AutoRenewalCall::Prepay {
                        group,
                        expiry,
                        leaf_index: index,
                        leaf,
                        leaf_proof,
                        epochs,
                        max_price,
                        amount,
                    })
                }
            };
            prepaying.calls.push(call);
        }
        Ok(prepaying)
    }

    /// The automatic renewals of a site's batches, of all payers, sorted by number; and the batches without an automatic renewal.
    ///
    /// # Errors
    /// As [`Client::stored_batches`].
    pub async fn auto_renewals(
        &self,
        site: &Site,
        at: At,
    ) -> Result<(Vec<AutoRenewalInfo>, Vec<StoredBatch>), RenewError> {
        let at = self.chain().pin(at).await?;
        let orders = self.orders_in(site, at).await?;
        self.among(orders, site, at).await
    }

    /// The orders that are for a site's batches, sorted by number; and the batches without an order.
    async fn among(
        &self,
        mut orders: Vec<AutoRenewalInfo>,
        site: &Site,
        at: At,
    ) -> Result<(Vec<AutoRenewalInfo>, Vec<StoredBatch>), RenewError> {
        let mut uncovered = self.stored_batches(site, at).await?;
        orders.retain(|order| uncovered.iter().any(|batch| batch.is_named_by(order)));
        orders.sort_by_key(|order| order.id);
        uncovered.retain(|batch| !orders.iter().any(|order| batch.is_named_by(order)));
        Ok((orders, uncovered))
    }

    /// The batches of a site without an automatic renewal, if other batches of it have one: they will expire while the rest is kept.
    /// Batches that publishing adds to a prepaid site are of this kind.
    ///
    /// # Errors
    /// As [`Client::stored_batches`].
    pub async fn left_out(&self, site: &Site, at: At) -> Result<Vec<StoredBatch>, RenewError> {
        let at = self.chain().pin(at).await?;
        let orders = self.orders_in(site, at).await?;
        // Most sites have no automatic renewal; for them the workers need not be asked.
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let (orders, without) = self.among(orders, site, at).await?;
        Ok(if orders.is_empty() { Vec::new() } else { without })
    }
}

/// The cost of one automatic renewal of a batch at today's price, in planck, as the chain computes it.
fn next(params: &StorageParams, batch: &StoredBatch, epochs: u32) -> Balance {
    let until = params.epoch.saturating_add(epochs).saturating_add(RENEWAL_WINDOW);
    let price = store_price(params, batch.leaf.batch.bytes, batch.slots, until);
    price.saturating_add(params.renewal_fee)
}

/// Splits an amount in proportion to these weights, exactly; nothing where all weights are zero.
fn split(amount: Balance, weights: &[Balance]) -> Vec<Balance> {
    let total = weights.iter().fold(0, |sum: Balance, weight| sum.saturating_add(*weight)).max(1);
    let part = |weight: &Balance| {
        let (whole, rest) = (amount / total, amount % total);
        // `rest * weight / total`, of numbers whose product may not fit.
        let share =
            rest.checked_mul(*weight).map_or_else(|| rest / total.div_ceil((*weight).max(1)), |all| all / total);
        whole.saturating_mul(*weight).saturating_add(share)
    };
    let mut parts: Vec<Balance> = weights.iter().map(part).collect();
    let given = parts.iter().fold(0, |sum: Balance, part| sum.saturating_add(*part));
    if let Some(first) = parts.first_mut() {
        *first = first.saturating_add(amount.saturating_sub(given));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn everything_is_split_and_nobody_gets_too_little(
            weights in proptest::collection::vec(1u128..1 << 90, 1..20), times in 1u128..1_000, more in 0u128..1 << 80,
        ) {
            let total: u128 = weights.iter().sum();
            let amount = total.saturating_mul(times).saturating_add(more);
            let parts = split(amount, &weights);
            prop_assert_eq!(parts.iter().sum::<u128>(), amount);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*part >= *weight * (amount / total));
            }
        }
    }
}
