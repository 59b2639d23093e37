//! Events of blocks and transactions.

use super::{
    SubxtChain,
    connection::{AtBlock, Connection, block_name, unknown},
    failure::{self, Failure},
};
use crate::{
    error::ChainError,
    types::{BlockRef, ChainEvent, StoredLeaf, TxOutcome},
};
use blake2::{Blake2b, Digest, digest::consts::U32};
use codec::Decode;
use meganet_primitives::{AccountId, Balance, hash::Hash, pallets::PalletEvent};
use subxt::{
    SubstrateConfig,
    config::Header as _,
    error::DispatchError,
    events::{Events, Phase},
    metadata::ArcMetadata,
    utils::H256,
};

/// The hash by which nodes know an extrinsic.
pub(super) fn extrinsic_hash(encoded: &[u8]) -> Hash {
    Blake2b::<U32>::digest(encoded).into()
}

impl SubxtChain {
    /// The batches that a block registered.
    pub(super) async fn stored_in(&self, block: &Hash) -> Result<Vec<StoredLeaf>, ChainError> {
        self.ask(|connection| async move {
            let block = connection.block(H256(*block)).await?;
            let at = connection.at(block).await?;
            let mut leaves = Vec::new();
            for event in events(&at, block).await?.iter() {
                let event = event.map_err(|e| failure::other("decoding events", &block.to_string(), &e))?;
                let leaf = StoredLeaf::parse(event.pallet_name(), event.event_name(), event.field_bytes());
                leaves.extend(leaf.transpose().map_err(|e| ChainError::Incompatible {
                    detail: format!("the event Storage.Stored has other fields ({e})"),
                })?);
            }
            Ok(leaves)
        })
        .await
    }

    /// The outcome of a transaction in a block.
    pub(super) async fn outcome(&self, block: Hash, extrinsic: Hash, finalized: bool) -> Result<TxOutcome, ChainError> {
        self.ask(|connection| async move {
            let (block, index) = locate(&connection, block, &extrinsic).await?;
            let at = connection.at(block).await?;
            let mut outcome = TxOutcome { block, extrinsic, finalized, fee: 0, events: Vec::new() };
            for event in events(&at, block).await?.iter() {
                let event = event.map_err(|e| failure::other("decoding events", &block.to_string(), &e))?;
                if event.phase() != Phase::ApplyExtrinsic(index) {
                    continue;
                }
                let event = ChainEvent {
                    pallet: event.pallet_name().to_owned(),
                    name: event.event_name().to_owned(),
                    fields: event.field_bytes().to_vec(),
                };
                match (event.pallet.as_str(), event.name.as_str()) {
                    ("System", "ExtrinsicFailed") => {
                        return Err(dispatch_error(&event.fields, at.metadata()).into());
                    }
                    ("TransactionPayment", "TransactionFeePaid") => {
                        outcome.fee = fee_paid(&event.fields).unwrap_or_default();
                    }
                    _ => {}
                }
                outcome.events.push(event);
            }
            Ok(outcome)
        })
        .await
    }
}

/// The events of a block.
async fn events(at: &AtBlock, block: BlockRef) -> Result<Events<SubstrateConfig>, Failure> {
    at.events().fetch().await.map_err(|e| failure::other("reading the events", &block.to_string(), &e))
}

/// The block with its height, and the index of an extrinsic in it.
async fn locate(connection: &Connection, block: Hash, extrinsic: &Hash) -> Result<(BlockRef, u32), Failure> {
    let name = block_name(H256(block));
    let details = connection
        .rpc
        .chain_get_block(Some(H256(block)))
        .await
        .map_err(|e| failure::rpc("chain_getBlock", &name, e))?
        .ok_or_else(|| unknown(&name))?;
    let number = u32::try_from(details.block.header.number()).map_err(|_| unknown(&name))?;
    let index = details.block.extrinsics.iter().position(|bytes| extrinsic_hash(&bytes.0) == *extrinsic);
    let index = index.and_then(|index| u32::try_from(index).ok()).ok_or_else(|| unknown(&name))?;
    Ok((BlockRef { hash: block, number }, index))
}

/// The fee of a `TransactionFeePaid { who, actual_fee, tip }`.
fn fee_paid(fields: &[u8]) -> Option<Balance> {
    <(AccountId, Balance, Balance)>::decode(&mut &*fields).ok().map(|(_, fee, tip)| fee.saturating_add(tip))
}

/// The error in an `ExtrinsicFailed`, with the names and words of the runtime's metadata.
fn dispatch_error(fields: &[u8], metadata: ArcMetadata) -> ChainError {
    match DispatchError::decode_from(fields, metadata) {
        Ok(error) => describe(&error),
        Err(e) => ChainError::Incompatible { detail: format!("an error of the runtime can't be decoded ({e})") },
    }
}

/// Pallet, name and docs of an error.
fn describe(error: &DispatchError) -> ChainError {
    let named =
        |pallet: &str, error: String, docs: String| ChainError::Dispatch { pallet: pallet.to_owned(), error, docs };
    match error {
        DispatchError::Module(module) => match module.details() {
            Ok(details) => {
                let docs = details.variant.docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
                named(details.pallet.name(), details.variant.name.clone(), docs)
            }
            Err(_) => named("Unknown", module.details_string(), String::new()),
        },
        DispatchError::Token(token) => named("Token", format!("{token:?}"), token.to_string()),
        DispatchError::Arithmetic(kind) => named("Arithmetic", format!("{kind:?}"), kind.to_string()),
        DispatchError::Transactional(kind) => named("Transactional", format!("{kind:?}"), kind.to_string()),
        other => named("Runtime", format!("{other:?}"), other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use subxt::error::TokenError;

    #[test]
    fn errors_outside_pallets_have_names_too() {
        let error = describe(&DispatchError::Token(TokenError::FundsUnavailable));
        let named = |error: &ChainError, pallet: &str, name: &str| matches!(error, ChainError::Dispatch { pallet: p, error: e, .. } if p == pallet && e == name);
        assert!(named(&error, "Token", "FundsUnavailable"), "{error}");
        assert!(error.to_string().contains("Funds are unavailable"), "{error}");
        assert!(named(&describe(&DispatchError::BadOrigin), "Runtime", "BadOrigin"));
    }

    #[test]
    fn the_fee_includes_the_tip() {
        use codec::Encode;
        assert_eq!(fee_paid(&([1u8; 32], 5u128, 2u128).encode()), Some(7));
        assert_eq!(fee_paid(&[0; 3]), None);
    }
}
