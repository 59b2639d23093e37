//! The decisions of a gateway's operator.

use crate::{foreign::ForeignGateway, tenure_key::TenureKey};
use meganet_site::{Listings, ServePolicy};
use std::time::Duration;

/// How a gateway answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayOptions {
    /// How long a response stays fresh in a browser, in whole seconds: the name may point elsewhere at any moment. With 0
    /// browsers revalidate each time.
    pub name_ttl: Duration,
    /// Which folders without an `index.html` are listed.
    pub listings: Listings,
    /// The gateway to which readers are redirected if a name points into another network; `None` to answer 501.
    pub foreign: Option<ForeignGateway>,
    /// Whether to answer 502 for names that a node resolved without a proof.
    pub require_verified: bool,
    /// Signs the cookies by which changes of hands are noticed. By default a new one, so that those from before a restart go
    /// unnoticed: keep the key, and share it between the gateways that browsers open under the same host names.
    pub tenure_key: TenureKey,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        GatewayOptions {
            // Less than a block: a page and its images need one lookup, and a new version is seen at once.
            name_ttl: Duration::from_secs(5),
            listings: Listings::default(),
            foreign: None,
            require_verified: false,
            tenure_key: TenureKey::random(),
        }
    }
}

impl GatewayOptions {
    /// The part that concerns sites.
    pub fn serve_policy(&self) -> ServePolicy {
        ServePolicy { listings: self.listings, name_ttl: self.name_ttl }
    }
}
