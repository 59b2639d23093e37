//! The members of a group, and which of them can be used.

use super::error::UploadError;
use crate::{
    error::Trouble,
    network::{Network, members},
};
use futures::{StreamExt, stream::FuturesUnordered};
use meganet_chain_client::Signer;
use meganet_net::{Net, NetError, PutClient, UploadAccount};
use meganet_primitives::{
    SlotIndex,
    chain::{GroupInfo, SlotMember},
    placement::Profile,
    receipt::{PeerKey, upload_signed_bytes},
};
use parking_lot::Mutex;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep_until};

/// How long to wait for the other members once a quorum is connected.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait for a quorum.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a stream to a worker, and names the account that pays.
pub(super) async fn put_client(net: &Net, peer: PeerKey, account: UploadAccount) -> Result<PutClient, NetError> {
    let mut client = net.put_client(peer).await?;
    client.authorize(account).await?;
    Ok(client)
}

/// A group that is being uploaded to.
pub struct UploadSession {
    network: Network,
    group: GroupInfo,
    /// Names the account that pays, to each member.
    account: UploadAccount,
    /// Members that are left out for the rest of the session: they cannot sign for objects that they missed.
    out: Mutex<BTreeMap<SlotIndex, Trouble>>,
}

impl UploadSession {
    /// Connects to the members of a group, to upload in the name of `owner`.
    ///
    /// # Errors
    /// [`UploadError::NoQuorum`] where too few can be reached.
    pub async fn connect(network: &Network, group: GroupInfo, owner: &Signer) -> Result<Self, UploadError> {
        let signed = upload_signed_bytes(&network.chain().genesis(), &network.net().local_key());
        let account = UploadAccount { account: owner.account(), signature: owner.sign(&signed) };
        let session = Self { network: network.clone(), group, account, out: Mutex::default() };
        session.reach(members(&session.group).collect()).await?;
        Ok(session)
    }

    /// The group.
    pub fn group(&self) -> &GroupInfo {
        &self.group
    }

    /// Opens a stream to a member, and names the account that pays.
    pub(super) async fn put_client(&self, peer: PeerKey) -> Result<PutClient, NetError> {
        put_client(self.network.net(), peer, self.account).await
    }

    pub(super) fn account(&self) -> UploadAccount {
        self.account
    }

    pub(super) fn net(&self) -> &Net {
        self.network.net()
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn profile(&self) -> Profile {
        self.group.profile.profile()
    }

    /// The number of members that have to take part.
    pub(super) fn quorum(&self) -> usize {
        self.profile().quorum().into()
    }

    /// The members that are not left out.
    pub fn usable(&self) -> Vec<(SlotIndex, SlotMember)> {
        let out = self.out.lock();
        members(&self.group).filter(|(slot, _)| !out.contains_key(slot)).collect()
    }

    /// Leaves a member out for the rest of the session.
    pub(super) fn leave_out(&self, slot: SlotIndex, reason: String) {
        let trouble = self.trouble(slot, reason);
        tracing::debug!(group = self.group.id, %trouble, "a member is left out");
        self.out.lock().insert(slot, trouble);
    }

    /// Tries again with members that were left out, if the others are not a quorum.
    pub(super) async fn restore_quorum(&self) -> Result<(), UploadError> {
        if self.usable().len() >= self.quorum() {
            return Ok(());
        }
        self.out.lock().clear();
        self.reach(members(&self.group).collect()).await
    }

    /// The error for a quorum that was missed.
    pub(super) fn no_quorum(&self, did: &'static str, have: usize, mut troubles: Vec<Trouble>) -> UploadError {
        let known: Vec<_> = troubles.iter().map(|trouble| trouble.slot).collect();
        troubles.extend(self.out.lock().values().filter(|trouble| !known.contains(&trouble.slot)).cloned());
        troubles.sort_by_key(|trouble| trouble.slot);
        let profile = self.profile();
        UploadError::NoQuorum { group: self.group.id, did, have, n: profile.n, need: profile.quorum(), troubles }
    }

    pub(super) fn trouble(&self, slot: SlotIndex, reason: String) -> Trouble {
        let member = self.group.slots.get(usize::from(slot)).copied().flatten();
        Trouble { slot, country: member.map(|member| member.country), reason }
    }

    /// Finds members side by side; those that take long are left out once there is a quorum.
    async fn reach(&self, wanted: Vec<(SlotIndex, SlotMember)>) -> Result<(), UploadError> {
        let mut waiting: BTreeMap<SlotIndex, SlotMember> = wanted.iter().copied().collect();
        let mut found = 0;
        let find = |(slot, member): (SlotIndex, SlotMember)| async move { (slot, self.find(member).await) };
        let mut running: FuturesUnordered<_> = wanted.into_iter().map(find).collect();
        let mut deadline = Instant::now() + PATIENCE;
        loop {
            tokio::select! {
                answer = running.next() => match answer {
                    Some((slot, Ok(()))) => {
                        waiting.remove(&slot);
                        found += 1;
                        if found == self.quorum() {
                            deadline = deadline.min(Instant::now() + GRACE);
                        }
                    },
                    Some((slot, Err(error))) => {
                        waiting.remove(&slot);
                        self.leave_out(slot, error.to_string());
                    },
                    None => break,
                },
                () = sleep_until(deadline) => break,
            }
        }
        for slot in waiting.keys() {
            self.leave_out(*slot, "it does not answer".into());
        }
        if found < self.quorum() {
            return Err(self.no_quorum("can be reached", found, Vec::new()));
        }
        Ok(())
    }

    async fn find(&self, member: SlotMember) -> Result<(), NetError> {
        self.network.net().find(member.peer).await
    }
}
