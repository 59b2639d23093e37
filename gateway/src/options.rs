//! What whoever runs a gateway decides.

use crate::{foreign::ForeignGateway, listing::Listings};
use std::time::Duration;

/// How a gateway answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long browsers may take a name to point where it did, without asking again. Whole seconds; with 0 they ask every
    /// time.
    pub name_ttl: Duration,
    /// Whose folders are listed.
    pub listings: Listings,
    /// Where readers of a name are sent that points into another network.
    pub foreign: Option<ForeignGateway>,
    /// Whether only what is proven is answered: then a name for which a node would have to be believed is a 502.
    pub require_verified: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            // Less than a block or so: a page with its pictures is one question, and a new version is seen at once.
            name_ttl: Duration::from_secs(5),
            listings: Listings::default(),
            foreign: None,
            require_verified: false,
        }
    }
}
