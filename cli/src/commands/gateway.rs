//! `meganet gateway`

use super::{devnet::interrupted, Session};
use crate::args::GatewayArgs;
use anyhow::{Context, Result};
use meganet_gateway::{serve, Limits, NetworkSource};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(session: &Session, args: GatewayArgs) -> Result<()> {
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("could not listen on {}; choose another address with --listen", args.listen))?;
    let address = listener.local_addr()?;
    let source = Arc::new(NetworkSource::new(session.network().await?));
    let limits = Limits { cache_bytes: args.cache.saturating_mul(1 << 20), ..Limits::default() };
    eprintln!("sites open at http://NAME.mega.localhost:{}/", address.port());
    let until = async {
        if let Err(error) = interrupted().await {
            tracing::error!(%error, "signals cannot be heard");
        }
    };
    serve(listener, source, limits, until).await.context("the gateway broke down")
}
