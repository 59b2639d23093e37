//! State shared by most commands: the configuration, connections, the signing account.

use super::light_client;
use crate::{
    args::Global,
    config,
    output::{Output, note_passed_over},
};
use anyhow::{Context, Error, Result, anyhow, bail};
use meganet_chain_client::{
    ChainClient, Signer, SubxtChain,
    account::{AccountError, parse_account},
};
use meganet_client::{
    Client, FetchOptions, Network,
    resolve::{CheckpointFile, Resolver},
};
use meganet_devnet::ClientConfig;
use meganet_net::{Multiaddr, Net, NetConfig};
use meganet_primitives::AccountId;
use meganet_terminal::{print_note, shown};
use meganet_wallet::{Account, Listed, Listing, Store, WalletError, read_password_file};
use std::{io::IsTerminal, path::PathBuf, sync::Arc};
use zeroize::Zeroizing;

/// Letters of the shortest text that is taken for an address of which a part is missing.
const SHORTEST_CUT_ADDRESS: usize = 32;

/// The global flags of one run, with the configuration and connections that follow from them.
pub struct Session {
    /// The flags.
    pub global: Global,
    /// Where results are printed.
    pub output: Output,
}

impl Session {
    /// A session with these flags.
    pub fn new(global: Global) -> Self {
        let output = Output { json: global.json };
        Session { global, output }
    }

    /// The configuration that applies.
    ///
    /// # Errors
    /// As of [`config::find`].
    pub fn config(&self) -> Result<ClientConfig> {
        config::find(&self.global)
    }

    /// Connects to a node, or with `--light` starts a light client. Where `--checkpoint` is passed, warns that this command
    /// does not use it.
    ///
    /// # Errors
    /// None is configured, or the connection fails.
    pub async fn chain(&self) -> Result<Arc<dyn ChainClient>> {
        let config = self.config()?;
        if !self.global.light && self.global.checkpoint.is_some() {
            print_note(
                "this command trusts the node: a checkpoint verifies only what a name points to now, as `meganet resolve` and `meganet get` do. Pass --light to verify everything",
            );
        }
        self.connect(&config).await
    }

    async fn connect(&self, config: &ClientConfig) -> Result<Arc<dyn ChainClient>> {
        if self.global.light {
            return Ok(Arc::new(light_client::connect(config).await?));
        }
        Ok(Arc::new(SubxtChain::connect(config.rpc()?, config.genesis()?).await?))
    }

    /// The configured checkpoint, if any. `None` with `--light`: a light client has its own.
    ///
    /// # Errors
    /// The file cannot be read, or is not a checkpoint.
    pub fn checkpoint(&self) -> Result<Option<CheckpointFile>> {
        if self.global.light {
            return Ok(None);
        }
        Ok(self.config()?.checkpoint.as_deref().map(CheckpointFile::open).transpose()?)
    }

    /// A resolver of names, which needs no workers.
    ///
    /// # Errors
    /// As of [`Self::chain`] and [`Self::checkpoint`].
    pub async fn resolver(&self) -> Result<Resolver> {
        Ok(Resolver::new(self.connect(&self.config()?).await?, self.checkpoint()?))
    }

    /// A client of the chain and the workers.
    ///
    /// # Errors
    /// As of [`Self::resolver`], or no worker can be reached.
    pub async fn client(&self) -> Result<Client> {
        self.client_with(FetchOptions::default()).await
    }

    /// A client with limits of its own.
    ///
    /// # Errors
    /// Those of [`Session::client`].
    pub async fn client_with(&self, options: FetchOptions) -> Result<Client> {
        let config = self.config()?;
        join(self.connect(&config).await?, &config.bootnodes, self.checkpoint()?, options).await
    }

