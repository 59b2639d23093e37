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
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, time::timeout};

/// Time for which a balance is believed.
const FRESH: Duration = Duration::from_secs(30);
/// Time for which a balance that is too small is believed. Money may come in, but a refusal ends no stream, so that anybody could
/// have the node asked all the time.
const POOR: Duration = Duration::from_secs(2);
/// Time to wait for a place.
const PATIENCE: Duration = Duration::from_secs(5);
/// Accounts that are remembered.
const MAX_KNOWN: usize = 4096;
/// Balances that are asked for at once for those who upload: anybody can name an account, so this bounds the load on the node.
const LOOKUPS: usize = 4;

/// Balances of accounts, as they were a moment ago.
pub struct Accounts {
    chain: Arc<dyn ChainClient>,
    known: Mutex<BTreeMap<AccountId, (Balance, Instant)>>,
    /// Places for look-ups, given in the order in which they are asked for.
    lookups: Semaphore,
    /// The turns of the peers that wait or are looked up for: a peer takes up one place at most, however many streams it has.
    turns: Mutex<BTreeMap<PeerKey, Weak<tokio::sync::Mutex<()>>>>,
    patience: Duration,
}

impl Accounts {
    /// No account is known yet.
    pub fn new(chain: Arc<dyn ChainClient>) -> Self {
        let (known, turns) = Default::default();
        Self { chain, known, lookups: Semaphore::new(LOOKUPS), turns, patience: PATIENCE }
    }

    /// Checks that an account has signed for a client.
    ///
    /// # Errors
    /// [`Refusal::Unsigned`].
    pub fn check(&self, request: &UploadAccount, client: &PeerKey) -> Result<(), Refusal> {
        let signed = upload_signed_bytes(&self.chain.genesis(), client);
        if verify(&request.account, &signed, &request.signature) { Ok(()) } else { Err(Refusal::Unsigned) }
    }

    /// Checks that an account, in whose name a peer uploads, has this much to spend.
    ///
    /// # Errors
    /// [`Refusal::NoFunds`]; [`Refusal::Busy`] if the node does not answer, or too many ask.
    pub async fn can_pay(&self, account: &AccountId, peer: &PeerKey, price: Balance) -> Result<(), Refusal> {
        let free = match self.believed(account, price) {
            Some(free) => free,
            None => self.ask_for(peer, account, price).await?,
        };
        if free >= price { Ok(()) } else { Err(Refusal::NoFunds) }
    }

    /// Returns true if an account is known not to have this much to spend. A balance of a moment ago is believed, since many
    /// accounts may be asked about. To be called for one account at a time: it does not wait for those who upload, or they
    /// could keep others from having to make way.
    pub async fn cannot_pay(&self, account: &AccountId, price: Balance) -> bool {
        let known = self.known.lock().get(account).copied().filter(|(_, at)| at.elapsed() < FRESH);
        let free = match known {
            Some((free, _)) => Some(free),
            None => self.look_up(account).await.ok(),
        };
        free.is_some_and(|free| free < price)
    }

    /// The balance of an account, if the node need not be asked to compare it with a price.
    fn believed(&self, account: &AccountId, price: Balance) -> Option<Balance> {
        let (free, at) = self.known.lock().get(account).copied()?;
        let fresh = if free >= price { FRESH } else { POOR };
        (at.elapsed() < fresh).then_some(free)
    }

    /// The turn of a peer. It is forgotten when nobody holds it or waits for it.
    fn turn_of(&self, peer: &PeerKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock();
        if let Some(turn) = turns.get(peer).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(*peer, Arc::downgrade(&turn));
        turn
    }

    /// Asks the node about an account as soon as it is the peer's turn and there is a place.
    async fn ask_for(&self, peer: &PeerKey, account: &AccountId, price: Balance) -> Result<Balance, Refusal> {
        let turn = self.turn_of(peer);
        let _turn = timeout(self.patience, turn.lock()).await.map_err(|_| Refusal::Busy)?;
        // Another stream of the peer may have asked meanwhile.
        if let Some(free) = self.believed(account, price) {
            return Ok(free);
        }
        let place = timeout(self.patience, self.lookups.acquire()).await.map_err(|_| Refusal::Busy)?;
        let _place = place.map_err(|_| Refusal::Busy)?;
        self.look_up(account).await
    }

