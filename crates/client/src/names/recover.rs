//! Recovering the secret of a commitment with nothing left on the disk.

use super::{pending::Pending, secret::NameKey};
use meganet_primitives::{BlockNumber, chain::CommitmentInfo};

/// A secret is made at the best block, and its commitment is in a block before its transaction dies: 256 blocks later, and
/// its lifetime may begin 64 earlier. Twice that is looked through; a block costs a microsecond.
const LOOK_BACK: BlockNumber = 640;

/// A registration that was found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The registration.
    pub pending: Pending,
    /// The block that its commitment is in.
    pub block: BlockNumber,
}

/// The newest of an account's commitments that is to this label, if one is. `years` is what it will be registered for: the
/// commitment does not say.
pub fn recover(key: &NameKey, label: &str, years: u32, commitments: &[CommitmentInfo]) -> Option<Recovered> {
    let account = key.account();
    let mut newest: Vec<&CommitmentInfo> = commitments.iter().collect();
    newest.sort_by_key(|one| std::cmp::Reverse(one.block));
    newest.into_iter().find_map(|one| {
        let born = (one.block.saturating_sub(LOOK_BACK)..=one.block).rev();
        let mut made = born.map(|born| Pending::new(key, label, years, born, None));
        let pending = made.find(|pending| pending.commitment(&account) == one.commitment)?;
        Some(Recovered { pending, block: one.block })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_chain_client::Signer;

    #[test]
    fn a_secret_is_found_by_who_has_the_account_and_knows_the_label() {
        let key = |suri: &str| NameKey::new(&Signer::from_suri(suri).unwrap(), &[1; 32]);
        let alice = key("//Alice");
        let made = |label: &str, born| Pending::new(&alice, label, 2, born, None);
        let on_chain = |label: &str, born: BlockNumber, block| CommitmentInfo {
            commitment: made(label, born).commitment(&alice.account()),
            block,
        };
        let commitments = [
            on_chain("alice", 10, 12),
            on_chain("alice", 900, 1_100),
            on_chain("other", 2_000, 2_001),
            on_chain("lost", 1, 5_000),
        ];
        let found = recover(&alice, "alice", 2, &commitments).unwrap();
        assert_eq!(found, Recovered { pending: made("alice", 900), block: 1_100 });
        assert_eq!(recover(&alice, "other", 2, &commitments).unwrap().block, 2_001);
        assert_eq!(recover(&alice, "nothing", 2, &commitments), None);
        assert_eq!(recover(&alice, "lost", 2, &commitments), None, "made too long before");
        assert_eq!(recover(&key("//Bob"), "alice", 2, &commitments), None);
    }
}
