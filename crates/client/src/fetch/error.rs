//! Why something could not be read.

use crate::names::foreign;
use meganet_chain_client::ChainError;
use meganet_objects::{ErasureError, OpenError, VerifyError};
use meganet_primitives::{
    BlockNumber, GroupId, SlotIndex,
    content::ForeignRef,
    country::Country,
    link::LinkError,
    manifest::ManifestError,
    object::{ObjectError, ObjectId},
};
use std::{fmt, io, path::PathBuf};

/// A member of a group that could not help, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its slot.
    pub slot: SlotIndex,
    /// Its country; `None` where the slot is vacant.
    pub country: Option<Country>,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.country {
            Some(country) => write!(f, "slot {} ({country}): {}", self.slot, self.reason),
            None => write!(f, "slot {}: {}", self.slot, self.reason),
        }
    }
}

/// Troubles as the end of a sentence, the first few of them.
pub(crate) fn list(troubles: &[Trouble]) -> String {
    const SHOWN: usize = 6;
    let mut text: Vec<String> = troubles.iter().take(SHOWN).map(Trouble::to_string).collect();
    if troubles.len() > SHOWN {
        text.push(format!("and {} more", troubles.len() - SHOWN));
    }
    text.join("; ")
}

/// An error while resolving, fetching, verifying or opening.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Not a link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// There is no such name.
    #[error("{}", no_such_name(.name))]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// The name was not renewed. What it pointed at is not served under it any more.
    #[error(
        "the name {name} has lapsed: it was paid for until block {expired}, and nobody has taken it since. Whoever wants it can register it"
    )]
    Lapsed {
        /// The name.
        name: String,
        /// The block until which it was paid for.
        expired: BlockNumber,
    },
    /// The name points at nothing.
    #[error("the name {name} has no content yet: its owner can publish with `meganet publish DIR {name}`")]
    NoContent {
        /// The name.
        name: String,
    },
    /// The name points at what another network holds.
    #[error("the name {name} points at {}, which another network holds: open it with that network's software", foreign::uri(.reference))]
    Foreign {
        /// The name.
        name: String,
        /// Where it points.
        reference: ForeignRef,
    },
    /// The reference or the link carries no key.
    #[error("object {object} cannot be opened without its key: use the whole link, with the part after #")]
    NoKey {
        /// The object.
        object: ObjectId,
    },
    /// There is no such file in the site.
    #[error("the site has no file {path:?}: list its files, or check upper and lower case")]
    NoSuchFile {
        /// The path.
        path: String,
    },
    /// The chain knows no such group.
    #[error("the chain knows no group {group}: the link belongs to another network, or the group is gone")]
    NoSuchGroup {
        /// The group.
        group: GroupId,
    },
    /// Nobody could say what the object's header is.
    #[error("no member of group {group} could describe object {object}: {}. If workers are starting, try again shortly; otherwise the object has expired or was deleted", list(.troubles))]
    NotFound {
        /// The object.
        object: ObjectId,
        /// Its group.
        group: GroupId,
        /// Who was asked.
        troubles: Vec<Trouble>,
    },
    /// Fewer than k shards could be had.
    #[error("object {object} cannot be read now: {have} of the {need} shards needed could be had from group {group} ({}). Try again when more of its workers are up", list(.troubles))]
    TooFewShards {
        /// The object.
        object: ObjectId,
        /// Its group.
        group: GroupId,
        /// Shards that could be had.
        have: usize,
        /// Shards needed: k.
        need: usize,
        /// What the others said.
        troubles: Vec<Trouble>,
    },
    /// The reference and the object contradict each other.
    #[error(
        "the reference to object {object} is wrong ({reason}): ask whoever gave it to you to publish or link it again"
    )]
    WrongReference {
        /// The object.
        object: ObjectId,
        /// What contradicts.
        reason: String,
    },
    /// The shard that came out of a rebuild is not the one that the object commits to.
    #[error("shard {shard} of object {object} cannot be rebuilt: its owner encoded the object wrongly")]
    BadObject {
        /// The object.
        object: ObjectId,
        /// The shard.
        shard: SlotIndex,
    },
    /// A range or a length that the object does not have.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Bytes that are not the object's got past the choice of members; a fault of this program.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Chunks could not be computed.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// The frames do not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What the name or link points at is no manifest, or a bad one.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest is too long to be read.
    #[error("the manifest has {len} bytes and at most {limit} are read: split the site, or raise the limit")]
    ManifestTooLong {
        /// Its bytes.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// The manifest's digest of a file is not that of the bytes it points at.
    #[error("{path:?} was published with a wrong digest: its owner should publish the site again")]
    WrongContent {
        /// The file.
        path: String,
    },
    /// The link is to several files, and one is wanted.
    #[error("the link holds {files} files: give a folder to write them to")]
    NotOneFile {
        /// How many.
        files: usize,
    },
    /// A path of the site cannot be a path here.
    #[error("{path:?} cannot be written on this system: fetch the other files one by one")]
    UnusablePath {
        /// The path in the site.
        path: String,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A task of this program was ended.
    #[error("fetching was interrupted: run it again")]
    Interrupted,
}

impl FetchError {
    /// Wraps an I/O error with the path that was written.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// Whether the same read may succeed later by itself: workers or the node are away.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_transient(),
            Self::NotFound { .. } | Self::TooFewShards { .. } | Self::Interrupted => true,
            _ => false,
        }
    }

    /// Whether what was asked for does not exist (a 404, not a 502).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NoSuchName { .. } | Self::Lapsed { .. } | Self::NoContent { .. } | Self::NoSuchFile { .. })
    }
}

fn no_such_name(name: &str) -> String {
    match name.split_once('.') {
        Some((_, label)) => format!(
            "there is no name {name}: check the spelling, or, if you may write for {label}, publish with `meganet publish DIR {name}`"
        ),
        None => {
            format!(
                "nobody owns the name {name}: check the spelling, or register it with `meganet name register {name}`"
            )
        }
    }
}
