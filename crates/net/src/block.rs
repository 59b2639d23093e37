//! The block of addresses that a connection comes from.

use libp2p::{Multiaddr, multiaddr::Protocol};
use meganet_address_block::AddressBlock;

/// Returns the block of an address; `None` if it has no IP address.
pub(crate) fn of(address: &Multiaddr) -> Option<AddressBlock> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(AddressBlock::of(ip.into())),
        Protocol::Ip6(ip) => Some(AddressBlock::of(ip.into())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_of_both_families_have_a_block() {
        let of = |text: &str| of(&text.parse().unwrap());
        assert_eq!(of("/ip6/2001:db8:1:200::1/tcp/1"), of("/ip6/2001:db8:1:2ff::2/udp/1/quic-v1"));
        assert_ne!(of("/ip6/2001:db8:1:200::1/tcp/1"), of("/ip4/192.0.2.9/tcp/1"));
        assert_eq!(of("/ip6/::ffff:192.0.2.1/tcp/1"), of("/ip4/192.0.2.9/tcp/1"));
        assert_eq!(of("/memory/1"), None);
    }
}
