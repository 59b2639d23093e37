//! Registering a name: takes the steps that [`super::registration`] decides on.

use super::{
    NameError,
    lookalikes::look_alikes,
    pending::{Lock, Pending, PendingStore},
    recover::recover,
    registration::{self, Step, View, next},
    secret::NameKey,
};
use crate::funds::check_funds;
use futures::{StreamExt, stream};
use meganet_chain_client::{
    At, BlockRef, Call, ChainClient, ChainError, Mega, NameCall, Signer, Until, account::format_account,
};
use meganet_primitives::pallets::NamesError;
use meganet_primitives::{
    AccountId, Balance,
    chain::{Availability, CommitmentInfo},
    hash::Hash,
    name::{MAX_YEARS, NameParams, Quote, check_label},
};
use meganet_transfer::progress::{Progress, Stage};
use std::path::Path;

/// Labels that are looked up to find the one that a refused label looks like.
const LOOK_ALIKES: usize = 64;
/// Concurrent questions to the chain.
const AT_ONCE: usize = 16;
/// The number of attempts at a registration that the chain refuses because its state has changed.
const ATTEMPTS: u32 = 4;
/// Errors of the runtime that mean that its state has changed since the step was decided.
const CHANGED: [NamesError; 6] = [
    NamesError::CommitmentTooNew,
    NamesError::CommitmentTooOld,
    NamesError::CommitmentMissing,
    NamesError::NameTaken,
    NamesError::LooksLikeAnother,
    NamesError::NameReserved,
];

/// The terms of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTerms {
    /// The number of years.
    pub years: u32,
    /// The most that rent and premium together may come to, in planck; `None` agrees to any rent and to no premium.
    pub max_price: Option<Balance>,
}

impl Default for NameTerms {
    /// For a year, without a premium.
    fn default() -> Self {
        Self { years: 1, max_price: None }
    }
}

/// A name that was registered.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The price; if a crash hid it, the price that the name would have now.
    pub quote: Quote,
    /// The block that it is in, where this run saw it.
    pub block: Option<BlockRef>,
    /// The fee of that transaction, planck.
    pub fee: Balance,
}

/// A registration under way. While it lives, no other process registers the same name.
pub struct NameRegistration<'a> {
    chain: &'a dyn ChainClient,
    signer: &'a Signer,
    progress: &'a dyn Progress,
    store: PendingStore,
    label: String,
    terms: NameTerms,
    quote: Quote,
    pending: Option<Pending>,
    _lock: Lock,
}

impl<'a> NameRegistration<'a> {
    /// Begins a registration, or continues an interrupted one. Checks everything that can be checked before anything is spent.
    ///
    /// # Errors
    /// [`NameError`] if the name cannot be registered on these terms.
    pub async fn open(
        chain: &'a dyn ChainClient,
        signer: &'a Signer,
        root: &Path,
        label: &str,
        terms: NameTerms,
        progress: &'a dyn Progress,
    ) -> Result<Self, NameError> {
        let quote = quote(chain, label, terms.years).await?;
        let store = PendingStore::open(root, &chain.genesis(), NameKey::new(signer, &chain.genesis()))?;
        let lock = store.lock(label)?;
        let pending = store.load(label)?;
        let mut registration =
            Self { chain, signer, progress, store, label: label.to_owned(), terms, quote, pending, _lock: lock };
        registration.check().await?;
        Ok(registration)
    }

    /// Returns the price.
    pub fn quote(&self) -> Quote {
        self.quote
    }

    /// Returns what the account still needs in addition to fees, in planck: the price, the deposit, and the deposit of the
    /// commitment, which is refunded.
    ///
    /// # Errors
    /// Those of the chain.
    pub async fn needed(&self) -> Result<Balance, ChainError> {
        needed(self.chain, &self.quote, self.pending.is_some()).await
    }

    /// Gets a commitment into a block, without waiting until it is old enough, so that other work can be done meanwhile.
    ///
    /// # Errors
    /// [`NameError`]
    pub async fn commit(&mut self) -> Result<(), NameError> {
        loop {
            match self.step().await? {
                Step::Prepare { replaces } => self.prepare(replaces).await?,
                Step::Commit { cancel } => self.submit_commitment(cancel).await?,
                Step::Wait { .. } | Step::Register | Step::Done => return Ok(()),
                Step::GiveUp { cancel } => return Err(self.lost(cancel).await?),
            }
        }
    }

    /// Waits until the commitment is old enough, and makes another if it is gone or too old. Returns the call that registers the name
    /// in the next block; `None` if the name is registered already.
    ///
    /// # Errors
    /// [`NameError`]
    pub async fn ready(&mut self) -> Result<Option<Call>, NameError> {
        let mut heads = self.chain.best_blocks();
        let mut waiting_since = None;
        loop {
            match self.step().await? {
                Step::Prepare { replaces } => self.prepare(replaces).await?,
                Step::Commit { cancel } => self.submit_commitment(cancel).await?,
                Step::Wait { until } => {
                    // A head that is looked at again after the wait: a reorganisation may have taken the commitment.
                    let head = heads.next().await.ok_or(NameError::NoBlocks)?;
                    let since = *waiting_since.get_or_insert_with(|| {
                        let left = until.saturating_sub(head.number);
                        self.progress.begin(Stage::WaitingForCommitment, Some(left.into()));
                        head.number
                    });
                    if head.number > since {
                        self.progress.advance(u64::from(head.number - since));
                        waiting_since = Some(head.number);
                    }
                }
                Step::Register => return Ok(self.call()),
                Step::Done => return Ok(None),
                Step::GiveUp { cancel } => return Err(self.lost(cancel).await?),
            }
        }
    }

