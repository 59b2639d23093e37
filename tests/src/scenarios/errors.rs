//! Failing commands say what went wrong and what to do, and change nothing.
//!
//! These are mistakes that people make at the command line or in a browser, on real processes. Requests that only an attacker
//! sends are in the scenario `hostile`.

mod streams;

use crate::{
    Stage, folder,
    http::{raw, slow_drip},
};
use anyhow::{Context, Result, ensure};
use meganet_devnet::Kind;
use std::{os::unix::fs::PermissionsExt, process::Stdio};

const LABEL: &str = "errors";

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    folder::write(&site, "index.html", b"as it was")?;
    stage.publish(&site, LABEL).await?;
    let before = stage.cli.json(&["name", "info", LABEL]).await?;

    names(stage).await?;
    networks(stage).await?;
    links(stage).await?;
    rules(stage, &site).await?;
    secrets(stage).await?;
    quorum(stage, &site).await?;
    gateway(stage).await?;

    let after = stage.cli.json(&["name", "info", LABEL]).await?;
    ensure!(before == after, "the refused commands changed the name: {before} became {after}");
    ensure!(stage.browser()?.get(LABEL, "index.html").await? == b"as it was", "the refused commands changed the site");
    Ok(())
}

/// Runs a command that must fail, and prints its error.
async fn refused(stage: &Stage, case: &str, cli: &crate::cli::Cli, args: &[&str], needles: &[&str]) -> Result<()> {
    let said = cli.refused(args, needles).await.with_context(|| format!("case {case}"))?;
    stage.facts.say(&format!("refused-{case}"), said.lines().last().unwrap_or_default());
    Ok(())
}

async fn names(stage: &Stage) -> Result<()> {
    let alice = &stage.cli;
    let bob = alice.signing_as("//Bob");
    let pauper = alice.signing_as("//Nobody/gave/this/account/anything");
    let site = stage.folder(LABEL)?;
    let site = site.to_str().context("a Unicode path")?;
    refused(stage, "name-taken", &bob, &["name", "register", LABEL], &["taken"]).await?;
    refused(stage, "publish-to-somebody-elses-name", &bob, &["publish", site, LABEL], &["belongs"]).await?;
    refused(stage, "look-alike-name", &bob, &["name", "register", "err0rs"], &["look"]).await?;
    for label in ["ab", "-edge", "edge-", "köln", "under_score", "xn--abc"] {
        refused(stage, &format!("label-{label}"), alice, &["name", "register", "--", label], &["name"]).await?;
    }
    refused(stage, "no-funds", &pauper, &["name", "register", "pauper-name"], &["needs"]).await?;
    refused(stage, "publish-without-funds", &pauper, &["publish", site, "pauper-name"], &["needs"]).await
}

async fn networks(stage: &Stage) -> Result<()> {
    let rpc = stage.devnet.state.rpc_url(*stage.devnet.state.of_kind(Kind::Validator).first().context("a validator")?);
    let nobody = ["--rpc", "ws://127.0.0.1:9", "resolve", LABEL];
    refused(stage, "node-not-reachable", &stage.cli, &nobody, &["ws://127.0.0.1:9", "running"]).await?;
    let config = stage.folder("other-chain")?.join("client.toml");
    std::fs::write(&config, format!("rpc = '{rpc}'\ngenesis = '0x{}'\n", "11".repeat(32)))?;
    refused(stage, "wrong-chain", &stage.cli.with_config(&config), &["resolve", LABEL], &["another chain"]).await?;
    refused(stage, "unknown-name", &stage.cli, &["resolve", "nobody-has-this"], &["nobody-has-this"]).await
}

