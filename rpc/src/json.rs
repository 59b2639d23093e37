//! How values are encoded in answers and decoded from parameters.

use crate::{RpcError, error::excerpt};
use meganet_primitives::{AccountId, chain::MAX_PAGE, content::NameContent, receipt::PeerKey, units::SS58_PREFIX};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58AddressFormat, Ss58Codec};

/// The generic address prefix, used by tools that know no chain.
const SS58_GENERIC: u16 = 42;
/// More characters than an address has: of 35 bytes it takes 48 in base58.
const MAX_ADDRESS: usize = 64;
/// The bytes before an Ed25519 key in a peer id: the identity multihash (0x00) of 36 bytes, a protobuf of the key's type
/// (field 1, Ed25519 = 1) and its 32 bytes (field 2).
const PEER_ID_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// Encodes bytes as `0x` and hex.
pub fn hex_bytes(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Encodes an account as an address of this chain.
pub fn address(account: &AccountId) -> String {
    AccountId32::new(*account).to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX))
}

/// Decodes an address of this chain, or a generic one.
///
/// # Errors
/// [`RpcError::InvalidOwner`] for anything else, including addresses of other chains.
pub fn account(text: &str) -> Result<AccountId, RpcError> {
    // Decoding takes time quadratic in the length, and a request may have megabytes.
    if text.len() > MAX_ADDRESS {
        return Err(RpcError::InvalidOwner { owner: excerpt(text), reason: "it is too long".to_owned() });
    }
    let invalid = |reason: String| RpcError::InvalidOwner { owner: excerpt(text), reason };
    let (account, format) =
        AccountId32::from_ss58check_with_version(text).map_err(|error| invalid(format!("{error:?}")))?;
    match u16::from(format) {
        SS58_PREFIX | SS58_GENERIC => Ok(account.into()),
        other => Err(invalid(format!("prefix {other} belongs to another chain"))),
    }
}

/// Encodes a worker's identity key as libp2p's peer id, in base58.
pub fn peer_id(peer: &PeerKey) -> String {
    bs58::encode([&PEER_ID_PREFIX[..], &peer.0].concat()).into_string()
}

/// Returns the requested page size, or the largest one.
///
/// # Errors
/// [`RpcError::InvalidLimit`] outside `1..=`[`MAX_PAGE`].
pub fn page(limit: Option<u32>) -> Result<u32, RpcError> {
    match limit {
        None => Ok(MAX_PAGE),
        Some(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
        Some(limit) => Err(RpcError::InvalidLimit { limit, max: MAX_PAGE }),
    }
}

/// The content of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Content {
    /// A site of this network: a sealed manifest.
    Object {
        /// The object.
        object: String,
        /// The group that holds its shards.
        group: u32,
        /// Its sealed bytes.
        sealed_len: u64,
        /// The key that opens it, if it is public.
        key: Option<String>,
    },
    /// A reference to another network. Its content is not verified.
    Foreign {
        /// `ipfs`, `ipns`, `swarm`, `onion3` or `arweave`.
        network: String,
        /// The ENSIP-7 bytes in hex.
        reference: String,
    },
}

impl From<NameContent> for Content {
    fn from(content: NameContent) -> Self {
        match content {
            NameContent::Object(content) => Self::Object {
                object: content.object.to_string(),
                group: content.group,
                sealed_len: content.sealed_len,
                key: content.key.map(|key| hex_bytes(key.0)),
            },
            NameContent::Foreign(reference) => Self::Foreign {
                // The chain accepts no others.
                network: reference.parts().map_or("unknown", |(network, _)| network).to_owned(),
                reference: hex_bytes(reference.as_bytes()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_peer_id_is_libp2ps() {
        // libp2p's own vector: the peer id of the Ed25519 key of 32 zero bytes' secret.
        let key = hex::decode("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29").unwrap();
        let peer = PeerKey(key.try_into().unwrap());
        assert_eq!(peer_id(&peer), "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
    }

    #[test]
    fn an_address_is_read_back_and_one_of_another_chain_is_refused() {
        let who = [7u8; 32];
        assert_eq!(account(&address(&who)).unwrap(), who);
        let generic = AccountId32::new(who).to_ss58check_with_version(Ss58AddressFormat::custom(SS58_GENERIC));
        assert_eq!(account(&generic).unwrap(), who);
        let polkadot = AccountId32::new(who).to_ss58check_with_version(Ss58AddressFormat::custom(0));
        for bad in [polkadot.as_str(), "", "alice", "0x00"] {
            assert!(matches!(account(bad), Err(RpcError::InvalidOwner { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_page_has_at_least_one_item_and_at_most_the_largest_page() {
        assert_eq!(page(None), Ok(MAX_PAGE));
        assert_eq!(page(Some(1)), Ok(1));
        assert_eq!(page(Some(MAX_PAGE)), Ok(MAX_PAGE));
        assert!(page(Some(0)).is_err());
        assert!(page(Some(MAX_PAGE + 1)).is_err());
    }
}
