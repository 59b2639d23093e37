//! `meganet gateway`

use super::Session;
use crate::args::{GatewayArgs, ListingsArg};
use anyhow::{Context, Result};
use meganet_devnet::Interrupts;
use meganet_gateway::{GatewayLimits, GatewayOptions, Listings, NetworkSource, serve};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(session: &Session, args: GatewayArgs) -> Result<()> {
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("could not listen on {}; choose another address with --listen", args.listen))?;
    let address = listener.local_addr()?;
    let source = Arc::new(NetworkSource::new(session.client().await?));
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
    eprintln!("sites open at http://NAME.mega.localhost:{}/", address.port());
    // Not earlier: until now Ctrl-C should end the program at once.
    let mut interrupts = Interrupts::listen()?;
    serve(listener, source, options, limits, interrupts.next()).await;
    Ok(())
}