async fn links(stage: &Stage) -> Result<()> {
    let dir = stage.folder("links")?;
    folder::write(&dir, "secret.txt", b"for those who have the link")?;
    let file = dir.join("secret.txt");
    let put = stage.cli.json(&["put", file.to_str().context("a Unicode path")?]).await?;
    let link = put["link"].as_str().context("put prints a link")?.to_string();
    let out = dir.join("out.txt");
    let out = out.to_str().context("a Unicode path")?;
    stage.cli.json(&["get", &link, "-o", out]).await?;
    ensure!(std::fs::read(out)? == b"for those who have the link", "the link opens what was put");

    unprinted_link(stage, &dir).await?;
    unshown_phrase(stage, &dir).await?;
    streams::play(stage, &dir).await?;

    let mut mistyped = link.clone();
    let last = mistyped.pop().context("a link has letters")?;
    mistyped.push(if last == 'a' { 'b' } else { 'a' });
    refused(stage, "mistyped-link", &stage.cli, &["get", &mistyped, "--force", "-o", out], &["mistyped"]).await?;
    refused(stage, "file-exists", &stage.cli, &["get", &link, "-o", out], &["--force"]).await?;
    ensure!(std::fs::read(out)? == b"for those who have the link", "a refused get leaves the file alone");
    let needles = ["no/such/file", "meganet ls"];
    refused(stage, "unknown-path", &stage.cli, &["get", "errors/no/such/file", "--force", "-o", out], &needles).await?;
    folders(stage, &dir).await
}

/// A folder is fetched whole, in an existing one as `cp -r` does, and overwrites nothing unasked.
async fn folders(stage: &Stage, dir: &std::path::Path) -> Result<()> {
    let listed = stage.cli.json(&["ls", LABEL]).await?;
    let entries = listed["entries"].as_array().context("ls lists entries")?;
    ensure!(entries.len() == 1 && entries[0]["name"] == "index.html" && entries[0]["type"] == "file", "{listed}");
    let (source, to) = (format!("{LABEL}/"), dir.to_str().context("a Unicode path")?);
    let fetched = stage.cli.json(&["get", &source, "-o", to]).await?;
    let copy = dir.join(LABEL);
    ensure!(fetched["files"] == 1 && std::fs::read(copy.join("index.html"))? == b"as it was", "{fetched}");
    folder::write(&copy, "index.html", b"mine")?;
    refused(stage, "folder-exists", &stage.cli, &["get", &source, "-o", to], &["already exists", "--force"]).await?;
    ensure!(std::fs::read(copy.join("index.html"))? == b"mine", "a refused get overwrote a file");
    let below = copy.join("index.html/below");
    let below = below.to_str().context("a Unicode path")?;
    refused(stage, "file-in-the-way", &stage.cli, &["get", &source, "-o", below], &["is not a folder"]).await
}

/// A link that cannot be printed is kept: the same command prints it, and pays nothing.
async fn unprinted_link(stage: &Stage, dir: &std::path::Path) -> Result<()> {
    folder::write(dir, "unprinted.txt", b"whose link could not be printed")?;
    let file = dir.join("unprinted.txt");
    let file = file.to_str().context("a Unicode path")?;
    let said = unheard(stage, &["put", file], full()?).await?;
    ensure!(said.contains("meganet files"), "{said}");
    // The second run pays nothing either, and does not take the link for shown.
    let closed = unheard(stage, &["put", file], closed_pipe()?).await?;
    ensure!(closed.contains("meganet files"), "{closed}");
    let kept = stage.cli.json(&["files"]).await?;
    let of_file = |kept: &&serde_json::Value| kept["path"].as_str().is_some_and(|path| path.ends_with("unprinted.txt"));
    let kept = kept.as_array().and_then(|kept| kept.iter().find(of_file)).context("the link is listed")?.clone();
    let again = stage.cli.json(&["put", file]).await?;
    ensure!(again["link"] == kept["link"] && again["paid"] == "0", "{again} {kept}");
    let out = dir.join("unprinted.out");
    let link = again["link"].as_str().context("a link")?;
    stage.cli.json(&["get", link, "-o", out.to_str().context("a Unicode path")?]).await?;
    ensure!(std::fs::read(out)? == b"whose link could not be printed", "the kept link opens something else");
    stage.facts.say("link-not-printed", said.trim());
    stage.cli.json(&["files", "forget", link]).await?;
    ensure!(!stage.cli.json(&["files"]).await?.to_string().contains("unprinted.txt"), "a forgotten link is listed");
    Ok(())
}

