//! Claiming a label without revealing it.
//!
//! A registration shows its label to everybody before it is in a block. So first only a digest of the label goes on the
//! chain, and the registration must follow some blocks later: an account that learns the label from the registration is
//! too late with a digest of its own.

use crate::{
    AccountId,
    hash::{Hash, Tag, tagged},
};
use codec::Encode;

/// 32 random bytes, so that nobody can try all labels of a dictionary against a commitment.
pub type Secret = [u8; 32];

/// Returns the digest that goes on the chain before `owner` registers `label`. It binds the owner, so that nobody can use
/// another's commitment.
pub fn commitment(owner: &AccountId, label: &[u8], secret: &Secret) -> Hash {
    tagged(Tag::Commitment, &[&(owner, label, secret).encode()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_binds_owner_label_and_secret() {
        let base = commitment(&[1; 32], b"alice", &[2; 32]);
        assert_eq!(base, commitment(&[1; 32], b"alice", &[2; 32]));
        for other in [
            commitment(&[3; 32], b"alice", &[2; 32]),
            commitment(&[1; 32], b"alic", &[2; 32]),
            commitment(&[1; 32], b"alice", &[3; 32]),
        ] {
            assert_ne!(base, other);
        }
    }
}
