//! Names that point to manifests that no honest publisher makes. Anyone can do that: the object of a file has the same form
//! as that of a manifest, so a link to it can claim that the file is a manifest.

use super::Victim;
use crate::{Stage, folder};
use anyhow::{Context, Result, ensure};
use meganet_client::{Client, Network, pack::content_hash};
use meganet_primitives::{
    link::Link,
    manifest::{Entry, Manifest},
};

/// The path in a valid manifest; the attack replaces its first two letters by dots.
const PATH: &str = "xx/secret";
const WAY_OUT: &str = "../secret";

/// Checks that readers refuse each of them with a reason, and write nothing.
pub(super) async fn play(stage: &Stage, victim: &Victim) -> Result<()> {
    let entry =
        Entry { path: PATH.into(), size: 0, mtime: 0, mode: 0o644, hash: content_hash(b""), extents: Vec::new() };
    let good = Manifest { objects: Vec::new(), entries: vec![entry] }.encode()?;
    // Control: the manifest is accepted without the change.
    let control = async {
        publish(stage, victim, ("good-manifest", "//Charlie"), &good).await?;
        stage.cli.json(&["get", &format!("good-manifest/{PATH}"), "-o", &out(stage, "good")?]).await?;
        get_refused(stage, "good-manifest", WAY_OUT, &["lead out"]).await
    };

    let truncated = &good[..good.len() - 1];
    let begin = good.windows(PATH.len()).position(|part| part == PATH.as_bytes()).context("the path is in there")?;
    let mut leads_out = good.clone();
    leads_out[begin..begin + PATH.len()].copy_from_slice(WAY_OUT.as_bytes());
    // Each has its own owner, so that none waits for the transactions of another.
    let truncated = refused(stage, victim, ("truncated-manifest", "//Dave"), truncated, &["truncated"]);
    let traversal = refused(stage, victim, ("path-traversal", "//Eve"), &leads_out, &["refused", WAY_OUT]);
    tokio::try_join!(control, truncated, traversal)?;
    Ok(())
}

/// Publishes an invalid manifest under a name, and checks that reading it fails.
async fn refused(
    stage: &Stage,
    victim: &Victim,
    (name, owner): (&str, &str),
    manifest: &[u8],
    needles: &[&str],
) -> Result<()> {
    publish(stage, victim, (name, owner), manifest).await?;
    get_refused(stage, name, PATH, needles).await?;
    let answer = stage.browser()?.request(reqwest::Method::GET, name, PATH).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status == reqwest::StatusCode::BAD_GATEWAY, "the gateway answers {name} with {status}: {text}");
    for needle in needles {
        ensure!(text.contains(needle), "the gateway should say '{needle}' of {name}: {text}");
    }
    let written = folder::list(&stage.folder("hostile-out")?.join(name))?;
    ensure!(written.is_empty(), "a refused get of {name} wrote {written:?}");
    Ok(())
}

async fn get_refused(stage: &Stage, name: &str, path: &str, needles: &[&str]) -> Result<()> {
    let source = format!("{name}/{path}");
    let said = stage.cli.refused(&["get", &source, "-o", &out(stage, name)?], needles).await?;
    stage.facts.say(&format!("refused-{source}"), said.lines().last().unwrap_or_default());
    Ok(())
}

/// Points a name of this owner to an object with these bytes.
async fn publish(stage: &Stage, victim: &Victim, (name, owner): (&str, &str), bytes: &[u8]) -> Result<()> {
    let cli = stage.cli.signing_as(owner);
    let file = stage.folder("hostile-manifests")?.join(name);
    std::fs::write(&file, bytes)?;
    let put = cli.json(&["put", file.to_str().context("a Unicode path")?]).await?;
    let link: Link = put["link"].as_str().context("put prints a link")?.parse()?;
    let site = Client::new(Network::new(victim.chain.clone(), victim.net.clone()), None).open_link(&link).await?;
    let entry = site.one_entry("")?;
    let extent = entry.extents.first().context("the file has bytes")?;
    let object = site.manifest().objects.first().context("the file is in an object")?;
    ensure!(extent.offset == 0 && object.plain_len()? == entry.size, "the file shares its object: {:?}", entry.extents);
    let link =
        Link::Object { object: object.object, group: object.group, sealed_len: object.sealed_len, key: object.key };
    cli.json(&["name", "register", name]).await?;
    cli.json(&["name", "set", name, &link.to_string()]).await?;
    Ok(())
}

/// The output file of `get`, in its own folder.
fn out(stage: &Stage, name: &str) -> Result<String> {
    let folder = stage.folder("hostile-out")?.join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join("got").to_str().context("a Unicode path")?.to_string())
}
