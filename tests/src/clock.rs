//! Wrong clocks.

use anyhow::{Context, Result};
use std::{collections::BTreeMap, path::PathBuf};

/// The environment in which a process has a clock that is wrong by `offset`, such as `+1h`. Its steady clock is right.
pub fn wrong_clock(offset: &str) -> Result<BTreeMap<String, String>> {
    let library = faketime()?.display().to_string();
    let env = [("LD_PRELOAD", library.as_str()), ("FAKETIME", offset), ("DONT_FAKE_MONOTONIC", "1")];
    Ok(env.map(|(key, value)| (key.to_string(), value.to_string())).into())
}

/// The library of Debian's package `libfaketime`, in its variant for programs with threads.
fn faketime() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")?.filter_map(Result::ok).map(|entry| entry.path());
    let library = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    library.context("libfaketimeMT.so.1 is not in /usr/lib/*/faketime: scripts/setup installs it")
}
