//! Errors of operations on names.

use meganet_chain_client::{ChainError, Mega};
use meganet_primitives::{
    Balance,
    name::{LabelError, MAX_YEARS},
};
use std::{io, path::PathBuf};

/// An error of names. The chain is unchanged, except for a commitment, whose deposit is refunded automatically or by
/// `meganet name commitments`.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// The name breaks a rule.
    #[error("{name:?} cannot be a name: {error}")]
    Label {
        /// The name.
        name: String,
        /// Which rule.
        error: LabelError,
    },
    /// Somebody else owns the name.
    #[error(
        "the name {name} is taken: {owner} owns it. Choose another one (`meganet name search {name}` looks for some)"
    )]
    Taken {
        /// The name.
        name: String,
        /// Its owner's address.
        owner: String,
    },
    /// Somebody else took the name while it was being registered.
    #[error("somebody else has just taken the name {name}: choose another one. Only the fee of the commitment is lost")]
    Lost {
        /// The name.
        name: String,
    },
    /// Somebody else owns the name and has not let this account write for it.
    #[error(
        "the name {name} belongs to {owner}: sign with that account, choose another name, or ask its owner for `meganet name delegate add`"
    )]
    NotYours {
        /// The name.
        name: String,
        /// Its owner's address.
        owner: String,
    },
    /// This account may write for the name, but only its owner may do what was asked for.
    #[error(
        "only the owner of {name} may do that, and this account is only a delegate: sign with the account {owner}, or ask its owner"
    )]
    OwnerOnly {
        /// The name.
        name: String,
        /// Its owner's address.
        owner: String,
    },
    /// The name looks like one that somebody else owns.
    #[error("{}", looks_like(.name, .like.as_deref()))]
    LooksLikeAnother {
        /// The name.
        name: String,
        /// The one that it looks like, where that was found.
        like: Option<String>,
    },
    /// The name is reserved.
    #[error("the name {name} is reserved, or looks like one that is: choose another one")]
    Reserved {
        /// The name.
        name: String,
    },
    /// The account owns the name already.
    #[error(
        "you own the name {name} already: `meganet name renew {name}` pays for more years, `meganet publish DIR {name}` publishes under it"
    )]
    AlreadyYours {
        /// The name.
        name: String,
    },
    /// Nobody owns the name.
    #[error("nobody owns the name {name}: check the spelling, or register it with `meganet name register {name}`")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// The name was not renewed in time.
    #[error("the name {name} has lapsed: anyone can register it now (`meganet name price {name}`)")]
    Lapsed {
        /// The name.
        name: String,
    },
    /// Names are not paid for that long, or for no time at all.
    #[error("a name is registered for 1 to {MAX_YEARS} years at a time, not for {0}")]
    Years(u32),
    /// Registering costs more than the user agreed to.
    #[error("{}", too_dear(.name, *.price, *.premium, *.max))]
    TooDear {
        /// The name.
        name: String,
        /// Rent and premium, planck.
        price: Balance,
        /// The premium alone.
        premium: Balance,
        /// The most that was agreed to, in planck; `None` if any price without a premium was.
        max: Option<Balance>,
    },
    /// Another process registers the same name.
    #[error("another process is registering this name already ({0} is locked): wait for it")]
    Busy(PathBuf),
    /// The node's blocks ended while a commitment grew old enough.
    #[error("the node sends no more blocks: check it and run the command again, which continues the registration")]
    NoBlocks,
    /// The chain could not be asked, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The state of registrations cannot be read or written.
    #[error(
        "cannot {action} {path}: {source}. Registrations cannot be finished without this folder; free space, or set XDG_DATA_HOME to another folder"
    )]
    State {
        /// The operation, as a verb.
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl NameError {
    /// Wraps an I/O error with the operation in the folder of registrations.
    pub(super) fn state(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::State { action, path, source }
    }
}

fn looks_like(name: &str, like: Option<&str>) -> String {
    let like = like.map_or_else(|| "a name".to_owned(), |like| format!("{like}, a name"));
    format!("{name} looks like {like} that somebody else owns, so it cannot be registered: choose another one")
}

fn too_dear(name: &str, price: Balance, premium: Balance, max: Option<Balance>) -> String {
    let (price, premium_text) = (Mega(price), Mega(premium));
    match max {
        Some(max) if premium == 0 => {
            format!("registering {name} costs {price}, which is more than {}: raise --max-price", Mega(max))
        }
        Some(max) => format!(
            "registering {name} costs {price} now, a premium of {premium_text} included, which is more than {}: raise --max-price, or wait until the premium has fallen",
            Mega(max)
        ),
        None => format!(
            "{name} has just lapsed, so registering it costs a premium of {premium_text} now, {price} in all. The premium falls to nothing: wait, or pass --max-price {}",
            price.to_string().trim_end_matches(" MEGA")
        ),
    }
}
