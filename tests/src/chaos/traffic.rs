//! People who use the network meanwhile: one publishes a site again and again, one stores files, and both are read all the time.

use crate::{cli::Cli, disk::path, folder, http::Browser};
use anyhow::{Context, Result, ensure};
use rand::seq::IndexedRandom;
use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The site's name.
pub const LABEL: &str = "chaos";
/// A file of the site that never changes.
const CONSTANT: &str = "constant.bin";
/// Files of the site; the oldest is overwritten after that.
const FILES: u64 = 30;
/// Most files that are stored on their own: all are read at the end.
const MOST: usize = 80;

/// A stored file.
#[derive(Clone, Debug)]
struct Stored {
    link: String,
    file: PathBuf,
}

/// Counts of what succeeded and what failed for a while.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Versions of the site that were acknowledged.
    pub versions: u32,
    /// Attempts to publish that failed and were repeated.
    pub failed_publishes: u32,
    /// Files that were acknowledged.
    pub files: u32,
    /// Attempts to store a file that failed and were repeated.
    pub failed_puts: u32,
    /// Reads, all of which had the right bytes.
    pub reads: u32,
    /// Reads that failed: too much was away.
    pub failed_reads: u32,
}

/// The traffic.
pub struct Traffic {
    publisher: Cli,
    storer: Cli,
    browser: Browser,
    site: PathBuf,
    files: PathBuf,
    stored: Mutex<Vec<Stored>>,
    tally: Mutex<Tally>,
    stop: CancellationToken,
}

impl Traffic {
    /// Publishes the first version.
    pub async fn begin(publisher: Cli, storer: Cli, browser: Browser, dir: &Path) -> Result<Self> {
        let (site, files) = (dir.join("site"), dir.join("files"));
        std::fs::create_dir_all(&files)?;
        folder::write(&site, "index.html", b"<!doctype html><title>Chaos</title>")?;
        folder::write_random(&site.join(CONSTANT), 2_000_000, 1)?;
        publisher.json(&["publish", path(&site)?, LABEL]).await?;
        let (stored, tally, stop) = Default::default();
        Ok(Self { publisher, storer, browser, site, files, stored, tally, stop })
    }

    /// Goes on until [`Self::stop`] is called. Fails if a read has wrong bytes.
    pub async fn run(&self) -> Result<()> {
        tokio::try_join!(self.publish(), self.put(), self.get(), self.browse()).map(drop)
    }

    /// Ends what runs once its present command has ended.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The counts so far.
    pub fn tally(&self) -> Tally {
        self.count(|tally| *tally)
    }

    fn count<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        let mut tally = self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut tally)
    }

    fn stored<T>(&self, look: impl FnOnce(&mut Vec<Stored>) -> T) -> T {
        let mut stored = self.stored.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        look(&mut stored)
    }

    /// Repeats a command until it succeeds, however much is away. Returns `None` if it is told to stop before.
    async fn insist(&self, cli: &Cli, args: &[&str], failed: impl Fn(&mut Tally)) -> Option<serde_json::Value> {
        loop {
            match cli.json(args).await {
                Ok(answer) => return Some(answer),
                Err(error) => {
                    eprintln!("[chaos] for now: {error:#}");
                    self.count(&failed);
                }
            }
            if self.stop.is_cancelled() {
                return None;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn publish(&self) -> Result<()> {
        let site = path(&self.site)?;
        for number in 0.. {
            if self.stop.is_cancelled() {
                break;
            }
            folder::write_random(&self.site.join(format!("{}.bin", number % FILES)), 300_000, number)?;
            let failed = |tally: &mut Tally| tally.failed_publishes += 1;
            if self.insist(&self.publisher, &["publish", site, LABEL], failed).await.is_none() {
                break;
            }
            self.count(|tally| tally.versions += 1);
        }
        Ok(())
    }

    async fn put(&self) -> Result<()> {
        for number in 0..MOST {
            let file = self.files.join(format!("{number}.bin"));
            let seed = u64::try_from(number)?;
            folder::write_random(&file, 1_000 + seed * 40_000, 1_000 + seed)?;
            let failed = |tally: &mut Tally| tally.failed_puts += 1;
            let Some(answer) = self.insist(&self.storer, &["put", path(&file)?], failed).await else { break };
            let link = answer["link"].as_str().context("put prints a link")?.to_string();
            self.stored(|stored| stored.push(Stored { link, file }));
            self.count(|tally| tally.files += 1);
            if self.stop.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    async fn get(&self) -> Result<()> {
        let into = self.files.join("read");
        while !self.stop.is_cancelled() {
            let Some(stored) = self.stored(|stored| stored.choose(&mut rand::rng()).cloned()) else {
                sleep(Duration::from_secs(1)).await;
                continue;
            };
            let read = self.storer.run(&["get", &stored.link, "-o", path(&into)?, "--force"]).await?;
            if read.code == 0 {
                same(&into, &stored.file)?;
                self.count(|tally| tally.reads += 1);
            } else {
                self.count(|tally| tally.failed_reads += 1);
                sleep(Duration::from_millis(500)).await;
            }
        }
        Ok(())
    }

    async fn browse(&self) -> Result<()> {
        let constant = std::fs::read(self.site.join(CONSTANT))?;
        while !self.stop.is_cancelled() {
            match self.browser.get(LABEL, CONSTANT).await {
                Ok(bytes) => {
                    ensure!(bytes == constant, "the gateway served other bytes than were published");
                    self.count(|tally| tally.reads += 1);
                }
                Err(_) => self.count(|tally| tally.failed_reads += 1),
            }
            sleep(Duration::from_secs(2)).await;
        }
        Ok(())
    }

    /// Publishes once more, and reads everything that was acknowledged.
    pub async fn check(&self) -> Result<(usize, usize)> {
        self.publisher.json(&["publish", path(&self.site)?, LABEL]).await.context("publishing after the chaos")?;
        let stored = self.stored(|stored| stored.clone());
        let into = self.files.join("checked");
        for Stored { link, file } in &stored {
            self.storer.json(&["get", link, "-o", path(&into)?, "--force"]).await?;
            same(&into, file)?;
        }
        // The gateway caches names for some seconds.
        let mut files = Err(anyhow::anyhow!("not read yet"));
        for _ in 0..30 {
            files = self.browser.same_folder(LABEL, &self.site).await;
            if files.is_ok() {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        Ok((stored.len(), files?.0))
    }
}

fn same(read: &Path, file: &Path) -> Result<()> {
    ensure!(std::fs::read(read)? == std::fs::read(file)?, "{} came back with other bytes", file.display());
    Ok(())
}
