//! Calls about names.

use meganet_primitives::{
    AccountId,
    content::NameContent,
    hash::Hash,
    name::{RecordKey, RecordValue, Secret},
};

/// A call about names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameCall {
    /// Announces that a label will be registered, without revealing it: see [`meganet_primitives::name::commitment()`].
    Commit {
        /// The digest.
        commitment: Hash,
    },
    /// Cancels a commitment, whatever its age; its deposit is returned.
    CancelCommit {
        /// The digest.
        commitment: Hash,
    },
    /// Registers a name that was committed to, pays the rent and holds the deposit.
    Register {
        /// The label.
        label: String,
        /// Years of rent.
        years: u32,
        /// The secret of the commitment.
        secret: Secret,
    },
    /// Pays further years of a name. Any account may do it.
    Renew {
        /// The label.
        label: String,
        /// Further years.
        years: u32,
    },
    /// Points a name at content, or at nothing. For its owner and its delegates.
    SetContent {
        /// The label.
        label: String,
        /// The content.
        content: Option<NameContent>,
    },
    /// Points a name at the content of an earlier version. For its owner and its delegates.
    Rollback {
        /// The label.
        label: String,
        /// The number of that version.
        version: u32,
    },
    /// Transfers a name to another account.
    Transfer {
        /// The label.
        label: String,
        /// The new owner.
        to: AccountId,
    },
    /// Releases a name; the deposit is returned.
    Release {
        /// The label.
        label: String,
    },
    /// Removes a lapsed name from the state. Any account may do it.
    Sweep {
        /// The label.
        label: String,
    },
    /// Sets or removes a record of a name. For its owner and its delegates.
    SetRecord {
        /// The label.
        label: String,
        /// The record's key.
        key: RecordKey,
        /// The record's value; `None` removes it.
        value: Option<RecordValue>,
    },
    /// Allows an account to write content and records of a name, or withdraws that.
    SetDelegate {
        /// The label.
        label: String,
        /// The account.
        delegate: AccountId,
        /// Whether it may.
        allowed: bool,
    },
    /// Creates a subname or changes its content. For the owner and the delegates of the label, and for the subname's own
    /// delegate once it exists.
    SetSubname {
        /// The label.
        label: String,
        /// The part before the dot.
        sub: String,
        /// The content.
        content: Option<NameContent>,
    },
    /// Sets the one account that may write the content of a subname in addition. For the label's owner only.
    SetSubnameDelegate {
        /// The label.
        label: String,
        /// The part before the dot.
        sub: String,
        /// The account; `None` for nobody.
        delegate: Option<AccountId>,
    },
    /// Removes a subname; its deposit is returned.
    RemoveSubname {
        /// The label.
        label: String,
        /// The part before the dot.
        sub: String,
    },
    /// Sets the name, one of its own, that an account goes by.
    SetReverse {
        /// The label; `None` for no name.
        label: Option<String>,
    },
}
