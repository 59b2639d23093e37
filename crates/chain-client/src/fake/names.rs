//! The rules of names: claiming and keeping them. What they say is in [`says`].

mod says;

use super::world::{Refusal, World};
use crate::types::NAMES_PALLET as PALLET;
use codec::Encode;
use meganet_primitives::{
    AccountId, Balance, BlockNumber,
    chain::{Availability, CommitmentInfo, NameInfo, NameVersion},
    content::NameContent,
    hash::Hash,
    name::{self, MAX_COMMITMENTS, MAX_HISTORY, MAX_YEARS, NameStatus, Quote, RecordKey, RecordValue, Secret},
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// All that is known of names.
#[derive(Clone, Default)]
pub(super) struct Names {
    /// By label; also those that have lapsed and that nobody has taken.
    all: BTreeMap<Vec<u8>, Name>,
    commitments: BTreeMap<(AccountId, Hash), BlockNumber>,
    /// By which name an account goes.
    reverse: BTreeMap<AccountId, Vec<u8>>,
}

/// A name and what it says.
#[derive(Clone)]
struct Name {
    owner: AccountId,
    registered: BlockNumber,
    updated: BlockNumber,
    expires: BlockNumber,
    /// The newest last, and it is what the name points at.
    versions: VecDeque<NameVersion>,
    records: BTreeMap<RecordKey, RecordValue>,
    delegates: BTreeSet<AccountId>,
    subnames: BTreeMap<Vec<u8>, Subname>,
}

/// A name below a name.
#[derive(Clone)]
struct Subname {
    content: Option<NameContent>,
    version: u32,
    updated: BlockNumber,
    delegate: Option<AccountId>,
}

impl Name {
    fn current(&self) -> (Option<NameContent>, u32) {
        self.versions.back().map_or((None, 0), |version| (version.content.clone(), version.version))
    }

    fn point(&mut self, content: Option<NameContent>, block: BlockNumber) -> u32 {
        let version = self.current().1.saturating_add(1);
        self.versions.push_back(NameVersion { version, block, content });
        if full(self.versions.len() - 1, MAX_HISTORY) {
            self.versions.pop_front();
        }
        self.updated = block;
        version
    }
}

fn check_years(years: u32) -> Result<(), Refusal> {
    if (1..=MAX_YEARS).contains(&years) { Ok(()) } else { Err(refuse("BadYears")) }
}

/// Whether a collection has reached a bound.
fn full(len: usize, bound: u32) -> bool {
    len >= usize::try_from(bound).unwrap_or(usize::MAX)
}

pub(super) fn refuse(error: &'static str) -> Refusal {
    Refusal(PALLET, error)
}

impl World {
    pub(super) fn name_info(&self, label: &[u8]) -> Option<NameInfo> {
        let name = self.names.all.get(label)?;
        let (content, version) = name.current();
        Some(NameInfo {
            label: label.to_vec(),
            owner: name.owner,
            content,
            version,
            registered: name.registered,
            updated: name.updated,
            expires: name.expires,
            status: self.status(name),
            deposit: self.deposit_of(name),
        })
    }

    pub(super) fn names_of(&self, owner: &AccountId, after: Option<&[u8]>) -> impl Iterator<Item = NameInfo> + '_ {
        let (owner, after) = (*owner, after.map(<[u8]>::to_vec));
        let theirs = self.names.all.iter().filter(move |(_, name)| name.owner == owner);
        theirs
            .filter(move |(label, _)| after.as_ref().is_none_or(|after| *label > after))
            .filter_map(|(label, _)| self.name_info(label))
    }

    pub(super) fn availability(&self, label: &[u8], who: &AccountId) -> Availability {
        if name::check_label(label).is_err() {
            return Availability::Invalid;
        }
        if self.working(label).is_ok() {
            return Availability::Taken;
        }
        let skeleton = name::skeleton(label);
        if self.config.reserved.iter().any(|reserved| name::skeleton(reserved.as_bytes()) == skeleton) {
            return Availability::Reserved;
        }
        // Also what has lapsed is looked like, until it is swept.
        let alike = |(other, name): (&Vec<u8>, &Name)| {
            other != label && name.owner != *who && name::skeleton(other) == skeleton
        };
        if self.names.all.iter().any(alike) { Availability::LooksLikeAnother } else { Availability::Free }
    }

    pub(super) fn name_quote(&self, label: &[u8], years: u32) -> Quote {
        let lapsed = self.names.all.get(label).map(|name| name.expires);
        self.config.names.quote(label.len(), years, lapsed, self.number)
    }

    pub(super) fn commitments(&self, who: &AccountId) -> Vec<CommitmentInfo> {
        let theirs = self.names.commitments.iter().filter(|((owner, _), _)| owner == who);
        theirs.map(|((_, commitment), block)| CommitmentInfo { commitment: *commitment, block: *block }).collect()
    }

    pub(super) fn commit(&mut self, who: &AccountId, commitment: Hash) -> Result<(), Refusal> {
        if self.names.commitments.contains_key(&(*who, commitment)) {
            return Err(refuse("AlreadyCommitted"));
        }
        if full(self.commitments(who).len(), MAX_COMMITMENTS) {
            return Err(refuse("TooManyCommitments"));
        }
        self.hold_deposit(who, self.config.names.record_deposit)?;
        self.names.commitments.insert((*who, commitment), self.number);
        self.emit(PALLET, "Committed", (*who, commitment).encode());
        Ok(())
    }

    pub(super) fn cancel_commit(&mut self, who: &AccountId, commitment: Hash) -> Result<(), Refusal> {
        self.take_commitment(who, commitment)?;
        self.emit(PALLET, "CommitmentCancelled", (*who, commitment).encode());
        Ok(())
    }

    pub(super) fn register_name(
        &mut self,
        who: &AccountId,
        label: &str,
        years: u32,
        secret: &Secret,
    ) -> Result<(), Refusal> {
        let label = label.as_bytes();
        check_years(years)?;
        match self.availability(label, who) {
            Availability::Free => {}
            Availability::Taken => return Err(refuse("NameTaken")),
            Availability::Invalid => return Err(refuse("BadLabel")),
            Availability::LooksLikeAnother => return Err(refuse("LooksLikeAnother")),
            Availability::Reserved => return Err(refuse("NameReserved")),
        }
        let quote = self.name_quote(label, years);
        let age = self.number.saturating_sub(self.take_commitment(who, name::commitment(who, label, secret))?);
        if age < self.config.names.min_commit_age {
            return Err(refuse("CommitmentTooNew"));
        }
        if age > self.config.names.max_commit_age {
            return Err(refuse("CommitmentTooOld"));
        }
        self.forget(label);
        self.pay(who, quote.rent.saturating_add(quote.premium)).map_err(|_| refuse("InsufficientFunds"))?;
        self.hold_deposit(who, quote.deposit)?;
        let expires = self.put_name(*who, label, years);
        self.emit(PALLET, "Registered", (label, *who, expires).encode());
        Ok(())
    }

    /// Makes a name; gives until when it is paid for.
    pub(super) fn put_name(&mut self, owner: AccountId, label: &[u8], years: u32) -> BlockNumber {
        let expires = self.config.names.extended(self.number, years);
        let name = Name {
            owner,
            registered: self.number,
            updated: self.number,
            expires,
            versions: VecDeque::new(),
            records: BTreeMap::new(),
            delegates: BTreeSet::new(),
            subnames: BTreeMap::new(),
        };
        self.names.all.insert(label.to_vec(), name);
        expires
    }

    pub(super) fn renew_name(&mut self, who: &AccountId, label: &str, years: u32) -> Result<(), Refusal> {
        let label = label.as_bytes();
        check_years(years)?;
        let expires = self.working(label)?.expires;
        let rent = self.config.names.rent(label.len(), years);
        let extended = self.config.names.extended(expires, years);
        if extended > self.config.names.extended(self.number, MAX_YEARS) {
            return Err(refuse("PaidTooFar"));
        }
        self.pay(who, rent).map_err(|_| refuse("InsufficientFunds"))?;
        if let Some(name) = self.names.all.get_mut(label) {
            name.expires = extended;
        }
        self.emit(PALLET, "Renewed", (label, extended).encode());
        Ok(())
    }

    pub(super) fn transfer_name(&mut self, who: &AccountId, label: &str, to: &AccountId) -> Result<(), Refusal> {
        let label = label.as_bytes();
        self.owned(who, label)?;
        let deposit = self.names.all.get(label).map_or(0, |name| self.deposit_of(name));
        if who == to {
            return Err(refuse("AlreadyOwner"));
        }
        let skeleton = name::skeleton(label);
        if self.names.all.keys().filter(|other| name::skeleton(other) == skeleton).count() > 1 {
            return Err(refuse("HasLookAlikes"));
        }
        // The deposit moves with the name, into an account that must exist.
        if !self.accounts.contains_key(to) {
            return Err(refuse("ReceiverNotReady"));
        }
        self.move_hold(who, to, deposit);
        let number = self.number;
        let name = self.owned(who, label)?;
        (name.owner, name.updated) = (*to, number);
        name.delegates.clear();
        // Addresses and keys are those of who wrote them; text stays.
        name.records.retain(|key, _| matches!(key, RecordKey::Text(_)));
        for subname in name.subnames.values_mut() {
            subname.delegate = None;
        }
        if self.names.reverse.get(who).is_some_and(|name| name == label) {
            self.names.reverse.remove(who);
        }
        self.emit(PALLET, "Transferred", (label, *who, *to).encode());
        Ok(())
    }

    pub(super) fn release_name(&mut self, who: &AccountId, label: &str) -> Result<(), Refusal> {
        self.owned(who, label.as_bytes())?;
        self.forget(label.as_bytes());
        self.emit(PALLET, "Released", (label.as_bytes(), *who).encode());
        Ok(())
    }

    pub(super) fn sweep_name(&mut self, label: &str) -> Result<(), Refusal> {
        let label = label.as_bytes();
        let name = self.names.all.get(label).ok_or(refuse("NoSuchName"))?;
        if self.status(name) != NameStatus::Lapsed {
            return Err(refuse("NotLapsed"));
        }
        self.forget(label);
        self.emit(PALLET, "Swept", label.encode());
        Ok(())
    }

    /// The name, if it works.
    fn working(&self, label: &[u8]) -> Result<&Name, Refusal> {
        let name = self.names.all.get(label).ok_or(refuse("NoSuchName"))?;
        if self.status(name).works() { Ok(name) } else { Err(refuse("Lapsed")) }
    }

    fn owned(&mut self, who: &AccountId, label: &[u8]) -> Result<&mut Name, Refusal> {
        if self.working(label)?.owner != *who {
            return Err(refuse("NotOwner"));
        }
        self.names.all.get_mut(label).ok_or(refuse("NoSuchName"))
    }

    fn status(&self, name: &Name) -> NameStatus {
        self.config.names.status(name.expires, self.number)
    }

    fn deposit_of(&self, name: &Name) -> Balance {
        let parts = Balance::try_from(name.records.len() + name.subnames.len()).unwrap_or(Balance::MAX);
        self.config.names.deposit.saturating_add(self.config.names.record_deposit.saturating_mul(parts))
    }

    fn hold_deposit(&mut self, who: &AccountId, amount: Balance) -> Result<(), Refusal> {
        self.hold(who, amount).map_err(|_| refuse("InsufficientFunds"))
    }

    /// The block of a commitment, which is used up.
    fn take_commitment(&mut self, who: &AccountId, commitment: Hash) -> Result<BlockNumber, Refusal> {
        let block = self.names.commitments.remove(&(*who, commitment)).ok_or(refuse("CommitmentMissing"))?;
        self.release(who, self.config.names.record_deposit);
        Ok(block)
    }

    /// Takes a name out of the state; what was held for it goes back.
    fn forget(&mut self, label: &[u8]) {
        let Some(name) = self.names.all.get(label) else { return };
        let (owner, deposit) = (name.owner, self.deposit_of(name));
        self.release(&owner, deposit);
        self.names.all.remove(label);
    }
}
