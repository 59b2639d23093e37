//! Proofs of names from a node.

use super::{
    SubxtChain,
    connection::{Connection, incompatible},
    failure::{self, Failure},
};
use crate::{error::ChainError, proofs::NameProofs};
use async_trait::async_trait;
use meganet_primitives::{
    BlockNumber,
    rpc_error::{NOTHING_FINAL, TOO_FAR_BEHIND},
};
use serde::Deserialize;
use serde_json::Value;
use subxt::rpcs::{Error as RpcError, client::RpcParams, client::rpc_params};

#[derive(Deserialize)]
struct Proof {
    proof: String,
}

#[derive(Deserialize)]
struct Changes {
    changes: String,
}

#[async_trait]
impl NameProofs for SubxtChain {
    async fn name_proof(&self, name: &str, since: BlockNumber) -> Result<Option<Vec<u8>>, ChainError> {
        const METHOD: &str = "name_v1_resolveProof";
        self.ask(|connection| async move {
            let params = rpc_params![name, Value::Null, since];
            match connection.raw.request::<Proof>(METHOD, params).await {
                Err(RpcError::User(error)) if error.code == TOO_FAR_BEHIND => Ok(None),
                answer => bytes(METHOD, &read(METHOD, answer)?.proof).map(Some),
            }
        })
        .await
    }

    async fn set_changes(&self, since: BlockNumber) -> Result<Vec<u8>, ChainError> {
        const METHOD: &str = "name_v1_setChanges";
        self.ask(|connection| async move {
            bytes(METHOD, &request::<Changes>(&connection, METHOD, rpc_params![since]).await?.changes)
        })
        .await
    }

    async fn checkpoint(&self) -> Result<Value, ChainError> {
        self.ask(|connection| async move { request(&connection, "name_v1_checkpoint", rpc_params![]).await }).await
    }
}

async fn request<T: serde::de::DeserializeOwned>(
    connection: &Connection,
    method: &str,
    params: RpcParams,
) -> Result<T, Failure> {
    read(method, connection.raw.request(method, params).await)
}

fn read<T>(method: &str, answer: Result<T, RpcError>) -> Result<T, Failure> {
    answer.map_err(|error| match error {
        RpcError::User(error) if error.code == NOTHING_FINAL => ChainError::NothingFinalized.into(),
        error => failure::rpc(method, "", error),
    })
}

fn bytes(method: &str, text: &str) -> Result<Vec<u8>, Failure> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).map_err(|_| incompatible(format!("the answer of {method} is not hex")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::rpc_error::INVALID_LABEL;
    use subxt::rpcs::UserError;

    #[test]
    fn bytes_are_hex_and_codes_are_understood() {
        assert_eq!(bytes("m", "0x0102").unwrap(), [1, 2]);
        assert!(matches!(bytes("m", "0x0"), Err(Failure::Chain(ChainError::Incompatible { .. }))));
        let refused = |code| {
            let error = RpcError::User(UserError { code, message: "no".into(), data: None });
            read::<()>("m", Err(error)).unwrap_err()
        };
        assert!(matches!(refused(NOTHING_FINAL), Failure::Chain(ChainError::NothingFinalized)));
        assert!(matches!(refused(INVALID_LABEL), Failure::Chain(ChainError::Refused { .. })));
    }
}
