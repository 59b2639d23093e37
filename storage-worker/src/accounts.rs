//! The accounts in whose name others upload: whether they have signed, and whether they can pay.

use meganet_chain_client::{At, ChainClient, account::verify};
use meganet_net::{Refusal, UploadAccount};
use meganet_primitives::{
    AccountId, Balance,
    receipt::{PeerKey, upload_signed_bytes},
};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Time for which a balance is believed.
const FRESH: Duration = Duration::from_secs(30);
/// Accounts that are remembered.
const MAX_KNOWN: usize = 4096;
/// Balances that are asked for at once: anybody can name an account, so this bounds the load on the node.
const LOOKUPS: usize = 4;

/// Balances of accounts, as they were a moment ago.
pub struct Accounts {
    chain: Arc<dyn ChainClient>,
    known: Mutex<BTreeMap<AccountId, (Balance, Instant)>>,
    lookups: Semaphore,
}

impl Accounts {
    /// No account is known yet.
    pub fn new(chain: Arc<dyn ChainClient>) -> Self {
        Self { chain, known: Mutex::default(), lookups: Semaphore::new(LOOKUPS) }
    }

    /// Checks that an account has signed for a client.
    ///
    /// # Errors
    /// [`Refusal::Unsigned`].
    pub fn check(&self, request: &UploadAccount, client: &PeerKey) -> Result<(), Refusal> {
        let signed = upload_signed_bytes(&self.chain.genesis(), client);
        if verify(&request.account, &signed, &request.signature) { Ok(()) } else { Err(Refusal::Unsigned) }
    }

    /// Checks that an account has this much to spend.
    ///
    /// # Errors
    /// [`Refusal::NoFunds`]; [`Refusal::Busy`] if the node does not answer, or too many ask.
    pub async fn can_pay(&self, account: &AccountId, price: Balance) -> Result<(), Refusal> {
        let known = self.known.lock().get(account).copied().filter(|(_, at)| at.elapsed() < FRESH);
        // Money may have come in since: before it is refused, the node is asked again.
        let free = match known.filter(|(free, _)| *free >= price) {
            Some((free, _)) => free,
            None => self.look_up(account).await?,
        };
        if free >= price { Ok(()) } else { Err(Refusal::NoFunds) }
    }

    /// Returns true if an account is known not to have this much to spend. A balance of a moment ago is believed, since many
    /// accounts may be asked about at once.
    pub async fn cannot_pay(&self, account: &AccountId, price: Balance) -> bool {
        let known = self.known.lock().get(account).copied().filter(|(_, at)| at.elapsed() < FRESH);
        let free = match known {
            Some((free, _)) => Some(free),
            None => self.look_up(account).await.ok(),
        };
        free.is_some_and(|free| free < price)
    }

    async fn look_up(&self, account: &AccountId) -> Result<Balance, Refusal> {
        let _turn = self.lookups.try_acquire().map_err(|_| Refusal::Busy)?;
        let balance = self.chain.balance(account, At::Best).await.map_err(|error| {
            tracing::debug!(%error, "cannot find out whether an account can pay");
            Refusal::Busy
        })?;
        let mut known = self.known.lock();
        if known.len() >= MAX_KNOWN {
            known.retain(|_, (_, at)| at.elapsed() < FRESH);
            if known.len() >= MAX_KNOWN {
                known.pop_first();
            }
        }
        known.insert(*account, (balance.free, Instant::now()));
        Ok(balance.free)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_chain_client::{MEGA, Signer};
    use meganet_chain_fake::FakeChain;

    const CLIENT: PeerKey = PeerKey([7; 32]);

    #[tokio::test]
    async fn only_the_account_that_signed_for_this_client_on_this_chain_is_known() {
        let chain = FakeChain::default();
        let accounts = Accounts::new(chain.client());
        let (alice, bob) = (Signer::from_suri("//Alice").unwrap(), Signer::from_suri("//Bob").unwrap());
        let signed = |genesis: &[u8; 32], client| UploadAccount {
            account: alice.account(),
            signature: alice.sign(&upload_signed_bytes(genesis, client)),
        };
        let good = signed(&chain.genesis(), &CLIENT);
        assert_eq!(accounts.check(&good, &CLIENT), Ok(()));
        let other = PeerKey([8; 32]);
        let bad = [
            (UploadAccount { account: bob.account(), ..good }, CLIENT),
            (good, other),
            (signed(&chain.genesis(), &other), CLIENT),
            (signed(&[0; 32], &CLIENT), CLIENT),
        ];
        for (request, client) in bad {
            assert_eq!(accounts.check(&request, &client), Err(Refusal::Unsigned));
        }
    }

    #[tokio::test]
    async fn an_account_needs_the_price() {
        let chain = FakeChain::default();
        let accounts = Accounts::new(chain.client());
        let (rich, poor) = ([1; 32], [2; 32]);
        chain.fund(rich, 5 * MEGA);
        assert_eq!(accounts.can_pay(&rich, 5 * MEGA).await, Ok(()));
        assert_eq!(accounts.can_pay(&rich, 5 * MEGA + 1).await, Err(Refusal::NoFunds));
        assert_eq!(accounts.can_pay(&poor, 1).await, Err(Refusal::NoFunds));
        assert!(accounts.cannot_pay(&poor, 1).await && !accounts.cannot_pay(&rich, 5 * MEGA).await);
        // Money that has come in since counts at once.
        chain.fund(poor, MEGA);
        assert_eq!(accounts.can_pay(&poor, MEGA).await, Ok(()));
        assert!(!accounts.cannot_pay(&poor, MEGA).await);
    }

    #[tokio::test]
    async fn an_account_about_which_the_chain_cannot_be_asked_is_neither_believed_nor_robbed() {
        let chain = FakeChain::default();
        let accounts = Accounts::new(chain.client());
        let account = [1; 32];
        {
            let _all = accounts.lookups.try_acquire_many(u32::try_from(LOOKUPS).unwrap()).unwrap();
            assert_eq!(accounts.can_pay(&account, 1).await, Err(Refusal::Busy));
            assert!(!accounts.cannot_pay(&account, 1).await);
        }
        chain.set_unreachable(true);
        assert_eq!(accounts.can_pay(&account, 1).await, Err(Refusal::Busy));
        assert!(!accounts.cannot_pay(&account, 1).await);
    }
}
