//! Waits for a condition, with a timeout.

use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// Calls `ask` twice a second until it returns a value; fails after `timeout`.
pub async fn until<T, F>(what: &str, timeout: Duration, mut ask: impl FnMut() -> F) -> Result<T>
where
    F: std::future::Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "{what}: not within {} s", timeout.as_secs());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
