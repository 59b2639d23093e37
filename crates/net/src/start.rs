//! Starts a peer over libp2p.

use crate::{config::NetConfig, error::NetError, handle::Net, incoming::Incoming, runner};
use std::sync::Arc;

impl Net {
    /// Starts a libp2p peer and returns once it listens. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// [`NetError::Setup`] if an address cannot be listened on; [`NetError::BadKey`] if the identity is not an Ed25519 key.
    pub async fn start(config: NetConfig) -> Result<(Net, Incoming), NetError> {
        let limits = config.limits;
        let (transport, incoming) = runner::start(config).await?;
        Ok((Net::over(Arc::new(transport), limits), incoming))
    }
}
