//! Names: owned, trusted and kept.
//!
//! On a chain whose names live for minutes. One name is registered and left alone: it runs out, works on in its grace, is
//! free at a premium, and goes to somebody else, who gets nothing of what it pointed at. Meanwhile: whoever sees a
//! commitment, or even the registration that follows, is too late; a registration that was killed goes on, and one whose
//! secret is lost has a way out; a delegate publishes and can do nothing else; a site goes back to what it was in one
//! transaction; a name below a name is a site of its own; answers are proven, offline too, and a changed proof is refused. In
//! the end all nodes are killed and come back, and a gateway that believes none of them goes on.

mod commitments;
mod hands;
mod lapse;
mod light;
mod proofs;

use crate::{Stage, folder, http::Browser, stage};
use anyhow::{Context, Result, ensure};
use meganet_devnet::Shape;
use std::path::{Path, PathBuf};

/// The label whose life is short.
const FLEETING: &str = "fleeting";
/// The label of everything else; the gateway's port is asked for the name below it, too.
const LASTING: &str = "lasting";
/// A name below it.
const BELOW: &str = "blog.lasting";

/// One worker in each of six countries; the chain's names live for minutes.
pub fn shape() -> Shape {
    let workers = ["DE", "FR", "JP", "BR", "KE", "NZ"].map(|country| (country.to_string(), 1)).to_vec();
    Shape { chain: Some("local-names".into()), workers, ..stage::shape() }
}

/// Plays it.
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

/// Waits until the gateway, which remembers names for some seconds, shows a page.
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
