//! Reads all files again and again, knowing only the name of the site and a link.

use super::{LABEL, prepaid::PrepaidFile};
use crate::{Stage, folder};
use anyhow::{Result, ensure};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The reading, in a background task.
pub struct Readers {
    task: tokio::task::JoinHandle<Result<()>>,
    stop: Arc<tokio::sync::Notify>,
    reads: Arc<AtomicU64>,
}

impl Readers {
    /// Starts to read the files of the published folder, and the one that is renewed automatically.
    pub fn start(stage: &Stage, site: &Path, kept: &PrepaidFile) -> Result<Self> {
        let (stop, reads) = (Arc::new(tokio::sync::Notify::new()), Arc::new(AtomicU64::new(0)));
        let (end, count) = (stop.clone(), reads.clone());
        let cli = stage.cli.clone();
        let mut files = vec![(kept.link.clone(), kept.bytes.clone())];
        for file in folder::list(site)?.into_keys() {
            let bytes = std::fs::read(site.join(&file))?;
            files.push((format!("{LABEL}/{file}"), bytes));
        }
        let task = tokio::spawn(async move {
            loop {
                for (source, bytes) in &files {
                    // Each read is a new process without a cache, which fetches every byte from workers.
                    let run = cli.run(&["get", source, "-o", "-"]).await?;
                    ensure!(run.code == 0, "{source} did not open: {}", run.stderr.trim());
                    ensure!(run.stdout == *bytes, "{source} is not what was published");
                    if tokio::time::timeout(Duration::from_millis(10), end.notified()).await.is_ok() {
                        return Ok(());
                    }
                }
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        Ok(Self { task, stop, reads })
    }

    /// Stops reading; returns how often all files were read, or the first failure.
    pub async fn stop(self) -> Result<u64> {
        self.stop.notify_one();
        self.task.await??;
        let reads = self.reads.load(Ordering::Relaxed);
        ensure!(reads > 0, "the files were never read to the last");
        Ok(reads)
    }
}
