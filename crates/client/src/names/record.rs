//! Keys and values of records as text.

use meganet_chain_client::account::{format_account, parse_account};
use meganet_primitives::name::{MAX_RECORD_KEY, MAX_RECORD_VALUE, RecordKey, RecordValue};

/// Coins that people name instead of numbering them: symbol, SLIP-44 coin type, and how its addresses are written.
const COINS: [(&str, u32, Form); 5] = [
    ("btc", 0, Form::Hex),
    ("eth", 60, Form::Bytes20),
    ("dot", 354, Form::Ss58),
    ("ksm", 434, Form::Ss58),
    ("sol", 501, Form::Base58),
];

/// How the addresses of a coin are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `0x` and any bytes.
    Hex,
    /// `0x` and 20 bytes.
    Bytes20,
    /// An SS58 address, or `0x` and 32 bytes.
    Ss58,
    /// 32 bytes in base58.
    Base58,
}

/// Why a text is not a valid record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The key of a text record.
    #[error(
        "{0:?} cannot be the key of a text: use 1 to {MAX_RECORD_KEY} printable ASCII characters without blanks, such as url, description or com.github"
    )]
    TextKey(String),
    /// The value is too long.
    #[error(
        "a record holds at most {MAX_RECORD_VALUE} bytes, and this one has {0}: shorten it, or publish a file and use its link"
    )]
    TooLong(usize),
    /// Not a coin type.
    #[error("{0:?} is not a coin: use btc, eth, dot, ksm, sol, or the number of its SLIP-44 coin type")]
    Coin(String),
    /// Not an address of that coin.
    #[error("{0:?} is not an address of {1}: {2}")]
    Address(String, String, String),
    /// Not an encryption key.
    #[error("{0:?} is not an encryption key: give the 32 bytes of an X25519 public key as 64 hex digits")]
    Key(String),
}

/// The key of a text record.
///
/// # Errors
/// [`RecordError::TextKey`]
pub fn text_key(key: &str) -> Result<RecordKey, RecordError> {
    let refuse = || RecordError::TextKey(key.to_owned());
    let record = RecordKey::Text(key.as_bytes().to_vec().try_into().map_err(|_| refuse())?);
    record.allows(b"").then_some(record).ok_or_else(refuse)
}

/// The value of a text record.
///
/// # Errors
/// [`RecordError::TooLong`]
pub fn text_value(value: &str) -> Result<RecordValue, RecordError> {
    bounded(value.as_bytes().to_vec())
}

/// The key of an address record: a symbol such as `eth`, or a coin type.
///
/// # Errors
/// [`RecordError::Coin`]
pub fn address_key(coin: &str) -> Result<RecordKey, RecordError> {
    let known = COINS.iter().find(|(symbol, ..)| coin.eq_ignore_ascii_case(symbol)).map(|(_, number, _)| *number);
    let number = known.or_else(|| coin.parse().ok()).ok_or_else(|| RecordError::Coin(coin.to_owned()))?;
    Ok(RecordKey::Address(number))
}

/// An address in the binary form of its chain.
///
/// # Errors
/// [`RecordError::Address`], [`RecordError::TooLong`], and [`RecordError::Coin`] where the key is of no address.
pub fn address_value(key: &RecordKey, text: &str) -> Result<RecordValue, RecordError> {
    let RecordKey::Address(number) = key else { return Err(RecordError::Coin(key_text(key))) };
    let coin = coin_text(*number);
    let refuse = |reason: &str| RecordError::Address(text.to_owned(), coin.clone(), reason.to_owned());
    let bytes = match (form(*number), text.strip_prefix("0x")) {
        (Form::Ss58, _) => parse_account(text).map_err(|error| refuse(&error.to_string()))?.to_vec(),
        (Form::Base58, None) => {
            let bytes = bs58::decode(text).into_vec().map_err(|error| refuse(&error.to_string()))?;
            Some(bytes).filter(|bytes| bytes.len() == 32).ok_or_else(|| refuse("its length is not 32 bytes"))?
        }
        (_, None) => return Err(refuse("write it as 0x and the hex digits of its binary form (ENSIP-9)")),
        (form, Some(digits)) => {
            let bytes = hex::decode(digits).map_err(|error| refuse(&error.to_string()))?;
            if bytes.is_empty() || (form == Form::Bytes20 && bytes.len() != 20) {
                return Err(refuse("it is too short"));
            }
            bytes
        }
    };
    bounded(bytes)
}

