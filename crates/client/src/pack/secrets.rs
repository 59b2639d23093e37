//! Files that look like secrets.

use super::{FoundFile, PackError};
use meganet_wallet::is_keystore;
use serde_json::Value;
use std::{ffi::OsStr, path::Path};

/// Names of private keys, and of files in which programs keep passwords and tokens.
const NAMES: [&str; 24] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    "id_xmss",
    "secret_ed25519",
    "secring.gpg",
    "credentials.json",
    "application_default_credentials.json",
    "_netrc",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".htpasswd",
    ".htdigest",
    ".git-credentials",
    ".dockercfg",
    ".s3cfg",
    ".vault-token",
];
/// Ends of the names of private keys, and of stores of keys and passwords.
const ENDS: [&str; 9] = [".pem", ".key", ".p8", ".p12", ".pfx", ".ppk", ".jks", ".keystore", ".kdbx"];
/// Beginnings of the names of JSON files with keys of services.
const JSON_BEGINNINGS: [&str; 5] =
    ["service-account", "service_account", "serviceaccount", "client-secret", "client_secret"];
/// Folders, each with the name of a file that is a secret only there.
const IN_FOLDERS: [(&str, &str); 3] = [(".aws", "credentials"), (".docker", "config.json"), (".kube", "config")];
/// Ends that editors and people add to the name of a copy.
const COPIES: [&str; 5] = ["~", ".bak", ".old", ".orig", ".save"];
/// Bytes of the longest JSON file that is opened to look for keys: those of wallets and services have less than 4 KiB.
const MAX_JSON_BYTES: u64 = 16 << 10;

/// Whether a file looks like a secret by its name and that of its folder.
pub(super) fn is_secret_name(path: &Path) -> bool {
    let Some(name) = lower_case(path.file_name()) else { return false };
    let name = COPIES.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    // The public half of a key.
    if name.ends_with(".pub") {
        return false;
    }
    let folder = lower_case(path.parent().and_then(Path::file_name)).unwrap_or_default();
    name.starts_with(".env")
        || NAMES.contains(&name)
        || ENDS.iter().any(|end| name.ends_with(end))
        || (name.ends_with(".json") && JSON_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)))
        || IN_FOLDERS.contains(&(folder.as_str(), name))
}

fn lower_case(name: Option<&OsStr>) -> Option<String> {
    name.map(|name| name.to_string_lossy().to_lowercase())
}

/// Whether a file is JSON with keys: an account of a wallet, encrypted by a password that could be guessed, or of a service.
pub(super) fn holds_keys(file: &FoundFile) -> Result<bool, PackError> {
    let is_json = file.path.to_lowercase().ends_with(".json");
    if !is_json || file.size() > MAX_JSON_BYTES {
        return Ok(false);
    }
    let bytes = file.head(MAX_JSON_BYTES)?;
    Ok(std::str::from_utf8(&bytes).is_ok_and(|json| is_keystore(json) || is_service_key(json)))
}

/// Whether this is the key of an account of a service, as clouds hand them out.
fn is_service_key(json: &str) -> bool {
    let is = |value: Value| value.get("private_key").is_some_and(Value::is_string);
    serde_json::from_str(json).is_ok_and(is)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::single;
    use std::fs;

    #[test]
    fn secrets_are_recognized_by_their_names() {
        for name in NAMES.into_iter().chain([".env", ".env.local", ".ENVRC", "ID_RSA", "Credentials.JSON"]) {
            assert!(is_secret_name(Path::new(name)), "{name}");
            assert!(is_secret_name(&Path::new("/site/deploy").join(name)), "{name} in a folder");
            assert!(!is_secret_name(Path::new(&format!("{name}.pub"))), "{name}.pub");
            for end in COPIES {
                assert!(is_secret_name(Path::new(&format!("{name}{end}"))), "{name}{end}");
            }
        }
        for end in ENDS {
            for name in [format!("server{end}"), format!("Server{}", end.to_uppercase()), format!("server{end}.bak")] {
                assert!(is_secret_name(Path::new(&name)), "{name}");
            }
            for name in
                [format!("server{end}.pub"), format!("server{end}.html"), end.trim_start_matches('.').to_owned()]
            {
                assert!(!is_secret_name(Path::new(&name)), "{name}");
            }
        }
        for beginning in JSON_BEGINNINGS {
            assert!(is_secret_name(Path::new(&format!("{beginning}-4711.json"))), "{beginning}");
            assert!(!is_secret_name(Path::new(&format!("{beginning}.html"))), "{beginning}");
        }
        for (folder, file) in IN_FOLDERS {
            assert!(is_secret_name(&Path::new(folder).join(file)), "{folder}/{file}");
            assert!(!is_secret_name(Path::new(file)) && !is_secret_name(&Path::new("docs").join(file)), "{file}");
        }
    }

    #[test]
    fn other_names_are_no_secrets() {
        for name in [
            "index.html",
            "env",
            "key",
            "keys.html",
            "pem",
            "npmrc",
            "_headers",
            "_redirects",
            "id_rsa.html",
            "id_rsa.pub",
            "netrc",
            "htpasswd.html",
            "credentials.html",
            "credentials",
            "config.json",
            "service-account.html",
            "my-service-account.json",
            "keystore",
            "known_hosts",
            "",
        ] {
            assert!(!is_secret_name(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn keys_in_json_are_recognized_by_their_content() {
        let dir = tempfile::tempdir().unwrap();
        let account = meganet_wallet::Account::from_suri("//Alice").unwrap();
        let keystore = meganet_wallet::seal_keystore(&account, "alice", "password").unwrap();
        let is = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            holds_keys(&single(&path).unwrap()).unwrap()
        };
        assert!(is("alice.json", &keystore));
        // Also those that `meganet` does not import.
        assert!(is("edward.json", &keystore.replace("sr25519", "ed25519")));
        assert!(is("UTC--2026.json", r#"{ "version": 3, "crypto": { "ciphertext": "00" } }"#));
        assert!(is("robot.json", r#"{ "type": "service_account", "private_key": "x" }"#));
        assert!(!is("alice.txt", &keystore));
        assert!(!is("facts.json", r#"{ "encoded": "x", "address": "y" }"#));
        assert!(!is("schema.json", r#"{ "private_key": { "type": "string" } }"#));
        assert!(!is("list.json", "[1, 2]"));
        assert!(!is("long.json", &format!("{keystore}{}", " ".repeat(20_000))));
    }
}
