//! The plaintexts that a plan uploads: its packs and its manifest.

use crate::{
    client::MAX_MANIFEST,
    pack::{ContentHasher, PackError, PackId, PackReader, Plan},
    publish::error::PublishError,
};
use meganet_primitives::{
    content::{ContentRef, ReadKey},
    convert::to_u64,
    hash::Hash,
    manifest::Manifest,
    object::{ObjectId, sealed_len},
};
use meganet_transfer::upload::Source;
use std::sync::Arc;

/// The key of a manifest's object in the journal.
pub(super) fn manifest_id(bytes: &[u8]) -> PackId {
    let mut id = ContentHasher::default();
    id.update(b"meganet/manifest/1");
    id.update(bytes);
    PackId(id.finish())
}

/// The bytes of a plan's packs, and of the manifest to come.
///
/// # Errors
/// [`PackError::ManifestTooLong`] where readers would not open that manifest.
pub(super) fn lens(plan: &Plan) -> Result<(Vec<u64>, u64), PublishError> {
    let manifest = to_u64(stand_in(plan).encode()?.len());
    if manifest > MAX_MANIFEST {
        return Err(PackError::ManifestTooLong { limit: MAX_MANIFEST }.into());
    }
    Ok((plan.packs().iter().map(|pack| pack.len).collect(), manifest))
}

/// A plan's packs, each with the source of its bytes.
pub(super) fn packs(plan: &Arc<Plan>) -> Vec<(PackId, Source)> {
    let source = |index, len| {
        let plan = plan.clone();
        Source::new(len, move || PackReader::new(plan.clone(), index))
    };
    plan.packs().iter().enumerate().map(|(index, pack)| (pack.id, source(index, pack.len))).collect()
}

/// A manifest of the same length as the final one, with stand-ins for the objects.
fn stand_in(plan: &Plan) -> Manifest {
    let stand_in = |len| ContentRef {
        object: ObjectId(Hash::default()),
        group: 0,
        // Packs never exceed the length of an object.
        sealed_len: sealed_len(len).unwrap_or_default(),
        key: Some(ReadKey(Hash::default())),
    };
    plan.manifest(&plan.packs().iter().map(|pack| stand_in(pack.len)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{FoundFile, Stamp};

    /// A plan of empty files whose paths have this many bytes.
    fn plan(files: usize, path_len: usize) -> Plan {
        let segments = vec!["x".repeat(150); path_len / 151].join("/");
        let found = |index: usize| FoundFile {
            path: format!("{segments}/{index:08}"),
            disk: "file".into(),
            stamp: Stamp { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 },
            mtime: 0,
            mode: 0o644,
        };
        let files: Vec<_> = (0..files).map(found).collect();
        let hashes = vec![Hash::default(); files.len()];
        Plan::new(files, &hashes, None, 1, &|_| true)
    }

    #[test]
    fn a_manifest_that_nobody_would_open_is_refused_before_anything_is_sent() {
        let len = |plan| lens(&plan).map(|(_, manifest)| manifest);
        let fits = len(plan(7_000, 4_000));
        assert!(matches!(fits, Ok(bytes) if bytes < MAX_MANIFEST), "{fits:?}");
        let refused = len(plan(9_000, 4_000));
        let error = refused.map_err(|error| error.to_string());
        assert!(error.as_ref().is_err_and(|error| error.contains("split the site")), "{error:?}");
    }
}
