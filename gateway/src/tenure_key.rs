//! The key by which a gateway knows the cookies that it set.

use blake2b_simd::{Hash, Params};
use meganet_primitives::AccountId;
use rand::RngCore;
use std::fmt;

const KEY_LEN: usize = 32;
const OWNER_LEN: usize = 32;
const MAC_LEN: usize = 16;
/// Keeps these MACs apart from others of the same key.
const PURPOSE: &[u8] = b"meganet tenure";

/// Signs what cookies say about the owner of a name, so that sites of other names cannot make such cookies.
#[derive(Clone, PartialEq, Eq)]
pub struct TenureKey([u8; KEY_LEN]);

impl TenureKey {
    /// A new key. Cookies of other keys count as absent, so a gateway should keep its key.
    pub fn random() -> Self {
        let mut key = [0; KEY_LEN];
        rand::rng().fill_bytes(&mut key);
        TenureKey(key)
    }

    /// A key that was kept; `None` if these bytes are not a key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        <[u8; KEY_LEN]>::try_from(bytes).ok().map(TenureKey)
    }

    /// The bytes to keep. They are a secret.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The value of a cookie: the owner of a name, and the MAC of both, in hex.
    pub(crate) fn value(&self, name: &str, owner: &AccountId) -> String {
        hex::encode(owner) + &hex::encode(self.mac(name, owner).as_bytes())
    }

    /// The owner in the value of a cookie for this name; `None` unless it was signed with this key.
    pub(crate) fn owner_in(&self, name: &str, value: &[u8]) -> Option<AccountId> {
        let mut bytes = [0_u8; OWNER_LEN + MAC_LEN];
        hex::decode_to_slice(value, &mut bytes).ok()?;
        let (owner, mac) = bytes.split_first_chunk::<OWNER_LEN>()?;
        // Takes the same time for all wrong MACs.
        (self.mac(name, owner) == *mac).then_some(*owner)
    }

    fn mac(&self, name: &str, owner: &AccountId) -> Hash {
        let mut state = Params::new().hash_length(MAC_LEN).key(&self.0).personal(PURPOSE).to_state();
        // All owners are of the same length, so no two pairs are the same message.
        state.update(owner).update(name.as_bytes()).finalize()
    }
}

impl fmt::Debug for TenureKey {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenureKey")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_kept_as_its_bytes_and_never_printed() {
        let key = TenureKey::random();
        assert_ne!(key, TenureKey::random());
        assert_eq!(TenureKey::from_bytes(key.as_bytes()).unwrap(), key);
        assert!(TenureKey::from_bytes(&[]).is_none() && TenureKey::from_bytes(&[1; 33]).is_none());
        assert_eq!(format!("{key:?}"), "TenureKey");
    }

    proptest! {
        #[test]
        fn a_value_is_of_one_name_and_one_key(
            owner in any::<[u8; OWNER_LEN]>(),
            name in "[a-z]{3,8}",
            other in "[a-z]{3,8}",
            at in 0_usize..2 * (OWNER_LEN + MAC_LEN),
            digit in "[0-9a-f]",
            cut in 0_usize..2 * (OWNER_LEN + MAC_LEN),
        ) {
            let key = TenureKey([1; KEY_LEN]);
            let value = key.value(&name, &owner);
            let read = |name: &str, value: &str| key.owner_in(name, value.as_bytes());
            prop_assert_eq!(read(&name, &value), Some(owner));
            prop_assert_eq!(read(&other, &value), (name == other).then_some(owner));
            prop_assert_eq!(TenureKey([2; KEY_LEN]).owner_in(&name, value.as_bytes()), None);
            let mut changed = value.clone();
            changed.replace_range(at..=at, &digit);
            prop_assert_eq!(read(&name, &changed), (changed == value).then_some(owner));
            prop_assert_eq!(read(&name, &value[..cut]), None);
            prop_assert_eq!(read(&name, &(value.clone() + &digit)), None);
            prop_assert_eq!(read(&name, &hex::encode(owner)), None);
        }

        #[test]
        fn no_value_panics(value in any::<Vec<u8>>()) {
            prop_assert_eq!(TenureKey([1; KEY_LEN]).owner_in("hello", &value), None);
        }
    }
}
