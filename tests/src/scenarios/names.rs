//! Names: registered, delegated, proven, rolled back, lapsed.
//!
//! On a chain whose names expire within minutes. One name is registered and left alone: it expires, still works in its
//! grace period, is for sale at a premium, and goes to a new owner, who gets nothing of its old content. Meanwhile: an
//! account that copies a commitment, or even the registration that follows, is too late; a registration that was killed
//! continues, and one whose secret is lost can be cancelled; a delegate publishes and cannot act as the owner; a site
//! is rolled back in one transaction; a subname is a site of its own; answers are proven, also offline, and a changed proof is
//! refused. In the end all nodes are killed and restarted, and a gateway with a light client continues to work.

mod commitments;
mod hands;
mod lapse;
mod light;
mod proofs;

use crate::{Stage, folder, http::Browser, stage};
use anyhow::{Context, Result, ensure};
use meganet_devnet::Shape;
use std::path::{Path, PathBuf};

/// The name that expires.
const FLEETING: &str = "fleeting";
/// The name of everything else.
const LASTING: &str = "lasting";
/// A subname of it.
const BELOW: &str = "blog.lasting";

/// One worker in each of six countries, on a chain whose names expire within minutes.
pub fn shape() -> Shape {
    let workers = ["DE", "FR", "JP", "BR", "KE", "NZ"].map(|country| (country.to_string(), 1)).to_vec();
    Shape { chain: Some("local-names".into()), workers, ..stage::shape() }
}

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let browser = stage.browser_for(&[FLEETING, LASTING, BELOW])?;
    let alice = &stage.cli;
    let bob = alice.signing_as("//Bob");

    let site = site(stage, "fleeting", "left alone")?;
    let published = alice.json(&["publish", text(&site)?, FLEETING, "--years", "1"]).await?;
    ensure!(published["version"] == 1, "a new name begins with version 1: {published}");
    ensure!(browser.get(FLEETING, "").await? == b"left alone", "the new site does not open");

    {
        let stage = &*stage;
        let meanwhile = async {
            commitments::play(stage).await?;
            hands::play(stage, &browser).await?;
            proofs::play(stage).await
        };
        tokio::try_join!(meanwhile, lapse::play(stage, &browser, &bob))?;
    }
    light::play(stage).await
}

/// A folder with one page.
fn site(stage: &Stage, name: &str, page: &str) -> Result<PathBuf> {
    let dir = stage.folder(name)?;
    folder::write(&dir, "index.html", page.as_bytes())?;
    Ok(dir)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a Unicode path")
}

/// Waits until the gateway, which caches names for some seconds, serves a page.
async fn shows(browser: &Browser, name: &str, page: &[u8]) -> Result<()> {
    let mut shown = Vec::new();
    for _ in 0..100 {
        shown = browser.get(name, "").await?;
        if shown == page {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    anyhow::bail!("{name} shows {:?}, not {:?}", String::from_utf8_lossy(&shown), String::from_utf8_lossy(page))
}
