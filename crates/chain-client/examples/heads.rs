//! Follows finalized blocks and the batches that they register: `cargo run --release --example heads`.

use futures::StreamExt;
use meganet_chain_client::{ChainError, SubxtChain, prelude::*};

#[tokio::main]
async fn main() -> Result<(), ChainError> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned());
    let chain = SubxtChain::connect(&url, None).await?;
    // Every height once and in order, also after the node was away.
    let mut blocks = chain.blocks(None);
    while let Some(block) = blocks.next().await {
        println!("{block}");
        for stored in chain.stored_leaves(&block.hash).await? {
            let batch = stored.leaf.batch;
            println!("  {} objects in group {} until epoch {}", batch.objects, stored.group, stored.expiry);
        }
    }
    Ok(())
}
