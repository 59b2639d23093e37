//! The answers of `name_v1`.

use crate::{
    BlockRef,
    json::{Content, address, hex_bytes},
};
use meganet_primitives::{
    chain::{Availability, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    name::{NameStatus, Quote, RecordKey, split_name},
};
use serde::Serialize;

/// The answer of `name_v1_resolve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolveAnswer {
    /// The requested name.
    pub name: String,
    /// The label: the name, or the part after its dot.
    pub label: String,
    /// The address of the label's owner, or of the last one if it has lapsed.
    pub owner: String,
    /// The content; null if there is none or the label has lapsed.
    pub content: Option<Content>,
    /// The number of changes of the content.
    pub version: u32,
    /// Block of the last change.
    pub updated: u32,
    /// The block until which the label is paid for.
    pub expires: u32,
    /// `active`, `grace`, `premium` or `lapsed`; the label works in the first two.
    pub status: NameStatus,
    /// The block that this was read at.
    pub block: BlockRef,
}

impl ResolveAnswer {
    /// Converts a resolution that was read at a block.
    pub fn new(name: String, resolution: Resolution, block: BlockRef) -> Self {
        let label = split_name(&name).map_or(name.as_str(), |(_, label)| label).to_owned();
        Self {
            name,
            label,
            owner: address(&resolution.owner),
            content: resolution.content.map(Content::from),
            version: resolution.version,
            updated: resolution.updated,
            expires: resolution.expires,
            status: resolution.status,
            block,
        }
    }
}

/// The answer of `name_v1_resolveMany`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolveManyAnswer {
    /// One entry for each name, in the order of the request; null if it does not exist.
    pub names: Vec<Option<ResolveAnswer>>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// An item of the subscription to a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The name.
    pub name: String,
    /// The resolution; null if the name does not exist.
    pub resolution: Option<ResolveAnswer>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NameEntry {
    /// The label.
    pub label: String,
    /// The address of its owner, or of the last one if it has lapsed.
    pub owner: String,
    /// The content; null until it is set. It must not be used once the name has lapsed.
    pub content: Option<Content>,
    /// The number of changes of the content.
    pub version: u32,
    /// Block of registration.
    pub registered: u32,
    /// Block of the last change.
    pub updated: u32,
    /// The block until which it is paid for.
    pub expires: u32,
    /// `active`, `grace`, `premium` or `lapsed`; it works in the first two.
    pub status: NameStatus,
    /// The deposit held for it, its records and its subnames, in planck.
    pub deposit: String,
}

/// A record of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// Text under a key.
    Text {
        /// The key, as in ENSIP-5.
        key: String,
        /// The text.
        value: String,
    },
    /// An address on a chain.
    Address {
        /// The chain's coin type, as in SLIP-44.
        coin: u32,
        /// The address in that chain's binary form, in hex.
        value: String,
    },
    /// The X25519 key to which messages for the owner are encrypted.
    EncryptionKey {
        /// The key in hex.
        value: String,
    },
}

/// Everything stored about a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NameReport {
    /// The name.
    #[serde(flatten)]
    pub name: NameEntry,
    /// Its records; empty once it has lapsed.
    pub records: Vec<Record>,
    /// The addresses of its delegates; empty once it has lapsed.
    pub delegates: Vec<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A page of an account's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamePage {
    /// The names, in the order of the chain's storage.
    pub names: Vec<NameEntry>,
    /// The `after` of the next page; null at the end.
    pub next: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A subname.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnameEntry {
    /// The part before the dot.
    pub label: String,
    /// The content.
    pub content: Option<Content>,
    /// The number of changes of the content.
    pub version: u32,
    /// Block of the last change.
    pub updated: u32,
    /// The address of the account that may change its content, in addition to those that may for the label.
    pub delegate: Option<String>,
}

/// A page of subnames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnamePage {
    /// The names, in the order of the chain's storage.
    pub names: Vec<SubnameEntry>,
    /// The `after` of the next page; null at the end.
    pub next: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A version in the history of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// The block in which the content was set.
    pub block: u32,
    /// The content.
    pub content: Option<Content>,
}

/// The versions that a name can be rolled back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The newest first; the first one is current.
    pub versions: Vec<Version>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// The name that stands for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reverse {
    /// The name; null if the account has chosen none or no longer owns it.
    pub name: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Whether a name can be registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Available {
    /// `free`, `taken`, `invalid`, `looks-like-another` or `reserved`.
    pub availability: Availability,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// The cost of registering a name, in planck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// Rent for the years; burned.
    pub rent: String,
    /// Premium of a recently lapsed name; burned.
    pub premium: String,
    /// Deposit; returned when the name is released.
    pub deposit: String,
    /// The sum.
    pub total: String,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A proof of resolution, and the proven resolution for callers that do not verify it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The name.
    pub name: String,
    /// The proof, for `meganet_name_proof::NameProof::from_bytes`, in hex.
    pub proof: String,
    /// The block's header (SCALE), in hex.
    pub header: String,
    /// The GRANDPA justification of the block (SCALE), in hex.
    pub justification: String,
    /// The number of the validator set that voted.
    pub set_id: u64,
    /// The number of changes of the validator set in the proof.
    pub changes: u32,
    /// The proven storage keys, in hex.
    pub keys: Vec<String>,
    /// The proven resolution; null if the name does not exist.
    pub resolution: Option<ResolveAnswer>,
    /// The block of the proof.
    pub block: BlockRef,
}

/// Changes of the validator set since an old checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The changes, for `meganet_name_proof::SetChanges::from_bytes`, in hex.
    pub changes: String,
    /// The number of changes.
    pub count: u32,
    /// Whether there are more: ask again from the checkpoint that results from these.
    pub more: bool,
}

impl From<NameInfo> for NameEntry {
    fn from(info: NameInfo) -> Self {
        Self {
            label: text(&info.label),
            owner: address(&info.owner),
            content: info.content.map(Content::from),
            version: info.version,
            registered: info.registered,
            updated: info.updated,
            expires: info.expires,
            status: info.status,
            deposit: info.deposit.to_string(),
        }
    }
}

impl From<SubnameInfo> for SubnameEntry {
    fn from(info: SubnameInfo) -> Self {
        Self {
            label: text(&info.label),
            content: info.content.map(Content::from),
            version: info.version,
            updated: info.updated,
            delegate: info.delegate.as_ref().map(address),
        }
    }
}

impl From<NameVersion> for Version {
    fn from(version: NameVersion) -> Self {
        Self { version: version.version, block: version.block, content: version.content.map(Content::from) }
    }
}

impl From<NameRecordEntry> for Record {
    fn from(entry: NameRecordEntry) -> Self {
        match entry.key {
            RecordKey::Text(key) => Self::Text { key: text(&key), value: text(&entry.value) },
            RecordKey::Address(coin) => Self::Address { coin, value: hex_bytes(&entry.value) },
            RecordKey::EncryptionKey => Self::EncryptionKey { value: hex_bytes(&entry.value) },
        }
    }
}

impl Price {
    /// Converts a quote that was read at a block.
    pub fn new(quote: Quote, block: BlockRef) -> Self {
        Self {
            rent: quote.rent.to_string(),
            premium: quote.premium.to_string(),
            deposit: quote.deposit.to_string(),
            total: quote.total().to_string(),
            block,
        }
    }
}

/// Decodes text that the chain stores as bytes.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
