//! From a content reference back to plaintext: verified, from any members of the group that answer.
//!
//! [`Network::object`](crate::Network::object) finds an object's header and shard roots and checks them against its id;
//! everything that arrives later is checked against them before it is used. An [`ObjectReader`] streams any range of the
//! plaintext. It reads a *window* of a few stripes at a time from the members that hold the data shards. When a member is late
//! (compared with the usual time at the moment), refuses, or sends something wrong, as many other members as needed are asked
//! for their shards instead and the missing chunks are computed. Members that failed are asked last for a while.
//!
//! Memory is bounded: a window by [`FetchOptions::window`](crate::FetchOptions::window), all windows together by
//! [`FetchOptions::budget`](crate::FetchOptions::budget).

mod find;
mod gather;
mod race;
mod reader;

pub(crate) use gather::{Gathered, Goal, Window, gather};
pub(crate) use reader::Windows;
pub use reader::{ByteStream, ObjectReader};
