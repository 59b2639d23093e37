//! The forms of JSON that wallets have exported, and what is wrong with those that cannot be opened.

use crate::WalletError;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;

/// The version of the format.
pub(super) const VERSION: &str = "3";
/// Bytes before the box: salt, scrypt parameters and nonce. Anything shorter is not a keystore.
const PREFIX_LEN: usize = super::SALT_LEN + 12 + super::NONCE_LEN;
/// Kinds of keys that other accounts of the ecosystem have.
const OTHER_KEYS: [&str; 3] = ["ed25519", "ecdsa", "ethereum"];

/// The fields of a keystore of a supported form that need no password.
pub(super) struct Form {
    pub(super) address: String,
    pub(super) name: String,
    pub(super) created_ms: u64,
}

#[derive(Deserialize)]
struct Encoding {
    content: Option<OneOrMany>,
    r#type: Option<OneOrMany>,
    version: Option<Value>,
}

/// Versions before 3 have a text where the others have a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The JSON without the byte order mark that some editors put before it.
fn plain(json: &str) -> &str {
    json.trim_start_matches('\u{feff}').trim()
}

fn parse(json: &str) -> Result<Value, WalletError> {
    serde_json::from_str(plain(json)).map_err(|error| fail(error.to_string()))
}

/// The JSON of a keystore that was read, with its version as text: the library that opens it refuses the number.
pub(super) fn with_usual_version(json: &str) -> Result<String, WalletError> {
    let mut value = parse(json)?;
    if let Some(version) = value.get_mut("encoding").and_then(|encoding| encoding.get_mut("version")) {
        *version = Value::String(text_of(version));
    }
    Ok(value.to_string())
}

/// Whether JSON is the file of a wallet with keys of accounts: a keystore of polkadot-js, of any version and with one or several
/// accounts, or of Ethereum. It need not be one that can be imported.
#[must_use]
pub fn is_keystore(value: &Value) -> bool {
    let has_keys = value.get("encoded").is_some_and(Value::is_string);
    (has_keys && value.get("encoding").is_some_and(Value::is_object)) || is_of_ethereum(value)
}

/// Whether this is an Ethereum keystore. Some programs have written its field with a capital.
fn is_of_ethereum(value: &Value) -> bool {
    let crypto = value.get("crypto").or_else(|| value.get("Crypto"));
    crypto.and_then(|crypto| crypto.get("ciphertext")).is_some()
}

