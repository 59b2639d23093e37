#![allow(clippy::unwrap_used)]
use super::*;
use crate::pack::{Stamp, content_hash};
use meganet_primitives::{
    content::ReadKey,
    object::{ObjectId, sealed_len},
};
use proptest::prelude::*;

fn found(path: &str, size: u64) -> FoundFile {
    FoundFile {
        path: path.to_owned(),
        disk: path.into(),
        stamp: Stamp { size, mtime_ns: 5_000_000_000, ctime_ns: 0, inode: 0 },
        mtime: 5,
        mode: 0o644,
    }
}

fn site(files: &[(&str, u64, &str)]) -> (Vec<FoundFile>, Vec<Hash>) {
    files.iter().map(|(path, size, content)| (found(path, *size), content_hash(content.as_bytes()))).unzip()
}

fn plan(files: &[(&str, u64, &str)], previous: Option<&Manifest>, max: u64) -> Plan {
    let (files, hashes) = site(files);
    Plan::new(files, &hashes, previous, max, &|_| true)
}

/// As if every pack had been uploaded.
fn published(plan: &Plan, seed: u8) -> Manifest {
    let sealed = plan.packs().iter().zip(u16::from(seed)..).map(|(pack, number)| ContentRef {
        object: ObjectId(std::array::from_fn(|byte| number.to_le_bytes()[byte % 2])),
        group: 0,
        sealed_len: sealed_len(pack.len).unwrap(),
        key: Some(ReadKey([seed; 32])),
    });
    plan.manifest(&sealed.collect::<Vec<_>>())
}

#[test]
fn small_files_share_objects_and_large_ones_are_split() {
    let plan = plan(&[("a", 30, "a"), ("b", 60, "b"), ("c", 20, "c"), ("d", 250, "d"), ("e", 10, "e")], None, 100);
    let lens: Vec<_> = plan.packs().iter().map(|pack| pack.len).collect();
    assert_eq!(lens, [90, 20, 100, 100, 60]);
    let manifest = published(&plan, 1);
    assert_eq!(manifest.objects.len(), 5);
    let extents = |path: &str| {
        let entry = manifest.entries.iter().find(|e| e.path == path).unwrap();
        entry.extents.iter().map(|e| (e.object, e.offset, e.len)).collect::<Vec<_>>()
    };
    assert_eq!(extents("b"), [(0, 30, 60)]);
    assert_eq!(extents("d"), [(2, 0, 100), (3, 0, 100), (4, 0, 50)]);
    assert_eq!(extents("e"), [(4, 50, 10)]);
}

#[test]
fn empty_files_need_no_object() {
    let plan = plan(&[("empty", 0, ""), ("nothing", 0, "")], None, 100);
    assert!(plan.packs().is_empty());
    let manifest = published(&plan, 0);
    assert!(manifest.objects.is_empty() && manifest.entries.iter().all(|e| e.extents.is_empty()));
    assert!(plan.is_published(&manifest));
}

#[test]
fn equal_contents_are_stored_once() {
    let plan = plan(&[("a", 40, "same"), ("b", 40, "same"), ("c", 40, "other")], None, 100);
    assert_eq!(plan.totals(), Totals { files: 3, bytes: 120, new_files: 2, new_bytes: 80 });
    let manifest = published(&plan, 0);
    assert_eq!(manifest.entries[0].extents, manifest.entries[1].extents);
}

#[test]
fn only_what_changed_is_uploaded() {
    let first = plan(&[("a", 40, "a"), ("b", 40, "b"), ("c", 40, "c")], None, 50);
    let old = published(&first, 0);
    assert!(!first.is_published(&old), "it has packs to upload");

    let same = plan(&[("a", 40, "a"), ("b", 40, "b"), ("c", 40, "c")], Some(&old), 50);
    assert!(same.is_published(&old));

    // b changed, c moved: only b is uploaded, and the object that nothing points to any more is left out.
    let next = plan(&[("a", 40, "a"), ("b", 41, "b2"), ("moved", 40, "c")], Some(&old), 50);
    assert_eq!(next.totals().new_bytes, 41);
    assert!(!next.is_published(&old));
    let manifest = published(&next, 100);
    assert_eq!(manifest.objects.iter().map(|o| o.object.0[0]).collect::<Vec<_>>(), [0, 2, 100]);
    assert_eq!(manifest.entries[1].extents[0].object, 2);
    assert_eq!(manifest.entries[2].extents[0].object, 1);
}

#[test]
fn a_removed_file_changes_the_manifest_only() {
    let old = published(&plan(&[("a", 40, "a"), ("b", 40, "b")], None, 50), 0);
    let next = plan(&[("a", 40, "a")], Some(&old), 50);
    assert!(next.packs().is_empty() && !next.is_published(&old));
    assert_eq!(published(&next, 9).objects.len(), 1);
}

#[test]
fn the_time_of_an_unchanged_file_stays_as_published() {
    let mut old = published(&plan(&[("a", 40, "a"), ("b", 40, "b")], None, 50), 0);
    for entry in &mut old.entries {
        entry.mtime = 1;
    }
    let next = plan(&[("a", 40, "a"), ("b", 40, "b2")], Some(&old), 50);
    let manifest = published(&next, 9);
    assert_eq!((manifest.entries[0].mtime, manifest.entries[1].mtime), (1, 5));
}

#[test]
fn objects_that_may_not_be_used_any_more_are_uploaded_again() {
    let files = [("a", 40, "a"), ("b", 40, "b")];
    let old = published(&plan(&files, None, 50), 0);
    let (found, hashes) = site(&files);
    let next = Plan::new(found, &hashes, Some(&old), 50, &|object| object.object.0[0] != 0);
    assert_eq!(next.totals(), Totals { files: 2, bytes: 80, new_files: 1, new_bytes: 40 });
    // The same content packs to the same id, so that an interrupted upload is found again.
    assert_eq!(next.packs()[0].id, plan(&files, None, 50).packs()[0].id);
}

proptest! {
    /// Every byte of every file is in exactly one place, packs are within bounds, and the manifest is valid.
    #[test]
    fn packs_cover_the_files(sizes in proptest::collection::vec(0_u64..500, 1..40), max in 1_u64..300) {
        let files: Vec<_> = sizes.iter().enumerate().map(|(i, size)| (format!("f{i:03}"), *size)).collect();
        let (found, hashes): (Vec<_>, Vec<_>) = files
            .iter()
            // One content in three occurs again.
            .map(|(path, size)| (found(path, *size), content_hash(format!("{}-{size}", size % 3).as_bytes())))
            .unzip();
        let plan = Plan::new(found, &hashes, None, max, &|_| true);
        for pack in plan.packs() {
            prop_assert!(pack.len >= 1 && pack.len <= max);
            prop_assert_eq!(pack.pieces.iter().map(|p| p.len).sum::<u64>(), pack.len);
        }
        for (index, file) in plan.files().iter().enumerate() {
            let pieces: Vec<_> =
                plan.packs().iter().flat_map(|p| &p.pieces).filter(|p| p.file == index).collect();
            if !pieces.is_empty() {
                let mut next = 0;
                for piece in &pieces {
                    prop_assert_eq!(piece.offset, next);
                    next += piece.len;
                }
                prop_assert_eq!(next, file.found.size());
                prop_assert!(file.found.size() > max || pieces.len() == 1);
            }
        }
        let manifest = published(&plan, 0);
        prop_assert_eq!(Manifest::decode(&manifest.encode().unwrap()).unwrap(), manifest);
    }
}
