//! How to publish.

use crate::{names::NameTerms, pack::Selection};
use meganet_chain_client::Until;
use meganet_primitives::placement::ProfileId;
use std::path::PathBuf;

/// The default of [`PublishOptions::object_len`], in bytes.
pub const OBJECT_LEN: u64 = 64 * 1024 * 1024;

/// How to publish.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    /// The folder that keeps progress and digests. It may be deleted while nothing runs, which costs only time, unless
    /// [`Self::registrations`] and [`Self::links`] are in it, as by default.
    pub state_dir: PathBuf,
    /// Which entries of a folder are published.
    pub selection: Selection,
    /// The profile of the groups; `None` for the best that the network can carry.
    pub profile: Option<ProfileId>,
    /// The number of epochs that storage is bought for; `None` for as many as the chain allows.
    pub epochs: Option<u32>,
    /// Whether to register the name if nobody owns it.
    pub register: bool,
    /// The terms of that registration.
    pub terms: NameTerms,
    /// The folder of registrations under way, encrypted. Do not delete it: they cannot be finished without it.
    pub registrations: PathBuf,
    /// The folder of links to stored files, encrypted. Do not delete it: without its link nobody can read a file.
    pub links: PathBuf,
    /// When the switch to the new version counts as done.
    pub until: Until,
    /// Plaintext bytes of the largest object that is made: the most that an interrupted upload repeats.
    pub object_len: u64,
}

impl PublishOptions {
    /// The defaults, with this state folder.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        let state_dir = state_dir.into();
        Self {
            registrations: state_dir.join("registrations"),
            links: state_dir.join("links"),
            terms: NameTerms::default(),
            state_dir,
            selection: Selection::default(),
            profile: None,
            epochs: None,
            register: true,
            until: Until::Finalized,
            object_len: OBJECT_LEN,
        }
    }
}
