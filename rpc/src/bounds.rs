//! Bounds for errors about parameters: jsonrpsee and serde quote refused texts, which can be as long as a request.

use crate::error::{abridge, excerpt};
use futures::FutureExt;
use jsonrpsee::{
    MethodCallback, MethodResponse, RpcModule, SubscriptionState,
    core::RegisterMethodError,
    types::{ErrorObject, Id, Params, error::INVALID_PARAMS_CODE},
};
use serde::Deserialize;
use std::sync::Arc;

/// Returns the same methods with errors that quote at most 100 characters of their parameters.
///
/// # Errors
/// If a method cannot be registered again.
pub fn bounded(module: &RpcModule<()>) -> Result<RpcModule<()>, RegisterMethodError> {
    let mut bounded = RpcModule::new(());
    for name in module.method_names() {
        if let Some(callback) = module.method(name) {
            bounded.verify_and_insert(name, bound(callback.clone()))?;
        }
    }
    Ok(bounded)
}

fn bound(callback: MethodCallback) -> MethodCallback {
    match callback {
        MethodCallback::Sync(call) => {
            MethodCallback::Sync(Arc::new(move |id: Id<'_>, params: Params<'_>, max, extensions| {
                abridged(id.clone(), call(id, readable(params), max, extensions))
            }))
        }
        MethodCallback::Async(call) => MethodCallback::Async(Arc::new(
            move |id: Id<'static>, params: Params<'static>, connection, max, extensions| {
                let answer = call(id.clone(), readable(params), connection, max, extensions);
                async move { abridged(id, answer.await) }.boxed()
            },
        )),
        // A subscription sends its errors itself, before they could be shortened here. The reasons are short: subscriptions take
        // texts only, and serde quotes no list or object in the place of a text.
        MethodCallback::Subscription(call) => MethodCallback::Subscription(Arc::new(
            move |id: Id<'_>, params: Params<'_>, sink, state: SubscriptionState<'_>, extensions| {
                call(id, readable(params), sink, state, extensions)
            },
        )),
        MethodCallback::Unsubscription(call) => MethodCallback::Unsubscription(Arc::new(
            move |id: Id<'_>, params: Params<'_>, connection, max, extensions| {
                abridged(id.clone(), call(id, readable(params), connection, max, extensions))
            },
        )),
    }
}

/// Shortens parameters that are neither a list nor an object, which jsonrpsee refuses and quotes.
fn readable(params: Params<'_>) -> Params<'_> {
    if params.as_str().is_none_or(|text| text.starts_with(['[', '{'])) {
        return params;
    }
    let beginning = excerpt(params.as_str().unwrap_or_default());
    Params::new(Some(&beginning)).into_owned()
}

/// The answer of a call, as far as it concerns errors about parameters.
#[derive(Deserialize)]
struct Answer {
    error: Refusal,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
    /// The reason.
    data: String,
}

/// Shortens the reason of an error about parameters.
fn abridged(id: Id<'_>, response: MethodResponse) -> MethodResponse {
    if response.as_error_code() != Some(INVALID_PARAMS_CODE) {
        return response;
    }
    let Some(Refusal { message, data }) = refusal(response.as_result()) else { return response };
    let error = ErrorObject::owned(INVALID_PARAMS_CODE, message, Some(abridge(&data)));
    MethodResponse::error(id, error).with_extensions(response.extensions().clone())
}

fn refusal(answer: &str) -> Option<Refusal> {
    // jsonrpsee reads the JSON of parameters and that of answers alike.
    let json = Params::new(Some(answer));
    let parsed = json.parse::<Answer>().ok()?;
    Some(parsed.error)
}
