//! The JSON-RPC methods that a client uses, answered as a node's server does: the same shapes, codes and words.

mod streams;

use crate::{
    blocks::Block,
    node::{Accepted, Inner, Node, Refusal, body},
    pool::Conflict,
};
use futures::StreamExt;
use meganet_chain_client::{
    account::parse_account,
    rpc::{RawRpcFuture, RawRpcSubscription, RawValue, RpcClientT, RpcError, UserError},
};
use meganet_runtime::{Hash, Header, VERSION, apis::api};
use parking_lot::MutexGuard;
use serde_json::{Value, json};
use std::sync::Arc;

/// How the node is reached.
pub(crate) struct Server(pub(crate) Arc<Node>);

type Answer = Result<Value, RpcError>;

impl RpcClientT for Server {
    fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move { raw(&answer(&self.0, method, &Params::read(params)?)?) })
    }

    fn subscribe_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
        _unsubscribe: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            let (node, params) = (&self.0, Params::read(params)?);
            drop(reach(node)?);
            let stream = match method {
                "chain_subscribeNewHeads" => streams::best_headers(node).boxed(),
                "chain_subscribeFinalizedHeads" => streams::finalized_headers(node).boxed(),
                "author_submitAndWatchExtrinsic" => {
                    let Accepted { hash, is_answered } = node.submit(&params.bytes(0)?).map_err(refusal)?;
                    if node.config.auto_tick {
                        node.tick();
                    }
                    if !is_answered {
                        return Err(RpcError::Client("told to lose the answer".into()));
                    }
                    streams::statuses(node, hash).boxed()
                }
                _ => return Err(unknown_method(method)),
            };
            let stream = stream.map(|item: Answer| item.and_then(|value| raw(&value))).boxed();
            Ok(RawRpcSubscription { stream, id: None })
        })
    }
}

/// The state of the node, unless a test has cut the connection.
fn reach(node: &Node) -> Result<MutexGuard<'_, Inner>, RpcError> {
    let inner = node.lock();
    if inner.unreachable { Err(RpcError::Client("told to be unreachable".into())) } else { Ok(inner) }
}

/// A header as JSON.
fn header_json(header: &Header) -> Value {
    // Plain data: serializing it cannot fail.
    serde_json::to_value(header).unwrap_or_default()
}

fn answer(node: &Node, method: &str, params: &Params) -> Answer {
    let inner = reach(node)?;
    match method {
        "system_health" => Ok(json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false })),
        "system_chain" => Ok(json!("Fake")),
        "system_version" => Ok(json!("0")),
        "system_accountNextIndex" => {
            let account = parse_account(params.text(0)?).map_err(|error| invalid_params(&error.to_string()))?;
            Ok(json!(inner.next_nonce(&account.into())))
        }
        "chain_getFinalizedHead" => Ok(json!(node.finalized(&inner).hash)),
        "chain_getBlockHash" => {
            let block = match params.number(0)? {
                Some(number) => inner.blocks.at_height(number),
                None => Some(inner.blocks.best()),
            };
            Ok(json!(block.map(|block| block.hash)))
        }
        "chain_getHeader" => {
            let block = block_at(&inner, params.hash(0)?);
            Ok(block.map(|block| header_json(&block.header)).unwrap_or_default())
        }
        "chain_getBlock" => {
            let Some(block) = block_at(&inner, params.hash(0)?) else { return Ok(Value::Null) };
            let extrinsics: Vec<String> = body(block).iter().map(|bytes| hex0x(bytes)).collect();
            let block = json!({ "header": header_json(&block.header), "extrinsics": extrinsics });
            Ok(json!({ "block": block, "justifications": null }))
        }
        "state_getRuntimeVersion" => {
            state_at(&inner, params.hash(0)?)?;
            serde_json::to_value(&VERSION).map_err(RpcError::Serialization)
        }
        "state_getStorage" => {
            let block = state_at(&inner, params.hash(1)?)?;
            let value = inner.states.value(block.state, &params.bytes(0)?);
            Ok(json!(value.map(|value| hex0x(&value))))
        }
        "state_call" => {
            let block = state_at(&inner, params.hash(2)?)?;
            let (function, data) = (params.text(0)?, params.bytes(1)?);
            let result = inner.states.read(block.state, || api::dispatch(function, &data));
            let result = result.ok_or_else(|| {
                let reason = format!("Execution failed: Other: Exported method {function} is not found");
                user(4003, &format!("Client error: {reason}"))
            })?;
            Ok(json!(hex0x(&result)))
        }
        _ => Err(unknown_method(method)),
    }
}

