//! Files that look like secrets.

use super::{FoundFile, PackError};
use meganet_wallet::is_keystore;
use serde_json::Value;
use std::{ffi::OsStr, path::Path};

/// Names of private keys, and of files in which programs keep passwords and tokens.
const NAMES: [&str; 28] = [
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
    "kubeconfig",
    "terraform.tfstate",
    "wp-config.php",
    ".bash_history",
];
/// Ends of the names of private keys, and of stores of keys and passwords.
const ENDS: [&str; 10] = [".env", ".pem", ".key", ".p8", ".p12", ".pfx", ".ppk", ".jks", ".keystore", ".kdbx"];
/// Beginnings of the names of JSON files with keys of services.
const JSON_BEGINNINGS: [&str; 5] =
    ["service-account", "service_account", "serviceaccount", "client-secret", "client_secret"];
/// Folders, each with the name of a file that is a secret only there.
const IN_FOLDERS: [(&str, &str); 3] = [(".aws", "credentials"), (".docker", "config.json"), (".kube", "config")];
/// Ends that editors and people add to the name of a copy.
const COPIES: [&str; 5] = ["~", ".bak", ".old", ".orig", ".save"];
/// Bytes of the longest file that is opened to look for keys: those of wallets and services have less than 4 KiB, and exports of
/// several accounts less than this.
const MAX_OPENED: u64 = 64 << 10;
/// Ends of the names of files that sites are made of. They are not opened, since there are many of them.
const PAGES: [&str; 24] = [
    ".html", ".htm", ".css", ".js", ".mjs", ".map", ".xml", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif",
    ".ico", ".woff", ".woff2", ".ttf", ".mp3", ".mp4", ".webm", ".pdf", ".wasm", ".md",
];

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

/// Whether a short text that is no page is a key: JSON with accounts of a wallet, encrypted by a password that could
/// be guessed, or with the key of a service; or a private key in PEM.
pub(super) fn holds_keys(file: &FoundFile) -> Result<bool, PackError> {
    let name = file.path.to_lowercase();
    if file.size() > MAX_OPENED || PAGES.iter().any(|end| name.ends_with(end)) {
        return Ok(false);
    }
    let bytes = file.head(MAX_OPENED)?;
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(false) };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    Ok((text.starts_with(['{', '[']) && is_json_with_keys(text)) || is_private_key(text))
}

/// Whether this is JSON with keys, or several, one after another: as a whole, in a list or below a name.
fn is_json_with_keys(json: &str) -> bool {
    let holds = |value: &Value| is_keystore(value) || is_service_key(value);
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<Value>().map_while(Result::ok);
    values.any(|whole| {
        holds(&whole)
            || match &whole {
                Value::Array(parts) => parts.iter().any(holds),
                Value::Object(parts) => parts.values().any(holds),
                _ => false,
            }
    })
}

/// Whether this is the key of an account of a service, as clouds hand them out.
fn is_service_key(value: &Value) -> bool {
    value.get("private_key").is_some_and(Value::is_string)
}

/// Whether this is a private key in PEM, whatever its kind.
fn is_private_key(text: &str) -> bool {
    let label = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
    label.is_some_and(|(label, _)| label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
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
    fn keys_are_recognized_by_their_content_whatever_their_file_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let account = meganet_wallet::Account::from_suri("//Alice").unwrap();
        let keystore = meganet_wallet::seal_keystore(&account, "alice", "password").unwrap();
        let is = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            holds_keys(&single(&path).unwrap()).unwrap()
        };
        for name in ["alice.json", "alice", "alice.json.bak", "alice.txt", "ALICE.JSON"] {
            assert!(is(name, &keystore), "{name}");
        }
        let service = r#"{ "type": "service_account", "private_key": "x" }"#;
        let pem = |kind: &str| format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n");
        for keys in [
            // Also those that `meganet` does not import.
            &keystore.replace("sr25519", "ed25519"),
            r#"{ "version": 3, "crypto": { "ciphertext": "00" } }"#,
            service,
            &format!("[{keystore}]"),
            &format!("{{}}\n{keystore}\n"),
            &format!(r#"{{ "main": {keystore} }}"#),
            &format!(r#"{{ "robot": {service} }}"#),
            &format!("\u{feff}\r\n{keystore}"),
            &format!("{keystore}{}", " ".repeat(20_000)),
            &pem("PRIVATE KEY"),
            &pem("RSA PRIVATE KEY"),
            &pem("ENCRYPTED PRIVATE KEY"),
            &pem("OPENSSH PRIVATE KEY"),
            &pem("PGP PRIVATE KEY BLOCK"),
        ] {
            assert!(is("notes", keys), "{keys}");
        }
        for text in [
            r#"{ "encoded": "x", "address": "y" }"#,
            r#"{ "private_key": { "type": "string" } }"#,
            "[1, 2]",
            "{ no JSON",
            "",
            &pem("CERTIFICATE"),
            &pem("PUBLIC KEY"),
            // A text about keys.
            &format!("How to make a key:\n{}", pem("PRIVATE KEY")),
        ] {
            assert!(!is("notes", text), "{text}");
        }
        // Pages and long files are not opened.
        assert!(!is("about.html", &keystore));
        assert!(!is("long.json", &format!("{keystore}{}", " ".repeat(70_000))));
    }
}
