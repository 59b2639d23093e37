//! Uploads that a worker must refuse.

use super::Victim;
use crate::Stage;
use anyhow::{Context, Result, bail, ensure};
use meganet_chain_client::Signer;
use meganet_net::{NetError, OpenShard, PutClient, Refusal, SignBatch};
use meganet_objects::{Encoded, Encoder};
use meganet_primitives::{
    SlotIndex, chain::GroupInfo, content::ReadKey, object::Layout, receipt::RECEIPT_BLOCKS, sum_tree::BatchEntry,
};
use serde_json::Value;
use std::fmt::Debug;

/// An object with all its shards.
pub(super) struct Sample {
    encoded: Encoded,
    shards: Vec<Vec<u8>>,
    shard_len: u64,
}

impl Sample {
    /// Encodes `len` random bytes with the profile of a group.
    pub(super) fn new(group: &GroupInfo, len: usize) -> Result<Self> {
        let profile = group.profile.profile();
        let plain: Vec<u8> = (0..len).map(|_| rand::random()).collect();
        let mut shards = vec![Vec::new(); profile.n.into()];
        let sink = |_stripe: u64, shard: u8, chunk: &[u8]| -> std::io::Result<()> {
            shards[usize::from(shard)].extend_from_slice(chunk);
            Ok(())
        };
        let key = ReadKey(rand::random());
        let mut encoder = Encoder::new(&key, profile.k, profile.n, u64::try_from(len)?, sink)?;
        let shard_len = encoder.layout().shard_len();
        encoder.write(&plain)?;
        let (encoded, _) = encoder.finish()?;
        Ok(Sample { encoded, shards, shard_len })
    }

    /// Its entry in a batch.
    pub(super) fn entry(&self) -> BatchEntry {
        let Encoded { header, .. } = &self.encoded;
        BatchEntry { object: header.id(), shards_root: header.shards_root, shard_len: self.shard_len }
    }

    /// The announcement of one of its shards.
    pub(super) fn open(&self, group: &GroupInfo, slot: SlotIndex) -> OpenShard {
        let header = &self.encoded.header;
        OpenShard {
            group: group.id,
            slot,
            shard_len: self.shard_len,
            k: header.k,
            n: header.n,
            codec: header.codec,
            sealed_len: header.sealed_len,
        }
    }

    /// Sends one of its shards after announcing `open`.
    pub(super) async fn put(&self, stream: &mut PutClient, open: OpenShard, shard: SlotIndex) -> Result<(), NetError> {
        let mut writer = stream.begin(open).await?;
        writer.write(&self.shards[usize::from(shard)]).await?;
        writer.finish(self.encoded.header, &self.encoded.shard_roots).await.map(|_| ())
    }
}

/// Checks that each upload is refused with the right reason, and does not change what the worker stores.
pub(super) async fn play(stage: &Stage, victim: &Victim) -> Result<()> {
    let (group, slot) = (&victim.group, victim.slot);
    let before = held(stage, victim).await?;
    let alice = Signer::from_suri("//Alice")?;
    let mut stream = victim.putting(victim.peer, &alice).await?;
    let sample = Sample::new(group, 1_000_000)?;
    let other = (slot + 1) % group.profile.profile().n;

    // Another shard of the same object has the right length and the wrong bytes.
    let wrong_bytes = sample.put(&mut stream, sample.open(group, slot), other).await;
    expect(stage, "shard-that-does-not-match-its-root", wrong_bytes, |refusal| refusal == Refusal::ShardMismatch)?;
    let wrong_slot = sample.put(&mut stream, sample.open(group, other), other).await;
    expect(stage, "shard-for-another-worker", wrong_slot, |refusal| refusal == Refusal::WrongSlot)?;
    // As large as the whole slot, which is not empty.
    let profile = group.profile.profile();
    let sealed_len = group.slot_capacity * u64::from(profile.k);
    let shard_len = Layout::new(profile.k, profile.n, sealed_len)?.shard_len();
    let open = OpenShard { shard_len, sealed_len, ..sample.open(group, slot) };
    let too_much = stream.begin(open).await.map(|_| ());
    // The space for uploads may be smaller than the slot.
    let says_what_is_free =
        |refusal| matches!(refusal, Refusal::OverCapacity { free } | Refusal::UploadsFull { free } if free < shard_len);
    expect(stage, "worker-over-capacity", too_much, says_what_is_free)?;
    let expiry = victim.chain.params(meganet_chain_client::At::Best).await?.epoch + 2;
    let valid_until = victim.chain.best().await?.number + RECEIPT_BLOCKS;
    let entries = vec![sample.entry()];
    let batch = SignBatch { group: group.id, slot, expiry, owner: alice.account(), valid_until, entries };
    let lacking = Refusal::UnknownObject { object: sample.entry().object };
    expect(stage, "receipt-for-what-is-not-held", stream.sign(batch).await, |refusal| refusal == lacking)?;

    let after = held(stage, victim).await?;
    ensure!(before == after, "refused shards changed what the worker holds: {before:?} became {after:?}");
    Ok(())
}

/// Checks a refusal and prints it.
fn expect<T: Debug>(
    stage: &Stage,
    case: &str,
    result: Result<T, NetError>,
    is_right: impl FnOnce(Refusal) -> bool,
) -> Result<()> {
    match result {
        Err(NetError::Refused(refusal)) if is_right(refusal) => {
            stage.facts.say(&format!("refused-{case}"), refusal);
            Ok(())
        }
        other => bail!("case {case}: the worker's answer was {other:?}"),
    }
}

/// The numbers of objects and bytes that the worker stores.
async fn held(stage: &Stage, victim: &Victim) -> Result<[Value; 3]> {
    let health = stage.health(victim.index).await.context("the worker's health")?;
    Ok(["objects", "bytes", "unregistered_bytes"].map(|key| health[key].clone()))
}
