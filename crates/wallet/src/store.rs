//! A folder of keystore files, `NAME.json` each.

use crate::{Account, KeystoreInfo, WalletError, files, keystore};
use meganet_chain_client::account::parse_account;
use meganet_primitives::AccountId;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The longest name of an account, in bytes.
const MAX_NAME: usize = 64;

/// A folder of accounts.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

/// An account of a store, without its secret key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name, which is the stem of its file.
    pub name: String,
    /// Its id.
    pub account: AccountId,
    /// Its file.
    pub path: PathBuf,
    /// When it was created, in milliseconds since 1970; 0 if unknown.
    pub created_ms: u64,
}

impl Store {
    /// A store in a folder. The folder is created, accessible to its owner only, when the first account is saved.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Saves a new account under a password. Returns its file, which only its owner can read.
    ///
    /// # Errors
    /// A bad or taken name, an empty password, or a failing disk.
    pub fn save(&self, name: &str, account: &Account, password: &str) -> Result<PathBuf, WalletError> {
        check_account_name(name)?;
        let path = self.free_path(name)?;
        self.write(name, path, &keystore::seal(account, name, password)?)
    }

    /// Imports a keystore of another wallet, after opening it with its password. The password stays the same.
    ///
    /// # Errors
    /// As [`Store::save`], and where the keystore cannot be opened.
    pub fn import(&self, name: &str, json: &str, password: &str) -> Result<PathBuf, WalletError> {
        check_account_name(name)?;
        let path = self.free_path(name)?;
        keystore::open(json, password)?;
        self.write(name, path, json)
    }

    /// Lists all accounts, sorted by name. Skips files that are not keystores.
    ///
    /// # Errors
    /// [`WalletError::Io`]; a folder that does not exist is empty.
    pub fn list(&self) -> Result<Vec<Listed>, WalletError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(WalletError::io("list", &self.dir))?,
        };
        let mut listed = Vec::new();
        for entry in entries {
            let path = entry.map_err(WalletError::io("list", &self.dir))?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            let (Some(name), true) = (name, path.extension().is_some_and(|e| e == "json")) else { continue };
            let json = match fs::read_to_string(&path) {
                Ok(json) => json,
                // A folder, or not text.
                Err(_) if !path.is_file() => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
                Err(error) => return Err(WalletError::io("read", &path)(error)),
            };
            if let Ok(info) = KeystoreInfo::read(&json) {
                listed.push(Listed { name, account: info.account, path, created_ms: info.created_ms });
            }
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// Finds an account by its name or by its address on any network.
    ///
    /// # Errors
    /// [`WalletError::Unknown`] or [`WalletError::Io`].
    pub fn find(&self, name_or_address: &str) -> Result<Listed, WalletError> {
        let listed = self.list()?;
        let account = parse_account(name_or_address).ok();
        let known = listed.iter().map(|l| l.name.clone()).collect();
        listed
            .into_iter()
            .find(|l| l.name == name_or_address || Some(l.account) == account)
            .ok_or_else(|| WalletError::Unknown { name: name_or_address.to_owned(), dir: self.dir.clone(), known })
    }

    /// Opens an account. Takes about half a second: run it where blocking is allowed.
    ///
    /// # Errors
    /// As [`Store::find`], and [`WalletError::WrongPassword`].
    pub fn load(&self, name_or_address: &str, password: &str) -> Result<Account, WalletError> {
        keystore::open(&self.export(name_or_address)?, password)
    }

    /// Returns the JSON of a keystore, as other wallets import it.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub fn export(&self, name_or_address: &str) -> Result<String, WalletError> {
        let found = self.find(name_or_address)?;
        fs::read_to_string(&found.path).map_err(WalletError::io("read", found.path))
    }

    fn free_path(&self, name: &str) -> Result<PathBuf, WalletError> {
        let path = self.dir.join(format!("{name}.json"));
        if path.exists() {
            return Err(WalletError::Exists(name.to_owned(), path));
        }
        Ok(path)
    }

    fn write(&self, name: &str, path: PathBuf, json: &str) -> Result<PathBuf, WalletError> {
        files::create_private_dir(&self.dir).map_err(WalletError::io("make", &self.dir))?;
        match files::write_new(&path, json.as_bytes()) {
            Ok(()) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(WalletError::Exists(name.to_owned(), path))
            }
            Err(source) => Err(WalletError::Io { action: "write", path, source }),
        }
    }
}

/// Checks the name of an account: 1 to 64 of `a-z`, `A-Z`, `0-9`, `-`, `_` and `.`, not beginning with `.`.
///
/// # Errors
/// [`WalletError::Name`].
pub fn check_account_name(name: &str) -> Result<(), WalletError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(WalletError::Name(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn saves_lists_and_loads() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().join("wallet"));
        assert_eq!(store.list().unwrap(), []);
        let alice = Account::from_suri("//Alice").unwrap();
        let path = store.save("alice", &alice, "secret").unwrap();
        assert!(matches!(store.save("alice", &alice, "secret"), Err(WalletError::Exists(..))));
        fs::write(store.dir().join("notes.json"), "{}").unwrap();
        fs::write(store.dir().join("bytes.json"), [0xff, 0xfe]).unwrap();
        fs::create_dir(store.dir().join("folder.json")).unwrap();

        let listed = store.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].name.as_str(), listed[0].account), ("alice", alice.id()));
        assert_eq!(store.load(&alice.address(), "secret").unwrap().id(), alice.id());
        assert!(store.load("bob", "secret").unwrap_err().to_string().contains("alice"));
        store.import("copy", &store.export("alice").unwrap(), "secret").unwrap();
        assert_eq!(store.list().unwrap().len(), 2);

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(store.dir()).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn names_stay_in_the_folder() {
        for name in ["", ".", "..", ".hidden", "a/b", "a b", "ü", &"x".repeat(65)] {
            assert!(check_account_name(name).is_err(), "{name:?}");
        }
        check_account_name("main-1.old_x").unwrap();
    }
}
