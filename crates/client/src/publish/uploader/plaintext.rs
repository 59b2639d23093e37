//! The plaintexts that a plan uploads: its packs and its manifest.

use crate::{
    pack::{ContentHasher, PackId, PackReader, Plan},
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
pub(super) fn lens(plan: &Plan) -> Result<(Vec<u64>, u64), PublishError> {
    let manifest = to_u64(stand_in(plan).encode()?.len());
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
