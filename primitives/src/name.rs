//! Names: valid labels, look-alikes, prices, and when names lapse.
//!
//! - this module: labels, subnames (`blog.alice`), look-alikes;
//! - [`commitment`]: claiming a label without revealing it;
//! - [`lifecycle`]: active, grace, premium, lapsed; rent and premium;
//! - [`records`]: texts, addresses and keys of a name;
//! - [`stored`]: all of it as the chain stores it, for readers of proofs.

pub mod commitment;
pub mod lifecycle;
pub mod records;
pub mod stored;

pub use commitment::{Secret, commitment};
pub use lifecycle::{MAX_YEARS, NameParams, NameStatus, Quote};
pub use records::{MAX_RECORD_KEY, MAX_RECORD_VALUE, MAX_RECORDS, RecordKey, RecordValue};
pub use stored::{StoredName, StoredRecord, StoredSubname, SubnameDelegate};

use alloc::vec::Vec;

/// Bytes of the shortest label.
pub const MIN_LABEL: usize = 3;
/// Bytes of the longest label; a skeleton is never longer than its label.
pub const MAX_LABEL: usize = 63;
/// Bytes of the longest name: a subname with its dot.
pub const MAX_NAME: usize = 2 * MAX_LABEL + 1;
/// The most subnames of a label.
pub const MAX_SUBNAMES: u32 = 128;
/// The most accounts that may write for a label in addition to its owner.
pub const MAX_DELEGATES: u32 = 8;
/// Versions of a label's content that are remembered for a rollback.
pub const MAX_HISTORY: u32 = 16;
/// The most commitments that an account can have at a time.
pub const MAX_COMMITMENTS: u32 = 32;

/// Why a label is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// No bytes at all, as on one side of a dot.
    #[error("a part of the name is empty: remove the dot, or write something on both sides of it")]
    Empty,
    /// More than one dot.
    #[error("a name has at most one dot, as in blog.alice: subnames have no subnames")]
    TooDeep,
    /// Fewer than [`MIN_LABEL`] bytes.
    #[error("a name has at least {MIN_LABEL} characters: choose a longer one")]
    TooShort,
    /// More than [`MAX_LABEL`] bytes.
    #[error("a name has at most {MAX_LABEL} characters: choose a shorter one")]
    TooLong,
    /// Something other than `a-z`, `0-9` and `-`.
    #[error("a name is made of a-z, 0-9 and hyphens only (lower case): replace character {position}")]
    BadCharacter {
        /// Its position, counted in bytes from 1.
        position: usize,
    },
    /// A hyphen begins or ends it.
    #[error("a name can't begin or end with a hyphen: remove it")]
    EdgeHyphen,
    /// Hyphens in both the third and the fourth place, which DNS keeps for encodings such as `xn--`.
    #[error("a name can't have hyphens in both its third and fourth place: remove one")]
    ReservedHyphens,
}

/// A label, as it is stored. The bound is [`MAX_LABEL`].
pub type Label = bounded_collections::BoundedVec<u8, bounded_collections::ConstU32<63>>;

/// Checks that a label can be a name: 3 to 63 bytes of `a-z`, `0-9` and `-`, no hyphen at an edge, and not hyphens in
/// both the third and the fourth place.
///
/// # Errors
/// [`LabelError`] about the first rule that it breaks.
pub fn check_label(label: &[u8]) -> Result<(), LabelError> {
    if label.len() < MIN_LABEL {
        return Err(LabelError::TooShort);
    }
    check_sub_label(label)
}

/// Checks that a label can be a subname, as `blog` in `blog.alice`: the rules of [`check_label`], except that one character is
/// enough.
///
/// # Errors
/// [`LabelError`] about the first rule that it breaks.
pub fn check_sub_label(label: &[u8]) -> Result<(), LabelError> {
    if label.is_empty() {
        return Err(LabelError::Empty);
    }
    if label.len() > MAX_LABEL {
        return Err(LabelError::TooLong);
    }
    if let Some(index) = label.iter().position(|byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        return Err(LabelError::BadCharacter { position: index + 1 });
    }
    if label.first() == Some(&b'-') || label.last() == Some(&b'-') {
        return Err(LabelError::EdgeHyphen);
    }
    if label.get(2..4) == Some(b"--") {
        return Err(LabelError::ReservedHyphens);
    }
    Ok(())
}

/// Splits a name into subname and label: `alice` has no subname, `blog.alice` has.
///
/// # Errors
/// [`LabelError`] about the first rule that it breaks.
pub fn split_name(name: &str) -> Result<(Option<&str>, &str), LabelError> {
    let (sub, label) = match name.split_once('.') {
        Some((_, rest)) if rest.contains('.') => return Err(LabelError::TooDeep),
        Some((sub, label)) => (Some(sub), label),
        None => (None, name),
    };
    if label.is_empty() {
        return Err(LabelError::Empty);
    }
    if let Some(sub) = sub {
        check_sub_label(sub.as_bytes())?;
    }
    check_label(label.as_bytes())?;
    Ok((sub, label))
}

/// Returns the skeleton of a label: labels that look alike at a glance have the same one, and must belong to the same owner.
///
/// In this order: hyphens are dropped; `0` becomes `o`, `1` and `i` become `l`, `2` becomes `z`, `5` becomes `s`, `8`
/// becomes `b`; `m` is spelled out as `rn` and `w` as `vv`; then, from the left, each `rn` is written `m` and each
/// `vv` `w`. Spelling out first makes `vw`, `wv` and `vvv` one. The result is never longer than the label, and it is
/// its own skeleton.
pub fn skeleton(label: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(label.len());
    let mut push = |byte: u8| match (out.last_mut(), byte) {
        (Some(last @ b'r'), b'n') => *last = b'm',
        (Some(last @ b'v'), b'v') => *last = b'w',
        _ => out.push(byte),
    };
    for &byte in label {
        match byte {
            b'-' => {}
            b'0' => push(b'o'),
            b'1' | b'i' => push(b'l'),
            b'2' => push(b'z'),
            b'5' => push(b's'),
            b'8' => push(b'b'),
            b'm' => b"rn".iter().copied().for_each(&mut push),
            b'w' => b"vv".iter().copied().for_each(&mut push),
            other => push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
