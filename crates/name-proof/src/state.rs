//! What is read out of a block's state, under which keys, and the proof of it.
//!
//! The keys are those of the chain's state trie: hashes of the pallet's and the item's name (`twox_128`), and for maps
//! each key (SCALE) behind its `blake2_128`. The proof is the SDK's compact one: the trie's nodes on the ways to the keys, the
//! root first, each without the hashes of the nodes that follow.

use crate::{Hash, one_line};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::{
    BlockNumber,
    name::{NameParams, StoredName, StoredSubname, stored},
};
use sp_crypto_hashing::{blake2_128, twox_128};
use sp_runtime::traits::BlakeTwo256;
use sp_trie::{CompactProof, CompactProofError, LayoutV1, Recorder, StorageProof, TrieError, read_trie_value};
use std::collections::BTreeSet;

/// The name of the pallet that keeps names.
const NAMES: &[u8] = b"Names";

type Layout = LayoutV1<BlakeTwo256>;

/// The key of a label's record.
pub fn name_key(label: &str) -> Vec<u8> {
    [item(NAMES, b"Names"), hashed(label)].concat()
}

/// The key of the record of a label below a label.
pub fn subname_key(label: &str, sub: &str) -> Vec<u8> {
    [item(NAMES, b"Subnames"), hashed(label), hashed(sub)].concat()
}

/// The key of prices and times.
pub fn params_key() -> Vec<u8> {
    item(NAMES, b"CurrentParams")
}

/// The key of the form in which names are stored: the pallet's storage version, a u16.
pub fn layout_key() -> Vec<u8> {
    item(NAMES, b":__STORAGE_VERSION__:")
}

/// The key of the block's time: a u64, milliseconds since 1970.
pub fn time_key() -> Vec<u8> {
    item(b"Timestamp", b"Now")
}

/// All keys whose values tell what a name leads to in block `now`, where the label's record is `record`. Prices and times are
/// among them only where they matter: not for a label that is paid for, nor for one without a record.
pub fn keys(label: &str, sub: Option<&str>, record: Option<&[u8]>, now: BlockNumber) -> Vec<Vec<u8>> {
    let mut keys = vec![layout_key(), time_key(), name_key(label)];
    let name = record.and_then(|mut bytes| StoredName::decode_all(&mut bytes).ok());
    if has_run_out(name.as_ref(), now) {
        keys.push(params_key());
    }
    keys.extend(sub.map(|sub| subname_key(label, sub)));
    keys
}

/// Whether it depends on prices and times what a name leads to.
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

/// What a block's state says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The block's time, in milliseconds since 1970.
    pub time: u64,
    /// Prices and times of names; those of a live chain where they don't matter.
    pub params: NameParams,
    /// The label's record, if it has one.
    pub name: Option<StoredName>,
    /// The record of the label below it, if that was asked for and there is one.
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
    /// Its nodes are no trie.
    #[error("the proof's nodes don't fit together ({0}): the answer was tampered with, or cut off; ask another node")]
    BadNodes(String),
    /// A node on the way to a value lacks.
    #[error("the proof does not reach {0}: the answer is incomplete; ask another node")]
    Unproven(&'static str),
    /// Nodes on the way to nothing.
    #[error("the proof has nodes that are not needed: the answer was padded; ask another node")]
    UnusedNodes,
    /// There should be a value.
    #[error("the block has no {0}: the chain is not one of Meganet, or a newer one than this program; update it")]
    Missing(&'static str),
    /// A value that does not decode.
    #[error("{what} is in a form that this program does not know ({reason}): update it")]
    Undecodable {
        /// What it is.
        what: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// Names are stored in another form.
    #[error("the chain stores names in form {found}, and this program knows form {known}: update it")]
    OtherLayout {
        /// The chain's.
        found: u16,
        /// The program's.
        known: u16,
    },
}

/// Makes a node's proof compact.
///
/// # Errors
/// [`StateError::BadNodes`] if it is not one of this root.
pub fn compact(proof: &StorageProof, root: Hash) -> Result<Vec<Vec<u8>>, StateError> {
    let compact = proof.to_compact_proof::<BlakeTwo256>(root);
    compact.map(|proof| proof.encoded_nodes).map_err(|error| StateError::BadNodes(format!("{error:?}")))
}

/// Reads what the state of block `now` says about a name out of a proof.
///
/// # Errors
/// [`StateError`] says what is wrong with the proof, or with what it proves.
pub fn read(
    nodes: &[Vec<u8>],
    root: Hash,
    label: &str,
    sub: Option<&str>,
    now: BlockNumber,
) -> Result<Facts, StateError> {
    let proof = CompactProof { encoded_nodes: nodes.to_vec() };
    let (db, _) = proof.to_memory_db::<BlakeTwo256>(&root).map_err(|error| match error {
        CompactProofError::RootMismatch(found, expected) => StateError::OtherRoot { expected, found },
        CompactProofError::TrieError(error) => match *error {
            TrieError::<Layout>::IncompleteDatabase(_) => StateError::BadNodes("one lacks".into()),
            other => StateError::BadNodes(format!("{other:?}")),
        },
        other => StateError::BadNodes(format!("{other:?}")),
    })?;
    let mut recorder = Recorder::<Layout>::new();
    let mut get = |what: &'static str, key: Vec<u8>| {
        let value = read_trie_value::<Layout, _>(&db, &root, &key, Some(&mut recorder), None);
        value.map_err(|_| StateError::Unproven(what))
    };
    let known = stored::LAYOUT;
    match need("form of names", get("the form of names", layout_key())?)? {
        found if found == known => {}
        found => return Err(StateError::OtherLayout { found, known }),
    }
    let time = need("time", get("the block's time", time_key())?)?;
    let name: Option<StoredName> = decode("the name", get("the name", name_key(label))?)?;
    let params = match has_run_out(name.as_ref(), now) {
        true => decode("prices and times of names", get("the prices and times of names", params_key())?)?,
        false => None,
    };
    let sub = match sub {
        Some(sub) => decode("the name below the name", get("the name below the name", subname_key(label, sub))?)?,
        None => None,
    };
    let used: BTreeSet<Hash> = recorder.drain().into_iter().map(|record| record.hash).collect();
    if used.len() != nodes.len() {
        return Err(StateError::UnusedNodes);
    }
    // Where nothing has been written yet, as the pallet does it.
    Ok(Facts { time, params: params.unwrap_or_default(), name, sub })
}

fn need<T: Decode>(what: &'static str, bytes: Option<Vec<u8>>) -> Result<T, StateError> {
    decode(what, bytes)?.ok_or(StateError::Missing(what))
}

fn decode<T: Decode>(what: &'static str, bytes: Option<Vec<u8>>) -> Result<Option<T>, StateError> {
    let decoded = bytes.map(|bytes| T::decode_all(&mut &*bytes)).transpose();
    decoded.map_err(|error| StateError::Undecodable { what, reason: one_line(&error) })
}
