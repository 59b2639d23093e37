//! Sites for tests.

use meganet_primitives::manifest::{Entry, Manifest};

/// A site with empty files at these paths.
pub(crate) fn site(paths: &[&str]) -> Manifest {
    let mut paths = paths.to_vec();
    paths.sort_unstable();
    let entry = |path: &&str| Entry {
        path: (*path).into(),
        size: 0,
        mtime: 0,
        mode: 0o644,
        hash: [0; 32],
        extents: Vec::new(),
    };
    Manifest { objects: Vec::new(), entries: paths.iter().map(entry).collect() }
}
