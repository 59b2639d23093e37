//! Making blocks as the one validator does: BABE's digest, the time, transactions.

use crate::{pool::Transaction, states::States};
use frame_support::storage::{TransactionOutcome, with_transaction_unchecked};
use meganet_runtime::{
    Babe, Executive, Hash, Header, RuntimeCall, UncheckedExtrinsic, VERSION,
    constants::{EPOCH_SLOTS, SLOT_MILLIS},
};
use sp_consensus_babe::{
    Slot,
    digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
    make_vrf_sign_data,
};
use sp_core::{H256, crypto::VrfSecret, sr25519};
use sp_runtime::{
    Digest, DigestItem,
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

/// The result of [`Draft::make`].
pub(crate) struct Made {
    pub(crate) header: Header,
    pub(crate) extrinsics: Vec<UncheckedExtrinsic>,
    pub(crate) included: Vec<Transaction>,
    /// Valid, but not yet or not in this block.
    pub(crate) left_over: Vec<Transaction>,
    pub(crate) state: H256,
}

/// A block to be made.
pub(crate) struct Draft<'a> {
    pub(crate) number: u32,
    pub(crate) parent: Hash,
    /// The root of the state that it begins with.
    pub(crate) state: H256,
    pub(crate) slot: u64,
    pub(crate) validator: &'a sr25519::Pair,
}

impl Draft<'_> {
    /// Executes a block with as many of the transactions as can be executed. Invalid ones are dropped.
    pub(crate) fn make(&self, states: &mut States, transactions: Vec<Transaction>) -> Made {
        let digest = Digest { logs: vec![states.read(self.state, || self.pre_digest())] };
        let header = Header::new(self.number, H256::zero(), H256::zero(), self.parent, digest);
        let (mut made, state) = states.change(self.state, VERSION.state_version(), || {
            Executive::initialize_block(&header);
            self.fill(transactions)
        });
        assert_eq!(state, made.header.state_root, "the block's header commits to the state that it leaves");
        made.state = state;
        made
    }

    fn fill(&self, transactions: Vec<Transaction>) -> Made {
        let now = self.slot.saturating_mul(SLOT_MILLIS);
        let time = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
        let mut extrinsics = vec![UncheckedExtrinsic::new_bare(time)];
        for inherent in &extrinsics {
            let applied = Executive::apply_extrinsic(inherent.clone());
            assert!(matches!(applied, Ok(Ok(()))), "the block takes its time: {applied:?}");
        }
        let (mut included, mut left_over) = (Vec::new(), Vec::new());
        for transaction in transactions {
            match apply(&transaction) {
                Ok(()) => {
                    extrinsics.push(transaction.extrinsic.clone());
                    included.push(transaction);
                }
                Err(TransactionValidityError::Invalid(
                    InvalidTransaction::Future | InvalidTransaction::ExhaustsResources,
                )) => left_over.push(transaction),
                Err(_) => {}
            }
        }
        Made { header: Executive::finalize_block(), extrinsics, included, left_over, state: H256::zero() }
    }

    /// The validator's claim to the slot. Its VRF output is the block's randomness.
    fn pre_digest(&self) -> DigestItem {
        let slot = Slot::from(self.slot);
        let (epoch, randomness) = match Babe::current_epoch() {
            // The genesis has slot 0; the first block says where its epoch begins.
            epoch if self.number == 1 || self.slot < u64::from(epoch.start_slot).saturating_add(EPOCH_SLOTS) => {
                (epoch.epoch_index, epoch.randomness)
            }
            _ => {
                let start = u64::from(Babe::genesis_slot());
                (self.slot.saturating_sub(start) / EPOCH_SLOTS, Babe::next_epoch().randomness)
            }
        };
        let vrf_signature = self.validator.vrf_sign(&make_vrf_sign_data(&randomness, slot, epoch));
        let claim = SecondaryVRFPreDigest { authority_index: 0, slot, vrf_signature };
        DigestItem::babe_pre_digest(PreDigest::SecondaryVRF(claim))
    }
}

/// Executes a transaction, unless it is invalid: then nothing of it stays.
fn apply(transaction: &Transaction) -> Result<(), TransactionValidityError> {
    with_transaction_unchecked(|| match Executive::apply_extrinsic(transaction.extrinsic.clone()) {
        // A failed call is in the block all the same.
        Ok(_) => TransactionOutcome::Commit(Ok(())),
        Err(error) => TransactionOutcome::Rollback(Err(error)),
    })
}
