//! The money that a new worker's operator has to send: enough to register and to begin to prove.

use meganet_chain_client::{AccountBalance, MEGA};
use meganet_primitives::Balance;

/// Proofs whose fees an operator is asked for in advance. The fee of an accepted proof is refunded, so this lasts for
/// refused ones, other calls and dearer blocks.
pub const PROOFS: Balance = 20;
/// The fee of a proof, rounded up; nothing estimates the fee before the first challenge. A proof of eight samples has some
/// 30,000 bytes at a millionth of a MEGA each, and its execution costs about 0.005 MEGA.
pub const PROOF_FEE: Balance = MEGA / 20;
/// The minimum balance of an account on this chain. The balance of an account that does not exist yet does not show it.
const EXISTENTIAL_DEPOSIT: Balance = MEGA / 1000;

/// Money for the registration and the first proofs, in planck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToRegister {
    /// The free balance with which the account can register and prove.
    pub needed: Balance,
    /// The free balance that it has.
    pub free: Balance,
}

impl ToRegister {
    /// The money for a registration with this cost, fee included.
    pub fn new(cost: Balance, balance: &AccountBalance) -> Self {
        let needed = cost.saturating_add(PROOFS.saturating_mul(PROOF_FEE)).saturating_add(unspendable(balance));
        Self { needed, free: balance.free }
    }

    /// The money to be sent.
    pub fn missing(&self) -> Balance {
        self.needed.saturating_sub(self.free)
    }
}

/// The part of the free balance that can't be spent, also of an account that has less than that.
fn unspendable(balance: &AccountBalance) -> Balance {
    if balance.spendable > 0 {
        return balance.free.saturating_sub(balance.spendable);
    }
    balance.frozen.saturating_sub(balance.held).max(EXISTENTIAL_DEPOSIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_enough_for_every_account() {
        let reserve = PROOFS * PROOF_FEE;
        let missing = |balance| ToRegister::new(10 * MEGA, &balance).missing();
        let whole = 10 * MEGA + reserve + EXISTENTIAL_DEPOSIT;
        assert_eq!(missing(AccountBalance::default()), whole, "an account that does not exist");
        let free = EXISTENTIAL_DEPOSIT;
        assert_eq!(missing(AccountBalance { free, ..AccountBalance::default() }), whole - free);
        let rich = AccountBalance { free: 3 * MEGA, spendable: 3 * MEGA - free, ..AccountBalance::default() };
        assert_eq!(missing(rich), whole - 3 * MEGA);
        // Frozen for something else; half of it is held.
        let frozen = AccountBalance { free: MEGA, held: 2 * MEGA, frozen: 4 * MEGA, spendable: 0 };
        assert_eq!(missing(frozen), 10 * MEGA + reserve + MEGA);
        let enough = AccountBalance { free: 100 * MEGA, spendable: 99 * MEGA, ..AccountBalance::default() };
        assert_eq!(missing(enough), 0);
    }
}
