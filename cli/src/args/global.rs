//! Flags that every command accepts.

use clap::Args;
use meganet_chain_client::is_development_secret;
use meganet_devnet::{DIR_VARIABLE, SURI_VARIABLE};
use std::{collections::BTreeSet, path::PathBuf};

/// Flags that every command accepts.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// WebSocket URL of a node, for example ws://127.0.0.1:9944
    #[arg(long, global = true, env = "MEGANET_RPC", value_name = "URL", help_heading = "Network")]
    pub rpc: Option<String>,
    /// Run a light client, which verifies the chain itself, instead of trusting a node; needs a chain spec
    #[arg(long, global = true, env = "MEGANET_LIGHT", help_heading = "Network")]
    pub light: bool,
    /// Chain spec for --light, as written by `meganet light spec`
    #[arg(long, global = true, env = "MEGANET_LIGHT_SPEC", value_name = "FILE", help_heading = "Network")]
    pub light_spec: Option<PathBuf>,
    /// Verify the proofs that the node sends with its answers about names, starting from this checkpoint; the file is moved
    /// forward as proofs are verified
    #[arg(long, global = true, env = "MEGANET_CHECKPOINT", value_name = "FILE", help_heading = "Network")]
    pub checkpoint: Option<PathBuf>,
    /// Address of a worker, through which the others are found; may be repeated
    #[arg(
        long,
        global = true,
        env = "MEGANET_BOOTNODES",
        value_delimiter = ',',
        value_name = "MULTIADDR",
        help_heading = "Network"
    )]
    pub bootnode: Vec<String>,
    /// Use the local network in this folder, as made by `meganet devnet up`
    #[arg(long, global = true, env = DIR_VARIABLE, value_name = "DIR", help_heading = "Network")]
    pub devnet: Option<PathBuf>,
    /// Configuration file. The default is that of --devnet, else config.toml in the user's configuration folder, else that of
    /// the running devnet in its default folder
    #[arg(long, global = true, env = "MEGANET_CONFIG", value_name = "FILE", help_heading = "Network")]
    pub config: Option<PathBuf>,
    /// Sign with a secret URI: a recovery phrase or a development account such as //Alice. Other users of this machine can
    /// see it in the process list; programs that are started with the variable can read that. Prefer --account
    #[arg(
        long,
        global = true,
        env = SURI_VARIABLE,
        hide_env_values = true,
        conflicts_with = "account",
        help_heading = "Account"
    )]
    pub suri: Option<String>,
    /// Sign with this account of the wallet, by name or address
    #[arg(long, global = true, env = "MEGANET_ACCOUNT", help_heading = "Account")]
    pub account: Option<String>,
    /// File with the account's password, which only you may access (mode 600); without it, you are asked at the terminal
    #[arg(long, global = true, env = "MEGANET_PASSWORD_FILE", value_name = "FILE", help_heading = "Account")]
    pub password_file: Option<PathBuf>,
    /// Folder of the wallet's keystores; by default in the user's data folder
    #[arg(long, global = true, env = "MEGANET_WALLET", value_name = "DIR", help_heading = "Account")]
    pub wallet: Option<PathBuf>,
    /// Print results as JSON on stdout, for scripts
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Log more on stderr; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// The ids of those that were typed; the others are unset or come from variables.
    #[arg(skip)]
    pub typed: BTreeSet<String>,
    /// The variable of --light does not count, because a typed option excludes it.
    #[arg(skip)]
    pub light_overruled: bool,
}

impl Global {
    /// Records which ones were typed. These win over the variables that they exclude.
    ///
    /// Not by `conflicts_with` of clap, for which `MEGANET_LIGHT=0` is as present as `--light`.
    ///
    /// # Errors
    /// Typed ones exclude each other; the message names them.
    pub fn settle(&mut self, typed: BTreeSet<String>) -> Result<(), String> {
        let excluded = ["rpc", "checkpoint"].into_iter().find(|id| typed.contains(*id));
        if let (true, Some(excluded)) = (self.light, excluded) {
            if typed.contains("light") {
                return Err(format!(
                    "the argument '--light' cannot be used with '--{excluded}': a light client believes no node, and starts from the checkpoint in its chain spec"
                ));
            }
            self.light = false;
            self.light_overruled = true;
        }
        self.typed = typed;
        Ok(())
    }

    /// Whether the flag with this id is on the command line.
    pub fn is_typed(&self, id: &str) -> bool {
        self.typed.contains(id)
    }

    /// Notes about the flags themselves.
    pub fn notes(&self) -> Vec<&'static str> {
        let overruled = self.light_overruled.then_some(
            "MEGANET_LIGHT does not count, because --rpc or --checkpoint is on the command line: no light client is started",
        );
        self.exposed_secret().into_iter().chain(overruled).collect()
    }

    /// A warning if the secret of an account, other than a development account, is in an argument or a variable.
    fn exposed_secret(&self) -> Option<&'static str> {
        let is_exposed = self.suri.as_deref().is_some_and(|suri| !is_development_secret(suri));
        is_exposed.then_some(if self.is_typed("suri") {
            "other users of this machine can read --suri in the list of processes, and your shell may keep it in its history. Keep the account in the wallet instead (`meganet wallet import`), and sign with --account"
        } else {
            "programs that are started with the variable MEGANET_SURI can read it, and reports of crashes may contain it. Keep the account in the wallet instead (`meganet wallet import`), sign with --account, and unset the variable"
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::args::Cli;
    use clap::Parser;
    use std::collections::BTreeSet;

    #[test]
    fn a_secret_of_value_in_an_argument_or_a_variable_is_warned_about() {
        let phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
        for (suri, typed, warning) in [
            (phrase, true, Some("list of processes")),
            (phrase, false, Some("MEGANET_SURI")),
            ("//Alice", true, None),
            ("//Alice", false, None),
            ("//Alice//stash", false, None),
        ] {
            let mut global = Cli::try_parse_from(["meganet", "--suri", suri, "status"]).unwrap().global;
            let typed = if typed { BTreeSet::from(["suri".to_owned()]) } else { BTreeSet::new() };
            global.settle(typed).unwrap();
            let said = global.exposed_secret();
            let is_right = warning.map_or(said.is_none(), |part| said.is_some_and(|said| said.contains(part)));
            assert!(is_right, "{suri} {typed}: {said:?}", typed = global.is_typed("suri"));
        }
    }

    #[test]
    fn a_light_client_that_is_overruled_is_noted() {
        for (typed, notes) in [(&["rpc"][..], 1), (&["checkpoint"], 1), (&["light_spec"], 0)] {
            let mut global = Cli::try_parse_from(["meganet", "--light", "status"]).unwrap().global;
            global.settle(typed.iter().map(ToString::to_string).collect()).unwrap();
            assert_eq!((global.notes().len(), global.light), (notes, notes == 0), "{typed:?}");
        }
    }
}
