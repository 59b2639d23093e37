//! Sites for tests.

use crate::check::manifest_of;
use meganet_primitives::manifest::Manifest;

/// A site with empty files at these paths.
pub(crate) fn site(paths: &[&str]) -> Manifest {
    manifest_of(paths.iter().copied())
}
