//! What most commands need: the configuration, a connection, the account that signs.

use super::light;
use crate::{args::Global, config, output::Output};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{ChainClient, Signer, SubxtChain, account::parse_account};
use meganet_client::{
    Client, Network,
    resolve::{CheckpointFile, Resolver},
};
use meganet_devnet::ClientConfig;
use meganet_net::{Multiaddr, Net, NetConfig};
use meganet_primitives::AccountId;
use meganet_wallet::{Account, Store};
use std::{io::IsTerminal, path::PathBuf, sync::Arc};
use zeroize::Zeroizing;

/// The flags of one run, and what they lead to.
pub struct Session {
    /// The flags.
    pub global: Global,
    /// Where results go.
    pub output: Output,
}

impl Session {
    /// A run with these flags.
    pub fn new(global: Global) -> Self {
        let output = Output { json: global.json };
        Session { global, output }
    }

    /// Where the network is.
    pub fn config(&self) -> Result<ClientConfig> {
        config::find(&self.global)
    }

    /// A connection to the chain, or with `--light` the chain itself.
    pub async fn chain(&self) -> Result<Arc<dyn ChainClient>> {
        let config = self.config()?;
        if self.global.light {
            return Ok(Arc::new(light::chain(&config).await?));
        }
        Ok(Arc::new(SubxtChain::connect(config.rpc()?, config.genesis()?).await?))
    }

    /// The checkpoint from which nodes have to prove what names lead to, if one is configured. Not with `--light`: a light
    /// client starts from a checkpoint of its own.
    pub fn checkpoint(&self) -> Result<Option<CheckpointFile>> {
        if self.global.light {
            return Ok(None);
        }
        Ok(self.config()?.checkpoint.as_deref().map(CheckpointFile::open).transpose()?)
    }

    /// A resolver of names that needs no workers.
    pub async fn resolver(&self) -> Result<Resolver> {
        Ok(Resolver::new(self.chain().await?, self.checkpoint()?))
    }

    /// A client of the chain and the workers.
    pub async fn client(&self) -> Result<Client> {
        let config = self.config()?;
        connect(self.chain().await?, &config.bootnodes, self.checkpoint()?).await
    }

    /// The wallet's keystores.
    pub fn store(&self) -> Result<Store> {
        let dir = match &self.global.wallet {
            Some(dir) => dir.clone(),
            None => data_dir()?.join("wallet"),
        };
        Ok(Store::new(dir))
    }

    /// The account that signs: `--suri`, `--account`, or the only one in the wallet.
    pub fn account(&self) -> Result<Account> {
        if let Some(suri) = &self.global.suri {
            return Ok(Account::from_suri(suri)?);
        }
        let store = self.store()?;
        let name = self.account_name(&store)?;
        let password = self.password(&format!("Password of '{name}': "))?;
        Ok(store.load(&name, &password)?)
    }

    /// What signs extrinsics.
    pub fn signer(&self) -> Result<Signer> {
        Ok(self.account()?.signer().clone())
    }

    fn account_name(&self, store: &Store) -> Result<String> {
        if let Some(name) = &self.global.account {
            return Ok(name.clone());
        }
        let mut accounts = store.list()?;
        match (accounts.pop(), accounts.is_empty()) {
            (Some(only), true) => Ok(only.name),
            (None, _) => bail!(
                "there is no account to sign with. Make one with `meganet wallet new NAME`, or on a devnet pass --suri //Alice"
            ),
            (Some(_), false) => bail!(
                "the wallet has several accounts: say which with --account NAME (`meganet wallet list` shows them)"
            ),
        }
    }

    /// The account that `text` names: an address, an account of the wallet, or, where nothing is said, the one that signs.
    pub fn account_id(&self, text: Option<&str>) -> Result<AccountId> {
        match text {
            Some(text) => match parse_account(text) {
                Ok(account) => Ok(account),
                Err(not_an_address) => match self.store()?.find(text) {
                    Ok(listed) => Ok(listed.account),
                    Err(_) => Err(not_an_address).context(format!("'{text}' is in the wallet neither")),
                },
            },
            None if self.global.suri.is_some() => Ok(self.account()?.id()),
            // An address is no secret: no password is asked for.
            None => {
                let store = self.store()?;
                Ok(store.find(&self.account_name(&store)?)?.account)
            }
        }
    }

    /// A password: from `--password-file`, or asked for at the terminal.
    pub fn password(&self, prompt: &str) -> Result<Zeroizing<String>> {
        if let Some(path) = &self.global.password_file {
            let text = Zeroizing::new(
                std::fs::read_to_string(path)
                    .with_context(|| format!("could not read the password file {}", path.display()))?,
            );
            return Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_string()));
        }
        if !std::io::stdin().is_terminal() {
            bail!("a password is needed and there is no terminal to ask at: pass --password-file FILE");
        }
        Ok(Zeroizing::new(rpassword::prompt_password(prompt)?))
    }

    /// A new password, asked for twice.
    pub fn new_password(&self) -> Result<Zeroizing<String>> {
        let password = self.password("New password: ")?;
        if self.global.password_file.is_none() && *password != *self.password("Again: ")? {
            bail!("the two passwords differ; nothing was changed");
        }
        Ok(password)
    }
}

/// Joins the workers' network as a reader.
pub async fn connect(
    chain: Arc<dyn ChainClient>,
    bootnodes: &[String],
    checkpoint: Option<CheckpointFile>,
) -> Result<Client> {
    if bootnodes.is_empty() {
        bail!(
            "no worker is known to begin at. Pass --bootnode ADDRESS (workers log theirs when they start), or name some in the configuration"
        );
    }
    let parse = |text: &String| {
        text.parse::<Multiaddr>().with_context(|| {
            format!("'{text}' is no address of a worker, such as /ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3…")
        })
    };
    let bootnodes = bootnodes.iter().map(parse).collect::<Result<Vec<_>>>()?;
    let (net, _nothing_is_served) = Net::start(NetConfig::reader(chain.genesis(), bootnodes)).await?;
    Ok(Client::new(Network::new(chain, net), checkpoint))
}

/// Where what this program keeps for its user is.
pub fn data_dir() -> Result<PathBuf> {
    let dirs =
        directories::ProjectDirs::from("", "", "meganet").context("this account has no home folder; set HOME")?;
    Ok(dirs.data_dir().to_path_buf())
}

/// Where registrations under way are kept, encrypted.
pub fn registrations_dir() -> Result<PathBuf> {
    Ok(data_dir()?.join("registrations"))
}
