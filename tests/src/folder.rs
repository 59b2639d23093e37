//! Folders to publish, and their content.

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};
use walkdir::WalkDir;

/// A file or folder of the checkout, which must be the working directory, as it is in the scripts. Where the program was built
/// does not matter: several checkouts may share a build.
pub fn of_checkout(path: &str) -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let found = here.join(path);
    ensure!(
        found.exists(),
        "there is no {path} in {}; run scripts/scenario, or this from the top folder",
        here.display()
    );
    Ok(found)
}

/// The relative path, '/'-separated, and size in bytes of every file below a folder, in order.
pub fn list(dir: &Path) -> Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(dir) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(dir)?.to_str().context("a path is not Unicode")?.to_string();
            files.insert(path, entry.metadata()?.len());
        }
    }
    Ok(files)
}

/// Writes a file, and creates the folders above it.
pub fn write(dir: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().context("a file has a folder")?)?;
    fs::write(&path, bytes).with_context(|| format!("could not write {}", path.display()))
}

/// Writes `len` incompressible bytes, which depend only on the seed.
pub fn write_random(path: &Path, len: u64, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    let mut block = vec![0u8; 1 << 20];
    let mut left = len;
    while left > 0 {
        let take = usize::try_from(left.min(1 << 20))?;
        random.fill(&mut block[..take]);
        file.write_all(&block[..take])?;
        left -= u64::try_from(take)?;
    }
    Ok(file.flush()?)
}

/// Copies up to `files` files that were written outside this project: the sources of published crates.
pub fn foreign_sources(into: &Path, files: usize) -> Result<usize> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let sources = cargo.context("neither CARGO_HOME nor HOME is set")?.join("registry/src");
    let mut copied = 0;
    for entry in WalkDir::new(&sources).min_depth(1).sort_by_file_name() {
        let entry = entry.with_context(|| format!("no sources of crates in {}; build first", sources.display()))?;
        if copied >= files {
            break;
        }
        let Some(path) = entry.path().strip_prefix(&sources)?.to_str() else { continue };
        if entry.file_type().is_file() {
            // Without the folder of the registry itself.
            let path = path.split_once('/').map_or(path, |(_, rest)| rest);
            write(into, path, &fs::read(entry.path())?)?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// File names that careless programs mishandle, with contents; some files are empty.
pub fn odd_names() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("empty", b""),
        ("empty.html", b""),
        ("ünïcode/日本語/файл.txt", "Unicode".as_bytes()),
        ("emoji/🦀 crab.txt", b"crab"),
        ("spaces/two  spaces.txt", b"spaces"),
        ("percent/100%.txt", b"percent"),
        ("percent/%2e%2e%2f.txt", b"not a way out"),
        ("query/what?.txt", b"question"),
        ("hash/#1.txt", b"hash"),
        ("plus/a+b&c=d.txt", b"plus"),
        ("quote/it's \"so\".txt", b"quotes"),
        ("dots/...", b"three dots"),
        ("dots/.hidden", b"hidden"),
        ("dots/..almost", b"almost up"),
        ("back\\slash.txt", b"a backslash is a letter here"),
        ("semi;colon,comma.txt", b"punctuation"),
        ("combining/e\u{301}.txt", b"decomposed"),
        ("combining/\u{e9}.txt", b"composed"),
        ("deep/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z.txt", b"deep"),
    ]
}
