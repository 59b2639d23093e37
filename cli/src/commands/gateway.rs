//! `meganet gateway`

use super::Session;
use crate::{args::GatewayArgs, interrupts::Interrupts};
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
    // Not before: until then Ctrl-C ends the program by itself.
    let mut interrupts = Interrupts::listen()?;
    serve(listener, source, limits, interrupts.next()).await;
    Ok(())
}
