//! Three minutes of chaos, on a network of its own.

use crate::Stage;
use anyhow::{Context, Result, ensure};
use meganet_devnet::program;
use tokio::process::Command;

/// Runs the scenario.
pub async fn play(_: &mut Stage) -> Result<()> {
    let chaos = program("chaos")?;
    // Ctrl-C reaches it too, and it ends its network itself.
    let status = Command::new(chaos).args(["--minutes", "3"]).status().await.context("chaos")?;
    ensure!(status.success(), "chaos ended with {status}; its seed and its error are above");
    Ok(())
}
