//! Receipts: a worker's signed promise that it has stored its shard of every object of a batch durably, and keeps it until
//! the batch is registered or the receipt has run out.

use crate::{
    AccountId, BlockNumber, Epoch, GroupId, SlotIndex,
    hash::Hash,
    sum_tree::BatchSummary,
    text::{from_hex, hex, serde_as_text},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::{fmt, str::FromStr};
use scale_info::TypeInfo;

/// A worker's Ed25519 identity key. Its libp2p peer id is derived from it, and it signs receipts. As text it is hex.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    core::hash::Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct PeerKey(pub [u8; 32]);

/// An Ed25519 signature. As text it is hex.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PeerSignature(pub [u8; 64]);

/// The text is not a key or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} bytes in hex: copy the value again, whole")]
pub struct HexError(usize);

macro_rules! hex_text {
    ($type:ident, $len:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self)
            }
        }

        impl FromStr for $type {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                from_hex(text).map(Self).ok_or(HexError($len))
            }
        }

        serde_as_text!($type);
    };
}

hex_text!(PeerKey, 32);
hex_text!(PeerSignature, 64);

/// The first bytes of what a worker's identity key signs at registration.
pub const WORKER_DOMAIN: &[u8] = b"meganet/worker/1";

/// Returns the bytes that a worker's identity key signs to be registered by an operator's account on a chain: the domain, the
/// chain's genesis hash, the account. Without that signature nobody can register the key.
pub fn worker_signed_bytes(genesis: &Hash, operator: &AccountId) -> Vec<u8> {
    [WORKER_DOMAIN, genesis, operator].concat()
}

/// The first bytes of what an account signs in order to upload.
pub const UPLOAD_DOMAIN: &[u8] = b"meganet/upload/1";

/// Returns the bytes that an account signs so that a client may upload in its name on a chain: the domain, the chain's genesis
/// hash, the client's key. Only that client can use the signature, since workers know the key at the other end of a connection.
pub fn upload_signed_bytes(genesis: &Hash, client: &PeerKey) -> Vec<u8> {
    [UPLOAD_DOMAIN, genesis, &client.0].concat()
}

/// The first bytes of what is signed in every receipt.
pub const RECEIPT_DOMAIN: &[u8] = b"meganet/receipt/2";

/// The most blocks for which a worker issues a receipt: an hour of blocks of 3 seconds. It need not keep batches that are not
/// registered by then, so nobody can fill its quota for longer without paying.
pub const MAX_RECEIPT_BLOCKS: BlockNumber = 1_200;

/// The blocks for which owners ask. The rest is room for a worker whose node is behind the owner's.
pub const RECEIPT_BLOCKS: BlockNumber = MAX_RECEIPT_BLOCKS / 2;

/// The statement of a receipt. It is about one chain, one slot, one owner and one batch, so it cannot be used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ReceiptStatement {
    /// The chain's genesis hash.
    pub genesis: Hash,
    /// The placement group.
    pub group: GroupId,
    /// The signer's slot in it.
    pub slot: SlotIndex,
    /// The epoch at whose beginning the batch expires.
    pub expiry: Epoch,
    /// The account that pays and may delete early.
    pub owner: AccountId,
    /// The batch.
    pub batch: BatchSummary,
    /// The last block in which the chain accepts it.
    pub valid_until: BlockNumber,
}

impl ReceiptStatement {
    /// Returns the bytes that are signed: the domain, then the statement in SCALE.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = RECEIPT_DOMAIN.to_vec();
        self.encode_to(&mut bytes);
        bytes
    }
}

/// A receipt as it is sent to owner and chain, which know the rest of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
    /// The signer's slot in the group.
    pub slot: SlotIndex,
    /// Its signature of the statement.
    pub signature: PeerSignature,
}

#[cfg(test)]
mod tests;
