//! smoldot, and the way to ask it.
//!
//! smoldot accepts JSON-RPC requests as text and returns answers and notifications as a stream of texts. [`Engine`] passes
//! each to the task that waits for it.

use super::spec::LightSpec;
use crate::error::ChainError;
use futures::stream::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use smoldot_light::{
    AddChainConfig, AddChainConfigJsonRpc, AddChainSuccess, ChainId, Client, JsonRpcResponses,
    lifecycle_service::Subscription as Lifecycle, platform::default::DefaultPlatform,
};
use std::{
    collections::HashMap,
    future::Future,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use subxt::rpcs::{
    Error as RpcError, UserError,
    client::{RawRpcSubscription, RawValue},
};
use tokio::sync::{mpsc, oneshot};

type Platform = Arc<DefaultPlatform>;
type Answer = Result<Box<RawValue>, RpcError>;

/// The client, and the tasks that wait for its answers.
pub(super) struct Engine {
    client: Mutex<Client<Platform>>,
    chain: ChainId,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Set when nothing is answered any more.
    closed: bool,
    last_id: u64,
    requests: HashMap<u64, Waiter>,
    streams: HashMap<String, Feed>,
}

enum Waiter {
    Answer(oneshot::Sender<Answer>),
    /// The answer is a subscription's id; notifications follow it.
    Stream {
        opened: oneshot::Sender<Result<Opened, RpcError>>,
        unsubscribe: String,
    },
}

type Opened = (String, mpsc::UnboundedReceiver<Answer>);

struct Feed {
    notifications: mpsc::UnboundedSender<Answer>,
    unsubscribe: String,
}

/// A message from smoldot: an answer has an id, a notification a method.
#[derive(Deserialize)]
struct Message {
    id: Option<u64>,
    /// `None` for `null` too.
    result: Option<Box<RawValue>>,
    error: Option<UserError>,
    params: Option<Notification>,
}

#[derive(Deserialize)]
struct Notification {
    subscription: String,
    result: Option<Box<RawValue>>,
    error: Option<UserError>,
}

impl Engine {
    /// Starts smoldot on a chain. The returned future hands out its answers and must be run.
    pub(super) fn start(
        spec: &LightSpec,
        known: &str,
    ) -> Result<(Arc<Self>, impl Future<Output = ()> + Send + use<>), ChainError> {
        let platform = DefaultPlatform::new(env!("CARGO_PKG_NAME").into(), env!("CARGO_PKG_VERSION").into());
        let mut client = Client::new(platform);
        let config = AddChainConfig {
            user_data: (),
            specification: spec.json(),
            database_content: known,
            potential_relay_chains: std::iter::empty(),
            // All requests are our own.
            json_rpc: AddChainConfigJsonRpc::Enabled {
                max_pending_requests: NonZeroU32::MAX,
                max_subscriptions: u32::MAX,
            },
            statement_protocol_config: None,
        };
        let added = client.add_chain(config).map_err(|error| spec.bad(&error.to_string()))?;
        let AddChainSuccess { chain_id: chain, json_rpc_responses: Some(responses) } = added else {
            return Err(spec.bad("smoldot returns no answers"));
        };
        let engine = Arc::new(Self { client: Mutex::new(client), chain, waiting: Mutex::default() });
        let pump = pump(Arc::downgrade(&engine), responses);
        Ok((engine, pump))
    }

    /// Its progress.
    pub(super) fn lifecycle(&self) -> Lifecycle {
        self.client().lifecycle_state(self.chain)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.waiting().closed
    }

    /// Asks with parameters as JSON.
    pub(super) async fn call(&self, method: &str, params: Vec<Value>) -> Answer {
        let params = serde_json::value::to_raw_value(&params).map_err(|error| RpcError::Client(Box::new(error)))?;
        self.request(method, Some(params)).await
    }

    /// Asks.
    pub(super) async fn request(&self, method: &str, params: Option<Box<RawValue>>) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.send(method, params.as_deref(), Waiter::Answer(answer))?;
        answered.await.map_err(|_| ended())?
    }

    /// Asks for notifications. They end when the stream is dropped.
    pub(super) async fn subscribe(
        &self,
        method: &str,
        params: Option<Box<RawValue>>,
        unsubscribe: &str,
    ) -> Result<RawRpcSubscription, RpcError> {
        let (opened, open) = oneshot::channel();
        self.send(method, params.as_deref(), Waiter::Stream { opened, unsubscribe: unsubscribe.to_owned() })?;
        let (id, mut notifications) = open.await.map_err(|_| ended())??;
        let stream = futures::stream::poll_fn(move |context| notifications.poll_recv(context)).boxed();
        Ok(RawRpcSubscription { stream, id: Some(id) })
    }

    fn send(&self, method: &str, params: Option<&RawValue>, waiter: Waiter) -> Result<(), RpcError> {
        let id = {
            let mut waiting = self.waiting();
            if waiting.closed {
                return Err(ended());
            }
            waiting.last_id = waiting.last_id.wrapping_add(1);
            let id = waiting.last_id;
            waiting.requests.insert(id, waiter);
            id
        };
        let sent = self.client().json_rpc_request(request(id, method, params), self.chain);
        sent.map_err(|error| {
            self.waiting().requests.remove(&id);
            RpcError::Client(error.to_string().into())
        })
    }

    /// Passes a message to the task that waits for it.
    fn take(&self, text: &str) {
        let message: Message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => return tracing::warn!(%error, text, "unknown message from smoldot"),
        };
        let dead = match (message.id, message.params) {
            (Some(id), _) => self.answer(id, outcome(message.result, message.error)),
            (None, Some(news)) => self.notify(news),
            (None, None) => return tracing::warn!(text, "unknown message from smoldot"),
        };
        if let Some((id, unsubscribe)) = dead {
            let mut waiting = self.waiting();
            waiting.streams.remove(&id);
            waiting.last_id = waiting.last_id.wrapping_add(1);
            let last = waiting.last_id;
            drop(waiting);
            let params = serde_json::value::to_raw_value(&[id]).ok();
            // Its answer is ignored.
            let _ = self.client().json_rpc_request(request(last, &unsubscribe, params.as_deref()), self.chain);
        }
    }

    /// Returns a subscription that has no listener.
    fn answer(&self, id: u64, answer: Answer) -> Option<(String, String)> {
        let mut waiting = self.waiting();
        match waiting.requests.remove(&id)? {
            Waiter::Answer(waiter) => {
                // The asking task may have given up.
                let _ = waiter.send(answer);
                None
            }
            Waiter::Stream { opened, unsubscribe } => {
                let named = answer.and_then(|id| {
                    serde_json::from_str::<String>(id.get()).map_err(|error| RpcError::Client(Box::new(error)))
                });
                let id = match named {
                    Ok(id) => id,
                    Err(error) => {
                        let _ = opened.send(Err(error));
                        return None;
                    }
                };
                let (notifications, receiver) = mpsc::unbounded_channel();
                if opened.send(Ok((id.clone(), receiver))).is_err() {
                    return Some((id, unsubscribe));
                }
                waiting.streams.insert(id, Feed { notifications, unsubscribe });
                None
            }
        }
    }

    /// Returns a subscription that has no listener any more.
    fn notify(&self, news: Notification) -> Option<(String, String)> {
        let waiting = self.waiting();
        let feed = waiting.streams.get(&news.subscription)?;
        match feed.notifications.send(outcome(news.result, news.error)) {
            Ok(()) => None,
            Err(_) => Some((news.subscription, feed.unsubscribe.clone())),
        }
    }

    /// Ends all waits: no answer will come.
    fn close(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.requests.clear();
        waiting.streams.clear();
    }

    fn client(&self) -> MutexGuard<'_, Client<Platform>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands out smoldot's answers as they come.
