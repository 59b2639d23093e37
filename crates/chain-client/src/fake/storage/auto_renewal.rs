//! Automatic renewals from a prepaid balance.

use super::{PALLET, refuse};
use crate::{
    cost,
    fake::world::{Refusal, World},
};
use codec::Encode;
use meganet_primitives::{
    AccountId, AutoRenewalId, Balance, Epoch, GroupId,
    chain::{AutoRenewalInfo, AutoRenewalState},
    pay::RENEWAL_WINDOW,
    range::{RangeLeaf, RangeLeafProof, verify_leaf},
};

/// A batch with the place that it is registered in.
#[derive(Clone, Copy)]
pub(in crate::fake) struct Place {
    pub(in crate::fake) group: GroupId,
    pub(in crate::fake) expiry: Epoch,
    pub(in crate::fake) leaf_index: u64,
    pub(in crate::fake) leaf: RangeLeaf,
}

#[derive(Clone)]
pub(in crate::fake) struct AutoRenewal {
    payer: AccountId,
    place: Place,
    epochs: u32,
    max_price: Balance,
    balance: Balance,
}

impl World {
    pub(in crate::fake) fn prepay(
        &mut self,
        who: &AccountId,
        place: Place,
        proof: &RangeLeafProof,
        (epochs, max_price): (u32, Balance),
        amount: Balance,
    ) -> Result<(), Refusal> {
        let state = self.storage.ranges.get(&(place.group, place.expiry)).ok_or(refuse("NoSuchRange"))?;
        if place.expiry <= self.epoch() {
            return Err(refuse("Expired"));
        }
        verify_leaf(state, place.leaf_index, &place.leaf, proof).map_err(|_| refuse("BadLeafProof"))?;
        if !(1..=self.config.max_epochs.saturating_sub(RENEWAL_WINDOW)).contains(&epochs) {
            return Err(refuse("BadRenewalEpochs"));
        }
        let order = AutoRenewal { payer: *who, place, epochs, max_price, balance: amount };
        if self.next_cost(&order) > amount {
            return Err(refuse("PrepaidTooLow"));
        }
        let held = amount.saturating_add(self.config.renewal_deposit);
        self.hold(who, held).map_err(|_| refuse("InsufficientFunds"))?;
        let id = self.storage.next_auto_renewal;
        self.storage.next_auto_renewal = id.saturating_add(1);
        self.storage.auto_renewals.insert(id, order);
        let event = (id, who, place.group, place.expiry, place.leaf_index, amount);
        self.emit(PALLET, "AutoRenewalOpened", event.encode());
        Ok(())
    }

    pub(in crate::fake) fn top_up(
        &mut self,
        who: &AccountId,
        id: AutoRenewalId,
        amount: Balance,
    ) -> Result<(), Refusal> {
        let order = self.storage.auto_renewals.get(&id).cloned().ok_or(refuse("NoSuchAutoRenewal"))?;
        if order.place.expiry <= self.epoch() {
            return Err(refuse("Expired"));
        }
        self.hold(who, amount).map_err(|_| refuse("InsufficientFunds"))?;
        self.move_hold(who, &order.payer, amount);
        let balance = order.balance.saturating_add(amount);
        self.storage.auto_renewals.insert(id, AutoRenewal { balance, ..order });
        self.emit(PALLET, "AutoRenewalFunded", (id, who, amount, balance).encode());
        Ok(())
    }

    pub(in crate::fake) fn auto_renew(&mut self, who: &AccountId, id: AutoRenewalId) -> Result<(), Refusal> {
        let mut order = self.storage.auto_renewals.get(&id).cloned().ok_or(refuse("NoSuchAutoRenewal"))?;
        match self.state_of(&order) {
            AutoRenewalState::Due => {}
            AutoRenewalState::Waiting => return Err(refuse("NotDue")),
            AutoRenewalState::TooDear => return Err(refuse("TooDear")),
            AutoRenewalState::Short => return Err(refuse("PrepaidTooLow")),
            AutoRenewalState::Expired => return Err(refuse("Expired")),
            AutoRenewalState::Blocked => return Err(refuse("GroupFull")),
        }
        let (cost, fee) = (self.next_cost(&order), self.config.fee);
        let price = cost.saturating_sub(fee);
        let until = order.place.expiry.saturating_add(order.epochs);
        let leaf_index = self.append_renewed(order.place.group, until, &order.place.leaf)?;
        self.take_hold(&order.payer, cost);
        self.storage.pot = self.storage.pot.saturating_add(price);
        self.mint(*who, fee);
        order.place = Place { expiry: until, leaf_index, ..order.place };
        order.balance = order.balance.saturating_sub(cost);
        self.emit(PALLET, "AutoRenewed", (id, until, price, fee, order.balance).encode());
        self.storage.auto_renewals.insert(id, order);
        Ok(())
    }

    pub(in crate::fake) fn cancel_auto_renewal(&mut self, who: &AccountId, id: AutoRenewalId) -> Result<(), Refusal> {
        let order = self.storage.auto_renewals.get(&id).cloned().ok_or(refuse("NoSuchAutoRenewal"))?;
        if order.payer != *who && order.place.expiry > self.epoch() {
            return Err(refuse("NotPayer"));
        }
        self.storage.auto_renewals.remove(&id);
        self.release(&order.payer, order.balance.saturating_add(self.config.renewal_deposit));
        self.emit(PALLET, "AutoRenewalClosed", (id, order.payer, order.balance).encode());
        Ok(())
    }

    /// All of them, from a number on.
    pub(in crate::fake) fn auto_renewals(&self, from: AutoRenewalId) -> impl Iterator<Item = AutoRenewalInfo> + '_ {
        self.storage.auto_renewals.range(from..).map(|(id, order)| AutoRenewalInfo {
            id: *id,
            payer: order.payer,
            group: order.place.group,
            expiry: order.place.expiry,
            leaf: order.place.leaf_index,
            batch: order.place.leaf.batch,
            epochs: order.epochs,
            max_price: order.max_price,
            balance: order.balance,
            deposit: self.config.renewal_deposit,
            next: self.next_cost(order),
            state: self.state_of(order),
        })
    }

    fn next_cost(&self, order: &AutoRenewal) -> Balance {
        let slots = self.storage.groups.get(&order.place.group).map_or(0, |group| group.profile.profile().n);
        let params = self.params();
        let until = params.epoch.saturating_add(order.epochs).saturating_add(RENEWAL_WINDOW);
        cost::store_price(&params, order.place.leaf.batch.bytes, slots, until).saturating_add(self.config.fee)
    }

    fn state_of(&self, order: &AutoRenewal) -> AutoRenewalState {
        let epoch = self.epoch();
        if order.place.expiry <= epoch {
            AutoRenewalState::Expired
        } else if self.config.price_per_gib_epoch > order.max_price {
            AutoRenewalState::TooDear
        } else if order.balance < self.next_cost(order) {
            AutoRenewalState::Short
        } else if order.place.expiry > epoch.saturating_add(RENEWAL_WINDOW) {
            AutoRenewalState::Waiting
        } else {
            AutoRenewalState::Due
        }
    }
}
