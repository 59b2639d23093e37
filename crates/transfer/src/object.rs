//! An object's identity: where it is, and what its shards must be.

use meganet_objects::Commitment;
use meganet_primitives::{
    GroupId,
    object::{Layout, ObjectId},
};

/// An object with its header and shard roots, checked against its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    group: GroupId,
    commitment: Commitment,
}

impl Object {
    /// An object of a group whose commitment the caller has checked already, for example because it stores a shard.
    pub fn new(group: GroupId, commitment: Commitment) -> Self {
        Self { group, commitment }
    }

    /// Its id.
    pub fn id(&self) -> ObjectId {
        self.commitment.id()
    }

    /// The group that holds its shards.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// Its header and shard roots.
    pub fn commitment(&self) -> &Commitment {
        &self.commitment
    }

    /// How it is cut into stripes and shards.
    pub fn layout(&self) -> Layout {
        self.commitment.layout()
    }
}
