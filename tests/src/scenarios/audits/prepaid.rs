//! A file that is stored for a short time with prepaid automatic renewal.

use super::PERIOD;
use crate::{Stage, cli::Cli, folder, wait::until};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient};
use meganet_primitives::Epoch;

/// The account that pays for it, and does nothing afterwards.
const PAYER: &str = "//Bob";

/// The file.
#[derive(Clone)]
pub struct PrepaidFile {
    /// The link that opens it.
    pub link: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The epoch at whose start it would expire without renewal.
    expiry: Epoch,
    prepaid: u128,
    payer: Cli,
}

/// Stores the file for two epochs, and prepays for renewals of one epoch each.
pub async fn store(stage: &Stage) -> Result<PrepaidFile> {
    let path = stage.folder("kept")?.join("kept.bin");
    folder::write_random(&path, 300_000, 4711)?;
    let payer = stage.cli.signing_as(PAYER);
    let file = path.to_str().context("a Unicode path")?;
    let put = payer.json(&["put", file, "--profile", "compact", "--epochs", "2"]).await?;
    let link = put["link"].as_str().context("put prints a link")?.to_string();
    payer.refused(&["renew", &link, "--auto", "0.000001", "--epochs", "1"], &["at least that"]).await?;
    let opened = payer.json(&["renew", &link, "--auto", "2", "--epochs", "1"]).await?;
    ensure!(opened["opened"].as_u64() > Some(0), "nothing is renewed automatically: {opened}");
    let (orders, _) = orders(&payer, &link).await?;
    let expiry = orders.iter().map(|order| order.0).min().context("an automatic renewal")?;
    let prepaid = orders.iter().map(|order| order.1).sum();
    Ok(PrepaidFile { link, bytes: std::fs::read(&path)?, expiry, prepaid, payer })
}

/// The expiry and balance of each automatic renewal of the file, and their states.
async fn orders(payer: &Cli, link: &str) -> Result<(Vec<(Epoch, u128)>, Vec<String>)> {
    let status = payer.json(&["renew", link, "--status"]).await?;
    ensure!(status["batches_without"] == 0, "not everything is renewed automatically: {status}");
    let (mut orders, mut states) = (Vec::new(), Vec::new());
    for order in status["auto_renewals"].as_array().context("a list")? {
        let expiry = order["expiry"].as_u64().context("an expiry")?;
        let balance = order["balance"].as_str().context("a balance")?.parse()?;
        orders.push((Epoch::try_from(expiry)?, balance));
        states.push(order["state"].as_str().context("a state")?.to_string());
    }
    Ok((orders, states))
}

/// Checks that the file was renewed past its expiry, was paid for once per epoch, and that cancelling refunds the rest.
pub async fn check_renewed(stage: &Stage, chain: &dyn ChainClient, kept: &PrepaidFile) -> Result<()> {
    let first = kept.expiry;
    let epoch = until("the epoch in which the file would have expired", 4 * PERIOD, || async move {
        let epoch = chain.params(At::Best).await?.epoch;
        Ok((epoch >= first).then_some(epoch))
    });
    let epoch = epoch.await?;
    let (orders, states) = orders(&kept.payer, &kept.link).await?;
    ensure!(orders.iter().all(|(expiry, _)| *expiry > epoch), "it is not renewed in epoch {epoch}: {orders:?}");
    ensure!(states.iter().all(|state| state == "waiting" || state == "due"), "something is in the way: {states:?}");
    stage.facts.say("kept-file-would-have-expired-at-epoch", first);
    stage.facts.say("kept-file-opens-in-epoch", epoch);
    let renewals: u32 = orders.iter().map(|(expiry, _)| expiry - first).sum();
    ensure!(renewals > 0, "nothing was renewed: {orders:?}");
    stage.facts.say("renewed-by-itself", renewals);
    let left: u128 = orders.iter().map(|(_, balance)| balance).sum();
    ensure!(left < kept.prepaid, "renewals cost nothing");
    stage.facts.say("prepaid-used-planck", kept.prepaid - left);

    let closed = kept.payer.json(&["renew", &kept.link, "--cancel"]).await?;
    let returned: u128 = closed["returned"].as_str().context("what came back")?.parse()?;
    // A renewal may have happened in between, but it costs less than the deposits.
    ensure!(returned > left, "{left} were left, but only {returned} were refunded with the deposits");
    kept.payer.refused(&["renew", &kept.link, "--cancel"], &["no automatic renewal"]).await?;
    Ok(())
}
