//! Publishes a folder under a name, after reporting what that would cost.
//!
//! ```text
//! cargo run --release -p meganet-client --example publish -- NODE BOOTNODE SECRET FOLDER NAME
//! cargo run --release -p meganet-client --example publish -- ws://127.0.0.1:9944 /ip4/192.0.2.1/udp/4001/quic-v1 //Alice site hello
//! ```

use meganet_chain_client::{ChainClient, Mega, SubxtChain};
use meganet_client::{
    Client, Network, PublishOptions,
    progress::{Progress, Stage},
};
use meganet_net::{Net, NetConfig};
use meganet_wallet::Account;
use std::{env::args, error::Error, path::Path, sync::Arc};

/// Prints each stage as it begins.
struct Printed;

impl Progress for Printed {
    fn begin(&self, stage: Stage, _: Option<u64>) {
        println!("{stage}");
    }
    fn advance(&self, _: u64) {}
    fn note(&self, text: &str) {
        println!("note: {text}");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = args().skip(1).collect();
    let [node, bootnode, secret, folder, name] = args.as_slice() else {
        return Err("usage: publish NODE BOOTNODE SECRET FOLDER NAME".into());
    };
    let account = Account::from_suri(secret)?;
    let chain: Arc<dyn ChainClient> = Arc::new(SubxtChain::connect(node, None).await?);
    let (net, _incoming) = Net::start(NetConfig::reader(chain.genesis(), vec![bootnode.parse()?])).await?;
    let client = Client::new(Network::new(chain, net), None);
    // An interrupted publication continues from what is in this folder.
    let options = PublishOptions::new(std::env::temp_dir().join("meganet-publish-example"));
    let (signer, folder) = (account.signer(), Path::new(folder));
    let preview = client.preview(signer, folder, name, &options, &Printed).await?;
    println!("needs {}; the account has {}", Mega(preview.needed), Mega(preview.available));
    if !preview.is_affordable() {
        return Err("the account cannot pay for it".into());
    }
    let report = client.publish(signer, folder, name, &options, &Printed).await?;
    println!("{name} is version {}: {} files", report.version, report.totals.files);
    Ok(())
}
