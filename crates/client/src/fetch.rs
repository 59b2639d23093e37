//! From a content reference back to plaintext: verified, from whichever members of the group answer.
//!
//! An [`Object`] is a header with its shard roots, checked against the object's id; everything that arrives is checked
//! against it before it is used. An [`ObjectReader`] streams any range of the plaintext. It reads a *window* of a few
//! stripes at a time from the members that hold the data shards; when one of them is late (measured against what is
//! usual at the moment), refuses or sends something wrong, as many other members as needed are asked for their shards
//! instead and the missing chunks are computed. Members that let readers down are asked last for a while.
//!
//! Memory is bounded: a window by [`FetchOptions::window`], all windows together by [`FetchOptions::budget`].

mod budget;
mod error;
mod gather;
mod health;
mod object;
mod options;
mod race;
mod reader;

pub(crate) use budget::Budgets;
pub(crate) use error::list;
pub use error::{FetchError, Trouble};
pub(crate) use gather::{Gathered, Goal, Window, gather};
pub(crate) use health::Health;
pub use object::Object;
pub(crate) use object::{manifest_weight, members};
pub use options::{FetchOptions, Hedge};
pub(crate) use reader::Windows;
pub use reader::{ByteStream, ObjectReader};
