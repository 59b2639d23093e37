//! Three minutes of chaos, on a network of its own.

use crate::Stage;
use anyhow::{Context, Result, ensure};
use meganet_devnet::program;
use tokio::process::Command;

/// The suite always plays the same faults, so that its result changes with the code only. It is the seed that found a worker
/// which did not rebuild for an hour after its clock was set back. For other seeds, run `scripts/chaos`.
const SEED: u64 = 17_053_898_168_564_722_406;

/// Runs the scenario.
pub async fn play(_: &mut Stage) -> Result<()> {
    let chaos = program("chaos")?;
    // Ctrl-C reaches it too, and it ends its network itself.
    let seed = SEED.to_string();
    let status = Command::new(chaos).args(["--minutes", "3", "--seed", &seed]).status().await.context("chaos")?;
    ensure!(status.success(), "chaos ended with {status}; its seed and its error are above");
    Ok(())
}