    /// Whether the chain refused a registration because its state changed after the call was made, so that the next step should be
    /// decided again. `attempt` counts from 0.
    pub fn worth_repeating(error: &ChainError, attempt: u32) -> bool {
        let changed = CHANGED.iter().any(|changed| error.is(*changed));
        changed && attempt.saturating_add(1) < ATTEMPTS
    }

    /// Removes the state on the disk: the name is registered.
    ///
    /// # Errors
    /// [`NameError::State`]
    pub fn settle(&mut self) -> Result<(), NameError> {
        self.pending = None;
        self.store.remove(&self.label)
    }

    /// Everything at once: commits, waits, registers.
    ///
    /// # Errors
    /// [`NameError`]. Run again, it continues.
    pub async fn register(mut self, until: Until) -> Result<Registered, NameError> {
        let mut attempt = 0;
        let done = loop {
            let Some(call) = self.ready().await? else { break None };
            self.progress.begin(Stage::Registering, None);
            match self.chain.submit(self.signer, vec![call], until).await {
                Ok(outcome) => break Some(outcome),
                Err(error) if Self::worth_repeating(&error, attempt) => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        };
        self.settle()?;
        let fee = done.as_ref().map_or(0, |outcome| outcome.fee);
        Ok(Registered { quote: self.quote, block: done.map(|outcome| outcome.block), fee })
    }

    fn call(&self) -> Option<Call> {
        let pending = self.pending.as_ref()?;
        Some(Call::Name(NameCall::Register {
            label: self.label.clone(),
            years: self.terms.years,
            secret: pending.secret,
        }))
    }

    /// Whether the name can be had, at the price that was agreed to, by an account that can pay.
    async fn check(&mut self) -> Result<(), NameError> {
        match self.obstacle().await? {
            None => {}
            // Registered by a run that ended before it noted so.
            Some(NameError::AlreadyYours { .. }) if self.pending.is_some() => return Ok(()),
            Some(obstacle) => {
                // It may have been free when the registration began.
                if let Step::GiveUp { cancel } = self.step().await? {
                    self.give_up(cancel).await?;
                }
                return Err(obstacle);
            }
        }
        agree(&self.label, &self.quote, self.terms)?;
        self.check_funds().await
    }

    async fn check_funds(&self) -> Result<(), NameError> {
        let premium = match self.quote.premium {
            0 => String::new(),
            premium => format!(", a premium of {}", Mega(premium)),
        };
        let purpose = format!("the name {} ({} of rent{premium}, and deposits)", self.label, Mega(self.quote.rent));
        Ok(check_funds(self.chain, &self.signer.account(), self.needed().await?, purpose).await?)
    }

    /// Why the name cannot be registered, if it cannot.
    async fn obstacle(&self) -> Result<Option<NameError>, NameError> {
        obstacle(self.chain, &self.label, &self.signer.account()).await
    }

    /// The step that is due.
    async fn step(&mut self) -> Result<Step, NameError> {
        let account = self.signer.account();
        let now = self.chain.best().await?;
        let at = At::Block(now.hash);
        let params: NameParams = self.chain.name_params(at).await?;
        let commitments = self.chain.commitments(&account, at).await?;
        let availability = match self.chain.name(&self.label, at).await?.filter(|info| info.status.works()) {
            Some(info) if info.owner == account => registration::Availability::Ours,
            Some(_) => registration::Availability::Gone,
            None => match self.chain.availability(&self.label, &account, at).await? {
                Availability::Free => registration::Availability::Free,
                _ => registration::Availability::Gone,
            },
        };
        self.recover(&commitments)?;
        Ok(next(
            self.pending.as_ref(),
            &View { account, now: now.number, params, commitments: &commitments, availability },
        ))
    }

    /// Finds the secret of a commitment whose file was lost.
    fn recover(&mut self, commitments: &[CommitmentInfo]) -> Result<(), NameError> {
        if self.pending.is_some() {
            return Ok(());
        }
        let Some(found) = recover(self.store.key(), &self.label, self.terms.years, commitments) else { return Ok(()) };
        self.store.save(&found.pending)?;
        self.pending = Some(found.pending);
        Ok(())
    }

    async fn prepare(&mut self, replaces: Option<Hash>) -> Result<(), NameError> {
        let born = self.chain.best().await?.number;
        let pending = Pending::new(self.store.key(), &self.label, self.terms.years, born, replaces);
        // Durable before the chain sees anything of it.
        self.store.save(&pending)?;
        self.pending = Some(pending);
        Ok(())
    }

    async fn submit_commitment(&mut self, cancel: Option<Hash>) -> Result<(), NameError> {
        let Some(pending) = &self.pending else { return Ok(()) };
        self.progress.begin(Stage::Committing, None);
        let commitment = pending.commitment(&self.signer.account());
        let cancel = cancel.map(|commitment| Call::Name(NameCall::CancelCommit { commitment }));
        let calls = cancel.into_iter().chain([Call::Name(NameCall::Commit { commitment })]).collect();
        match self.chain.submit(self.signer, calls, Until::InBlock).await {
            // A run that was interrupted had submitted it, and a block took it since the step was decided.
            Err(error) if error.is(NamesError::AlreadyCommitted) => Ok(()),
            result => Ok(result.map(drop)?),
        }
    }

    /// Takes back what is left of a registration that leads nowhere.
    async fn give_up(&mut self, cancel: Vec<Hash>) -> Result<(), NameError> {
        if !cancel.is_empty() {
            let calls =
                cancel.into_iter().map(|commitment| Call::Name(NameCall::CancelCommit { commitment })).collect();
            self.chain.submit(self.signer, calls, Until::InBlock).await?;
        }
        self.settle()
    }

    /// Abandons the registration and returns the error with the reason.
    async fn lost(&mut self, cancel: Vec<Hash>) -> Result<NameError, NameError> {
        self.give_up(cancel).await?;
        let obstacle = self.obstacle().await?;
        Ok(obstacle.unwrap_or_else(|| NameError::Lost { name: self.label.clone() }))
    }
}

/// Checks that names are paid for this many years at a time.
///
/// # Errors
/// [`NameError::Years`]
pub fn check_years(years: u32) -> Result<(), NameError> {
    if (1..=MAX_YEARS).contains(&years) { Ok(()) } else { Err(NameError::Years(years)) }
}

/// The price of a name, in planck: rent and premium, without the deposit.
pub fn price(quote: &Quote) -> Balance {
    quote.rent.saturating_add(quote.premium)
}

/// The price of a label for a number of years.
///
/// # Errors
/// [`NameError::Label`] and [`NameError::Years`], and those of the chain.
pub(super) async fn quote(chain: &dyn ChainClient, label: &str, years: u32) -> Result<Quote, NameError> {
    check_label(label.as_bytes()).map_err(|error| NameError::Label { name: label.to_owned(), error })?;
    check_years(years)?;
    Ok(chain.name_quote(label, years, At::Best).await?)
}

/// Whether a label may cost that much.
///
/// # Errors
/// [`NameError::TooDear`]
pub(super) fn agree(label: &str, quote: &Quote, terms: NameTerms) -> Result<(), NameError> {
    let price = price(quote);
    if price > terms.max_price.unwrap_or(quote.rent) {
        let (name, premium) = (label.to_owned(), quote.premium);
        return Err(NameError::TooDear { name, price, premium, max: terms.max_price });
    }
    Ok(())
}

/// The amount that an account still needs for a name in addition to fees, in planck.
pub(super) async fn needed(chain: &dyn ChainClient, quote: &Quote, began: bool) -> Result<Balance, ChainError> {
    if began {
        // The deposit of the commitment is held already, or the chain asks for it when it is made.
        return Ok(quote.total());
    }
    let params = chain.name_params(At::Best).await?;
    Ok(quote.total().saturating_add(params.record_deposit))
}

/// Why an account cannot register a label, if it cannot.
///
/// # Errors
/// Those of the chain.
pub async fn obstacle(chain: &dyn ChainClient, label: &str, who: &AccountId) -> Result<Option<NameError>, NameError> {
    let at = chain.pin(At::Best).await?;
    let name = || label.to_owned();
    if let Some(info) = chain.name(label, at).await?.filter(|info| info.status.works()) {
        if info.owner == *who {
            return Ok(Some(NameError::AlreadyYours { name: name() }));
        }
        return Ok(Some(NameError::Taken { name: name(), owner: format_account(&info.owner) }));
    }
    Ok(match chain.availability(label, who, at).await? {
        Availability::Free => None,
        Availability::LooksLikeAnother => {
            let like = which_it_looks_like(chain, label, at).await?;
            Some(NameError::LooksLikeAnother { name: name(), like })
        }
        Availability::Reserved => Some(NameError::Reserved { name: name() }),
        // Taken at that very block, or by a rule that this program does not know.
        Availability::Taken | Availability::Invalid => Some(NameError::Reserved { name: name() }),
    })
}

/// The name that a label looks like, if it is among those that are looked up.
async fn which_it_looks_like(chain: &dyn ChainClient, label: &str, at: At) -> Result<Option<String>, ChainError> {
    let ask = |other: String| async move {
        let info = chain.name(&other, at).await?.filter(|info| info.status.works());
        Ok::<_, ChainError>(info.map(|_| other))
    };
    let mut asked = stream::iter(look_alikes(label, LOOK_ALIKES)).map(ask).buffered(AT_ONCE).boxed();
    while let Some(found) = asked.next().await {
        if let Some(other) = found? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}
