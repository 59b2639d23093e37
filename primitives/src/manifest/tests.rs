#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    content::ReadKey,
    object::{ObjectId, sealed_len},
};
use alloc::{format, string::ToString, vec};
use proptest::prelude::*;

fn object(plain_len: u64) -> ContentRef {
    let sealed_len = sealed_len(plain_len).unwrap();
    ContentRef { object: ObjectId([1; 32]), group: 0, sealed_len, key: Some(ReadKey([2; 32])) }
}

fn file(path: &str, offset: u64, len: u64) -> Entry {
    let extents = if len == 0 { vec![] } else { vec![Extent { object: 0, offset, len }] };
    Entry { path: path.into(), size: len, mtime: -1, mode: 0o644, hash: [3; 32], extents }
}

fn site() -> Manifest {
    let entries = vec![file("a.txt", 0, 10), file("dir/b", 10, 90), file("dir/empty", 0, 0), file("dir-c", 0, 1)];
    let mut manifest = Manifest { objects: vec![object(100)], entries };
    manifest.entries.sort_by(|one, other| one.path.cmp(&other.path));
    manifest
}

#[test]
fn what_is_written_is_read() {
    for manifest in [site(), Manifest::default()] {
        let bytes = manifest.encode().unwrap();
        assert!(bytes.starts_with(b"MGM1"));
        assert_eq!(Manifest::decode(&bytes), Ok(manifest));
    }
}

#[test]
fn files_are_found_by_path_and_folder() {
    let site = site();
    assert_eq!(site.find("dir/b").unwrap().size, 90);
    assert_eq!(site.find("dir"), None);
    let below = |folder| site.below(folder).map(|entry| entry.path.as_str()).collect::<Vec<_>>();
    assert_eq!(below("dir"), ["dir/b", "dir/empty"]);
    assert_eq!(below(""), ["a.txt", "dir-c", "dir/b", "dir/empty"]);
    assert!(below("di").is_empty() && below("a.txt").is_empty() && below("zzz").is_empty());
    assert_eq!(site.total_size(), 101);
}

#[test]
fn what_is_no_manifest_is_told_from_one_of_another_version() {
    assert_eq!(Manifest::decode(b"MGM2\0\0"), Err(ManifestError::UnknownVersion));
    assert_eq!(Manifest::decode(b"<html>"), Err(ManifestError::NotAManifest));
    assert_eq!(Manifest::decode(b"<h"), Err(ManifestError::NotAManifest));
    assert_eq!(Manifest::decode(b""), Err(ManifestError::Damaged));
}

/// One file in `pieces` of `len` bytes each, as they are written without the checks of [`Manifest::encode`].
fn in_pieces(pieces: usize, len: u64) -> (Manifest, Vec<u8>) {
    let extents = vec![Extent { object: 0, offset: 0, len }; pieces];
    let size = len * count_of(&extents);
    let entry = Entry { path: "a".into(), size, mtime: 0, mode: 0, hash: [0; 32], extents };
    let manifest = Manifest { objects: vec![object(1 << 20)], entries: vec![entry] };
    let bytes = (*MAGIC, &manifest.objects, &manifest.entries).encode();
    (manifest, bytes)
}

#[test]
fn a_manifest_that_takes_much_more_memory_than_bytes_is_refused() {
    // Extents of three bytes each, 24 in memory.
    for pieces in [100, 10_000] {
        let (manifest, bytes) = in_pieces(pieces, 1);
        assert_eq!(manifest.check(), Ok(()));
        assert_eq!(Manifest::decode(&bytes), Err(ManifestError::Expands));
        assert_eq!(manifest.encode(), Err(ManifestError::Expands));
        // A cut one is refused for the same reason, before it is decoded to its end.
        let mut cut = bytes.clone();
        cut.pop();
        assert!(Manifest::decode(&cut).is_err());
    }
    // Pieces as publishers make them, of 16 KiB and more.
    for pieces in [1, 100, 10_000] {
        let (manifest, bytes) = in_pieces(pieces, 16 << 10);
        assert_eq!(manifest.encode().as_ref(), Ok(&bytes));
        assert_eq!(Manifest::decode(&bytes), Ok(manifest));
    }
    // The shortest entries.
    let entries = (0..10_000).map(|number| file(&format!("{number:05}"), 0, 0)).collect();
    let manifest = Manifest { objects: vec![], entries };
    assert_eq!(Manifest::decode(&manifest.encode().unwrap()), Ok(manifest));
}

