//! Bytes as text for people: lower-case base32 and hex, and serde in terms of them.

use alloc::{string::String, vec::Vec};
use data_encoding::{BASE32_NOPAD, HEXLOWER};

/// Returns lower-case base32 (RFC 4648 alphabet) without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut text = BASE32_NOPAD.encode(bytes);
    text.make_ascii_lowercase();
    text
}

/// Decodes exactly what [`base32`] encodes: upper case, padding and stray trailing bits are refused.
pub(crate) fn from_base32(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()
}

/// Returns lower-case hex with `0x` before it, as in the SDK.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("0x");
    HEXLOWER.encode_append(bytes, &mut text);
    text
}

/// Reads `N` bytes of hex of either case, with or without `0x` before it.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    from_hex_vec(text)?.try_into().ok()
}

/// Reads bytes of hex of either case, with or without `0x` before it.
pub(crate) fn from_hex_vec(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase();
    HEXLOWER.decode(digits.as_bytes()).ok()
}

/// Serialises a type as what its `Display` writes and reads it by its `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        #[cfg(feature = "std")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "std")]
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::string::String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// 32 bytes as `0x…` hex, for `#[serde(with)]`: digests and accounts.
#[cfg(feature = "std")]
pub(crate) mod hex32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::hex(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        super::from_hex(&text).ok_or_else(|| D::Error::custom("expected 32 bytes in hex"))
    }
}

/// Amounts as decimal strings, for `#[serde(with)]`: they are too large for the numbers of many JSON readers.
#[cfg(feature = "serde")]
pub(crate) mod decimal {
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Several amounts, each as a decimal string, for `#[serde(with)]`.
#[cfg(feature = "serde")]
pub(crate) mod decimals {
    use alloc::{
        string::{String, ToString},
        vec::Vec,
    };
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer, const N: usize>(amounts: &[u128; N], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(amounts.iter().map(u128::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u128; N], D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let amounts: Result<Vec<u128>, _> = texts.iter().map(|text| text.parse()).collect();
        let amounts = amounts.map_err(D::Error::custom)?;
        amounts.try_into().map_err(|_| D::Error::custom("expected another number of amounts"))
    }
}

/// 32 bytes or nothing as `0x…` hex or null, for `#[serde(with)]`.
#[cfg(feature = "std")]
pub(crate) mod option_hex32 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.map(|bytes| super::hex(&bytes)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[u8; 32]>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        super::from_hex(&text).map(Some).ok_or_else(|| D::Error::custom("expected 32 bytes in hex"))
    }
}

/// A label as a string, for `#[serde(with)]`.
#[cfg(feature = "std")]
pub(crate) mod label {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(label: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(label))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}
