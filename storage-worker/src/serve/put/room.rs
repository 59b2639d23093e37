//! Makes room for an upload: lapsed shards, and staged ones that make way, are removed.

use super::PutService;
use crate::{
    model::Usage,
    reclaim::Need,
    service::displace::{self, MOST_SHARDS, Newcomer},
    store::StoreError,
};
use meganet_chain_client::cost::store_price;
use meganet_net::OpenShard;
use meganet_primitives::{AccountId, convert::to_u64};
use std::collections::BTreeSet;

impl PutService {
    fn newcomer(&self, request: &OpenShard, account: AccountId) -> Newcomer {
        self.handles.groups.membership(|membership| {
            let admission = self.admission.lock();
            let usage = self.handles.disk.usage();
            admission.newcomer(request, account, membership, self.now(&usage))
        })
    }

    /// Removes what has lapsed, if that makes room for an upload.
    pub(super) async fn reclaim(&self, request: &OpenShard, account: AccountId) {
        let need = match self.newcomer(request, account).lacking.of_registered() {
            // The staging quota, or the account's share of it, is used up.
            0 => Need::Share(request.shard_len),
            lacking => Need::Room(lacking),
        };
        if let Err(error) = self.handles.reclaimer.make_room(need).await {
            tracing::warn!(%error, "cannot make room for an upload");
        }
    }

    /// Removes staged shards that have to make way for an upload.
    pub(super) async fn displace(&self, request: &OpenShard, account: AccountId) -> Result<(), StoreError> {
        let disk = &self.handles.disk;
        let (alone, uptime) = (self.handles.displace_after.as_secs(), self.handles.status.uptime());
        // After a start with a wrong clock everything looks old.
        if disk.usage().staged == 0 || uptime < alone {
            return Ok(());
        }
        // One at a time, in turn: each reads the list of uploads.
        let _turn = self.displacing.lock().await;
        let newcomer = self.newcomer(request, account);
        let before = self.handles.clock.now().saturating_sub(alone);
        let staged = disk.run(move |store| store.staged_by_account(before)).await?;
        let (largest, usage) = (displace::largest(&staged, &newcomer), disk.usage());
        let unable = self.unable_to_pay(&largest, &usage).await;
        let ranks = displace::ranks(&largest, &unable, &newcomer);
        if ranks.is_empty() {
            return Ok(());
        }
        let staged = disk.run(move |store| store.staged(&ranks, before, MOST_SHARDS)).await?;
        let gone = displace::displaced(&staged, |account| usage.footprint_of(account), &unable, &newcomer);
        if gone.is_empty() {
            return Ok(());
        }
        let shards = gone.len();
        disk.run(move |store| store.drop_staged(&gone)).await?;
        self.handles.metrics.released.inc_by(to_u64(shards));
        tracing::debug!(shards, "removed shards without a receipt, to make room for an upload");
        Ok(())
    }

    /// Those of some accounts that cannot pay for what they have uploaded here, for one epoch.
    async fn unable_to_pay(&self, accounts: &[AccountId], usage: &Usage) -> BTreeSet<AccountId> {
        let mut unable = BTreeSet::new();
        // For the group with the fewest shards: no account must pay for more than it owes.
        let prices = self.handles.groups.membership(|membership| {
            let slots = membership.groups().map(|view| view.profile.profile().n).min()?;
            Some((membership.params()?.clone(), slots))
        });
        let Some((params, slots)) = prices else { return unable };
        for account in accounts {
            let bytes = usage.uploads.get(account).copied().unwrap_or_default();
            let price = store_price(&params, bytes, slots, params.epoch.saturating_add(1));
            if self.handles.accounts.cannot_pay(account, price).await {
                unable.insert(*account);
            }
        }
        unable
    }
}
