//! A folder of keystore files, `NAME.json` each.

use crate::{Account, KeystoreInfo, PassedOver, WalletError, files, keystore, secret_file::read_regular};
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

/// The accounts of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The accounts, sorted by name.
    pub accounts: Vec<Listed>,
    /// The files that are not keystores, although they are named like keystores.
    pub passed_over: Vec<PassedOver>,
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
        self.write(name, path, json.trim_start_matches('\u{feff}'))
    }

    /// Lists all accounts, sorted by name. Files `*.json` that are not keystores are passed over; other files are ignored.
    ///
    /// # Errors
    /// [`WalletError::Io`] if the folder cannot be listed; one that does not exist is empty.
    pub fn list(&self) -> Result<Listing, WalletError> {
        let mut listing = Listing::default();
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            other => other.map_err(WalletError::io("list", &self.dir))?,
        };
        for entry in entries {
            let path = entry.map_err(WalletError::io("list", &self.dir))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read_entry(&path) {
                Ok(listed) => listing.accounts.push(listed),
                Err(reason) => listing.passed_over.push(PassedOver { path, reason }),
            }
        }
        listing.accounts.sort_by(|a, b| a.name.cmp(&b.name));
        listing.passed_over.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing)
    }

    /// Finds an account by its name or by its address on any network.
    ///
    /// # Errors
    /// [`WalletError::Unknown`] or [`WalletError::Io`]; [`WalletError::Damaged`] if the file of this name is not a keystore.
    pub fn find(&self, name_or_address: &str) -> Result<Listed, WalletError> {
        let Listing { accounts, passed_over } = self.list()?;
        let account = parse_account(name_or_address).ok();
        let known = accounts.iter().map(|l| l.name.clone()).collect();
        let is_wanted = |l: &Listed| l.name == name_or_address || Some(l.account) == account;
        if let Some(found) = accounts.into_iter().find(is_wanted) {
            return Ok(found);
        }
        let stem = |passed: &PassedOver| passed.path.file_stem().is_some_and(|stem| stem == name_or_address);
        Err(match passed_over.into_iter().find(stem) {
            Some(PassedOver { path, reason }) => WalletError::Damaged { path, reason },
            None => WalletError::Unknown { name: name_or_address.to_owned(), dir: self.dir.clone(), known },
        })
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

/// Reads what is public of a keystore, or returns why it cannot be read.
fn read_entry(path: &Path) -> Result<Listed, String> {
    let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("its name is not text")?.to_owned();
    let json = read_regular(path).map_err(|error| error.to_string())?;
    let info = KeystoreInfo::read(&json).map_err(|error| match error {
        WalletError::Format(reason) => format!("not an sr25519 keystore: {reason}"),
        other => other.to_string(),
    })?;
    Ok(Listed { name, account: info.account, path: path.to_owned(), created_ms: info.created_ms })
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
        assert_eq!(store.list().unwrap(), Listing::default());
        let alice = Account::from_suri("//Alice").unwrap();
        let path = store.save("alice", &alice, "secret").unwrap();
        assert!(matches!(store.save("alice", &alice, "secret"), Err(WalletError::Exists(..))));

        let listed = store.list().unwrap().accounts;
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].name.as_str(), listed[0].account), ("alice", alice.id()));
        assert_eq!(store.load(&alice.address(), "secret").unwrap().id(), alice.id());
        assert!(store.load("bob", "secret").unwrap_err().to_string().contains("alice"));
        store.import("copy", &store.export("alice").unwrap(), "secret").unwrap();
        assert_eq!(store.list().unwrap().accounts.len(), 2);

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(store.dir()).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    /// Files that other programs leave in a folder, and damaged ones of this program.
    #[test]
    fn files_of_others_hide_no_account() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let dave = Account::from_suri("//Dave").unwrap();
        let json = fs::read(store.save("dave", &dave, "secret").unwrap()).unwrap();
        let text = String::from_utf8(json.clone()).unwrap();
        let files: [(&str, &[u8], &str); 6] = [
            ("._dave.json", &[0, 5, 0x16, 7, 0xff, 0xfe], "UTF-8"),
            ("half.json", &json[..json.len() / 2], "not an sr25519 keystore: EOF"),
            ("empty.json", b"", "not an sr25519 keystore: EOF"),
            ("notes.json", b"{}", "no `encoding`"),
            ("ed.json", &text.replace("sr25519", "ed25519").into_bytes(), "only sr25519 keys"),
            ("ü \u{1b}[2J.json", b"x", "not an sr25519 keystore"),
        ];
        for (name, bytes, _) in &files {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        fs::create_dir(dir.path().join("old.json")).unwrap();
        fs::write(dir.path().join("README"), "mine").unwrap();
        let mut wrong: Vec<(&str, &str)> = files.iter().map(|(name, _, reason)| (*name, *reason)).collect();
        wrong.push(("old.json", "not a file"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", dir.path().join("dangling.json")).unwrap();
            // Also for root, who may read every file.
            std::os::unix::fs::symlink("loop.json", dir.path().join("loop.json")).unwrap();
            wrong.extend([("dangling.json", "No such file"), ("loop.json", "symbolic link")]);
        }

        let Listing { accounts, passed_over } = store.list().unwrap();
        assert_eq!(accounts.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["dave"]);
        assert_eq!(passed_over.len(), wrong.len(), "{passed_over:?}");
        for (name, reason) in wrong {
            let path = dir.path().join(name);
            let passed = passed_over.iter().find(|passed| passed.path == path).unwrap();
            assert!(passed.reason.contains(reason), "{passed}");
            let error = store.find(name.strip_suffix(".json").unwrap()).unwrap_err();
            assert!(matches!(&error, WalletError::Damaged { path: of, .. } if *of == path), "{error}");
        }
        for found in ["dave", &dave.address()] {
            assert_eq!(store.load(found, "secret").unwrap().id(), dave.id());
        }
        assert!(matches!(store.find("erin"), Err(WalletError::Unknown { .. })));
    }

    /// An earlier version, or the user, may have named its file.
    #[test]
    fn an_account_can_be_used_under_a_name_that_a_new_one_cannot_have() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let dave = Account::from_suri("//Dave").unwrap();
        let name = "ü \u{1b}[2J";
        fs::rename(store.save("dave", &dave, "secret").unwrap(), dir.path().join(format!("{name}.json"))).unwrap();
        assert_eq!(store.list().unwrap().accounts[0].name, name);
        assert_eq!(store.load(name, "secret").unwrap().id(), dave.id());
    }

    #[test]
    fn names_stay_in_the_folder() {
        for name in ["", ".", "..", ".hidden", "a/b", "a b", "ü", &"x".repeat(65)] {
            assert!(check_account_name(name).is_err(), "{name:?}");
        }
        check_account_name("main-1.old_x").unwrap();
    }
}
