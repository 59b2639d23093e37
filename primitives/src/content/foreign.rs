//! References to content of other networks, in the encoding of ENS.

#[cfg(feature = "std")]
use crate::text::{from_hex_vec, hex};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Bytes of the longest foreign reference. A CIDv1 with a 32-byte digest has 38, an onion address 61.
pub const MAX_FOREIGN: u32 = 96;

/// The namespaces that are known, by their multicodec (ENSIP-7 and the multicodec table): `ipfs-ns`, `swarm-ns`,
/// `ipns-ns`, `onion3`, `arweave-ns`.
pub const NAMESPACES: [(u64, &str); 5] =
    [(0xe3, "ipfs"), (0xe4, "swarm"), (0xe5, "ipns"), (0x01bd, "onion3"), (0xb2_9910, "arweave")];

/// Why bytes are not a foreign reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// More than [`MAX_FOREIGN`] bytes.
    #[error("a foreign reference has at most {MAX_FOREIGN} bytes: give the content hash itself, not a document")]
    TooLong,
    /// They do not begin with a multicodec of [`NAMESPACES`], or nothing follows it.
    #[error(
        "a foreign reference begins with the multicodec of ipfs, ipns, swarm, onion3 or arweave (ENSIP-7): check the bytes"
    )]
    UnknownNamespace,
}

/// A reference to content of another network: the bytes of ENSIP-7, a multicodec (unsigned varint) and the network's id of
/// the content. Meganet stores and shows it; gateways may send readers there. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ForeignRef(BoundedVec<u8, ConstU32<MAX_FOREIGN>>);

impl ForeignRef {
    /// Checks bytes of ENSIP-7.
    ///
    /// # Errors
    /// [`ForeignError`]
    pub fn new(bytes: Vec<u8>) -> Result<Self, ForeignError> {
        let reference = Self(BoundedVec::try_from(bytes).map_err(|_| ForeignError::TooLong)?);
        reference.check()?;
        Ok(reference)
    }

    /// Checks that decoded bytes begin with a known namespace and something follows it.
    ///
    /// # Errors
    /// [`ForeignError::UnknownNamespace`]
    pub fn check(&self) -> Result<(), ForeignError> {
        self.parts().map(|_| ()).ok_or(ForeignError::UnknownNamespace)
    }

    /// The bytes of ENSIP-7.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the name of the network and its id of the content; `None` if [`Self::check`] fails.
    pub fn parts(&self) -> Option<(&'static str, &[u8])> {
        let (code, rest) = uvarint(&self.0)?;
        let (_, network) = NAMESPACES.into_iter().find(|(known, _)| *known == code)?;
        (!rest.is_empty()).then_some((network, rest))
    }
}

/// Reads an unsigned varint of at most nine bytes in its shortest form, as in multiformats. Returns it and the rest.
fn uvarint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = index == 0 || *byte != 0;
            return shortest.then(|| (value, bytes.get(index + 1..).unwrap_or_default()));
        }
    }
    None
}

#[cfg(feature = "std")]
impl serde::Serialize for ForeignRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for ForeignRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        let bytes = from_hex_vec(&text).ok_or_else(|| serde::de::Error::custom("expected bytes in hex"))?;
        Self::new(bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ensip_7_bytes_name_their_network() {
        // The worked example of ENSIP-7, shortened to its beginning: ipfs-ns, CIDv1, dag-pb, sha2-256.
        let mut bytes = alloc::vec![0xe3, 0x01, 0x01, 0x70, 0x12, 0x20];
        bytes.extend([7; 32]);
        let reference = ForeignRef::new(bytes.clone()).unwrap();
        assert_eq!(reference.parts().map(|(network, cid)| (network, cid.len())), Some(("ipfs", 36)));
        assert_eq!(reference.as_bytes(), bytes);
        assert_eq!(ForeignRef::new(alloc::vec![0xbd, 0x03, 1]).unwrap().parts().map(|p| p.0), Some("onion3"));
        assert_eq!(
            ForeignRef::new(alloc::vec![0x90, 0xb2, 0xca, 0x05, 1]).unwrap().parts().map(|p| p.0),
            Some("arweave")
        );
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&[][..], &[0xe3, 0x01], &[0x01, 0x01, 0x70], &[0xe3], &[0xe3, 0x81, 0x00, 1], &[0x80; 20]] {
            assert_eq!(ForeignRef::new(bytes.to_vec()), Err(ForeignError::UnknownNamespace), "{bytes:?}");
        }
        assert_eq!(ForeignRef::new(alloc::vec![0xe3; 97]), Err(ForeignError::TooLong));
    }
}