/// An account whose recovery phrase cannot be printed is not made.
async fn unshown_phrase(stage: &Stage, dir: &std::path::Path) -> Result<()> {
    let (wallet, password) = (dir.join("wallet"), dir.join("password"));
    std::fs::write(&password, "a password")?;
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600))?;
    let (wallet, password) = (wallet.to_str().context("a Unicode path")?, password.to_str().context("a Unicode path")?);
    let with = ["--wallet", wallet, "--password-file", password];
    let new = [&["wallet", "new", "unseen"], &with[..]].concat();
    for stdout in [full()?, closed_pipe()?] {
        let said = unheard(stage, &new, stdout).await?;
        ensure!(said.contains("no account was made"), "{said}");
        let listed = stage.cli.json(&[&["wallet", "list"], &with[..]].concat()).await?;
        ensure!(listed.as_array().is_some_and(Vec::is_empty), "an account whose phrase nobody saw: {listed}");
    }
    Ok(())
}

/// Runs a command whose output goes nowhere. It must fail; returns its error.
async fn unheard(stage: &Stage, args: &[&str], stdout: Stdio) -> Result<String> {
    let output = stage.cli.command(args).stdout(stdout).stderr(Stdio::piped()).spawn()?.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1), "`meganet {}` ended with {}: {said}", args.join(" "), output.status);
    Ok(said)
}

/// A file on a disk without room.
fn full() -> Result<Stdio> {
    Ok(std::fs::OpenOptions::new().write(true).open("/dev/full")?.into())
}

/// A pipe that nobody reads any more, as in `meganet … | true`.
fn closed_pipe() -> Result<Stdio> {
    Ok(std::io::pipe()?.1.into())
}

/// Checks that rules that gateways would not understand are refused before anything is uploaded, with the same text for scripts.
async fn rules(stage: &Stage, site: &std::path::Path) -> Result<()> {
    let dir = site.to_str().context("a Unicode path")?;
    let before = unregistered(stage).await?;
    folder::write(site, "_redirects", b"# Where things are\n/home /\n/old /new 299\n")?;
    let needles = ["nothing was published", "line 3 of _redirects", "'299'", "use 200"];
    refused(stage, "bad-redirects", &stage.cli, &["publish", dir, LABEL], &needles).await?;
    refused(stage, "bad-redirects-dry-run", &stage.cli, &["publish", dir, LABEL, "--dry-run"], &needles).await?;
    let run = stage.cli.run(&["--json", "publish", dir, LABEL]).await?;
    let said: serde_json::Value = serde_json::from_slice(&run.stdout).context("an error is JSON with --json")?;
    let said = said["error"].as_str().context("an error says what it is")?;
    ensure!(run.code == 1 && said.contains("line 3 of _redirects"), "{}: {said}", run.code);
    folder::write(site, "_redirects", b"/home /\n")?;
    folder::write(site, "_headers", b"/*\n  Basic-Auth: me:secret\n")?;
    refused(stage, "bad-headers", &stage.cli, &["publish", dir, LABEL], &["line 2 of _headers", "remove"]).await?;
    let after = unregistered(stage).await?;
    ensure!(after <= before, "a site that was refused was uploaded: {before} bytes became {after}");
    std::fs::remove_file(site.join("_redirects"))?;
    std::fs::remove_file(site.join("_headers"))?;
    Ok(())
}

