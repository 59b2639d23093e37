//! Whether an account can pay.

use meganet_chain_client::{At, ChainClient, ChainError, account::format_account};
use meganet_primitives::{AccountId, Balance};

/// Whether a balance covers costs that fees come on top of. If only the fees are missing, the chain rejects the extrinsic.
pub(crate) fn covers(available: Balance, needed: Balance) -> bool {
    available > needed
}

/// Checks that an account can pay this much, in planck, for a purpose, and fees on top.
///
/// # Errors
/// [`ChainError::InsufficientFunds`] with this purpose, and those of the chain.
pub(crate) async fn check_funds(
    chain: &dyn ChainClient,
    account: &AccountId,
    needed: Balance,
    purpose: String,
) -> Result<(), ChainError> {
    let available = chain.balance(account, At::Best).await?.spendable;
    if covers(available, needed) {
        return Ok(());
    }
    let account = format_account(account);
    Err(ChainError::InsufficientFunds { account, needed, available, purpose, with_fee: false })
}
