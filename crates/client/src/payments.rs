//! Renewals and prepayments, which must not be paid for twice: an account makes one at a time, and none while an earlier one, whose
//! process was ended, may still be included. The record of such a payment stays until one for the same subject is made or found made.

// The SCALE derive casts the indices of variants.
#![allow(clippy::cast_possible_truncation)]

use crate::progress::Progress;
use blake2b_simd::Params;
use codec::{Decode, DecodeAll, Encode};
use meganet_chain_client::{Call, ChainClient, ChainError, Signer, TxOutcome, Until};
use meganet_primitives::{BlockNumber, link::Link};
use meganet_wallet::files;
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Blocks that can include an extrinsic, and some more: it is signed a little later than the record of it is written.
pub(crate) const LIFETIME: BlockNumber = 300;
/// Bytes of the digest in a record's name.
const DIGEST_LEN: usize = 12;
/// The beginning of the names of records.
const RECORD: &str = "payment-";

/// Why a payment was not made, or is not certain.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// Another process pays with the account.
    #[error("another process is renewing or prepaying with this account already ({0} is locked): wait for it")]
    Busy(PathBuf),
    /// The chain could not be asked, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It could not be made certain that an earlier payment is over.
    #[error(
        "nothing was paid now: an earlier payment of this account was interrupted, and whether it was made could not be made certain: {0}"
    )]
    Unsettled(ChainError),
    /// An earlier payment for the same subject was interrupted, and may have been made. The user has to look.
    #[error("an earlier payment for it was interrupted, and may have been made")]
    Interrupted,
    /// As [`Self::Interrupted`], and it is not known what was paid.
    #[error(
        "nothing was paid now: an earlier payment for it was interrupted, and its record {0} is damaged. Look whether it was made, then remove that file and run this again"
    )]
    Damaged(PathBuf),
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

    /// Whether the payment, or an earlier one for the same, may be made although there was this error.
    pub fn may_still_succeed(&self) -> bool {
        match self {
            Self::Chain(error) => error.may_still_succeed(),
            Self::Interrupted | Self::Damaged(_) | Self::Unsettled(_) => true,
            Self::Busy(_) | Self::State { .. } => false,
        }
    }
}

/// The subject of a payment. An interrupted payment concerns later ones for the same subject only.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// Storage of what a link leads to, until an epoch.
    Storage(&'a Link),
    /// An amount in advance, for automatic renewals of what a link leads to.
    Advance(&'a Link),
    /// Years of a name.
    Name(&'a str),
}

impl Subject<'_> {
    /// The name of the file of its record. A link has a key that must not be found on the disk.
    fn file(&self) -> String {
        let text = match self {
            Self::Storage(link) => format!("storage {link}"),
            Self::Advance(link) => format!("advance {link}"),
            Self::Name(name) => format!("name {name}"),
        };
        format!("{RECORD}{}", Params::new().hash_length(DIGEST_LEN).hash(text.as_bytes()).to_hex())
    }
}

/// How much time is paid for. Zero for an amount in advance.
#[derive(Clone, Copy, Debug, Default, Encode, Decode, PartialEq, Eq)]
pub struct Term {
    /// Epochs or years, as the user asked for them.
    pub asked: u32,
    /// The epoch or block until which the subject is paid for once the payment is made.
    pub until: u32,
}

/// A payment whose end the user has not seen.
#[derive(Encode, Decode)]
struct Record {
    /// Its term; `None` if the record was damaged.
    term: Option<Term>,
    /// Whether finalized blocks show it, if it was made at all.
    is_settled: bool,
}

/// The turn of an account to pay. Other processes of this user are refused until it is dropped.
pub struct Payments<'a> {
    chain: &'a dyn ChainClient,
    signer: &'a Signer,
    /// The record of a payment for the subject.
    record: PathBuf,
    interrupted: Option<Term>,
    _lock: File,
}

