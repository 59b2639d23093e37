#![allow(clippy::unwrap_used)]

use super::{
    InitOptions, Marker, Store, StoreError, init,
    testing::{FakeObject, files},
};
use std::{fs, path::Path};

const SLOT: u8 = 3;

fn filled() -> (tempfile::TempDir, FakeObject) {
    let base = tempfile::tempdir().unwrap();
    init(base.path(), "peer", InitOptions::default()).unwrap();
    let object = FakeObject::new(1, 1 << 19);
    object.store(&Store::open(base.path()).unwrap(), SLOT, 1);
    (base, object)
}

fn refusal(base: &Path) -> StoreError {
    match Store::open(base) {
        Err(error) => error,
        Ok(_) => panic!("it opened"),
    }
}

#[test]
fn a_folder_that_was_not_made_for_a_worker_is_refused_and_left_as_it_is() {
    let base = tempfile::tempdir().unwrap();
    let error = refusal(base.path());
    assert!(matches!(error, StoreError::NotInitialized { .. }), "{error}");
    assert!(error.to_string().contains("meganet-worker init"), "{error}");
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn a_base_path_is_made_once() {
    let (base, _) = filled();
    let before = Marker::read(base.path()).unwrap();
    let again = init(base.path(), "other", InitOptions::default()).unwrap_err();
    assert!(matches!(again, StoreError::AlreadyInitialized { .. }), "{again}");
    init(base.path(), "other", InitOptions { another: true, ..InitOptions::default() }).unwrap();
    let after = Marker::read(base.path()).unwrap();
    assert_eq!((after.peer_id.as_str(), after.another), ("peer", true));
    assert_eq!(after.store().unwrap(), before.store().unwrap());
    assert_eq!(files(base.path()), 1);
}

#[test]
fn a_disk_of_shards_that_is_not_mounted_or_is_another_ones_is_refused() {
    let (base, object) = filled();
    let (shards, away) = (base.path().join("shards"), base.path().join("away"));
    fs::rename(&shards, &away).unwrap();
    assert!(matches!(refusal(base.path()), StoreError::ShardsMissing { .. }));
    // The empty folder under a mount point.
    fs::create_dir(&shards).unwrap();
    let error = refusal(base.path());
    assert!(error.to_string().contains("--shards-lost"), "{error}");
    let (other, _) = filled();
    fs::remove_dir(&shards).unwrap();
    fs::rename(other.path().join("shards"), &shards).unwrap();
    assert!(matches!(refusal(base.path()), StoreError::ShardsMissing { .. }));
    fs::rename(&shards, other.path().join("shards")).unwrap();
    // Mounted again, nothing is missing.
    fs::rename(&away, &shards).unwrap();
    let store = Store::open(base.path()).unwrap();
    assert!(store.frames(&object.key(SLOT), 0, 1).is_ok());
}

#[test]
fn shards_that_are_given_up_are_missing_and_the_store_stays_the_same() {
    let (base, object) = filled();
    let before = Marker::read(base.path()).unwrap();
    fs::remove_dir_all(base.path().join("shards")).unwrap();
    init(base.path(), "peer", InitOptions { shards_lost: true, ..InitOptions::default() }).unwrap();
    assert_eq!(Marker::read(base.path()).unwrap(), before);
    let store = Store::open(base.path()).unwrap();
    assert_eq!(store.differences(object.id().0[0]).unwrap().lost, vec![object.key(SLOT)]);
}

#[test]
fn a_marker_of_another_version_is_not_called_damaged() {
    let (base, _) = filled();
    let path = base.path().join(super::marker::FILE);
    for text in [
        r#"{"format": 7, "store": "", "peer_id": "peer"}"#,
        // As no version writes it yet: keys that are missing, new, or of another type.
        r#"{"format": 7}"#,
        r#"{"format": 7, "stores": ["00"], "identity": {"peer": "peer"}}"#,
        r#"{"format": 7, "store": {"id": 1}, "peer_id": null, "another": "yes"}"#,
    ] {
        fs::write(&path, text).unwrap();
        for error in [refusal(base.path()), init(base.path(), "peer", InitOptions::default()).unwrap_err()] {
            assert!(matches!(error, StoreError::Format { found: 7, .. }), "{text}: {error}");
            let error = error.to_string();
            assert!(error.contains("another version") && !error.contains("remove"), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    // Of this format, or of none.
    for text in [r#"{"format": 1}"#, r#"{"store": "00"}"#, "{", ""] {
        fs::write(&path, text).unwrap();
        assert!(matches!(refusal(base.path()), StoreError::Marker { .. }), "{text}");
    }
}

#[test]
fn that_an_index_was_synced_ends_with_it() {
    let (base, _) = filled();
    let open = || Store::open(base.path()).unwrap();
    assert!(!open().was_synced());
    open().set_synced().unwrap();
    assert!(open().was_synced());
    fs::rename(base.path().join("index"), base.path().join("index.away")).unwrap();
    assert!(!open().was_synced(), "what is missing is not known yet");
}

#[test]
fn an_index_of_another_store_is_refused() {
    let ((base, _), (other, _)) = (filled(), filled());
    fs::remove_dir_all(base.path().join("index")).unwrap();
    fs::rename(other.path().join("index"), base.path().join("index")).unwrap();
    let error = refusal(base.path());
    assert!(matches!(error, StoreError::ForeignIndex { .. }), "{error}");
    // Moved away, the shards are adopted.
    fs::remove_dir_all(base.path().join("index")).unwrap();
    let store = Store::open(base.path()).unwrap();
    let unknown: Vec<_> = (0..=u8::MAX).flat_map(|first| store.differences(first).unwrap().unknown).collect();
    assert_eq!(unknown.len(), 1);
}

#[test]
fn a_lost_marker_is_made_again_around_the_shards_and_a_damaged_one_says_so() {
    let (base, _) = filled();
    let id = Marker::read(base.path()).unwrap().store().unwrap();
    let path = base.path().join(super::marker::FILE);
    fs::write(&path, "{\"format\": 1, \"store\": \"zz\", \"peer_id\": \"peer\"}").unwrap();
    let error = refusal(base.path());
    assert!(matches!(error, StoreError::Marker { .. }), "{error}");
    fs::remove_file(&path).unwrap();
    init(base.path(), "peer", InitOptions::default()).unwrap();
    assert_eq!(Marker::read(base.path()).unwrap().store().unwrap(), id);
    assert!(Store::open(base.path()).is_ok());
}
