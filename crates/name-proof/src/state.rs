//! The values of a block's state that decide what a name resolves to: their keys, and reading them from a proof.
//!
//! The keys are those of the chain's state trie: hashes of the names of pallet and item (`twox_128`), followed in maps by each
//! key (SCALE) behind its `blake2_128`. The proof is the SDK's compact one: the trie's nodes on the paths to the keys, the root
//! first, each without the hashes of the nodes that follow.

use crate::{
    decode::one_line,
    header::Hash,
    trie::{self, CompactError, PartialTrie},
};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::{
    BlockNumber,
    name::{NameParams, StoredName, StoredSubname, stored},
};
use sp_crypto_hashing::{blake2_128, twox_128};

/// The name of the pallet that keeps names.
const NAMES: &[u8] = b"Names";

/// Returns the key of a label's record.
pub fn name_key(label: &str) -> Vec<u8> {
    [item(NAMES, b"Names"), hashed(label)].concat()
}

/// Returns the key of a subname's record.
pub fn subname_key(label: &str, sub: &str) -> Vec<u8> {
    [item(NAMES, b"Subnames"), hashed(label), hashed(sub)].concat()
}

/// Returns the key of the parameters of names: prices and periods.
pub fn params_key() -> Vec<u8> {
    item(NAMES, b"CurrentParams")
}

/// Returns the key of the version of the records' format: the pallet's storage version, a u16.
pub fn layout_key() -> Vec<u8> {
    item(NAMES, b":__STORAGE_VERSION__:")
}

/// Returns the key of the block's time: a u64, milliseconds since 1970.
pub fn time_key() -> Vec<u8> {
    item(b"Timestamp", b"Now")
}

/// Returns all keys whose values decide what a name resolves to in block `now`, if the label's record is `record`. The
/// parameters are among them only where they matter: not for a label that is paid for, nor for one without a record.
pub fn keys(label: &str, sub: Option<&str>, record: Option<&[u8]>, now: BlockNumber) -> Vec<Vec<u8>> {
    let mut keys = vec![layout_key(), time_key(), name_key(label)];
    let name = record.and_then(|mut bytes| StoredName::decode_all(&mut bytes).ok());
    if has_run_out(name.as_ref(), now) {
        keys.push(params_key());
    }
    keys.extend(sub.map(|sub| subname_key(label, sub)));
    keys
}

/// Returns true if a name's status depends on the parameters.
fn has_run_out(name: Option<&StoredName>, now: BlockNumber) -> bool {
    name.is_some_and(|name| now >= name.expires)
}

fn item(pallet: &[u8], name: &[u8]) -> Vec<u8> {
    [twox_128(pallet), twox_128(name)].concat()
}

fn hashed(label: &str) -> Vec<u8> {
    let key = label.as_bytes().encode();
    [&blake2_128(&key)[..], &key].concat()
}

/// The values of a block's state that decide what a name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The block's time, in milliseconds since 1970.
    pub time: u64,
    /// The parameters of names; those of a live chain where they don't matter.
    pub params: NameParams,
    /// The label's record, if it has one.
    pub name: Option<StoredName>,
    /// The subname's record, if one was asked for and exists.
    pub sub: Option<StoredSubname>,
}

/// Why a proof of a state is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Its nodes lead to another root.
    #[error(
        "the proof is of another state than this block's (root {found:?}, not {expected:?}): the answer was tampered with; ask another node"
    )]
    OtherRoot {
        /// The block's.
        expected: Hash,
        /// The proof's.
        found: Hash,
    },
    /// Its nodes are not a trie.
    #[error("the proof's nodes don't fit together ({0}): the answer was tampered with, or cut off; ask another node")]
    BadNodes(String),
    /// A node on the path to a value is missing.
    #[error("the proof does not reach {0}: the answer is incomplete; ask another node")]
    Unproven(&'static str),
    /// Nodes that are on no path to a value.
    #[error("the proof has nodes that are not needed: the answer was padded; ask another node")]
    UnusedNodes,
    /// A value that every chain of this network has is absent.
    #[error("the block has no {0}: the chain is not a Meganet, or newer than this program; update it")]
    Missing(&'static str),
    /// A value that does not decode.
    #[error("{what} is in a format that this program does not know ({reason}): update it")]
    Undecodable {
        /// The value.
        what: &'static str,
        /// The decoder's message.
        reason: String,
    },
    /// Names are stored in another format.
    #[error("the chain stores names in format {found}, and this program reads format {known}: update it")]
    OtherLayout {
        /// The chain's.
        found: u16,
        /// The program's.
        known: u16,
    },
}

/// Makes a compact proof from the nodes of a state trie on the paths to some keys.
///
/// # Errors
/// [`StateError::BadNodes`] if they are not nodes of the trie with this root.
pub fn compact(nodes: impl IntoIterator<Item = Vec<u8>>, root: Hash) -> Result<Vec<Vec<u8>>, StateError> {
    trie::compact(nodes, root).map_err(|error| refuse(error, root))
}

fn refuse(error: CompactError, expected: Hash) -> StateError {
    match error {
        CompactError::OtherRoot(found) => StateError::OtherRoot { expected, found },
        CompactError::BadNodes(reason) => StateError::BadNodes(reason),
    }
}

/// Reads from a compact proof what the state of block `now` holds about a name.
///
/// # Errors
/// [`StateError`] if the proof is wrong, or the state is not one that this program understands.
pub fn read(
    nodes: &[Vec<u8>],
    root: Hash,
    label: &str,
    sub: Option<&str>,
    now: BlockNumber,
) -> Result<Facts, StateError> {
    let mut trie = PartialTrie::new(nodes, root).map_err(|error| refuse(error, root))?;
    let mut get = |what: &'static str, key: Vec<u8>| trie.get(&key).map_err(|_| StateError::Unproven(what));
    let known = stored::LAYOUT;
    match need("version of names", get("the version of names", layout_key())?)? {
        found if found == known => {}
        found => return Err(StateError::OtherLayout { found, known }),
    }
    let time = need("time", get("the block's time", time_key())?)?;
    let name: Option<StoredName> = decode("the name", get("the name", name_key(label))?)?;
    let params = match has_run_out(name.as_ref(), now) {
        true => decode("the parameters of names", get("the parameters of names", params_key())?)?,
        false => None,
    };
    let sub = match sub {
        Some(sub) => decode("the subname", get("the subname", subname_key(label, sub))?)?,
        None => None,
    };
    if !trie.is_used_up() {
        return Err(StateError::UnusedNodes);
    }
    // Where nothing has been written yet, the pallet uses the default too.
    Ok(Facts { time, params: params.unwrap_or_default(), name, sub })
}

fn need<T: Decode>(what: &'static str, bytes: Option<Vec<u8>>) -> Result<T, StateError> {
    decode(what, bytes)?.ok_or(StateError::Missing(what))
}

fn decode<T: Decode>(what: &'static str, bytes: Option<Vec<u8>>) -> Result<Option<T>, StateError> {
    let decoded = bytes.map(|bytes| T::decode_all(&mut &*bytes)).transpose();
    decoded.map_err(|error| StateError::Undecodable { what, reason: one_line(&error) })
}