    /// The wallet.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn store(&self) -> Result<Store> {
        let dir = match &self.global.wallet {
            Some(dir) => dir.clone(),
            None => data_dir()?.join("wallet"),
        };
        Ok(Store::new(dir))
    }

    /// The signing account, with its key: `--suri`, `--account`, or the only one in the wallet.
    ///
    /// # Errors
    /// There is no such account, or several; or the password is wrong.
    pub fn account(&self) -> Result<Account> {
        if let Some(suri) = &self.global.suri {
            return Ok(Account::from_suri(suri)?);
        }
        let store = self.store()?;
        let name = self.account_name(&store)?;
        let password = self.password(&password_prompt(&name))?;
        Ok(store.load(&name, &password)?)
    }

    /// The key of [`Self::account`], which signs transactions.
    ///
    /// # Errors
    /// As of [`Self::account`].
    pub fn signer(&self) -> Result<Signer> {
        Ok(self.account()?.signer().clone())
    }

    /// The accounts of the wallet, with a note about files that were passed over.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn list(&self, store: &Store) -> Result<Vec<Listed>> {
        let Listing { accounts, passed_over } = store.list()?;
        note_passed_over("the wallet", &passed_over);
        Ok(accounts)
    }

    fn account_name(&self, store: &Store) -> Result<String> {
        if let Some(name) = &self.global.account {
            return Ok(name.clone());
        }
        let mut accounts = self.list(store)?;
        match (accounts.pop(), accounts.is_empty()) {
            (Some(only), true) => Ok(only.name),
            (None, _) => bail!(
                "the wallet has no account. Create one with `meganet wallet new NAME`, or on a devnet pass --suri //Alice"
            ),
            (Some(_), false) => bail!(
                "the wallet has several accounts: choose one with --account NAME (`meganet wallet list` shows them)"
            ),
        }
    }

    /// Parses an address or the name of an account in the wallet; without a text, returns the signing account.
    ///
    /// # Errors
    /// The text is neither, or there is no signing account.
    pub fn account_id(&self, text: Option<&str>) -> Result<AccountId> {
        match text {
            Some(text) => match parse_account(text) {
                Ok(account) => Ok(account),
                Err(not_an_address) => match self.store()?.find(text) {
                    Ok(listed) => Ok(listed.account),
                    Err(damaged @ WalletError::Damaged { .. }) => Err(damaged.into()),
                    Err(_) => Err(no_account(text, not_an_address)),
                },
            },
            None if self.global.suri.is_some() => Ok(self.account()?.id()),
            // The address is public, so no password is needed.
            None => {
                let store = self.store()?;
                Ok(store.find(&self.account_name(&store)?)?.account)
            }
        }
    }

    /// Reads a password from `--password-file`, or asks for it at the terminal.
    ///
    /// # Errors
    /// The file cannot be read, or others can access it; or there is neither a file nor a terminal.
    pub fn password(&self, prompt: &str) -> Result<Zeroizing<String>> {
        if let Some(path) = &self.global.password_file {
            return Ok(read_password_file(path)?);
        }
        if !std::io::stdin().is_terminal() {
            bail!("a password is needed and there is no terminal to ask at: pass --password-file FILE");
        }
        Ok(Zeroizing::new(rpassword::prompt_password(prompt)?))
    }

    /// Reads a new password; at the terminal, asks for it twice.
    ///
    /// # Errors
    /// As of [`Self::password`], or the two differ.
    pub fn new_password(&self) -> Result<Zeroizing<String>> {
        let password = self.password("New password: ")?;
        if self.global.password_file.is_none() && *password != *self.password("Repeat the new password: ")? {
            bail!("the passwords differ, so nothing was changed; run the command again");
        }
        Ok(password)
    }
}

/// The error for a text that is neither an address nor an account of the wallet.
fn no_account(text: &str, not_an_address: AccountError) -> Error {
    if text.starts_with("//") {
        return anyhow!("'{text}' is a secret URI, not an address: pass it before the command, as --suri {text}");
    }
    let is_a_name = match not_an_address {
        AccountError::NotAnAddress(_) => true,
        // Names may consist of the letters of addresses.
        AccountError::Length(_) => text.len() < SHORTEST_CUT_ADDRESS,
        AccountError::Mistyped(_) => false,
    };
    match is_a_name {
        true => anyhow!(
            "'{text}' is neither an address nor the name of a wallet account (`meganet wallet list` shows those)"
        ),
        false => Error::new(not_an_address),
    }
}

/// The prompt for an account's password. The name is that of a file, which need not be one that this program would choose.
fn password_prompt(account: &str) -> String {
    format!("Password of '{}': ", shown(account))
}

/// Joins the workers' network as a reader.
///
/// # Errors
/// There are no bootnodes, or one is not an address.
pub async fn join(
    chain: Arc<dyn ChainClient>,
    bootnodes: &[String],
    checkpoint: Option<CheckpointFile>,
    options: FetchOptions,
) -> Result<Client> {
    if bootnodes.is_empty() {
        bail!(
            "no worker to connect to. Pass --bootnode ADDRESS (workers log theirs when they start), or set bootnodes in the configuration file"
        );
    }
    let parse = |text: &String| {
        text.parse::<Multiaddr>().with_context(|| {
            format!(
                "'{text}' is not the address of a worker; write for example /ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3…"
            )
        })
    };
    let bootnodes = bootnodes.iter().map(parse).collect::<Result<Vec<_>>>()?;
    let (net, _nothing_is_served) = Net::start(NetConfig::reader(chain.genesis(), bootnodes)).await?;
    Ok(Client::new(Network::with_options(chain, net, options), checkpoint))
}

/// The folder for data that this program keeps for its user.
///
/// # Errors
/// The user has no home folder.
pub fn data_dir() -> Result<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "meganet").context("this user has no home folder; set HOME")?;
    Ok(dirs.data_dir().to_path_buf())
}

/// The folder for unfinished registrations, which are encrypted.
///
/// # Errors
/// The user has no home folder.
pub fn registrations_dir() -> Result<PathBuf> {
    Ok(data_dir()?.join("registrations"))
}

/// The folder for renewals and prepayments under way.
///
/// # Errors
/// The user has no home folder.
pub fn payments_dir() -> Result<PathBuf> {
    Ok(data_dir()?.join("payments"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_an_account_should_have_been() {
        let error = |text: &str| match parse_account(text) {
            Err(error) => no_account(text, error).to_string(),
            Ok(account) => panic!("{account:?}"),
        };
        assert!(error("//Alice").contains("--suri //Alice"));
        assert!(error("nobody").contains("wallet list"));
        assert!(error("s2f26WvDb2dBQ9b5yM1xAz6Am9CecVg4aLZFoGZTes6kLP6Az").contains("mistyped"));
        assert!(error("s2f26WvDb2dBQ9b5yM1xAz6Am9CecVg4aLZFoGZTes6kLP").contains("length"));
    }

    #[test]
    fn the_name_of_an_account_gives_no_commands_to_a_terminal() {
        assert_eq!(password_prompt("main"), "Password of 'main': ");
        assert_eq!(password_prompt("a\u{1b}[2J\r\nb"), "Password of 'a\\u{1b}[2J\\u{d}\\u{a}b': ");
    }
}