impl Form {
    /// Reads and checks a keystore.
    ///
    /// # Errors
    /// [`WalletError::Format`], [`WalletError::Batch`] for an export of several accounts, or [`WalletError::Ethereum`].
    pub(super) fn read(json: &str) -> Result<Self, WalletError> {
        let value = parse(json)?;
        if !value.is_object() {
            return Err(fail("it is JSON, but no object"));
        }
        if is_of_ethereum(&value) {
            return Err(WalletError::Ethereum(value.get("version").map_or_else(|| "unknown".to_owned(), text_of)));
        }
        if let Some(accounts) = value.get("accounts").and_then(Value::as_array) {
            return Err(WalletError::Batch(accounts.iter().map(label).collect()));
        }
        check_encoding(value.get("encoding"))?;
        let encoded = value.get("encoded").and_then(Value::as_str).ok_or_else(|| fail("it has no `encoded` key"))?;
        // Checked here because the library that opens it does not check the length of these bytes.
        match BASE64.decode(encoded.as_bytes()) {
            Ok(bytes) if bytes.len() > PREFIX_LEN => {}
            Ok(_) => return Err(fail("its `encoded` key is cut short")),
            Err(error) => return Err(fail(format!("its `encoded` key is not base64: {error}"))),
        }
        let address = value.get("address").and_then(Value::as_str).ok_or_else(|| fail("it has no `address`"))?;
        let meta = |field| value.get("meta").and_then(|meta| meta.get(field));
        Ok(Self {
            address: address.to_owned(),
            name: meta("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            created_ms: meta("whenCreated").and_then(Value::as_u64).unwrap_or_default(),
        })
    }
}

fn check_encoding(encoding: Option<&Value>) -> Result<(), WalletError> {
    let Some(encoding) = encoding.filter(|encoding| !encoding.is_null()) else {
        return Err(fail("it has no `encoding`, which keystores in polkadot-js format have"));
    };
    let Encoding { content, r#type, version } =
        Encoding::deserialize(encoding).map_err(|error| fail(format!("its `encoding`: {error}")))?;
    let version = version.as_ref().map(text_of).ok_or_else(|| fail("its `encoding` has no `version`"))?;
    let (content, types) = (list(content), list(r#type));
    if version != VERSION {
        return Err(fail(format!(
            "it is in polkadot-js format, version {version}, and only version {VERSION} can be imported"
        )));
    }
    if let Some(other) = OTHER_KEYS.iter().find(|key| content.iter().any(|part| part == *key)) {
        return Err(fail(format!("it holds an {other} key, and only sr25519 keys are supported: use another account")));
    }
    if content != ["pkcs8", "sr25519"] {
        return Err(fail(format!("its `content` is [{}], not [pkcs8, sr25519]", content.join(", "))));
    }
    match types.as_slice() {
        [kdf, cipher] if kdf == "scrypt" && cipher == "xsalsa20-poly1305" => Ok(()),
        [] => Err(fail("its `encoding` has no `type`")),
        [none] if none == "none" => Err(fail("it is not protected by a password")),
        other => Err(fail(format!("its `type` is [{}], not [scrypt, xsalsa20-poly1305]", other.join(", ")))),
    }
}

/// A version, which some wallets write as text and others as a number.
fn text_of(version: &Value) -> String {
    version.as_str().map_or_else(|| version.to_string(), str::to_owned)
}

fn list(field: Option<OneOrMany>) -> Vec<String> {
    match field {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    }
}

/// An account of a batch: its name, or else its address.
fn label(account: &Value) -> String {
    let name = account.get("meta").and_then(|meta| meta.get("name")).and_then(Value::as_str);
    let text = name.filter(|name| !name.is_empty()).or_else(|| account.get("address").and_then(Value::as_str));
    text.unwrap_or("an account without a name").to_owned()
}

fn fail(reason: impl Into<String>) -> WalletError {
    WalletError::Format(reason.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::KeystoreInfo;
    use serde_json::json;

    const ADDRESS: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    /// A keystore, of which some top-level fields are replaced, or removed where they are null.
    fn keystore(changes: &Value) -> String {
        let mut json = json!({
            "encoded": BASE64.encode(&[7; 200]),
            "encoding": {"content": ["pkcs8", "sr25519"], "type": ["scrypt", "xsalsa20-poly1305"], "version": "3"},
            "address": ADDRESS,
            "meta": {"name": "Alice", "whenCreated": 5},
        });
        let fields = json.as_object_mut().unwrap();
        for (field, value) in changes.as_object().unwrap() {
            if value.is_null() {
                fields.remove(field)
            } else {
                fields.insert(field.clone(), value.clone())
            };
        }
        json.to_string()
    }

    fn encoding(content: &Value, types: &Value, version: &Value) -> Value {
        json!({ "encoding": { "content": content, "type": types, "version": version } })
    }

    #[test]
    fn the_fields_that_describe_an_account_may_be_missing() {
        let account = meganet_chain_client::account::parse_account(ADDRESS).unwrap();
        for (changes, name, created_ms) in [
            (json!({}), "Alice", 5),
            (json!({ "meta": null }), "", 0),
            (json!({ "meta": {} }), "", 0),
            (json!({ "meta": { "name": null, "whenCreated": null, "tags": [] } }), "", 0),
            (json!({ "meta": { "name": "B", "whenCreated": 1.5, "genesisHash": null } }), "B", 0),
        ] {
            let expected = KeystoreInfo { account, name: name.to_owned(), created_ms };
            let json = keystore(&changes);
            for json in [json.clone(), format!("\u{feff}{json}"), format!("\r\n{json}\r\n")] {
                assert_eq!(KeystoreInfo::read(&json).unwrap(), expected, "{changes}");
            }
        }
        let null = keystore(&json!({})).replace(r#"{"name":"Alice","whenCreated":5}"#, "null");
        assert!(null.contains("null"));
        assert_eq!(KeystoreInfo::read(&null).unwrap().name, "");
    }

    #[test]
    fn every_other_form_is_refused_with_its_own_reason() {
        let (sr25519, scrypt) = (json!(["pkcs8", "sr25519"]), json!(["scrypt", "xsalsa20-poly1305"]));
        let no_encoding = json!({ "encoding": null });
        let cases = [
            (
                encoding(&json!(["pkcs8"]), &json!("xsalsa20-poly1305"), &json!("0")),
                "polkadot-js format, version 0, and only version 3",
            ),
            (
                encoding(&sr25519, &json!("xsalsa20-poly1305"), &json!("1")),
                "polkadot-js format, version 1, and only version 3",
            ),
            (
                encoding(&sr25519, &json!("xsalsa20-poly1305"), &json!("2")),
                "polkadot-js format, version 2, and only version 3",
            ),
            (encoding(&json!(null), &json!(null), &json!("2")), "polkadot-js format, version 2, and only version 3"),
            (encoding(&sr25519, &scrypt, &json!(4)), "polkadot-js format, version 4, and only version 3"),
            (encoding(&sr25519, &scrypt, &json!(null)), "no `version`"),
            (encoding(&json!(null), &scrypt, &json!("3")), "its `content` is []"),
            (encoding(&json!(["batch-pkcs8"]), &scrypt, &json!("3")), "its `content` is [batch-pkcs8]"),
            (encoding(&sr25519, &json!(null), &json!("3")), "no `type`"),
            (encoding(&sr25519, &json!("none"), &json!("3")), "not protected by a password"),
            (encoding(&sr25519, &json!(["none"]), &json!("3")), "not protected by a password"),
            (encoding(&sr25519, &json!(["argon2", "x"]), &json!("3")), "its `type` is [argon2, x]"),
            (encoding(&json!(7), &scrypt, &json!("3")), "its `encoding`: "),
            (no_encoding, "it has no `encoding`"),
            (json!({ "encoded": null }), "no `encoded`"),
            (json!({ "encoded": "AAAA" }), "cut short"),
            (json!({ "encoded": "-" }), "not base64"),
            (json!({ "address": null }), "no `address`"),
            (json!({ "address": "0xabc" }), "not an sr25519 keystore"),
        ];
        for (changes, reason) in cases {
            let error = KeystoreInfo::read(&keystore(&changes)).unwrap_err();
            assert!(matches!(error, WalletError::Format(_)), "{changes}");
            assert!(error.to_string().contains(reason), "{changes}: {error}");
        }
        for kind in OTHER_KEYS {
            let json = keystore(&encoding(&json!(["pkcs8", kind]), &scrypt, &json!("3")));
            let error = KeystoreInfo::read(&json).unwrap_err().to_string();
            assert!(error.contains(&format!("an {kind} key, and only sr25519 keys are supported")), "{error}");
        }
        for text in ["", "null", "[]", "{}", "5", "{\"encoded\"", "words of a phrase"] {
            assert!(matches!(KeystoreInfo::read(text), Err(WalletError::Format(_))), "{text}");
        }
    }

    #[test]
    fn an_ethereum_keystore_is_called_so_with_what_can_be_imported() {
        let crypto = json!({ "cipher": "aes-128-ctr", "ciphertext": "00", "kdf": "scrypt", "mac": "00" });
        for (keystore, version) in [
            (json!({ "version": 3, "id": "x", "address": "00", "crypto": crypto }), "version 3"),
            (json!({ "version": "3", "Crypto": crypto }), "version 3"),
            (json!({ "version": 4, "crypto": crypto }), "version 4"),
            (json!({ "crypto": crypto }), "version unknown"),
        ] {
            let error = KeystoreInfo::read(&keystore.to_string()).unwrap_err();
            assert!(matches!(error, WalletError::Ethereum(_)), "{keystore}: {error}");
            let text = error.to_string();
            for part in ["an Ethereum keystore", version, "sr25519", "recovery phrase"] {
                assert!(text.contains(part), "{keystore}: {text}");
            }
            assert!(is_keystore(&keystore), "{keystore}");
        }
    }

    #[test]
    fn a_keystore_is_recognized_also_if_it_cannot_be_imported() {
        let scrypt = json!(["scrypt", "xsalsa20-poly1305"]);
        for changes in [
            json!({}),
            encoding(&json!(["pkcs8", "ed25519"]), &scrypt, &json!("3")),
            encoding(&json!(["pkcs8"]), &json!("xsalsa20-poly1305"), &json!("0")),
            json!({ "accounts": [] }),
        ] {
            assert!(is_keystore(&parse(&keystore(&changes)).unwrap()), "{changes}");
        }
        for text in
            ["null", "{}", "[]", "{\"crypto\": {}}", "{\"version\": 3}", "{\"encoded\": \"x\", \"address\": \"y\"}"]
        {
            assert!(!is_keystore(&parse(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn a_batch_is_refused_with_the_accounts_in_it() {
        let batch = keystore(&json!({
            "address": null,
            "meta": null,
            "encoding": {"content": ["batch-pkcs8"], "type": ["scrypt", "xsalsa20-poly1305"], "version": "3"},
            "accounts": [{"address": ADDRESS, "meta": {"name": "Alice"}}, {"address": "5Bob", "meta": {}}, {}],
        }));
        let error = KeystoreInfo::read(&batch).unwrap_err().to_string();
        assert!(error.contains("several accounts: Alice, 5Bob, an account without a name"), "{error}");
    }
}
