//! Proofs of resolution: what a name leads to, checked without believing the node that says so.
//!
//! A node answers with a [`NameProof`]: the header of a block, the votes by which the chain's validators made it final
//! (GRANDPA), and a proof out of the block's state that says what the name is, or that there is no such name. Who has a
//! [`Checkpoint`] of the chain, a block with the validators who vote after it, needs nothing else to check it:
//! [`verify`] is pure, and the same on a reader's machine, in a gateway and years later from a file.
//!
//! Validators come and go. A proof therefore carries the [`SetChange`]s since the reader's checkpoint: each is a block in
//! which the chain names the next validators, made final by those before them. After every answer the reader has a newer
//! checkpoint.
//!
//! - [`bundle`]: what a node sends, and how it is written;
//! - [`finality`]: the votes, and whether they make a block final;
//! - [`changes`]: from one set of validators to the next;
//! - [`checkpoint`]: where trust begins;
//! - [`state`]: what is read out of a block's state, under which keys, and its proof;
//! - [`mod@verify`]: all of it together.
//!
//! Everything here is pure: no I/O, no clock. What a reader has to bring along is a checkpoint that it got from somebody
//! whom it believes, and the time, if it wants to know how old an answer is.

pub mod bundle;
pub mod changes;
pub mod checkpoint;
pub mod finality;
pub mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod verify;

pub use bundle::{Justified, MAX_PROOF_LEN, NameProof};
pub use changes::{SetChange, SetChanges};
pub use checkpoint::{Authority, Checkpoint};
pub use finality::Finality;
pub use verify::{Answer, Basis, Freshness, ProofError, ProvenBlock, Verified, verify};

/// A hash of the chain: BLAKE2b-256.
pub use sp_core::H256 as Hash;

use meganet_primitives::BlockNumber;
use sp_runtime::{generic, traits::BlakeTwo256};

/// The header of a block of the chain.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;

/// What a decoder says, which is a line for each level, in one line.
fn one_line(error: &codec::Error) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
