//! `meganet gateway`

use super::Session;
use crate::args::{GatewayArgs, ListingsArg};
use anyhow::{Context, Result, anyhow};
use meganet_devnet::Interrupts;
use meganet_gateway::{GatewayLimits, GatewayOptions, Listings, NetworkSource, serve};
use meganet_net::NetEnd;
use meganet_terminal::print_aside;
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Serves until Ctrl-C or SIGTERM. Fails if the network of the workers ends before.
pub async fn run(session: &Session, args: GatewayArgs) -> Result<()> {
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("could not listen on {}; choose another address with --listen", args.listen))?;
    let address = listener.local_addr()?;
    let client = session.client_with(NetworkSource::fetch_options()).await?;
    let ended = client.net().ended();
    let source = Arc::new(NetworkSource::new(client));
    let limits = GatewayLimits { cache_bytes: args.cache.saturating_mul(1 << 20), ..GatewayLimits::default() };
    let options = GatewayOptions {
        name_ttl: Duration::from_secs(args.name_ttl),
        listings: match args.listings {
            ListingsArg::Wanted => Listings::WhereWanted,
            ListingsArg::All => Listings::Always,
            ListingsArg::None => Listings::Never,
        },
        foreign: args.foreign_gateway,
        require_verified: args.require_verified,
    };
    print_aside(&format!("sites open at http://NAME.mega.localhost:{}/", address.port()));
    // Not earlier: until now Ctrl-C should end the program at once.
    let mut interrupts = Interrupts::listen()?;
    let mut result = Ok(());
    let stop = async { result = until_end(interrupts.next(), ended).await };
    serve(listener, source, options, limits, stop).await;
    result
}

/// Waits until the gateway has to end: an error if that is because nothing brings its network back.
async fn until_end(interrupt: impl Future<Output = ()>, ended: impl Future<Output = NetEnd>) -> Result<()> {
    tokio::select! {
        () = interrupt => Ok(()),
        end = ended => Err(anyhow!("{end}: the gateway stops because it cannot read sites any more. Start it again")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_net::{NetLimits, memory::Hub};
    use meganet_primitives::receipt::PeerKey;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn a_gateway_whose_network_has_ended_fails_with_the_reason() {
        let (hub, key) = (Hub::new(), PeerKey([1; 32]));
        let (net, _incoming) = hub.worker(key, NetLimits::default());
        until_end(ready(()), net.ended()).await.unwrap();
        hub.end(key, NetEnd::Failed { reason: "told to".to_owned() });
        let error = until_end(pending(), net.ended()).await.unwrap_err().to_string();
        assert!(error.contains("(told to)") && error.contains("Start it again"), "{error}");
    }
}