    async fn look_up(&self, account: &AccountId) -> Result<Balance, Refusal> {
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
    use tokio::task::JoinHandle;

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
        assert_eq!(accounts.can_pay(&rich, &CLIENT, 5 * MEGA).await, Ok(()));
        assert_eq!(accounts.can_pay(&rich, &CLIENT, 5 * MEGA + 1).await, Err(Refusal::NoFunds));
        assert_eq!(accounts.can_pay(&poor, &CLIENT, 1).await, Err(Refusal::NoFunds));
        assert!(accounts.cannot_pay(&poor, 1).await && !accounts.cannot_pay(&rich, 5 * MEGA).await);
        chain.fund(poor, MEGA);
        // Too little is believed for a moment. (A time to come counts as now.)
        let asked = |at| accounts.known.lock().insert(poor, (0, at));
        asked(Instant::now() + FRESH);
        assert_eq!(accounts.can_pay(&poor, &CLIENT, MEGA).await, Err(Refusal::NoFunds));
        // Then money that has come in counts.
        asked(Instant::now().checked_sub(POOR).unwrap());
        assert!(accounts.cannot_pay(&poor, MEGA).await);
        assert_eq!(accounts.can_pay(&poor, &CLIENT, MEGA).await, Ok(()));
        assert!(!accounts.cannot_pay(&poor, MEGA).await);
    }

    /// Accounts that wait for a place for as long as it takes.
    fn patient(chain: &FakeChain) -> Arc<Accounts> {
        Arc::new(Accounts { patience: Duration::from_secs(24 * 3600), ..Accounts::new(chain.client()) })
    }

    /// Asks on a stream of its own whether an account can pay, until it waits or is answered.
    async fn ask(accounts: &Arc<Accounts>, account: AccountId, peer: PeerKey) -> JoinHandle<Result<(), Refusal>> {
        let accounts = accounts.clone();
        let asking = tokio::spawn(async move { accounts.can_pay(&account, &peer, MEGA).await });
        tokio::task::yield_now().await;
        asking
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_a_place_while_others_take_up_all() {
        let chain = FakeChain::default();
        let accounts = patient(&chain);
        let (rich, poor) = ([1; 32], [2; 32]);
        chain.fund(rich, MEGA);
        let all = accounts.lookups.acquire_many(u32::try_from(LOOKUPS).unwrap()).await.unwrap();
        let mut crowd = Vec::new();
        for _ in 0..100 {
            crowd.push(ask(&accounts, poor, PeerKey([8; 32])).await);
        }
        let newcomer = ask(&accounts, rich, CLIENT).await;
        assert!(!newcomer.is_finished());
        // Those who keep others waiting can be found to be unable to pay.
        assert!(accounts.cannot_pay(&poor, MEGA).await);
        drop(all);
        assert_eq!(newcomer.await.unwrap(), Ok(()));
        for asked in crowd {
            assert_eq!(asked.await.unwrap(), Err(Refusal::NoFunds));
        }
        assert_eq!(accounts.lookups.available_permits(), LOOKUPS);
    }

    #[tokio::test]
    async fn a_peer_takes_up_one_place_however_many_accounts_and_streams_it_has() {
        let chain = FakeChain::default();
        let accounts = patient(&chain);
        let (rich, peer) = ([200; 32], PeerKey([8; 32]));
        chain.fund(rich, MEGA);
        let turn = accounts.turn_of(&peer);
        let first = turn.lock().await;
        let mut crowd = Vec::new();
        for seed in 1..=100 {
            crowd.push(ask(&accounts, [seed; 32], peer).await);
        }
        assert_eq!(accounts.lookups.available_permits(), LOOKUPS);
        assert_eq!(accounts.can_pay(&rich, &CLIENT, MEGA).await, Ok(()));
        assert!(crowd.iter().all(|asked| !asked.is_finished()));
        drop(first);
        drop(turn);
        for asked in crowd {
            assert_eq!(asked.await.unwrap(), Err(Refusal::NoFunds));
        }
        // The next one forgets the turns that are over.
        accounts.turn_of(&PeerKey([9; 32]));
        assert_eq!(accounts.turns.lock().len(), 1);
    }

    #[tokio::test]
    async fn an_account_about_which_the_chain_cannot_be_asked_is_neither_believed_nor_robbed() {
        let chain = FakeChain::default();
        let accounts = Accounts { patience: Duration::ZERO, ..Accounts::new(chain.client()) };
        let account = [1; 32];
        {
            let _all = accounts.lookups.try_acquire_many(u32::try_from(LOOKUPS).unwrap()).unwrap();
            assert_eq!(accounts.can_pay(&account, &CLIENT, 1).await, Err(Refusal::Busy));
        }
        chain.set_unreachable(true);
        assert_eq!(accounts.can_pay(&account, &CLIENT, 1).await, Err(Refusal::Busy));
        assert!(!accounts.cannot_pay(&account, 1).await);
    }
}
