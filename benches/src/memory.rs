//! Memory of this process, as Linux counts it, in MiB.

use anyhow::{Context, Result};

/// Current resident memory.
///
/// # Errors
/// `/proc` cannot be read.
pub fn resident() -> Result<f64> {
    status("VmRSS:")
}

/// Peak resident memory since the start of the process or [`forget_peak`].
///
/// # Errors
/// `/proc` cannot be read.
pub fn peak() -> Result<f64> {
    status("VmHWM:")
}

/// Resets the peak to the current memory.
///
/// # Errors
/// `/proc` cannot be written to.
pub fn forget_peak() -> Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the system does not forget the peak of memory")
}

fn status(key: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)).context("the system does not tell of memory")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
