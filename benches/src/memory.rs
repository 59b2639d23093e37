//! What memory this process has, as Linux counts it, in MiB.

use anyhow::{Context, Result};

/// What it has now.
///
/// # Errors
/// If the system does not tell.
pub fn resident() -> Result<f64> {
    status("VmRSS:")
}

/// The most that it had since it began or since [`forget_peak`].
///
/// # Errors
/// If the system does not tell.
pub fn peak() -> Result<f64> {
    status("VmHWM:")
}

/// Makes what it has now the peak.
///
/// # Errors
/// If the system does not do it.
pub fn forget_peak() -> Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the system does not forget the peak of memory")
}

fn status(key: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)).context("the system does not tell of memory")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