/// Files that nobody means to publish are left out, or refused, and named.
async fn secrets(stage: &Stage) -> Result<()> {
    let site = stage.folder("errors-secrets")?;
    for path in ["index.html", ".env", ".git/config", ".well-known/security.txt", "deploy/server.pem"] {
        folder::write(&site, path, path.as_bytes())?;
    }
    let dir = site.to_str().context("a Unicode path")?;
    let needles = ["deploy/server.pem", "--allow-secrets", "--exclude"];
    refused(stage, "secrets", &stage.cli, &["publish", dir, LABEL], &needles).await?;
    refused(stage, "secrets-dry-run", &stage.cli, &["publish", dir, LABEL, "--dry-run"], &needles).await?;
    let planned = stage.cli.json(&["publish", dir, LABEL, "--dry-run", "--exclude", "*.pem"]).await?;
    let expected = serde_json::json!([
        { "path": ".env", "reason": "hidden" },
        { "path": ".git", "reason": "hidden" },
        { "path": "deploy/server.pem", "reason": "excluded" },
    ]);
    ensure!(planned["files"] == 2 && planned["skipped"] == expected, "{planned}");
    refused(stage, "put-a-folder", &stage.cli, &["put", dir], &["is a folder", "meganet publish"]).await
}

/// Bytes that workers store and the chain has not registered.
async fn unregistered(stage: &Stage) -> Result<u64> {
    let mut bytes = 0;
    for index in stage.devnet.state.of_kind(Kind::Worker) {
        let health = stage.health(index).await?;
        bytes += health["unregistered_bytes"].as_u64().context("a worker reports unregistered_bytes")?;
    }
    Ok(bytes)
}

/// Checks that publishing fails with three of six workers: the quorum is four.
async fn quorum(stage: &mut Stage, site: &std::path::Path) -> Result<()> {
    let gone = [stage.workers_in(&["DE"]), stage.workers_in(&["FR"])].concat();
    let gone: Vec<usize> = gone.into_iter().take(3).collect();
    stage.devnet.state.kill(&gone)?;
    folder::write(site, "new.html", b"does not get through")?;
    let dir = site.to_str().context("a Unicode path")?;
    let case = refused(stage, "too-few-workers", &stage.cli, &["publish", dir, LABEL], &["quorum"]).await;
    stage.devnet.state.start(&gone).await?;
    std::fs::remove_file(site.join("new.html"))?;
    case
}

async fn gateway(stage: &Stage) -> Result<()> {
    let browser = stage.browser()?;
    let status = |path: &'static str| {
        let browser = browser.clone();
        async move { anyhow::Ok(browser.request(reqwest::Method::GET, LABEL, path).send().await?.status().as_u16()) }
    };
    ensure!(status("no-such-page").await? == 404, "an unknown path is 404");
    let post = browser.request(reqwest::Method::POST, LABEL, "index.html").body("x").send().await?.status().as_u16();
    ensure!(post == 405, "POST is 405, not {post}");

    let index = *stage.devnet.state.of_kind(Kind::Gateway).first().context("there is a gateway")?;
    let port = stage.devnet.state.processes[index].http_port;
    let traversal =
        raw(port, b"GET /../../etc/passwd HTTP/1.1\r\nHost: errors.mega.localhost\r\nConnection: close\r\n\r\n")
            .await?;
    ensure!(traversal.starts_with("HTTP/1.1 4"), "a way out of the site is refused: {traversal}");
    let oversized =
        format!("GET /{} HTTP/1.1\r\nHost: errors.mega.localhost\r\nConnection: close\r\n\r\n", "a".repeat(200_000));
    let answer = raw(port, oversized.as_bytes()).await?;
    ensure!(answer.starts_with("HTTP/1.1 4"), "an oversized request is refused: {answer}");
    stage.facts.say("refused-oversized-request", answer.lines().next().unwrap_or_default());
    let took = slow_drip(port, "errors.mega.localhost").await?;
    stage.facts.seconds("slow-drip-cut-after-seconds", took);
    Ok(())
}
