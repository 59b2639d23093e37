//! Objects that an earlier, interrupted run has stored.

use super::Uploader;
use crate::{
    pack::PackId,
    publish::{error::PublishError, journal::Sealed},
};
use futures::{StreamExt, stream};
use meganet_chain_client::At;
use meganet_net::wire::get::MAX_HAVE;
use meganet_primitives::{
    GroupId, SlotIndex,
    chain::{GroupInfo, SlotMember},
    content::ContentRef,
    convert::to_usize,
    object::ObjectId,
};
use meganet_transfer::upload::{Source, Stored, UploadError};
use std::collections::{BTreeMap, HashMap};

impl Uploader<'_> {
    /// Finds what an earlier run has stored, as far as a quorum still holds it.
    pub(super) async fn resume(
        &mut self,
        items: &[(PackId, Source)],
        done: &mut [Option<ContentRef>],
    ) -> Result<(), PublishError> {
        let mut known: BTreeMap<GroupId, Vec<(usize, Sealed)>> = BTreeMap::new();
        for (index, (pack, _)) in items.iter().enumerate() {
            let Some(sealed) = self.state.journal.sealed(pack) else { continue };
            if let Some(expiry) = self.state.journal.registered(&sealed.content.object) {
                // Registered by a part of the upload that came before a crash.
                if self.params.epoch < expiry {
                    self.state.paid(sealed.content.object, expiry);
                    self.take_resumed(index, &sealed, done);
                }
            } else {
                known.entry(sealed.content.group).or_default().push((index, sealed));
            }
        }
        for (group, sealed) in known {
            let Some(info) = self.client.chain().group(group, At::Best).await? else { continue };
            let quorum = u32::from(info.profile.profile().quorum());
            let ids: Vec<ObjectId> = sealed.iter().map(|(_, sealed)| sealed.content.object).collect();
            let held = match self.held(&info, &ids).await {
                // Those members are away: the objects go to another group.
                Err(PublishError::Upload(UploadError::NoQuorum { .. })) => continue,
                other => other?,
            };
            for (index, sealed) in sealed {
                let slots = held.get(&sealed.content.object).copied().unwrap_or(0);
                if slots.count_ones() < quorum {
                    continue;
                }
                let shard_len = sealed.header.layout()?.shard_len();
                if self.groups.free(&info) < shard_len {
                    continue;
                }
                self.groups.promise(group, shard_len);
                let stored = Stored { content: sealed.content, header: sealed.header, slots };
                self.open.entry(group).or_default().push(stored);
                self.take_resumed(index, &sealed, done);
            }
        }
        Ok(())
    }

    fn take_resumed(&mut self, index: usize, sealed: &Sealed, done: &mut [Option<ContentRef>]) {
        if let Some(place) = done.get_mut(index) {
            *place = Some(sealed.content);
            self.summary.objects += 1;
            self.summary.resumed += 1;
        }
    }

    /// Which members of a group hold which of these objects.
    async fn held(&mut self, group: &GroupInfo, objects: &[ObjectId]) -> Result<HashMap<ObjectId, u64>, PublishError> {
        let at_once = to_usize(MAX_HAVE.into());
        let net = self.client.net();
        let ask = |(slot, member): (SlotIndex, SlotMember)| async move {
            let client = net.lazy_get_client(member.peer);
            let mut held = Vec::new();
            for part in objects.chunks(at_once) {
                // One that does not answer holds nothing, as far as this upload is concerned.
                let Ok(have) = client.have(part).await else { break };
                held.extend(part.iter().zip(have).filter(|(_, have)| *have).map(|(object, _)| *object));
            }
            (slot, held)
        };
        // Only of members that can be reached: others would take long to fail.
        let session = self.session(group.clone()).await?;
        let usable = session.usable();
        let answers: Vec<_> = stream::iter(usable).map(ask).buffer_unordered(usize::from(u8::MAX)).collect().await;
        let mut slots: HashMap<ObjectId, u64> = HashMap::new();
        for (slot, held) in answers {
            for object in held {
                *slots.entry(object).or_default() |= 1_u64.checked_shl(slot.into()).unwrap_or(0);
            }
        }
        Ok(slots)
    }
}