impl<'a> Payments<'a> {
    /// Begins the turn of an account to pay for a subject, with its records in the folder `root`. Where earlier payments were
    /// interrupted, this first makes certain that no block includes them later, by a transaction that changes nothing. Finalized
    /// blocks show all that were made afterwards.
    ///
    /// # Errors
    /// [`PaymentError`]
    pub async fn begin(
        chain: &'a dyn ChainClient,
        signer: &'a Signer,
        root: &Path,
        subject: Subject<'_>,
        progress: &dyn Progress,
    ) -> Result<Self, PaymentError> {
        let [network, account] = [chain.genesis(), signer.account()].map(|id| files::short_hex(&id));
        let dir = root.join(network).join(account);
        files::create_private_dir(&dir).map_err(PaymentError::state("make", &dir))?;
        let lock = dir.join("lock");
        let Some(locked) = files::lock(&lock).map_err(PaymentError::state("lock", &lock))? else {
            return Err(PaymentError::Busy(lock));
        };
        settle(chain, signer, &dir, progress).await?;
        let record = dir.join(subject.file());
        let interrupted = match read(&record)? {
            None => None,
            Some(Record { term: Some(term), .. }) => Some(term),
            Some(_) => return Err(PaymentError::Damaged(record)),
        };
        Ok(Self { chain, signer, record, interrupted, _lock: locked })
    }

    /// The term of an earlier payment for the subject, if one was interrupted: the user does not know whether it was made.
    pub fn interrupted(&self) -> Option<Term> {
        self.interrupted
    }

    /// Submits calls as one transaction and waits until it is final.
    ///
    /// # Errors
    /// [`PaymentError`]
    pub async fn submit(self, term: Term, calls: Vec<Call>) -> Result<TxOutcome, PaymentError> {
        write(&self.record, &Record { term: Some(term), is_settled: false })?;
        let outcome = self.chain.submit(self.signer, calls, Until::Finalized).await;
        if !outcome.as_ref().is_err_and(ChainError::may_still_succeed) {
            self.forget();
        }
        Ok(outcome?)
    }

    /// Ends the turn where nothing has to be paid, also because an interrupted payment was made.
    pub fn end(self) {
        self.forget();
    }

    /// The payment has an end, whether or not its record can be removed: then the next payment for the subject looks for it.
    fn forget(&self) {
        match fs::remove_file(&self.record) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(path = %self.record.display(), %error, "the record of a payment that has ended cannot be removed");
            }
            _ => {}
        }
    }
}

/// Makes certain that no block includes a payment of an earlier process later on.
async fn settle(
    chain: &dyn ChainClient,
    signer: &Signer,
    dir: &Path,
    progress: &dyn Progress,
) -> Result<(), PaymentError> {
    let mut open = Vec::new();
    for entry in fs::read_dir(dir).map_err(PaymentError::state("list", dir))? {
        let entry = entry.map_err(PaymentError::state("list", dir))?;
        if !entry.file_name().to_string_lossy().starts_with(RECORD) {
            continue;
        }
        match read(&entry.path())? {
            Some(record) if !record.is_settled => open.push((entry.path(), record.term)),
            _ => {}
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    progress.note(
        "an earlier payment of this account was interrupted: a transaction that changes nothing makes certain that it is not made later",
    );
    // Its age would not do: a process that was suspended signs long after it has written the record.
    pass_nonce(chain, signer).await.map_err(PaymentError::Unsettled)?;
    for (path, term) in open {
        write(&path, &Record { term, is_settled: true })?;
    }
    Ok(())
}

/// Reads a record. A damaged one may be of a payment that is still under way.
fn read(path: &Path) -> Result<Option<Record>, PaymentError> {
    match fs::read(path) {
        Ok(bytes) => {
            let damaged = Record { term: None, is_settled: false };
            Ok(Some(Record::decode_all(&mut &*bytes).unwrap_or(damaged)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PaymentError::state("read", path)(error)),
    }
}

fn write(path: &Path, record: &Record) -> Result<(), PaymentError> {
    files::replace(path, &record.encode()).map_err(PaymentError::state("write", path))
}

/// Uses up the account's next nonce, by an empty transfer. If the node's pool has an earlier extrinsic, that precedes this one; if not,
/// this one takes its nonce, and no block can include it any more.
pub(crate) async fn pass_nonce(chain: &dyn ChainClient, signer: &Signer) -> Result<TxOutcome, ChainError> {
    chain.submit(signer, vec![Call::Transfer { to: signer.account(), amount: 0 }], Until::Finalized).await
}