fn block_at(inner: &Inner, hash: Option<Hash>) -> Option<&Block> {
    match hash {
        Some(hash) => inner.blocks.by_hash(hash),
        None => Some(inner.blocks.best()),
    }
}

/// A block whose state was not dropped.
fn state_at(inner: &Inner, hash: Option<Hash>) -> Result<&Block, RpcError> {
    let name = || hash.map(|hash| format!("{hash:?}")).unwrap_or_default();
    match block_at(inner, hash) {
        Some(block) if !block.pruned => Ok(block),
        Some(_) => Err(user(4003, &format!("Client error: UnknownBlock: State already discarded for {}", name()))),
        None => {
            let reason = format!("UnknownBlock: Header was not found in the database: {}", name());
            Err(user(4003, &format!("Client error: {reason}")))
        }
    }
}

/// A node's words for a transaction that its pool refuses.
fn refusal(refusal: Refusal) -> RpcError {
    match refusal {
        Refusal::NotAnExtrinsic => user(1001, "Extrinsic has invalid format"),
        Refusal::Invalid(reason) => user(1010, &format!("Invalid Transaction: {reason}")),
        Refusal::Conflict(Conflict::Banned) => user(1012, "Transaction is temporarily banned"),
        Refusal::Conflict(Conflict::Known) => user(1013, "Transaction Already Imported"),
        Refusal::Conflict(Conflict::NonceTaken) => user(1014, "Priority is too low"),
        Refusal::Told(reason) => user(1016, &reason),
    }
}

/// The parameters of a request.
struct Params(Vec<Value>);

impl Params {
    fn read(raw: Option<Box<RawValue>>) -> Result<Self, RpcError> {
        let raw = raw.as_deref().map_or("[]", RawValue::get);
        serde_json::from_str(raw).map(Self).map_err(RpcError::Deserialization)
    }

    fn get(&self, index: usize) -> Option<&Value> {
        self.0.get(index).filter(|value| !value.is_null())
    }

    fn text(&self, index: usize) -> Result<&str, RpcError> {
        self.get(index).and_then(Value::as_str).ok_or_else(|| invalid_params("a text is missing"))
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, RpcError> {
        let text = self.text(index)?;
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| invalid_params(&error.to_string()))
    }

    fn hash(&self, index: usize) -> Result<Option<Hash>, RpcError> {
        let parse = |value: &Value| serde_json::from_value(value.clone()).map_err(RpcError::Deserialization);
        self.get(index).map(parse).transpose()
    }

    /// A number, or hexadecimal digits that stand for one.
    fn number(&self, index: usize) -> Result<Option<u32>, RpcError> {
        let Some(value) = self.get(index) else { return Ok(None) };
        let number = match value.as_str() {
            Some(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
            None => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        number.map(Some).ok_or_else(|| invalid_params("not a height"))
    }
}

fn raw(value: &Value) -> Result<Box<RawValue>, RpcError> {
    serde_json::value::to_raw_value(value).map_err(RpcError::Serialization)
}

fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn user(code: i32, message: &str) -> RpcError {
    RpcError::User(UserError { code, message: message.to_owned(), data: None })
}

fn unknown_method(method: &str) -> RpcError {
    user(-32601, &format!("Method not found: {method}"))
}

fn invalid_params(reason: &str) -> RpcError {
    user(-32602, &format!("Invalid params: {reason}"))
}
