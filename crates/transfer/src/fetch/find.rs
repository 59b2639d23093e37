//! Finds the header and shard roots of an object, and checks them against its id.

use super::reader::ObjectReader;
use crate::{
    error::{FetchError, Trouble},
    network::{Network, Strays, members},
    object::Object,
};
use futures::{StreamExt, stream::FuturesUnordered};
use meganet_net::NetError;
use meganet_objects::Commitment;
use meganet_primitives::{
    GroupId, SlotIndex,
    chain::{GroupInfo, SlotMember},
    content::ContentRef,
    object::ObjectId,
};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Members that are asked at first, so that one that is gone costs no time.
const AT_FIRST: usize = 2;
/// Timeout for the members' answers about the shards that they hold.
const STRAYS: Duration = Duration::from_secs(10);

impl Network {
    /// Finds an object's header and shard roots: the first correct answer of a member of its group. Cached.
    ///
    /// # Errors
    /// [`FetchError::NoSuchGroup`], [`FetchError::NotFound`], [`FetchError::WrongReference`] if the object cannot be in
    /// that group, and errors of the chain.
    pub async fn object(&self, group: GroupId, object: ObjectId) -> Result<Arc<Object>, FetchError> {
        if let Some(known) = self.objects().get(&object).await.filter(|known| known.group() == group) {
            return Ok(known);
        }
        let found = match self.ask_object(group, object).await {
            // Its members may have changed.
            Err(FetchError::NotFound { .. }) => {
                self.forget_group(group).await;
                self.ask_object(group, object).await?
            }
            other => other?,
        };
        let found = Arc::new(found);
        self.objects().insert(object, found.clone()).await;
        Ok(found)
    }

    /// Opens what a content reference points to.
    ///
    /// # Errors
    /// [`FetchError::NoKey`], [`FetchError::WrongReference`], and those of [`Network::object`].
    pub async fn open(&self, content: &ContentRef) -> Result<ObjectReader, FetchError> {
        let key = content.key.ok_or(FetchError::NoKey { object: content.object })?;
        let object = self.object(content.group, content.object).await?;
        if object.layout().sealed_len() != content.sealed_len {
            let reason = format!(
                "it states {} sealed bytes, the object has {}",
                content.sealed_len,
                object.layout().sealed_len()
            );
            return Err(FetchError::WrongReference { object: content.object, reason });
        }
        Ok(ObjectReader::new(self.clone(), object, key))
    }

    async fn ask_object(&self, id: GroupId, object: ObjectId) -> Result<Object, FetchError> {
        let group = self.group(id).await?;
        let mut members: Vec<_> = members(&group).collect();
        self.health().sort(&mut members, |(_, member)| member.peer);
        let mut waiting: VecDeque<_> = members.into();
        let mut asked = FuturesUnordered::new();
        let mut troubles = Vec::new();
        for (slot, member) in waiting.drain(..AT_FIRST.min(waiting.len())) {
            asked.push(self.ask_member(&group, object, slot, member));
        }
        loop {
            let patience = self.health().patience(1);
            tokio::select! {
                answer = asked.next() => match answer {
                    Some(Ok(found)) => return Ok(found),
                    Some(Err(trouble)) => {
                        troubles.push(trouble);
                        if let Some((slot, member)) = waiting.pop_front() {
                            asked.push(self.ask_member(&group, object, slot, member));
                        }
                    },
                    None => return Err(FetchError::NotFound { object, group: id, troubles }),
                },
                () = sleep(patience), if !waiting.is_empty() => {
                    if let Some((slot, member)) = waiting.pop_front() {
                        asked.push(self.ask_member(&group, object, slot, member));
                    }
                },
            }
        }
    }

    /// Asks all members of an object's group which shards they hold, and returns those that are not of their slots:
    /// a member may have got another slot than it had before, with the shards of the old one still there. Cached.
    ///
    /// # Errors
    /// Those of the chain.
    pub(super) async fn strays_of(&self, object: &Object) -> Result<Arc<Strays>, FetchError> {
        if let Some(known) = self.strays().get(&object.id()).await {
            return Ok(known);
        }
        let group = self.group(object.group()).await?;
        let asked = members(&group).map(|(slot, member)| async move {
            let client = self.net().lazy_get_client(member.peer);
            let answer = tokio::time::timeout(STRAYS, client.object(object.id())).await;
            let shards = answer.ok().and_then(Result::ok).map(|info| info.shards).unwrap_or_default();
            shards.into_iter().filter(move |shard| *shard != slot).map(move |shard| (shard, member)).collect::<Vec<_>>()
        });
        let strays: Strays = futures::future::join_all(asked).await.into_iter().flatten().collect();
        let strays = Arc::new(strays);
        self.strays().insert(object.id(), strays.clone()).await;
        Ok(strays)
    }

    async fn ask_member(
        &self,
        group: &GroupInfo,
        object: ObjectId,
        slot: SlotIndex,
        member: SlotMember,
    ) -> Result<Object, Trouble> {
        let trouble = |reason: String| Trouble { slot, country: Some(member.country), reason };
        let began = Instant::now();
        let info = self.net().lazy_get_client(member.peer).object(object).await.map_err(|error| {
            if !matches!(error, NetError::GetRefused(_)) {
                self.health().let_down(member.peer);
            }
            trouble(error.to_string())
        })?;
        let commitment = Commitment::of(&object, info.header, info.shard_roots).map_err(|error| {
            self.health().let_down(member.peer);
            trouble(error.to_string())
        })?;
        self.health().answered(member.peer, 1, began.elapsed());
        let profile = group.profile.profile();
        if (info.header.k, info.header.n) != (profile.k, profile.n) {
            return Err(trouble(format!("the object is {} of {}, the group is not", info.header.k, info.header.n)));
        }
        Ok(Object::new(group.id, commitment))
    }
}
