//! Checks and observers that several tests of the client share.
// Each test file uses a part of it.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

pub mod putting;

use meganet_chain_fake::FakeChain;
use meganet_client::{
    Existing,
    progress::{Progress, Silent, Stage},
};
use meganet_testkit::{FaultyTown, tree};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

/// Reads a site with a client that knows nothing, and compares it with the folder that was published.
pub async fn assert_readable(world: &FaultyTown, label: &str) {
    let site = world.fresh_client().open_name(label).await.unwrap();
    let out = world.dir.path().join("out");
    let _ = fs::remove_dir_all(&out);
    let fetched = site.get_tree("", &out, Existing::Refuse, &Silent).await.unwrap();
    let expected = tree(&world.site());
    assert_eq!(fetched.files, expected.len());
    assert!(tree(&out) == expected, "what came back differs");
}

/// Notices that an earlier registration is waited for.
#[derive(Default)]
pub struct Waiting(pub AtomicBool);

impl Progress for Waiting {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, text: &str) {
        self.0.fetch_or(text.contains("waiting until a block includes it"), Ordering::SeqCst);
    }
}

/// Lets blocks take transactions again once an earlier registration is looked for.
pub struct Releasing(pub FakeChain);

impl Progress for Releasing {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, text: &str) {
        if text.contains("finding out whether an earlier run") {
            self.0.set_full(false);
        }
    }
}
