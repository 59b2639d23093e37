//! The answer of a resolver, with the evidence for it.

use crate::names::foreign;
use meganet_chain_client::Trust;
use meganet_name_proof::Basis;
use meganet_primitives::{
    BlockNumber,
    chain::Resolution,
    content::{ContentRef, ForeignRef, NameContent},
    hash::Hash,
    name::NameStatus,
};
use std::fmt;

/// How an answer about a name was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// A light client in this process checked it.
    Light,
    /// A proof was checked from a trusted checkpoint.
    Proof(Basis),
    /// Not at all: a node was believed.
    Rpc,
}

impl Verified {
    /// The name in JSON and in the gateway's `X-Mega-Verified`: `light`, `proof` or `rpc`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Proof(_) => "proof",
            Self::Rpc => "rpc",
        }
    }

    /// Whether the answer was checked, rather than believed.
    pub fn is_proven(&self) -> bool {
        !matches!(self, Self::Rpc)
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Light => Trust::Light.fmt(f),
            Self::Proof(basis) => write!(f, "verified: {basis}"),
            Self::Rpc => Trust::Rpc.fmt(f),
        }
    }
}

/// The evidence for an answer about a name, also for the answer that there is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How the answer was verified.
    pub verified: Verified,
    /// The height of the final block that it is from.
    pub block: BlockNumber,
}

/// The answer to what a name leads to, from a final block. Only a [`Resolver`](super::Resolver) makes it, so it
/// has always been verified as far as the configuration asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub(super) name: String,
    pub(super) resolution: Option<Resolution>,
    pub(super) hash: Hash,
    pub(super) evidence: Evidence,
    pub(super) proof: Option<Vec<u8>>,
}

impl Resolved {
    /// Returns the whole name: `alice` or `blog.alice`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the state of the name on the chain; `None` where there is no such name.
    pub fn resolution(&self) -> Option<&Resolution> {
        self.resolution.as_ref()
    }

    /// Returns how often the content of the name has changed; 0 where there is no such name.
    pub fn version(&self) -> u32 {
        self.resolution.as_ref().map_or(0, |resolution| resolution.version)
    }

    /// Returns whether the name is active, in its grace period, or lapsed; `None` where there is no such name.
    pub fn status(&self) -> Option<NameStatus> {
        self.resolution.as_ref().map(|resolution| resolution.status)
    }

    /// Returns how the answer was verified, and the height of its block.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Returns the hash of the block.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns the proof, if one was checked.
    pub fn proof(&self) -> Option<&[u8]> {
        self.proof.as_deref()
    }

    /// Returns the reference to the site that the name points to.
    ///
    /// # Errors
    /// [`NotASite`] where it points to no site of this network.
    pub fn content(&self) -> Result<ContentRef, NotASite> {
        let name = || self.name.clone();
        let resolution = self.resolution.as_ref().ok_or_else(|| NotASite::NoSuchName { name: name() })?;
        if !resolution.status.works() {
            return Err(NotASite::Lapsed { name: name(), expired: resolution.expires });
        }
        match &resolution.content {
            None => Err(NotASite::NoContent { name: name() }),
            Some(NameContent::Foreign(reference)) => {
                Err(NotASite::Foreign { name: name(), reference: reference.clone() })
            }
            Some(NameContent::Object(content)) => Ok(*content),
        }
    }
}

/// Why a name does not lead to a site of this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASite {
    /// There is no such name.
    #[error("{}", no_such_name(.name))]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// The name was not renewed in time, so it leads nowhere.
    #[error(
        "the name {name} has lapsed: it was paid for until block {expired}, and anyone can register it now (`meganet name price {name}`)"
    )]
    Lapsed {
        /// The name.
        name: String,
        /// The block until which it was paid for.
        expired: BlockNumber,
    },
    /// The name points to nothing.
    #[error("the name {name} has no content yet: its owner can publish with `meganet publish DIR {name}`")]
    NoContent {
        /// The name.
        name: String,
    },
    /// The name points to content of another network.
    #[error("the name {name} points to {}, which is on another network: open it with that network's software", foreign::uri(.reference))]
    Foreign {
        /// The name.
        name: String,
        /// Where it points.
        reference: ForeignRef,
    },
}

fn no_such_name(name: &str) -> String {
    match name.split_once('.') {
        Some((_, label)) => format!(
            "there is no name {name}: check the spelling, or, if you may write for {label}, publish with `meganet publish DIR {name}`"
        ),
        None => format!(
            "nobody owns the name {name}: check the spelling, or register it with `meganet name register {name}`"
        ),
    }
}
