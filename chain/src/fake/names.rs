//! The rules of names.

use super::world::{Refusal, World};
use crate::types::NAMES_PALLET as PALLET;
use codec::Encode;
use meganet_primitives::{
    chain::{Availability, NameInfo},
    content::ContentRef,
    name, AccountId,
};

impl World {
    pub(super) fn availability(&self, label: &[u8], who: &AccountId) -> Availability {
        if name::check_label(label).is_err() {
            return Availability::Invalid;
        }
        if self.names.contains_key(label) {
            return Availability::Taken;
        }
        let skeleton = name::skeleton(label);
        let clash = self.names.values().any(|other| other.owner != *who && name::skeleton(&other.label) == skeleton);
        if clash {
            Availability::LooksLikeAnother
        } else {
            Availability::Free
        }
    }

    pub(super) fn register_name(&mut self, who: &AccountId, label: &str) -> Result<(), Refusal> {
        match self.availability(label.as_bytes(), who) {
            Availability::Free => {}
            Availability::Taken => return Err(Refusal(PALLET, "NameTaken")),
            Availability::Invalid => return Err(Refusal(PALLET, "BadLabel")),
            Availability::LooksLikeAnother => return Err(Refusal(PALLET, "LooksLikeAnother")),
        }
        let deposit = self.config.name_deposit;
        self.hold(who, deposit).map_err(|_| Refusal(PALLET, "InsufficientFunds"))?;
        let label = label.as_bytes().to_vec();
        let info = NameInfo {
            label: label.clone(),
            owner: *who,
            content: None,
            version: 0,
            registered: self.number,
            updated: self.number,
            deposit,
        };
        self.names.insert(label.clone(), info);
        self.emit(PALLET, "Registered", (label, *who).encode());
        Ok(())
    }

    pub(super) fn set_content(
        &mut self,
        who: &AccountId,
        label: &str,
        content: Option<ContentRef>,
    ) -> Result<(), Refusal> {
        let number = self.number;
        let info = self.owned_name(who, label)?;
        info.content = content;
        info.version += 1;
        info.updated = number;
        let version = info.version;
        self.emit(PALLET, "ContentSet", (label.as_bytes(), version, content).encode());
        Ok(())
    }

    pub(super) fn transfer_name(&mut self, who: &AccountId, label: &str, to: &AccountId) -> Result<(), Refusal> {
        let number = self.number;
        let deposit = self.owned_name(who, label)?.deposit;
        if who == to {
            return Err(Refusal(PALLET, "AlreadyOwner"));
        }
        let skeleton = name::skeleton(label.as_bytes());
        if self.names.keys().filter(|other| name::skeleton(other) == skeleton).count() > 1 {
            return Err(Refusal(PALLET, "HasLookAlikes"));
        }
        // The deposit moves with the name, into an account that must exist.
        if !self.accounts.contains_key(to) {
            return Err(Refusal(PALLET, "ReceiverNotReady"));
        }
        self.move_hold(who, to, deposit);
        let info = self.owned_name(who, label)?;
        info.owner = *to;
        info.updated = number;
        self.emit(PALLET, "Transferred", (label.as_bytes(), *who, *to).encode());
        Ok(())
    }

    pub(super) fn release_name(&mut self, who: &AccountId, label: &str) -> Result<(), Refusal> {
        let deposit = self.owned_name(who, label)?.deposit;
        self.names.remove(label.as_bytes());
        self.release(who, deposit);
        self.emit(PALLET, "Released", (label.as_bytes(), *who).encode());
        Ok(())
    }

    fn owned_name(&mut self, who: &AccountId, label: &str) -> Result<&mut NameInfo, Refusal> {
        let info = self.names.get_mut(label.as_bytes()).ok_or(Refusal(PALLET, "NoSuchName"))?;
        if info.owner != *who {
            return Err(Refusal(PALLET, "NotOwner"));
        }
        Ok(info)
    }
}
