//! What names say: content, earlier versions, records, names below them, and who may write.

use super::{Name, PALLET, Subname, full, refuse};
use crate::fake::world::{Refusal, World};
use codec::Encode;
use meganet_primitives::{
    AccountId,
    chain::{NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    content::NameContent,
    name::{self, MAX_DELEGATES, MAX_RECORDS, MAX_SUBNAMES, RecordKey, RecordValue},
};

impl World {
    pub(in crate::fake) fn resolve(&self, text: &str) -> Option<Resolution> {
        let (sub, label) = name::split_name(text).ok()?;
        let name = self.names.all.get(label.as_bytes())?;
        let (content, version, updated) = match sub {
            None => {
                let (content, version) = name.current();
                (content, version, name.updated)
            }
            Some(sub) => {
                let subname = name.subnames.get(sub.as_bytes())?;
                (subname.content.clone(), subname.version, subname.updated)
            }
        };
        let status = self.status(name);
        let content = content.filter(|_| status.works());
        Some(Resolution { owner: name.owner, content, version, updated, expires: name.expires, status })
    }

    pub(in crate::fake) fn name_history(&self, label: &[u8]) -> Vec<NameVersion> {
        self.names.all.get(label).map(|name| name.versions.iter().rev().cloned().collect()).unwrap_or_default()
    }

    pub(in crate::fake) fn name_records(&self, label: &[u8]) -> Vec<NameRecordEntry> {
        let Ok(name) = self.working(label) else { return Vec::new() };
        name.records.iter().map(|(key, value)| NameRecordEntry { key: key.clone(), value: value.clone() }).collect()
    }

    pub(in crate::fake) fn name_delegates(&self, label: &[u8]) -> Vec<AccountId> {
        self.working(label).map(|name| name.delegates.iter().copied().collect()).unwrap_or_default()
    }

    pub(in crate::fake) fn subnames(&self, label: &[u8], after: Option<&[u8]>) -> Vec<SubnameInfo> {
        let Ok(name) = self.working(label) else { return Vec::new() };
        let later = name.subnames.iter().filter(|(sub, _)| after.is_none_or(|after| sub.as_slice() > after));
        let info = |(label, subname): (&Vec<u8>, &Subname)| SubnameInfo {
            label: label.clone(),
            content: subname.content.clone(),
            version: subname.version,
            updated: subname.updated,
            delegate: subname.delegate,
        };
        later.map(info).collect()
    }

    pub(in crate::fake) fn reverse(&self, account: &AccountId) -> Option<String> {
        let label = self.names.reverse.get(account)?;
        self.working(label).ok().filter(|name| name.owner == *account)?;
        Some(String::from_utf8_lossy(label).into_owned())
    }

    /// Whether writing this record takes no further deposit of this account.
    pub(in crate::fake) fn holds_record(&self, who: &AccountId, label: &str, key: &RecordKey) -> bool {
        let name = self.working(label.as_bytes());
        name.is_ok_and(|name| name.owner != *who || name.records.contains_key(key))
    }

    /// Whether writing this name below a name takes no further deposit of this account.
    pub(in crate::fake) fn holds_subname(&self, who: &AccountId, label: &str, sub: &str) -> bool {
        let name = self.working(label.as_bytes());
        name.is_ok_and(|name| name.owner != *who || name.subnames.contains_key(sub.as_bytes()))
    }

    pub(in crate::fake) fn set_content(
        &mut self,
        who: &AccountId,
        label: &str,
        content: Option<NameContent>,
    ) -> Result<(), Refusal> {
        check_content(content.as_ref())?;
        let number = self.number;
        let version = self.writable(who, label)?.point(content.clone(), number);
        self.emit(PALLET, "ContentSet", (label.as_bytes(), version, content).encode());
        Ok(())
    }

    pub(in crate::fake) fn rollback_name(&mut self, who: &AccountId, label: &str, version: u32) -> Result<(), Refusal> {
        let name = self.writable(who, label)?;
        if name.current().1 == version {
            return Err(refuse("CurrentVersion"));
        }
        let earlier = name.versions.iter().find(|one| one.version == version).ok_or(refuse("NoSuchVersion"))?;
        let content = earlier.content.clone();
        self.set_content(who, label, content)
    }

    pub(in crate::fake) fn set_record(
        &mut self,
        who: &AccountId,
        label: &str,
        key: &RecordKey,
        value: Option<&RecordValue>,
    ) -> Result<(), Refusal> {
        let deposit = self.config.names.record_deposit;
        let name = self.writable(who, label)?;
        let owner = name.owner;
        let there = name.records.contains_key(key);
        match value {
            Some(value) if !key.allows(value) => return Err(refuse("BadRecord")),
            Some(_) if !there && full(name.records.len(), MAX_RECORDS) => return Err(refuse("TooManyRecords")),
            Some(value) => drop(name.records.insert(key.clone(), value.clone())),
            None if !there => return Err(refuse("NoSuchRecord")),
            None => drop(name.records.remove(key)),
        }
        match (there, value.is_some()) {
            (false, true) => self.hold_deposit(&owner, deposit)?,
            (true, false) => self.release(&owner, deposit),
            _ => {}
        }
        self.emit(PALLET, "RecordSet", (label.as_bytes(), key, value).encode());
        Ok(())
    }

    pub(in crate::fake) fn set_delegate(
        &mut self,
        who: &AccountId,
        label: &str,
        delegate: &AccountId,
        allowed: bool,
    ) -> Result<(), Refusal> {
        let name = self.owned(who, label.as_bytes())?;
        let is_one = name.delegates.contains(delegate);
        match allowed {
            true if is_one || delegate == who => return Err(refuse("AlreadyDelegate")),
            true if full(name.delegates.len(), MAX_DELEGATES) => return Err(refuse("TooManyDelegates")),
            false if !is_one => return Err(refuse("NoSuchDelegate")),
            true => drop(name.delegates.insert(*delegate)),
            false => drop(name.delegates.remove(delegate)),
        }
        self.emit(PALLET, "DelegateSet", (label.as_bytes(), *delegate, allowed).encode());
        Ok(())
    }

    pub(in crate::fake) fn set_subname(
        &mut self,
        who: &AccountId,
        label: &str,
        sub: &str,
        content: Option<NameContent>,
    ) -> Result<(), Refusal> {
        name::check_sub_label(sub.as_bytes()).map_err(|_| refuse("BadSubname"))?;
        check_content(content.as_ref())?;
        let (number, deposit) = (self.number, self.config.names.record_deposit);
        let name = self.working(label.as_bytes())?;
        let owner = name.owner;
        let subname = name.subnames.get(sub.as_bytes());
        let theirs = subname.is_some_and(|subname| subname.delegate == Some(*who));
        if !theirs && !may_write(name, who) {
            return Err(refuse("NotAllowed"));
        }
        if subname.is_none() {
            if full(name.subnames.len(), MAX_SUBNAMES) {
                return Err(refuse("TooManySubnames"));
            }
            self.hold_deposit(&owner, deposit)?;
        }
        let name = self.names.all.get_mut(label.as_bytes()).ok_or(refuse("NoSuchName"))?;
        let subname = name.subnames.entry(sub.as_bytes().to_vec()).or_insert(Subname {
            content: None,
            version: 0,
            updated: number,
            delegate: None,
        });
        subname.content = content;
        subname.version = subname.version.saturating_add(1);
        subname.updated = number;
        self.emit(PALLET, "SubnameSet", (label.as_bytes(), sub.as_bytes()).encode());
        Ok(())
    }

    pub(in crate::fake) fn set_subname_delegate(
        &mut self,
        who: &AccountId,
        label: &str,
        sub: &str,
        delegate: Option<AccountId>,
    ) -> Result<(), Refusal> {
        let name = self.owned(who, label.as_bytes())?;
        name.subnames.get_mut(sub.as_bytes()).ok_or(refuse("NoSuchSubname"))?.delegate = delegate;
        self.emit(PALLET, "SubnameDelegateSet", (label.as_bytes(), sub.as_bytes(), delegate).encode());
        Ok(())
    }

    pub(in crate::fake) fn remove_subname(&mut self, who: &AccountId, label: &str, sub: &str) -> Result<(), Refusal> {
        let deposit = self.config.names.record_deposit;
        let name = self.owned(who, label.as_bytes())?;
        name.subnames.remove(sub.as_bytes()).ok_or(refuse("NoSuchSubname"))?;
        self.release(who, deposit);
        self.emit(PALLET, "SubnameRemoved", (label.as_bytes(), sub.as_bytes()).encode());
        Ok(())
    }

    pub(in crate::fake) fn set_reverse(&mut self, who: &AccountId, label: Option<&str>) -> Result<(), Refusal> {
        match label {
            None => drop(self.names.reverse.remove(who)),
            Some(label) => {
                self.owned(who, label.as_bytes())?;
                self.names.reverse.insert(*who, label.as_bytes().to_vec());
            }
        }
        self.emit(PALLET, "ReverseSet", (*who, label.map(str::as_bytes)).encode());
        Ok(())
    }

    /// The name, if it works and this account may write for it.
    fn writable(&mut self, who: &AccountId, label: &str) -> Result<&mut Name, Refusal> {
        let name = self.working(label.as_bytes())?;
        if !may_write(name, who) {
            return Err(refuse("NotAllowed"));
        }
        self.names.all.get_mut(label.as_bytes()).ok_or(refuse("NoSuchName"))
    }
}

fn may_write(name: &Name, who: &AccountId) -> bool {
    name.owner == *who || name.delegates.contains(who)
}

/// Decoding does not check what a foreign reference begins with.
fn check_content(content: Option<&NameContent>) -> Result<(), Refusal> {
    match content {
        Some(NameContent::Foreign(reference)) => reference.check().map_err(|_| refuse("BadContent")),
        Some(NameContent::Object(_)) | None => Ok(()),
    }
}
