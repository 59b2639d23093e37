//! What the pool of a node would say of a transaction, asked of the runtime.
//!
//! A light client has no pool: it gives a transaction to its peers, and would not learn why they drop it. The runtime
//! says before.

use super::{
    connection::Connection,
    failure::{self, Failure},
    submit::Pool,
};
use subxt::transactions::{TransactionInvalid, ValidationResult};

impl Connection {
    /// Why a transaction would be refused at the best block; `None` if it would be taken.
    pub(super) async fn refuses(&self, transaction: &[u8], repeated: bool) -> Result<Option<Pool>, Failure> {
        let best = self.best().await?;
        let at = self.at(best).await?;
        let result = at.tx().from_bytes(transaction.to_vec()).validate().await;
        let result =
            result.map_err(|e| failure::other("TaggedTransactionQueue_validate_transaction", &best.to_string(), &e))?;
        Ok(read(&result, repeated))
    }
}

/// As [`super::submit`] reads the refusals of a pool.
fn read(result: &ValidationResult, repeated: bool) -> Option<Pool> {
    let invalid = match result {
        ValidationResult::Valid(_) => return None,
        ValidationResult::Invalid(invalid) => invalid,
        ValidationResult::Unknown(unknown) => return Some(Pool::Refused(format!("{unknown:?}"))),
    };
    Some(match invalid {
        // The first offer arrived, and a block has it.
        TransactionInvalid::Stale if repeated => Pool::Took(None),
        TransactionInvalid::Stale | TransactionInvalid::AncientBirthBlock => Pool::NonceTaken(format!("{invalid:?}")),
        TransactionInvalid::Payment => Pool::CannotPay,
        other => Pool::Refused(format!("the runtime calls it invalid: {other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_understood() {
        let said = |invalid, repeated| read(&ValidationResult::Invalid(invalid), repeated);
        assert!(matches!(said(TransactionInvalid::Stale, false), Some(Pool::NonceTaken(_))));
        assert!(matches!(said(TransactionInvalid::Stale, true), Some(Pool::Took(None))));
        assert!(matches!(said(TransactionInvalid::AncientBirthBlock, true), Some(Pool::NonceTaken(_))));
        assert!(matches!(said(TransactionInvalid::Payment, false), Some(Pool::CannotPay)));
        assert!(
            matches!(said(TransactionInvalid::BadProof, false), Some(Pool::Refused(why)) if why.contains("BadProof"))
        );
    }
}