#[test]
fn weights_are_no_less_than_the_sizes_in_memory() {
    assert!(size_of::<ContentRef>() <= OBJECT_WEIGHT);
    assert!(size_of::<Entry>() <= ENTRY_WEIGHT);
    assert!(size_of::<Extent>() <= EXTENT_WEIGHT);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = site().encode().unwrap();
    for len in 0..bytes.len() {
        assert_eq!(Manifest::decode(&bytes[..len]), Err(ManifestError::Damaged), "{len} bytes");
    }
}

#[test]
fn trailing_bytes_are_refused() {
    let bytes = [site().encode().unwrap(), vec![0, 0]].concat();
    assert_eq!(Manifest::decode(&bytes), Err(ManifestError::TrailingBytes(2)));
}

/// The bytes of a manifest that `encode` would refuse to write.
fn forged(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    (&manifest.objects, &manifest.entries).encode_to(&mut bytes);
    bytes
}

fn refused(change: impl FnOnce(&mut Manifest)) -> ManifestError {
    let mut manifest = site();
    change(&mut manifest);
    let error = Manifest::decode(&forged(&manifest)).unwrap_err();
    assert_eq!(manifest.encode(), Err(error.clone()));
    error
}

#[test]
fn paths_that_could_escape_are_refused() {
    let long = "x/".repeat(2048) + "y";
    let cases = [
        ("", PathError::Empty),
        ("/etc/passwd", PathError::Absolute),
        ("/", PathError::Absolute),
        ("..", PathError::DotSegment),
        ("../secret", PathError::DotSegment),
        ("a/../../b", PathError::DotSegment),
        ("a/..", PathError::DotSegment),
        ("./a", PathError::DotSegment),
        ("a/./b", PathError::DotSegment),
        ("a//b", PathError::EmptySegment),
        ("a/", PathError::EmptySegment),
        ("a\0b", PathError::Nul),
        (long.as_str(), PathError::TooLong),
        (&"z".repeat(256), PathError::TooLong),
    ];
    for (path, error) in cases {
        assert_eq!(check_path(path), Err(error), "{path:?}");
        let found = refused(|site| site.entries = vec![file(path, 0, 1)]);
        assert_eq!(found, ManifestError::Path { path: path.into(), error });
    }
}

#[test]
fn odd_paths_that_stay_inside_are_kept() {
    let odd =
        ["...", "..a", "a..", ".hidden", " ", "\n", "a\\b", "C:x", "ü/日本/🦀", "a b?c#d%20", "~", "-rf", "\u{202e}x"];
    for path in odd {
        assert_eq!(check_path(path), Ok(()), "{path:?}");
    }
    let mut site = site();
    site.entries = odd.map(|path| file(path, 0, 1)).to_vec();
    site.entries.sort_by(|one, other| one.path.cmp(&other.path));
    assert_eq!(Manifest::decode(&site.encode().unwrap()), Ok(site));
}

#[test]
fn order_and_uniqueness_are_required() {
    assert_eq!(refused(|site| site.entries.swap(0, 1)), ManifestError::Unsorted("a.txt".into()));
    let twice = |site: &mut Manifest| site.entries.insert(0, site.entries[0].clone());
    assert_eq!(refused(twice), ManifestError::Duplicate("a.txt".into()));
}

