//! Converts between the Ed25519 keys that the chain stores and libp2p's peer ids.

use libp2p::{Multiaddr, PeerId, identity};
use meganet_primitives::receipt::PeerKey;

/// The multihash code of "no hash": the digest is the encoded key itself, as it is for every Ed25519 key.
const IDENTITY: u64 = 0;

/// Bytes that are not a valid Ed25519 key of a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid Ed25519 peer key ({reason}): copy it again")]
pub struct BadPeerKey {
    /// The reason.
    pub reason: String,
}

/// Returns the peer id of a key.
///
/// # Errors
/// [`BadPeerKey`] if the bytes are not a point of the curve.
pub fn peer_id(key: &PeerKey) -> Result<PeerId, BadPeerKey> {
    let public = identity::ed25519::PublicKey::try_from_bytes(&key.0)
        .map_err(|error| BadPeerKey { reason: error.to_string() })?;
    Ok(identity::PublicKey::from(public).to_peer_id())
}

/// Returns the key in a peer id; `None` if it is not an Ed25519 key.
pub fn peer_key(peer: &PeerId) -> Option<PeerKey> {
    let hash = peer.as_ref();
    if hash.code() != IDENTITY {
        return None;
    }
    let public = identity::PublicKey::try_decode_protobuf(hash.digest()).ok()?;
    Some(PeerKey(public.try_into_ed25519().ok()?.to_bytes()))
}

/// Returns the peer id at the end of an address (`…/p2p/<peer id>`), if it has one.
pub fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(libp2p::multiaddr::Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

/// Formats a key for people: as its peer id, or in hexadecimal if it is not valid.
pub fn show(key: &PeerKey) -> String {
    match peer_id(key) {
        Ok(peer) => peer.to_base58(),
        Err(_) => key.0.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn key_and_peer_id_name_each_other() {
        let pair = identity::Keypair::generate_ed25519();
        let id = pair.public().to_peer_id();
        let key = peer_key(&id).unwrap();
        assert_eq!(key.0, pair.public().try_into_ed25519().unwrap().to_bytes());
        assert_eq!(peer_id(&key).unwrap(), id);
    }

    #[test]
    fn other_kinds_of_peer_ids_have_no_key() {
        assert!(peer_key(&PeerId::random()).is_none());
    }

    #[test]
    fn bytes_that_are_no_point_are_refused() {
        let mut bytes = [0xff; 32];
        bytes[0] = 2;
        let refused = (0..=255u8).any(|first| {
            bytes[0] = first;
            peer_id(&PeerKey(bytes)).is_err()
        });
        assert!(refused);
    }
}
