//! Receipts that the chain must refuse.

use super::{Victim, uploads::Sample};
use crate::Stage;
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, Call, Signer, StorageCall, Until};
use meganet_net::{Keypair, NetError, Refusal, SignBatch};
use meganet_primitives::pallets::StorageError;
use meganet_primitives::{
    receipt::{MAX_RECEIPT_BLOCKS, PeerSignature, RECEIPT_BLOCKS, Receipt, ReceiptStatement},
    sum_tree::summarize,
};

/// Checks that a batch is registered only with receipts by the group's workers, each for its own slot, for this chain.
pub(super) async fn play(stage: &Stage, victim: &Victim) -> Result<()> {
    let (chain, group) = (&victim.chain, &victim.group);
    let owner = Signer::from_suri("//Bob")?;
    let sample = Sample::new(group, 200_000)?;
    let expiry = chain.params(At::Best).await?.epoch + 3;
    let valid_until = chain.best().await?.number + RECEIPT_BLOCKS;
    let mut good = Vec::new();
    for (slot, member) in (0..).zip(&group.slots) {
        let member = member.with_context(|| format!("slot {slot} is vacant"))?;
        let mut stream = victim.putting(member.peer, &owner).await?;
        sample.put(&mut stream, sample.open(group, slot), slot).await?;
        let entries = vec![sample.entry()];
        let (signer, owner) = (&owner, owner.account());
        let ask = SignBatch { group: group.id, slot, expiry, owner, valid_until, entries };
        // A worker signs receipts that are valid for an hour at most.
        let forever = SignBatch { valid_until: valid_until + MAX_RECEIPT_BLOCKS, ..ask.clone() };
        let refused = victim.putting(member.peer, signer).await?.sign(forever).await;
        ensure!(
            matches!(refused, Err(NetError::Refused(Refusal::Stale))),
            "a receipt that is valid too long: {refused:?}"
        );
        good.push(stream.sign(ask).await?);
    }

    let batch = summarize(&[sample.entry()])?;
    // Receipts of slots 0 and 1, each with the other's signature.
    let mut by_another = good.clone();
    (by_another[0].signature, by_another[1].signature) = (good[1].signature, good[0].signature);
    let statement = ReceiptStatement {
        genesis: [0xab; 32],
        group: group.id,
        slot: victim.slot,
        expiry,
        owner: owner.account(),
        batch,
        valid_until,
    };
    let mut of_another_chain = good.clone();
    of_another_chain[usize::from(victim.slot)] = sign(stage, victim, &statement)?;

    let before = chain.ranges(group.id, At::Best).await?;
    let store =
        |receipts| vec![Call::Storage(StorageCall::Store { group: group.id, expiry, batch, valid_until, receipts })];
    for (case, receipts) in [("receipt-by-another-worker", by_another), ("receipt-for-another-chain", of_another_chain)]
    {
        let refused = chain.submit(&owner, store(receipts), Until::InBlock).await.err();
        let refused = refused.with_context(|| format!("the chain takes a {case}"))?;
        ensure!(refused.is(StorageError::BadReceipt), "case {case}: {refused}");
        stage.facts.say(&format!("refused-{case}"), refused);
    }
    ensure!(before == chain.ranges(group.id, At::Best).await?, "refused receipts changed the group's ranges");
    // Control: the unchanged receipts are accepted.
    let stored = chain.submit(&owner, store(good), Until::InBlock).await?.stored();
    ensure!(stored.len() == 1, "the good receipts registered {} batches", stored.len());
    Ok(())
}

/// Signs a false statement with the worker's own key, which is on the disk of this machine.
fn sign(stage: &Stage, victim: &Victim, statement: &ReceiptStatement) -> Result<Receipt> {
    let path = stage.devnet.state.processes[victim.index].data.join("identity.key");
    let text = std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim(), &mut seed)?;
    let signature = Keypair::ed25519_from_bytes(seed)?.sign(&statement.signed_bytes())?;
    let signature = signature.try_into().ok().context("an Ed25519 signature has 64 bytes")?;
    Ok(Receipt { slot: statement.slot, signature: PeerSignature(signature) })
}
