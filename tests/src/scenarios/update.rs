//! Changing one file of a 1,000-file site: little is uploaded, as a dry run announces, and readers never see a mixture of
//! versions.

use crate::{
    Stage, folder,
    http::{Browser, version_of},
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

const LABEL: &str = "update";
const FILES: usize = 1000;

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    for number in 0..FILES {
        // A few KiB each, all different.
        let path = format!("pages/{:02}/{number:04}.html", number % 40);
        let text = format!("<p>{number} of version 1</p>").repeat(100 + number % 150);
        folder::write(&site, &path, text.as_bytes())?;
    }
    folder::write(&site, "index.html", b"version 1")?;
    let planned = dry_run(stage, &site).await?;
    ensure!(planned["registers"] == true && planned["affordable"] == true, "a new name: {planned}");
    let first = stage.publish(&site, LABEL).await?;
    same_upload(&planned, &first)?;
    let uploaded = first["uploaded_bytes"].as_u64().context("publish reports uploaded_bytes")?;
    stage.facts.say("files", FILES + 1);
    stage.facts.say("first-upload-bytes", uploaded);

    let again = stage.publish(&site, LABEL).await?;
    stage.facts.say("unchanged-upload-bytes", &again["uploaded_bytes"]);
    let planned = dry_run(stage, &site).await?;
    ensure!(planned["unchanged"] == true && planned["upload_bytes"] == 0, "nothing has changed: {planned}");
    ensure!(again["uploaded_bytes"] == 0, "publishing what has not changed uploads nothing: {again}");

    // Two files change together; a reader who gets one new and one old has seen a mixture.
    let readers = Readers::start(stage.browser()?);
    folder::write(&site, "index.html", b"version 2")?;
    folder::write(&site, "pages/00/0000.html", b"<p>0 of version 2</p>")?;
    let planned = dry_run(stage, &site).await?;
    ensure!(planned["new_files"] == 2 && planned["registers"] == false, "two files are new: {planned}");
    let second = stage.publish(&site, LABEL).await?;
    same_upload(&planned, &second)?;
    stage.facts.say("dry-run-upload-bytes", &planned["upload_bytes"]);
    let changed = second["uploaded_bytes"].as_u64().context("publish reports uploaded_bytes")?;
    let reads = readers.stop().await?;
    stage.facts.say("reads-during-the-switch", reads);
    ensure!(reads > 0, "nobody read during the switch");
    stage.facts.say("changed-upload-bytes", changed);
    #[allow(clippy::cast_precision_loss)] // printed as a percentage
    let share = 100.0 * changed as f64 / uploaded as f64;
    stage.facts.say("changed-upload-percent", format!("{share:.2}"));
    ensure!(changed > 0 && share <= 5.0, "a small change uploaded {share:.2} % of the site");
    let version = second["version"].as_u64().context("publish reports the version")?;
    stage.browser()?.wait_version(LABEL, version).await?;
    let (files, _) = stage.browser()?.same_folder(LABEL, &site).await?;
    stage.facts.say("files-after", files);
    Ok(())
}

/// Makes a dry run, and checks that it changes neither the name nor the account nor the local files.
async fn dry_run(stage: &Stage, site: &Path) -> Result<Value> {
    let before = around(stage).await?;
    let planned = stage.cli.json(&["publish", site.to_str().context("a Unicode path")?, LABEL, "--dry-run"]).await?;
    let after = around(stage).await?;
    ensure!(before == after, "a dry run changed something: {before:?} became {after:?}");
    Ok(planned)
}

/// Everything that a dry run could change: the name, the balance, the local files of the command.
async fn around(stage: &Stage) -> Result<(Option<Value>, Value, BTreeMap<String, u64>)> {
    let name = match stage.cli.json(&["name", "info", LABEL]).await {
        Ok(info) => Some(info),
        // It does not exist before it is registered.
        Err(error) if error.to_string().contains("nobody owns the name") => None,
        Err(error) => return Err(error),
    };
    let money = stage.cli.json(&["wallet", "balance"]).await?;
    Ok((name, money, folder::list(&stage.user_dir()?)?))
}

/// Checks that the dry run announced what was published.
fn same_upload(planned: &Value, published: &Value) -> Result<()> {
    for (said, did) in [
        (&planned["upload_bytes"], &published["uploaded_bytes"]),
        (&planned["upload_shard_bytes"], &published["uploaded_shard_bytes"]),
        (&planned["to"]["version"], &published["version"]),
        (&planned["name_price"], &published["name_price"]),
        (&planned["files"], &published["files"]),
    ] {
        ensure!(said == did, "a dry run said {said}, and it became {did}: {planned}, {published}");
    }
    Ok(())
}

/// Reads the site again and again, and checks that the version in the header of an answer is that of its body, and never
/// decreases.
struct Readers {
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Readers {
    fn start(browser: Browser) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let reads = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(read(browser, stop.clone(), reads.clone()));
        Readers { stop, reads, task }
    }

    async fn stop(self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await??;
        Ok(self.reads.load(Ordering::Relaxed))
    }
}

async fn read(browser: Browser, stop: Arc<AtomicBool>, reads: Arc<AtomicUsize>) -> Result<()> {
    let mut newest = 0;
    let mut bodies = BTreeMap::<u64, [Option<String>; 2]>::new();
    while !stop.load(Ordering::Relaxed) {
        for (slot, path) in ["index.html", "pages/00/0000.html"].into_iter().enumerate() {
            let answer = browser.request(reqwest::Method::GET, LABEL, path).send().await?.error_for_status()?;
            let version = version_of(&answer)?;
            ensure!(version >= newest, "version {version} came after {newest}");
            newest = version;
            let body = answer.text().await?;
            // All bodies with the same version in the header must be of that version: compared for each file and across files.
            let seen = &mut bodies.entry(version).or_default()[slot];
            match seen {
                Some(before) if *before != body => bail!("version {version} has two contents of {path}"),
                _ => *seen = Some(body),
            }
            reads.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (version, [index, page]) in bodies {
        if let (Some(index), Some(page)) = (index, page) {
            let new = index.contains("version 2");
            ensure!(page.contains("version 2") == new, "version {version} is a mixture: '{index}' with '{page}'");
        }
    }
    Ok(())
}
