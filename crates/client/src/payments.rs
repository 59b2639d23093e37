//! Renewals and prepayments, which must not be paid for twice: an account makes one at a time, and none while an earlier one, whose
//! process was ended, may still be included.

// The SCALE derive casts the indices of variants.
#![allow(clippy::cast_possible_truncation)]

use crate::progress::Progress;
use codec::{Decode, DecodeAll, Encode};
use meganet_chain_client::{Call, ChainClient, ChainError, Signer, TxOutcome, Until};
use meganet_primitives::BlockNumber;
use meganet_wallet::files;
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Blocks that can include an extrinsic, and some more: it is signed a little later than the record of it is written.
pub(crate) const LIFETIME: BlockNumber = 300;
/// Bytes of a folder's name, as hex twice that.
const NAME_LEN: usize = 12;

/// Why a payment was not made, or is not certain.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// Another process pays with the account.
    #[error("another process is renewing or prepaying with this account already ({0} is locked): wait for it")]
    Busy(PathBuf),
    /// The chain could not be asked, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The record of payments cannot be kept.
    #[error("cannot {action} {path:?}: {source}. Payments under way are kept there, so that none is made twice")]
    State {
        /// The operation.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
}

impl PaymentError {
    fn state(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::State { action, path, source }
    }

    /// Whether the payment may be included although there was this error.
    pub fn may_still_succeed(&self) -> bool {
        matches!(self, Self::Chain(error) if error.may_still_succeed())
    }
}

/// A payment that was begun, and whose end is not known.
#[derive(Encode, Decode)]
struct Begun {
    /// A block before it.
    after: BlockNumber,
}

/// The turn of an account to pay. Other processes of this user are refused until it is dropped.
pub struct Payments<'a> {
    chain: &'a dyn ChainClient,
    signer: &'a Signer,
    /// The file of the payment under way.
    begun: PathBuf,
    was_interrupted: bool,
    _lock: File,
}

impl<'a> Payments<'a> {
    /// Begins the turn of an account to pay, with its record in the folder `root`. Where an earlier payment was interrupted, this first
    /// makes certain whether a block includes it, if need be by a transaction that changes nothing. Finalized blocks show all
    /// payments afterwards.
    ///
    /// # Errors
    /// [`PaymentError`]
    pub async fn begin(
        chain: &'a dyn ChainClient,
        signer: &'a Signer,
        root: &Path,
        progress: &dyn Progress,
    ) -> Result<Self, PaymentError> {
        let [network, account] = [chain.genesis(), signer.account()].map(|id| hex::encode(&id[..NAME_LEN]));
        let dir = root.join(network).join(account);
        files::create_private_dir(&dir).map_err(PaymentError::state("make", &dir))?;
        let lock = dir.join("lock");
        let Some(locked) = files::lock(&lock).map_err(PaymentError::state("lock", &lock))? else {
            return Err(PaymentError::Busy(lock));
        };
        let begun = dir.join("payment");
        let mut payments = Self { chain, signer, begun, was_interrupted: false, _lock: locked };
        payments.settle(progress).await?;
        Ok(payments)
    }

    /// Whether an earlier payment was interrupted, so that its user does not know whether it was made.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Submits calls as one transaction and waits until it is final.
    ///
    /// # Errors
    /// [`PaymentError`]
    pub async fn submit(self, calls: Vec<Call>) -> Result<TxOutcome, PaymentError> {
        let after = self.chain.best().await?.number;
        let state = |action| PaymentError::state(action, &self.begun);
        files::replace(&self.begun, &Begun { after }.encode()).map_err(state("write"))?;
        let outcome = self.chain.submit(self.signer, calls, Until::Finalized).await;
        if !outcome.as_ref().is_err_and(ChainError::may_still_succeed) {
            self.forget()?;
        }
        Ok(outcome?)
    }

    /// Makes certain whether an earlier payment was made.
    async fn settle(&mut self, progress: &dyn Progress) -> Result<(), PaymentError> {
        let bytes = match fs::read(&self.begun) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(PaymentError::state("read", &self.begun)(error)),
        };
        self.was_interrupted = true;
        // A damaged record may be of any payment.
        let dies =
            Begun::decode_all(&mut &*bytes).map_or(BlockNumber::MAX, |begun| begun.after.saturating_add(LIFETIME));
        if self.chain.finalized().await?.number < dies {
            progress.note(
                "an earlier payment of this account was interrupted: a transaction that changes nothing makes certain whether it was made",
            );
            pass_nonce(self.chain, self.signer).await?;
        }
        self.forget()
    }

    fn forget(&self) -> Result<(), PaymentError> {
        fs::remove_file(&self.begun).map_err(PaymentError::state("remove", &self.begun))
    }
}

/// Uses up the account's next nonce, by an empty transfer. If the node's pool has an earlier extrinsic, that precedes this one; if not,
/// this one takes its nonce, and no block can include it any more.
pub(crate) async fn pass_nonce(chain: &dyn ChainClient, signer: &Signer) -> Result<TxOutcome, ChainError> {
    chain.submit(signer, vec![Call::Transfer { to: signer.account(), amount: 0 }], Until::Finalized).await
}