async fn pump(engine: Weak<Engine>, mut responses: JsonRpcResponses<Platform>) {
    while let Some(text) = responses.next().await {
        let Some(engine) = engine.upgrade() else { return };
        engine.take(&text);
    }
    if let Some(engine) = engine.upgrade() {
        engine.close();
    }
}

fn request(id: u64, method: &str, params: Option<&RawValue>) -> String {
    let params = params.map_or("[]", RawValue::get);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

fn outcome(result: Option<Box<RawValue>>, error: Option<UserError>) -> Answer {
    match error {
        Some(error) => Err(RpcError::User(error)),
        None => Ok(result.unwrap_or_else(|| RawValue::NULL.to_owned())),
    }
}

fn ended() -> RpcError {
    RpcError::Client("the light client has ended".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let answer: Message = serde_json::from_str(r#"{"jsonrpc":"2.0","id":7,"result":null}"#).unwrap();
        assert_eq!(answer.id, Some(7));
        assert_eq!(outcome(answer.result, answer.error).unwrap().get(), "null");
        let refused: Message =
            serde_json::from_str(r#"{"jsonrpc":"2.0","id":8,"error":{"code":-32000,"message":"no"}}"#).unwrap();
        let refused = outcome(refused.result, refused.error).unwrap_err();
        assert!(matches!(refused, RpcError::User(error) if error.code == -32000 && error.message == "no"));
        let text =
            r#"{"jsonrpc":"2.0","method":"chain_newHead","params":{"subscription":"a","result":{"number":"0x1"}}}"#;
        let news: Message = serde_json::from_str(text).unwrap();
        assert!(news.id.is_none() && news.params.unwrap().result.unwrap().get().contains("0x1"));
    }

    #[test]
    fn requests_without_parameters_have_an_empty_list() {
        assert_eq!(request(1, "a", None), r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#);
    }
}
