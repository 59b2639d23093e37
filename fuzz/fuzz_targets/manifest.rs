//! Manifests: every manifest that decodes is safe, and encodes to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meganet_primitives::manifest::{check_path, Manifest, MAGIC};

fuzz_target!(|bytes: &[u8]| {
    // Most inputs would fail at the magic, so it is put before them.
    let bytes = [MAGIC.as_slice(), bytes].concat();
    let Ok(manifest) = Manifest::decode(&bytes) else { return };
    assert_eq!(manifest.encode().as_deref(), Ok(bytes.as_slice()));
    for entry in &manifest.entries {
        assert_eq!(check_path(&entry.path), Ok(()));
        assert_eq!(manifest.find(&entry.path), Some(entry));
    }
    assert_eq!(manifest.below("").count(), manifest.entries.len());
});
