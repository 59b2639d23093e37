//! References to content of other networks, as the URIs that those networks use.

use cid::Cid;
use data_encoding::BASE64URL_NOPAD;
use meganet_primitives::content::{ForeignError, ForeignRef, NAMESPACES};

/// The multicodec of a Swarm manifest, and the multihash of Keccak-256, of which Swarm's references are made.
const SWARM_MANIFEST: u64 = 0xfa;
const KECCAK_256: u64 = 0x1b;

/// Why a text is not a reference to another network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// An unknown scheme.
    #[error(
        "{0:?} is not a reference to another network: write ipfs://CID, ipns://CID, bzz://HASH, onion3://ADDRESS, ar://ID, or 0x and the bytes of ENSIP-7 in hex"
    )]
    Unknown(String),
    /// The part after the scheme is not valid on that network.
    #[error("{text:?} is mistyped: {reason}. Copy it again, whole")]
    Mistyped {
        /// The text.
        text: String,
        /// The mistake.
        reason: String,
    },
    /// The bytes are not a valid reference.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
}

/// Whether a text looks like a reference to another network, rather than to this one.
pub fn is_foreign(text: &str) -> bool {
    text.starts_with("0x") || SCHEMES.iter().any(|(scheme, _)| text.starts_with(scheme))
}

/// Schemes and the networks that they belong to.
const SCHEMES: [(&str, &str); 5] =
    [("ipfs://", "ipfs"), ("ipns://", "ipns"), ("bzz://", "swarm"), ("onion3://", "onion3"), ("ar://", "arweave")];

/// Reads a URI of another network, or the bytes of ENSIP-7 as `0x…`.
///
/// # Errors
/// [`UriError`]
pub fn read_uri(text: &str) -> Result<ForeignRef, UriError> {
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes = hex::decode(digits).map_err(|error| mistyped(text, &error))?;
        return Ok(ForeignRef::new(bytes)?);
    }
    let found = SCHEMES.iter().find_map(|(scheme, network)| Some((*network, text.strip_prefix(scheme)?)));
    let (network, rest) = found.ok_or_else(|| UriError::Unknown(text.to_owned()))?;
    let rest = rest.trim_end_matches('/');
    let id = match network {
        "ipfs" | "ipns" => {
            let cid: Cid = rest.parse().map_err(|error: cid::Error| mistyped(text, &error))?;
            cid.into_v1().map_err(|error| mistyped(text, &error))?.to_bytes()
        }
        "swarm" => {
            let mut hash = [0; 32];
            hex::decode_to_slice(rest, &mut hash).map_err(|error| mistyped(text, &error))?;
            let hash = cid::multihash::Multihash::wrap(KECCAK_256, &hash).map_err(|error| mistyped(text, &error))?;
            Cid::new_v1(SWARM_MANIFEST, hash).to_bytes()
        }
        "onion3" => match rest.strip_suffix(".onion").unwrap_or(rest) {
            address if address.len() == 56 && address.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')) => {
                address.as_bytes().to_vec()
            }
            _ => return Err(mistyped(text, &"an onion address has 56 characters of a-z and 2-7")),
        },
        _ => match BASE64URL_NOPAD.decode(rest.as_bytes()) {
            Ok(id) if id.len() == 32 => id,
            _ => return Err(mistyped(text, &"an Arweave id has 43 characters")),
        },
    };
    let code = NAMESPACES.iter().find(|(_, name)| *name == network).map_or(0, |(code, _)| *code);
    Ok(ForeignRef::new([uvarint(code), id].concat())?)
}

/// Formats a reference as its network writes it; as `0x…` if the network is unknown.
pub fn uri(reference: &ForeignRef) -> String {
    let text = reference.parts().and_then(|(network, id)| match network {
        "ipfs" | "ipns" => Some(format!("{network}://{}", Cid::try_from(id).ok()?)),
        "swarm" => {
            let cid = Cid::try_from(id).ok().filter(|cid| cid.codec() == SWARM_MANIFEST)?;
            Some(format!("bzz://{}", hex::encode(cid.hash().digest())))
        }
        "onion3" => Some(format!("onion3://{}", std::str::from_utf8(id).ok().filter(|id| id.is_ascii())?)),
        "arweave" => Some(format!("ar://{}", BASE64URL_NOPAD.encode(id))),
        _ => None,
    });
    text.unwrap_or_else(|| format!("0x{}", hex::encode(reference.as_bytes())))
}

fn mistyped(text: &str, reason: &dyn std::fmt::Display) -> UriError {
    UriError::Mistyped { text: text.to_owned(), reason: reason.to_string() }
}

/// An unsigned varint, as multiformats have it.
fn uvarint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_worked_example_of_ensip_7() {
        // From the text of ENSIP-7: an IPFS CIDv0, and the content hash that it becomes.
        let reference = read_uri("ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4").unwrap();
        let bytes = "e3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
        assert_eq!(hex::encode(reference.as_bytes()), bytes);
        let text = uri(&reference);
        assert!(text.starts_with("ipfs://bafybei"), "{text}");
        assert_eq!(read_uri(&text).unwrap(), reference);
        assert_eq!(read_uri(&format!("0x{bytes}")).unwrap(), reference);
    }

    #[test]
    fn every_network_comes_back() {
        for text in [
            format!("bzz://{}", "d1".repeat(32)),
            format!("onion3://{}", "p53lf57qovyuvwsc6xnrppyply3vtqm7l6pcobkmyqsiofyeznfu5uqd"),
            format!("ar://{}", BASE64URL_NOPAD.encode(&[7; 32])),
        ] {
            assert_eq!(uri(&read_uri(&text).unwrap()), text);
            assert!(is_foreign(&text));
        }
        // The worked example of ENSIP-7 for Swarm.
        let swarm = "0xe40101fa011b20d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162";
        let reference = read_uri(swarm).unwrap();
        assert_eq!(uri(&reference), "bzz://d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162");
        assert_eq!(read_uri(&uri(&reference)).unwrap(), reference);
    }

    #[test]
    fn mistyped_references_are_refused() {
        for text in ["ipfs://", "ipfs://Qmx", "bzz://12", "onion3://short", "ar://abc", "0xzz", "0x0102"] {
            assert!(read_uri(text).is_err(), "{text}");
            assert!(is_foreign(text));
        }
        assert!(matches!(read_uri("https://example.org"), Err(UriError::Unknown(_))));
        assert!(!is_foreign("meganet://o/abc"));
    }
}
