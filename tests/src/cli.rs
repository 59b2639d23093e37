//! Runs the command `meganet` as a script would.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// Runs `meganet` against one network.
#[derive(Clone, Debug)]
pub struct Cli {
    program: PathBuf,
    config: PathBuf,
    state: PathBuf,
    suri: String,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

impl Cli {
    /// For the network of the configuration file `config`, signing as `suri`. `meganet` keeps its data in the folder `state`.
    pub fn new(config: &Path, state: &Path, suri: &str) -> Result<Self> {
        let program = meganet_devnet::program("meganet")?;
        Ok(Cli { program, config: config.into(), state: state.into(), suri: suri.into() })
    }

    /// The same, signing with another account.
    pub fn signing_as(&self, suri: &str) -> Self {
        Cli { suri: suri.into(), ..self.clone() }
    }

    /// The same, with another configuration.
    pub fn with_config(&self, config: &Path) -> Self {
        Cli { config: config.into(), ..self.clone() }
    }

    /// The same with another data folder: as on another machine.
    pub fn with_state(&self, state: &Path) -> Self {
        Cli { state: state.into(), ..self.clone() }
    }

    /// The command with its environment, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .env("MEGANET_CONFIG", &self.config)
            .env("MEGANET_SURI", &self.suri)
            // Keeps away from the data and wallet of the user who runs the tests.
            .env("XDG_DATA_HOME", self.state.join("data"))
            .env("XDG_STATE_HOME", self.state.join("state"))
            .env("XDG_CACHE_HOME", self.state.join("cache"))
            .env("XDG_CONFIG_HOME", self.state.join("config"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, args: &[&str]) -> Result<Run> {
        let output = self.command(args).output().await.context("could not run meganet")?;
        Ok(Run {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs it with `--json`; it must succeed.
    pub async fn json(&self, args: &[&str]) -> Result<Value> {
        let run = self.run(&[&["--json"], args].concat()).await?;
        if run.code != 0 {
            bail!("`meganet {}` exited with {}: {}", args.join(" "), run.code, run.stderr.trim());
        }
        serde_json::from_slice(&run.stdout).with_context(|| {
            format!("`meganet --json {}` printed no JSON: {}", args.join(" "), String::from_utf8_lossy(&run.stdout))
        })
    }

    /// Runs it; it must fail with exit code 1 and an error that contains all of `needles`, in any case. Returns the error.
    pub async fn refused(&self, args: &[&str], needles: &[&str]) -> Result<String> {
        let run = self.run(args).await?;
        let said = run.stderr.to_lowercase();
        if run.code != 1 {
            bail!(
                "`meganet {}` should have failed, but exited with {}: {}",
                args.join(" "),
                run.code,
                run.stderr.trim()
            );
        }
        for needle in needles {
            if !said.contains(&needle.to_lowercase()) {
                bail!("the error of `meganet {}` should say '{needle}': {}", args.join(" "), run.stderr.trim());
            }
        }
        Ok(run.stderr.trim().to_string())
    }
}
