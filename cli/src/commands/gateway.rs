//! `meganet gateway`

use super::{Session, session::data_dir};
use crate::args::{GatewayArgs, ListingsArg};
use anyhow::{Context, Result, anyhow};
use meganet_devnet::Interrupts;
use meganet_gateway::{GatewayLimits, GatewayOptions, Listings, NetworkSource, TenureKey, serve};
use meganet_net::NetEnd;
use meganet_terminal::{error_text, print_aside, print_note};
use meganet_wallet::files;
use std::{fs, io::ErrorKind, path::Path, sync::Arc, time::Duration};
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
        tenure_key: tenure_key(),
    };
    print_aside(&format!("sites open at http://NAME.mega.localhost:{}/", address.port()));
    // Not earlier: until now Ctrl-C should end the program at once.
    let mut interrupts = Interrupts::listen()?;
    let mut result = Ok(());
    let stop = async { result = until_end(interrupts.next(), ended).await };
    serve(listener, source, options, limits, stop).await;
    result
}

/// The key for cookies, the same for all gateways of this user: browsers send cookies to every port of a host.
fn tenure_key() -> TenureKey {
    let kept = data_dir().and_then(|dir| kept_key(&dir.join("gateway.key")));
    kept.unwrap_or_else(|error| {
        print_note(&format!(
            "{}. Until that is mended, a gateway does not notice that a name has changed hands since an earlier run, and browsers keep what the former owner left",
            error_text(&error)
        ));
        TenureKey::random()
    })
}

/// Reads the key from a file, which is made if it is missing.
fn kept_key(path: &Path) -> Result<TenureKey> {
    if !path.exists() {
        let written = files::create_private_dir(files::dir_of(path))
            .and_then(|()| files::write_new(path, TenureKey::random().as_bytes()));
        match written {
            // Another gateway was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            written => written.with_context(|| format!("could not write {}", path.display()))?,
        }
    }
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    TenureKey::from_bytes(&bytes)
        .with_context(|| format!("{} is not the key of a gateway: remove it, and a new one is made", path.display()))
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

    #[test]
    fn a_key_is_made_once_and_a_damaged_one_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data/gateway.key");
        let key = kept_key(&path).unwrap();
        assert_eq!(kept_key(&path).unwrap(), key);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&path, "short").unwrap();
        let error = kept_key(&path).unwrap_err().to_string();
        assert!(error.contains("gateway.key") && error.contains("remove it"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }

    #[test]
    fn gateways_that_start_together_share_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.key");
        let keys: Vec<TenureKey> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8).map(|_| scope.spawn(|| kept_key(&path).unwrap())).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

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
