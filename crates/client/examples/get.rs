//! Fetches all files of a name's site into a folder.
//!
//! ```text
//! cargo run --release -p meganet-client --example get -- NODE BOOTNODE CHECKPOINT NAME FOLDER
//! cargo run --release -p meganet-client --example get -- ws://127.0.0.1:9944 /ip4/192.0.2.1/udp/4001/quic-v1 checkpoint.json hello out
//! ```

use meganet_chain_client::{ChainClient, SubxtChain};
use meganet_client::{Client, Existing, Network, progress::Silent, resolve::CheckpointFile};
use meganet_net::{Net, NetConfig};
use std::{env::args, error::Error, path::Path, sync::Arc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = args().skip(1).collect();
    let [node, bootnode, checkpoint, name, folder] = args.as_slice() else {
        return Err("usage: get NODE BOOTNODE CHECKPOINT NAME FOLDER".into());
    };
    let chain: Arc<dyn ChainClient> = Arc::new(SubxtChain::connect(node, None).await?);
    let (net, _incoming) = Net::start(NetConfig::reader(chain.genesis(), vec![bootnode.parse()?])).await?;
    // From here on the node has to prove what names lead to.
    let checkpoint = CheckpointFile::open(Path::new(checkpoint))?;
    let client = Client::new(Network::new(chain, net), Some(checkpoint));
    let resolved = client.resolver().resolve(name).await?;
    println!("{name}: version {}, {}", resolved.version(), resolved.evidence().verified);
    let site = client.open(&resolved).await?;
    let fetched = site.get_tree("", Path::new(folder), Existing::Refuse, &Silent).await?;
    println!("wrote {} files, {} bytes", fetched.files, fetched.bytes);
    Ok(())
}
