//! Blocks of IP addresses: identities are free, addresses are not, so servers bound what one block takes up.

mod counts;

pub use counts::BlockCounts;

use std::net::IpAddr;

/// Addresses that usually belong to one owner: an IPv4 /24 or an IPv6 /56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressBlock(Prefix);

/// A block, or one of the wider ones around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Prefix {
    V4([u8; 3]),
    V6([u8; 7]),
    /// An IPv6 /48, which one customer of a provider can have.
    Site([u8; 6]),
    /// An IPv6 /32, which a provider has.
    Provider([u8; 4]),
}

/// All blocks of an IPv6 /48 may together take up as much as this number of them.
const OF_SITE: usize = 2;
/// All blocks of an IPv6 /32 may together take up as much as this number of them.
const OF_PROVIDER: usize = 8;

impl AddressBlock {
    /// Returns the block of an address. An IPv4 address that is written as an IPv6 one is in the block of the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        AddressBlock(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Prefix::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, ..] = address.octets();
                Prefix::V6([a, b, c, d, e, f, g])
            }
        })
    }

    /// The block and the wider ones around it, each with the number of blocks that it counts as. IPv6 addresses are cheap: an
    /// owner of a /48 would otherwise be 256 newcomers.
    fn prefixes(self) -> impl Iterator<Item = (Prefix, usize)> {
        let (site, provider) = match self.0 {
            Prefix::V6([a, b, c, d, e, f, _]) => {
                (Some((Prefix::Site([a, b, c, d, e, f]), OF_SITE)), Some((Prefix::Provider([a, b, c, d]), OF_PROVIDER)))
            }
            _ => (None, None),
        };
        [Some((self.0, 1)), site, provider].into_iter().flatten()
    }

    fn is_in(self, prefix: Prefix) -> bool {
        self.prefixes().any(|(own, _)| own == prefix)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn blocks_are_those_of_one_owner() {
        for (a, b, same) in [
            ("192.0.2.1", "192.0.2.255", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("192.0.2.1", "::ffff:192.0.2.9", true),
            ("2001:db8:0:100::1", "2001:db8:0:1ff::2", true),
            ("2001:db8:0:100::1", "2001:db8:0:200::1", false),
            // The same bytes, in the other family.
            ("192.0.2.1", "c000:0200::1", false),
        ] {
            let block = |address: &str| AddressBlock::of(address.parse().unwrap());
            assert_eq!(block(a) == block(b), same, "{a} {b}");
        }
    }
}
