//! Subscriptions. Each item is made when it is asked for, from the state of that time: a slow reader skips what is over.

use super::{header_json, reach};
use crate::node::Node;
use futures::stream::{self, Stream};
use meganet_chain_client::rpc::RpcError;
use meganet_runtime::{Hash, Header};
use serde_json::{Value, json};
use std::sync::Arc;

type Item = Result<Value, RpcError>;

/// The header of the best block, and of every later one.
pub(crate) fn best_headers(node: &Arc<Node>) -> impl Stream<Item = Item> + Send + use<> {
    headers(node, |node| Ok(reach(node)?.blocks.best().header.clone()))
}

/// The header of the finalized block, and of every later one.
pub(crate) fn finalized_headers(node: &Arc<Node>) -> impl Stream<Item = Item> + Send + use<> {
    headers(node, |node| Ok(node.finalized(&*reach(node)?).header.clone()))
}

fn headers<F>(node: &Arc<Node>, head: F) -> impl Stream<Item = Item> + Send + use<F>
where
    F: Fn(&Node) -> Result<Header, RpcError> + Send + 'static,
{
    let start = Some((node.clone(), node.changes(), None::<Hash>, head));
    stream::unfold(start, |state| async move {
        let (node, mut changes, mut last, head) = state?;
        loop {
            changes.mark_unchanged();
            match head(&node) {
                Err(error) => return Some((Err(error), None)),
                Ok(header) if last != Some(header.hash()) => {
                    last = Some(header.hash());
                    return Some((Ok(header_json(&header)), Some((node, changes, last, head))));
                }
                Ok(_) => changes.changed().await.ok()?,
            }
        }
    })
}

/// The last status that a watcher of a transaction has heard.
enum Heard {
    Nothing,
    InBlock(Hash),
}

/// The statuses of a transaction. The stream ends when it is final or dropped, or when neither a block nor the pool has it.
pub(crate) fn statuses(node: &Arc<Node>, transaction: Hash) -> impl Stream<Item = Item> + Send + use<> {
    let start = Some((node.clone(), node.changes(), Heard::Nothing));
    stream::unfold(start, move |state| async move {
        let (node, mut changes, heard) = state?;
        loop {
            changes.mark_unchanged();
            match next(&node, transaction, &heard) {
                Next::Item(item, heard) => return Some((Ok(item), Some((node, changes, heard)))),
                Next::Last(item) => return Some((item, None)),
                Next::End => return None,
                // A listener that remains after the transaction is in a block waits for finality.
                Next::Wait if node.config.auto_tick && matches!(heard, Heard::InBlock(_)) => drop(node.tick()),
                Next::Wait => changes.changed().await.ok()?,
            }
        }
    })
}

enum Next {
    Item(Value, Heard),
    Last(Item),
    End,
    Wait,
}

fn next(node: &Node, transaction: Hash, heard: &Heard) -> Next {
    let inner = match reach(node) {
        Ok(inner) => inner,
        Err(error) => return Next::Last(Err(error)),
    };
    let found = inner.blocks.with_transaction(transaction);
    match (found, heard) {
        (Some(block), Heard::InBlock(known)) if block.hash == *known => {
            if block.header.number <= node.finalized_height(&inner) {
                Next::Last(Ok(json!({ "finalized": block.hash })))
            } else {
                Next::Wait
            }
        }
        (Some(block), _) => Next::Item(json!({ "inBlock": block.hash }), Heard::InBlock(block.hash)),
        (None, _) if inner.pool.has_dropped(transaction) => Next::Last(Ok(json!("dropped"))),
        (None, _) if !inner.pool.contains(transaction) => Next::End,
        (None, Heard::InBlock(known)) => Next::Item(json!({ "retracted": known }), Heard::Nothing),
        (None, Heard::Nothing) => Next::Wait,
    }
}
