//! Labels: a skeleton is short and equal to its own skeleton; a valid label is a valid host name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meganet_primitives::name::{check_label, skeleton, MAX_LABEL, MIN_LABEL};

fuzz_target!(|label: &[u8]| {
    let found = skeleton(label);
    assert!(found.len() <= label.len());
    assert_eq!(skeleton(&found), found);
    if check_label(label).is_ok() {
        assert!((MIN_LABEL..=MAX_LABEL).contains(&label.len()));
        assert!(label.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-'));
        assert!(!found.is_empty());
    }
});
