//! The rights of accounts over a name.

use super::NameError;
use meganet_chain_client::{At, ChainClient, ChainError, account::format_account};
use meganet_primitives::{
    AccountId,
    chain::{NameInfo, SubnameInfo},
    name::{NameStatus, split_name},
};

/// The rights of an account over a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Owner,
    /// Change the content and records of the name, and the content of names below it, which it may also add.
    Delegate,
    /// Change the content of one name below it.
    SubnameDelegate,
}

/// A name, with the rights that one account has over it.
#[derive(Clone, Debug)]
pub struct WriteAccess {
    /// The name.
    pub name: String,
    /// Its label.
    pub info: NameInfo,
    /// The name below the label, if it is one and exists.
    pub subname: Option<SubnameInfo>,
    /// The rights of the account; `None` if it has no rights.
    pub role: Option<Role>,
}

impl WriteAccess {
    /// Looks a name up. Returns `None` if nobody owns its label, or it has lapsed.
    ///
    /// # Errors
    /// [`NameError::Label`] for an invalid name, and those of the chain.
    pub async fn of(chain: &dyn ChainClient, name: &str, who: &AccountId, at: At) -> Result<Option<Self>, NameError> {
        let at = chain.pin(at).await?;
        let (sub, label) = split_name(name).map_err(|error| NameError::Label { name: name.to_owned(), error })?;
        let Some(info) = chain.name(label, at).await?.filter(|info| info.status.works()) else { return Ok(None) };
        let subname = match sub {
            Some(sub) => find_subname(chain, label, sub, at).await?,
            None => None,
        };
        let role = if info.owner == *who {
            Some(Role::Owner)
        } else if chain.name_delegates(label, at).await?.contains(who) {
            Some(Role::Delegate)
        } else if subname.as_ref().is_some_and(|subname| subname.delegate == Some(*who)) {
            Some(Role::SubnameDelegate)
        } else {
            None
        };
        Ok(Some(Self { name: name.to_owned(), info, subname, role }))
    }

    /// Looks a name up. A name that nobody owns is an error.
    ///
    /// # Errors
    /// Those of [`WriteAccess::of`], [`NameError::NoSuchName`] and [`NameError::Lapsed`].
    pub async fn find(chain: &dyn ChainClient, name: &str, who: &AccountId, at: At) -> Result<Self, NameError> {
        let at = chain.pin(at).await?;
        if let Some(standing) = Self::of(chain, name, who, at).await? {
            return Ok(standing);
        }
        let label = name.rsplit('.').next().unwrap_or(name);
        let lapsed = chain.name(label, at).await?.is_some_and(|info| info.status != NameStatus::Active);
        let name = label.to_owned();
        Err(if lapsed { NameError::Lapsed { name } } else { NameError::NoSuchName { name } })
    }

    /// Checks that the account may write content and records.
    ///
    /// # Errors
    /// [`NameError::NotYours`]
    pub fn may_write(&self) -> Result<(), NameError> {
        self.role.map(|_| ()).ok_or_else(|| NameError::NotYours { name: self.name.clone(), owner: self.owner() })
    }

    /// Checks that the account owns the name.
    ///
    /// # Errors
    /// [`NameError::NotYours`], or [`NameError::OwnerOnly`] for an account that may only write.
    pub fn owns(&self) -> Result<(), NameError> {
        self.may_write()?;
        if self.role == Some(Role::Owner) {
            return Ok(());
        }
        Err(NameError::OwnerOnly { name: self.name.clone(), owner: self.owner() })
    }

    fn owner(&self) -> String {
        format_account(&self.info.owner)
    }
}

/// One name below a label.
async fn find_subname(
    chain: &dyn ChainClient,
    label: &str,
    sub: &str,
    at: At,
) -> Result<Option<SubnameInfo>, ChainError> {
    let all = chain.all_subnames(label, at).await?;
    Ok(all.into_iter().find(|subname| subname.label == sub.as_bytes()))
}