#[test]
fn a_file_cannot_also_be_a_folder() {
    // Another entry sorts between the two.
    let paths = ["x", "x-y", "x/y/z"];
    let error = refused(|site| site.entries = paths.map(|path| file(path, 0, 1)).to_vec());
    assert_eq!(error, ManifestError::FileIsFolder("x".into()));
    let paths = ["x/y", "x/y/z"];
    let error = refused(|site| site.entries = paths.map(|path| file(path, 0, 1)).to_vec());
    assert_eq!(error, ManifestError::FileIsFolder("x/y".into()));
}

#[test]
fn extents_must_be_within_their_objects_and_add_up() {
    let with = |extent: Extent, size: u64| {
        refused(|site| {
            site.entries[0].extents = vec![extent];
            site.entries[0].size = size;
        })
    };
    let bad = ManifestError::BadExtent("a.txt".into());
    assert_eq!(with(Extent { object: 1, offset: 0, len: 1 }, 1), bad);
    assert_eq!(with(Extent { object: 0, offset: 100, len: 1 }, 1), bad);
    assert_eq!(with(Extent { object: 0, offset: 0, len: 101 }, 101), bad);
    assert_eq!(with(Extent { object: 0, offset: 1, len: u64::MAX }, u64::MAX), bad);
    assert_eq!(with(Extent { object: 0, offset: 0, len: 0 }, 0), bad);
    let wrong = ManifestError::WrongSize("a.txt".into());
    assert_eq!(with(Extent { object: 0, offset: 0, len: 10 }, 11), wrong);
    assert_eq!(refused(|site| site.entries[0].extents.clear()), wrong);
}

#[test]
fn objects_need_a_key_and_a_possible_length() {
    assert_eq!(refused(|site| site.objects[0].key = None), ManifestError::BadObject(0));
    assert_eq!(refused(|site| site.objects[0].sealed_len = 16), ManifestError::BadObject(0));
}

#[test]
fn mode_bits_are_permissions_only() {
    assert_eq!(refused(|site| site.entries[0].mode = 0o100_644), ManifestError::BadMode("a.txt".into()));
}

#[test]
fn a_claimed_length_takes_no_memory() {
    let objects = [MAGIC.to_vec(), codec::Compact(u32::MAX).encode()].concat();
    assert_eq!(Manifest::decode(&objects), Err(ManifestError::Damaged));
}

#[test]
fn errors_name_the_path_and_hide_control_characters() {
    let error = refused(|site| site.entries = vec![file("a\n/../b", 0, 1)]);
    assert!(error.to_string().contains(r#""a\n/../b""#), "{error}");
    assert_eq!(format!("{:?}", site().objects[0].key), "Some(ReadKey(hidden))");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Manifest::decode(&bytes);
        let _ = Manifest::decode(&[MAGIC.as_slice(), &bytes].concat());
    }

    #[test]
    fn a_damaged_manifest_is_refused_or_still_safe(at in any::<usize>(), value in any::<u8>()) {
        let mut bytes = site().encode().unwrap();
        let len = bytes.len();
        bytes[at % len] = value;
        if let Ok(manifest) = Manifest::decode(&bytes) {
            // One set of files has one encoding, so what is read is what was there.
            prop_assert_eq!(manifest.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn safe_paths_do_not_leave_their_folder(path in ".{0,20}|[./\\\\a\0]{0,12}") {
        if check_path(&path).is_ok() {
            let parts: Vec<_> = std::path::Path::new(&path).components().collect();
            prop_assert!(parts.iter().all(|part| matches!(part, std::path::Component::Normal(_))));
            prop_assert_eq!(parts.len(), path.split('/').count());
        }
    }

    #[test]
    fn sorted_files_are_read_back(paths in prop::collection::btree_set("[a-z]{1,4}(/[a-z]{1,4}){0,3}", 0..40)) {
        let entries = paths.iter().map(|path| file(path, 0, 7)).collect();
        let manifest = Manifest { objects: vec![object(7)], entries };
        match manifest.encode() {
            Ok(bytes) => prop_assert_eq!(Manifest::decode(&bytes), Ok(manifest)),
            Err(error) => prop_assert!(matches!(error, ManifestError::FileIsFolder(_))),
        }
    }
}
