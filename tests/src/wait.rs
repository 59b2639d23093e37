//! Waiting for what must happen, with an end to it.

use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// Asks until the answer is there.
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
