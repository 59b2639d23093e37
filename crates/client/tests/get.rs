//! Fetching folders: nothing is fetched that could not be written, and nothing is overwritten unasked.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_client::{
    Existing, SiteError,
    progress::{Progress, Silent, Stage},
};
use meganet_testkit::{FaultyTown, noise, tree};
use std::{
    fs,
    sync::{Arc, Mutex},
};

/// Records the stages and notes.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Progress for Seen {
    fn begin(&self, stage: Stage, _: Option<u64>) {
        self.0.lock().unwrap().push(format!("{stage:?}"));
    }
    fn advance(&self, _: u64) {}
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_fetched_whole_or_refused_before_the_first_byte() {
    let world = FaultyTown::start().await;
    world.file("index.html", b"index");
    world.file("docs/a.html", b"new");
    world.file("docs/deep/.htaccess", b"hidden");
    world.file("docs/deep/b.bin", &noise(1, 50_000));
    let mut options = world.options();
    options.selection.hidden = true;
    world.client.publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap();
    let site = world.client.open_name("home").await.unwrap();
    let out = world.dir.path().join("out");

    let seen = Seen::default();
    let fetched = site.get_tree("docs/", &out, Existing::Refuse, &seen).await.unwrap();
    assert_eq!(fetched.files, 3);
    assert!(tree(&out) == tree(&world.site().join("docs")), "the folder came back different");
    let seen = seen.0.into_inner().unwrap();
    assert!(seen[0].contains("deep/.htaccess") && seen[1] == "Fetching", "{seen:?}");

    // The last file is in the way, so that not even the first one is fetched.
    fs::remove_file(out.join("a.html")).unwrap();
    fs::write(out.join("deep/b.bin"), b"mine").unwrap();
    let seen = Seen::default();
    let refused = site.get_tree("docs", &out, Existing::Refuse, &seen).await.unwrap_err();
    assert!(matches!(&refused, SiteError::Exists { path } if path.starts_with(out.join("deep"))), "{refused}");
    assert!(seen.0.into_inner().unwrap().is_empty() && !out.join("a.html").exists());
    assert_eq!(fs::read(out.join("deep/b.bin")).unwrap(), b"mine");

    // Replaced on request; other files stay.
    fs::write(out.join("other"), b"stays").unwrap();
    site.get_tree("docs", &out, Existing::Replace, &Silent).await.unwrap();
    assert_eq!(fs::read(out.join("deep/b.bin")).unwrap(), noise(1, 50_000));
    assert_eq!(fs::read(out.join("other")).unwrap(), b"stays");

    let entry = site.entry("index.html").unwrap();
    let refused = site.get(entry, &out.join("other"), Existing::Refuse, &Silent).await.unwrap_err();
    assert!(matches!(refused, SiteError::Exists { .. }), "{refused}");
    let missing = site.get_tree("doc", &out, Existing::Replace, &Silent).await.unwrap_err();
    assert!(missing.to_string().contains("meganet ls"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_files_that_was_read_is_known() {
    let world = FaultyTown::start().await;
    world.file("index.html", b"index");
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    let client = world.fresh_client();
    let resolved = client.resolver().resolve("home").await.unwrap();
    assert!(client.open_known(&resolved).await.unwrap().is_none());
    let site = client.open(&resolved).await.unwrap();
    let known = client.open_known(&resolved).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(site.manifest(), known.manifest()));
    assert_eq!((known.content(), known.resolved()), (site.content(), Some(&resolved)));
}
