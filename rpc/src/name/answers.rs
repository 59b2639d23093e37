//! What `name_v1` answers.

use crate::{
    BlockRef,
    json::{Content, address, hex_bytes},
};
use meganet_primitives::{
    chain::{Availability, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    name::{NameStatus, Quote, RecordKey, split_name},
};
use serde::{Deserialize, Serialize};

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The name, as it was asked for.
    pub name: String,
    /// The label that is owned: the name, or what stands behind its dot.
    pub label: String,
    /// The address of the label's owner; of its last one, where it has lapsed.
    pub owner: String,
    /// What it points at; null where it points at nothing, and where the label has lapsed.
    pub content: Option<Content>,
    /// Counts the changes of the content.
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

impl Resolved {
    /// An answer about a name, read at a block.
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

/// What several names lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManyResolved {
    /// One entry a name, in the order of the question; null where there is no such name.
    pub names: Vec<Option<Resolved>>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// What a name leads to now, or that there is none any more: an item of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The name.
    pub name: String,
    /// What it leads to; null where there is no such name.
    pub resolution: Option<Resolved>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameEntry {
    /// The label.
    pub label: String,
    /// Its owner's address; its last owner's, where it has lapsed.
    pub owner: String,
    /// What it points at; null until it is set. Nobody may be sent there once the name has lapsed.
    pub content: Option<Content>,
    /// Counts the changes of the content.
    pub version: u32,
    /// Block of registration.
    pub registered: u32,
    /// Block of the last change.
    pub updated: u32,
    /// The block until which it is paid for.
    pub expires: u32,
    /// `active`, `grace`, `premium` or `lapsed`; it works in the first two.
    pub status: NameStatus,
    /// The deposit held for it, its records and the names below it, in planck.
    pub deposit: String,
}

/// A record of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The X25519 key that messages to the owner are sealed for.
    EncryptionKey {
        /// The key in hex.
        value: String,
    },
}

/// All that the chain says of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameReport {
    /// The name.
    #[serde(flatten)]
    pub name: NameEntry,
    /// Its records; none once it has lapsed.
    pub records: Vec<Record>,
    /// The addresses of those who may write for it besides its owner; none once it has lapsed.
    pub delegates: Vec<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A page of an account's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamePage {
    /// The names, in the order of the chain's storage.
    pub names: Vec<NameEntry>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A name below a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnameEntry {
    /// What stands before the dot.
    pub label: String,
    /// What it points at.
    pub content: Option<Content>,
    /// Counts the changes of the content.
    pub version: u32,
    /// Block of the last change.
    pub updated: u32,
    /// The address of who may change its content besides those who may for the label.
    pub delegate: Option<String>,
}

/// A page of the names below a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnamePage {
    /// The names, in the order of the chain's storage.
    pub names: Vec<SubnameEntry>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A version that a name had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// The block in which the name began to point there.
    pub block: u32,
    /// Where.
    pub content: Option<Content>,
}

/// The versions that a name can be rolled back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The newest first; the first one is what the name points at.
    pub versions: Vec<Version>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// The name that an account goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reverse {
    /// The name; null where the account has chosen none, or does not own it any more.
    pub name: Option<String>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Whether a name can be registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Available {
    /// `free`, `taken`, `invalid`, `looks-like-another` or `reserved`.
    pub availability: Availability,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// What registering a name costs, in planck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// For the years; burned.
    pub rent: String,
    /// Because somebody else let it lapse a short while ago; burned.
    pub premium: String,
    /// Held, and comes back.
    pub deposit: String,
    /// All of it.
    pub total: String,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A proof of what a name leads to, with what it says for who does not check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The name.
    pub name: String,
    /// The proof, for `meganet_name_proof::NameProof::from_bytes`, in hex.
    pub proof: String,
    /// The block's header (SCALE), in hex.
    pub header: String,
    /// The votes that make it final, as the SDK's justification (SCALE), in hex.
    pub justification: String,
    /// The number of the set of validators that voted.
    pub set_id: u64,
    /// Changes of validators in the proof.
    pub changes: u32,
    /// The keys of the state that are proven, in hex.
    pub keys: Vec<String>,
    /// What the name leads to, by the proof; null where there is no such name.
    pub resolution: Option<Resolved>,
    /// The block that it is of.
    pub block: BlockRef,
}

/// Changes of validators, for who has an old checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The changes, for `meganet_name_proof::SetChanges::from_bytes`, in hex.
    pub changes: String,
    /// How many there are.
    pub count: u32,
    /// Whether there are further ones: ask again with the checkpoint that these lead to.
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
    /// A quote, read at a block.
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

/// What the chain keeps as bytes that are text.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
