//! The interface of a node inside this process, for [`crate::SubxtChain::in_process`].

pub use subxt::rpcs::{
    Error as RpcError, RpcClientT, UserError,
    client::{RawRpcFuture, RawRpcSubscription, RawValue},
};
