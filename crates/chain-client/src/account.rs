//! Accounts as text: SS58 addresses.

use blake2::{Blake2b512, Digest};
use meganet_primitives::{AccountId, units::SS58_PREFIX};
use subxt_signer::sr25519::{self, PublicKey, Signature};

/// Returns true if the account has signed a message with [`crate::Signer::sign`].
pub fn verify(account: &AccountId, message: &[u8], signature: &[u8; 64]) -> bool {
    sr25519::verify(&Signature(*signature), message, &PublicKey(*account))
}

/// The text is not an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Neither base58 nor hex.
    #[error("'{0}' is not an account: use an SS58 address, or 0x and 64 hex digits")]
    NotAnAddress(String),
    /// Right letters, wrong length.
    #[error("'{0}' has the wrong length for an account: a part of it may be missing")]
    Length(String),
    /// The check bytes do not fit.
    #[error("'{0}' is mistyped: its check bytes do not fit")]
    Mistyped(String),
}

/// The address of an account with Meganet's prefix.
pub fn format_account(account: &AccountId) -> String {
    with_prefix(account, SS58_PREFIX)
}

/// Reads an address with any SS58 prefix (each account has one key and so one address a prefix), or `0x…`.
///
/// # Errors
/// If the text is no address, or is mistyped.
pub fn parse_account(text: &str) -> Result<AccountId, AccountError> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes = hex::decode(digits).map_err(|_| AccountError::NotAnAddress(text.to_owned()))?;
        return AccountId::try_from(bytes.as_slice()).map_err(|_| AccountError::Length(text.to_owned()));
    }
    let bytes = bs58::decode(text).into_vec().map_err(|_| AccountError::NotAnAddress(text.to_owned()))?;
    let prefix_len = match bytes.first() {
        Some(0..=63) => 1,
        Some(64..=127) => 2,
        _ => return Err(AccountError::NotAnAddress(text.to_owned())),
    };
    let check_at = prefix_len + 32;
    if bytes.len() != check_at + 2 {
        return Err(AccountError::Length(text.to_owned()));
    }
    let (body, given) = bytes.split_at(check_at);
    if check(body) != given {
        return Err(AccountError::Mistyped(text.to_owned()));
    }
    AccountId::try_from(&body[prefix_len..]).map_err(|_| AccountError::Length(text.to_owned()))
}

/// The address of an account under a prefix below 2^14.
fn with_prefix(account: &AccountId, prefix: u16) -> String {
    let [low, high] = prefix.to_le_bytes();
    let mut bytes = match prefix {
        0..=63 => vec![low],
        // Two bytes, 14 bits: the marker 01 and bits 2..8 of the prefix, then its bits 0..2 above bits 8..14.
        _ => vec![(low >> 2) | 0b0100_0000, (high & 0b0011_1111) | ((low & 0b11) << 6)],
    };
    bytes.extend_from_slice(account);
    let check = check(&bytes);
    bytes.extend_from_slice(&check);
    bs58::encode(bytes).into_string()
}

/// The two check bytes of an address.
fn check(body: &[u8]) -> [u8; 2] {
    let digest = Blake2b512::new().chain_update(b"SS58PRE").chain_update(body).finalize();
    [digest[0], digest[1]]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn every_prefix_reads_as_the_same_account() {
        let alice = parse_account(ALICE).unwrap();
        assert_eq!(hex::encode(alice), "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
        for prefix in [0, 2, 42, 63, 64, 255, 256, SS58_PREFIX, 16383] {
            assert_eq!(parse_account(&with_prefix(&alice, prefix)).unwrap(), alice, "{prefix}");
        }
        assert_eq!(with_prefix(&alice, 42), ALICE);
        assert_eq!(with_prefix(&alice, 0), "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5");
        assert_eq!(parse_account(&format!("0x{}", hex::encode(alice))).unwrap(), alice);
        assert_eq!(parse_account(&format_account(&alice)).unwrap(), alice);
    }

    #[test]
    fn a_mistyped_address_is_refused() {
        assert!(matches!(parse_account(&ALICE.replace("zXb", "zXc")), Err(AccountError::Mistyped(_))));
        assert!(matches!(parse_account(&ALICE[..40]), Err(AccountError::Length(_) | AccountError::NotAnAddress(_))));
        for text in ["", "alice", "0xzz", "0x00", "l0OI"] {
            assert!(parse_account(text).is_err(), "{text}");
        }
    }
}
