//! Names: which labels can be one, which look alike, what they cost, and when they lapse.
//!
//! - this file: labels, names below names (`blog.alice`), look-alikes;
//! - [`commitment`]: how a label is claimed without showing it;
//! - [`lifecycle`]: active, grace, premium, lapsed; rent and premium;
//! - [`records`]: what a name says besides its content;
//! - [`stored`]: all of it as the chain stores it, for who reads proofs.

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
/// Bytes of the longest name: a label below a label, with the dot between them.
pub const MAX_NAME: usize = 2 * MAX_LABEL + 1;
/// The most names that there can be below one label.
pub const MAX_SUBNAMES: u32 = 128;
/// The most accounts that may write for a label besides its owner.
pub const MAX_DELEGATES: u32 = 8;
/// How many versions of a label's content are remembered for a rollback.
pub const MAX_HISTORY: u32 = 16;
/// The most commitments that an account can have at a time.
pub const MAX_COMMITMENTS: u32 = 32;

/// Why a label is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// No bytes at all, as on one side of a dot.
    #[error("a part of the name is empty: remove the dot or write something beside it")]
    Empty,
    /// More than one dot.
    #[error("a name has one dot at most, as in blog.alice: there are no names below names below names")]
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
        /// Where, counted in bytes from 1.
        position: usize,
    },
    /// A hyphen begins or ends it.
    #[error("a name neither begins nor ends with a hyphen: remove it")]
    EdgeHyphen,
    /// Hyphens in both the third and the fourth place, which DNS keeps for encodings such as `xn--`.
    #[error("a name has no two hyphens in its third and fourth place: remove one")]
    ReservedHyphens,
}

/// A label, as it is stored. The bound is [`MAX_LABEL`].
pub type Label = bounded_collections::BoundedVec<u8, bounded_collections::ConstU32<63>>;

/// Checks that a label can be a name: 3 to 63 bytes of `a-z`, `0-9` and `-`, no hyphen at an edge, and not hyphens in
/// both the third and the fourth place.
///
/// # Errors
/// [`LabelError`] says which rule it breaks.
pub fn check_label(label: &[u8]) -> Result<(), LabelError> {
    if label.len() < MIN_LABEL {
        return Err(LabelError::TooShort);
    }
    check_sub_label(label)
}

/// Checks that a label can stand below a name, as `blog` in `blog.alice`: the rules of [`check_label`], from one
/// character on.
///
/// # Errors
/// [`LabelError`] says which rule it breaks.
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

/// Takes a name apart: `alice` is a label, `blog.alice` a label below one.
///
/// # Errors
/// [`LabelError`] says which rule it breaks.
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

/// What a label looks like at a glance: two labels with equal skeletons must belong to the same owner.
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
