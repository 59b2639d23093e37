//! A gateway with a light client trusts no node, and continues after all nodes were restarted.

use super::{LASTING, shows, site, text};
use crate::{Stage, http::Browser};
use anyhow::{Context, Result, ensure};
use meganet_devnet::Kind;
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr},
};

/// The longest time for a light client to catch up and its gateway to listen.
const START: Duration = Duration::from_secs(300);

/// Runs this part of the scenario. Nothing else may need the validators at the same time.
pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let started = Instant::now();
    let mut gateway = stage.cli.command(&["--light", "gateway", "--listen", "127.0.0.1:0"]);
    let mut gateway = gateway.stderr(Stdio::piped()).spawn().context("could not run meganet")?;
    let (port, said) = tokio::time::timeout(START, port(&mut gateway))
        .await
        .context("the gateway with a light client named no port in time")??;
    // Later lines must not fill the pipe.
    let drain = tokio::spawn(drain(said));
    let browser = Browser::new(port, &[LASTING])?;
    let page = stage.browser_for(&[LASTING])?.get(LASTING, "").await?;
    ensure!(browser.get(LASTING, "").await? == page, "the gateway with a light client shows another page");
    stage.facts.seconds("light-gateway-first-page-seconds", started.elapsed());
    verified_by_light(&browser).await?;

    let validators = stage.devnet.state.of_kind(Kind::Validator);
    stage.devnet.state.kill(&validators)?;
    stage.devnet.state.start(&validators).await?;
    let newer = site(stage, "after-the-nodes-were-gone", "written after all nodes were gone")?;
    stage.cli.json(&["publish", text(&newer)?, LASTING]).await?;
    let published = Instant::now();
    shows(&browser, LASTING, b"written after all nodes were gone").await?;
    verified_by_light(&browser).await?;
    stage.facts.seconds("light-gateway-follows-after-restart-seconds", published.elapsed());
    gateway.kill().await?;
    drain.abort();
    Ok(())
}

/// The port on which the gateway listens, from its standard error, and the rest of that.
async fn port(gateway: &mut Child) -> Result<(u16, Lines<BufReader<ChildStderr>>)> {
    let mut said = BufReader::new(gateway.stderr.take().context("its standard error")?).lines();
    let mut all = String::new();
    while let Some(line) = said.next_line().await? {
        if let Some(port) =
            line.rsplit_once(".mega.localhost:").and_then(|(_, rest)| rest.trim_end_matches('/').parse().ok())
        {
            return Ok((port, said));
        }
        all = format!("{all}\n{line}");
    }
    anyhow::bail!("the gateway with a light client ended:{all}")
}

async fn drain(mut said: Lines<BufReader<ChildStderr>>) {
    while let Ok(Some(_)) = said.next_line().await {}
}

/// Checks that the gateway served an answer that its light client verified.
async fn verified_by_light(browser: &Browser) -> Result<()> {
    let response = browser.request(reqwest::Method::HEAD, LASTING, "").send().await?;
    let verified = response.headers().get("x-mega-verified").and_then(|value| value.to_str().ok());
    ensure!(verified == Some("light"), "a gateway with a light client says {verified:?}");
    Ok(())
}