/// An X25519 public key.
///
/// # Errors
/// [`RecordError::Key`]
pub fn key_value(text: &str) -> Result<RecordValue, RecordError> {
    let mut key = [0; 32];
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode_to_slice(digits, &mut key).map_err(|_| RecordError::Key(text.to_owned()))?;
    bounded(key.to_vec())
}

/// A key as people read it: `text url`, `addr eth`, `key`.
pub fn key_text(key: &RecordKey) -> String {
    match key {
        RecordKey::Text(key) => format!("text {}", String::from_utf8_lossy(key)),
        RecordKey::Address(number) => format!("addr {}", coin_text(*number)),
        RecordKey::EncryptionKey => "key".to_owned(),
    }
}

/// A value as people read it.
pub fn value_text(key: &RecordKey, value: &[u8]) -> String {
    match key {
        RecordKey::Text(_) => String::from_utf8_lossy(value).into_owned(),
        RecordKey::Address(number) => match (form(*number), <[u8; 32]>::try_from(value)) {
            (Form::Ss58, Ok(account)) => format_account(&account),
            (Form::Base58, Ok(bytes)) => bs58::encode(bytes).into_string(),
            _ => format!("0x{}", hex::encode(value)),
        },
        RecordKey::EncryptionKey => hex::encode(value),
    }
}

fn form(number: u32) -> Form {
    COINS.iter().find(|(_, coin, _)| *coin == number).map_or(Form::Hex, |(.., form)| *form)
}

fn coin_text(number: u32) -> String {
    let known = COINS.iter().find(|(_, coin, _)| *coin == number);
    known.map_or_else(|| number.to_string(), |(symbol, ..)| (*symbol).to_owned())
}

fn bounded(bytes: Vec<u8>) -> Result<RecordValue, RecordError> {
    let len = bytes.len();
    bytes.try_into().map_err(|_| RecordError::TooLong(len))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn records_come_back_as_they_were_written() {
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let ours = format_account(&parse_account(alice).unwrap());
        for (coin, address, shown) in [
            ("eth", "0xd8da6bf26964af9d7eed9e03e53415d37aa96045", "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"),
            ("DOT", alice, &ours),
            ("ksm", &ours, &ours),
            ("sol", "11111111111111111111111111111112", "11111111111111111111111111111112"),
            ("2147483658", "0x0102", "0x0102"),
        ] {
            let key = address_key(coin).unwrap();
            let value = address_value(&key, address).unwrap();
            assert!(key.allows(&value));
            assert_eq!(value_text(&key, &value), shown, "{coin}");
            assert!(key_text(&key).eq_ignore_ascii_case(&format!("addr {coin}")));
        }
        let key = text_key("com.github").unwrap();
        assert_eq!(value_text(&key, &text_value("alice ✓").unwrap()), "alice ✓");
        let hex = "ab".repeat(32);
        assert_eq!(value_text(&RecordKey::EncryptionKey, &key_value(&format!("0x{hex}")).unwrap()), hex);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for key in ["", "a b", "ü", &"x".repeat(33)] {
            assert!(text_key(key).is_err(), "{key}");
        }
        assert_eq!(text_value(&"x".repeat(257)), Err(RecordError::TooLong(257)));
        assert!(address_key("doge?").is_err());
        for (coin, address) in
            [("eth", "0x01"), ("eth", "d8da"), ("dot", "5Grw"), ("sol", "abc"), ("btc", "0x"), ("btc", "0xzz")]
        {
            assert!(address_value(&address_key(coin).unwrap(), address).is_err(), "{coin} {address}");
        }
        assert!(key_value("ab").is_err());
    }
}
