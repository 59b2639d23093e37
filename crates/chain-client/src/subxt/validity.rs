//! Asks the runtime whether a node's pool would accept a transaction.
//!
//! A light client has no pool: it sends a transaction to its peers and never learns why they drop it. The runtime tells it
//! in advance.

use super::{
    connection::Connection,
    failure::{self, Failure},
    transaction::PoolAnswer,
};
use subxt::transactions::{TransactionInvalid, ValidationResult};

impl Connection {
    /// The answer if a transaction would be refused at the best block; `None` if it would be accepted.
    pub(super) async fn refuses(&self, transaction: &[u8]) -> Result<Option<PoolAnswer>, Failure> {
        let best = self.best().await?;
        let at = self.at(best).await?;
        let result = at.tx().from_bytes(transaction.to_vec()).validate().await;
        let result =
            result.map_err(|e| failure::other("TaggedTransactionQueue_validate_transaction", &best.to_string(), &e))?;
        Ok(read(&result))
    }
}

/// As [`super::offer`] reads the refusals of a pool.
fn read(result: &ValidationResult) -> Option<PoolAnswer> {
    let invalid = match result {
        ValidationResult::Valid(_) => return None,
        ValidationResult::Invalid(invalid) => invalid,
        ValidationResult::Unknown(unknown) => return Some(PoolAnswer::Refused(format!("{unknown:?}"))),
    };
    Some(match invalid {
        TransactionInvalid::Stale | TransactionInvalid::AncientBirthBlock => {
            PoolAnswer::NonceTaken(format!("{invalid:?}"))
        }
        TransactionInvalid::Payment => PoolAnswer::CannotPay,
        other => PoolAnswer::Refused(format!("the runtime calls it invalid: {other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_understood() {
        let said = |invalid| read(&ValidationResult::Invalid(invalid));
        assert!(matches!(said(TransactionInvalid::Stale), Some(PoolAnswer::NonceTaken(_))));
        assert!(matches!(said(TransactionInvalid::AncientBirthBlock), Some(PoolAnswer::NonceTaken(_))));
        assert!(matches!(said(TransactionInvalid::Payment), Some(PoolAnswer::CannotPay)));
        assert!(
            matches!(said(TransactionInvalid::BadProof), Some(PoolAnswer::Refused(why)) if why.contains("BadProof"))
        );
    }
}
