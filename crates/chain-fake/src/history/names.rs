//! The part of a history that is about names.

use super::{OWNERS, Step, pick};
use meganet_chain_client::{Call, NameCall, Signer};
use meganet_primitives::{
    content::{ContentRef, NameContent},
    name::{RecordKey, commitment},
    object::ObjectId,
};
use rand::{Rng, rngs::StdRng};

/// Labels that are fought for, two of which look alike.
const LABELS: [&str; 6] = ["paypal", "paypa1", "garden", "harbour", "library", "abc"];

/// Labels that each owner has committed to.
#[derive(Default)]
pub(super) struct Names {
    committed: [Vec<&'static str>; OWNERS],
}

/// The secret of a commitment.
fn secret(account: usize, label: &str) -> [u8; 32] {
    let mut secret = [u8::try_from(account).unwrap_or_default(); 32];
    for (byte, letter) in secret.iter_mut().zip(label.bytes()) {
        *byte ^= letter;
    }
    secret
}

fn content(rng: &mut StdRng) -> Option<NameContent> {
    let object = ObjectId([rng.random(); 32]);
    rng.random_ratio(4, 5).then_some(NameContent::Object(ContentRef { object, group: 0, sealed_len: 17, key: None }))
}

impl Names {
    pub(super) fn next(&mut self, rng: &mut StdRng, account: usize, signers: &[Signer]) -> Vec<Call> {
        let name = LABELS[rng.random_range(0..LABELS.len())];
        let label = || name.to_owned();
        let other = signers[rng.random_range(0..OWNERS)].account();
        let commit = |label: &str| {
            let who = signers[account].account();
            Call::Name(NameCall::Commit { commitment: commitment(&who, label.as_bytes(), &secret(account, label)) })
        };
        let call = match rng.random_range(0..20) {
            0..=3 => commit(name),
            4..=8 => {
                let committed = pick(rng, &self.committed[account]).copied().unwrap_or(name);
                let secret = secret(account, committed);
                let register = Call::Name(NameCall::Register {
                    label: committed.to_owned(),
                    years: rng.random_range(1..=2),
                    secret,
                });
                // Some in one transaction with content, which is registered with the name or not at all.
                let set = Call::Name(NameCall::SetContent { label: committed.to_owned(), content: content(rng) });
                return if rng.random_ratio(1, 3) { vec![register, set] } else { vec![register] };
            }
            9 => match commit(name) {
                Call::Name(NameCall::Commit { commitment }) => Call::Name(NameCall::CancelCommit { commitment }),
                other => other,
            },
            10 => Call::Name(NameCall::Renew { label: label(), years: rng.random_range(1..=3) }),
            11 | 12 => Call::Name(NameCall::SetContent { label: label(), content: content(rng) }),
            13 => Call::Name(NameCall::Rollback { label: label(), version: rng.random_range(0..3) }),
            14 => {
                let keys = [RecordKey::EncryptionKey, RecordKey::Text(b"url".to_vec().try_into().unwrap_or_default())];
                let key = keys[rng.random_range(0..keys.len())].clone();
                let value = rng.random_ratio(3, 4).then(|| vec![b'x'; 32].try_into().unwrap_or_default());
                Call::Name(NameCall::SetRecord { label: label(), key, value })
            }
            15 => {
                Call::Name(NameCall::SetDelegate { label: label(), delegate: other, allowed: rng.random_ratio(2, 3) })
            }
            16 => {
                let sub = ["blog", "shop"][rng.random_range(0..2)].to_owned();
                match rng.random_range(0..4) {
                    0 => Call::Name(NameCall::RemoveSubname { label: label(), sub }),
                    1 => Call::Name(NameCall::SetSubnameDelegate { label: label(), sub, delegate: Some(other) }),
                    _ => Call::Name(NameCall::SetSubname { label: label(), sub, content: content(rng) }),
                }
            }
            17 => Call::Name(NameCall::SetReverse { label: rng.random_ratio(3, 4).then(label) }),
            18 => Call::Name(NameCall::Transfer { label: label(), to: other }),
            _ if rng.random_ratio(1, 2) => Call::Name(NameCall::Release { label: label() }),
            _ => Call::Name(NameCall::Sweep { label: label() }),
        };
        if matches!(call, Call::Name(NameCall::Commit { .. })) {
            self.committed[account].push(name);
        }
        vec![call]
    }

    /// A registered name needs a new commitment to be registered again.
    pub(super) fn note(&mut self, step: &Step) {
        let Some(committed) = self.committed.get_mut(step.account) else { return };
        for call in &step.calls {
            if let Call::Name(NameCall::Register { label, .. }) = call {
                committed.retain(|other| other != label);
            }
        }
    }
}
