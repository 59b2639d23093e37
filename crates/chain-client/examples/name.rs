//! Asks a node for a name: `cargo run --release --example name -- alice ws://127.0.0.1:9944`.

use meganet_chain_client::{At, ChainError, SubxtChain, account::format_account, prelude::*};

#[tokio::main]
async fn main() -> Result<(), ChainError> {
    let mut arguments = std::env::args().skip(1);
    let label = arguments.next().unwrap_or_else(|| "alice".to_owned());
    let url = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned());
    let chain = SubxtChain::connect(&url, None).await?;
    // Several reads of one block.
    let at = chain.pin(At::Finalized).await?;
    let Some(name) = chain.name(&label, at).await? else {
        println!("nobody has registered {label}");
        return Ok(());
    };
    println!("{label} belongs to {} and expires at block {}", format_account(&name.owner), name.expires);
    for subname in chain.all_subnames(&label, at).await? {
        println!("{}.{label} is at version {}", String::from_utf8_lossy(&subname.label), subname.version);
    }
    Ok(())
}
