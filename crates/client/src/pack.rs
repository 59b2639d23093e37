//! From a folder to the plaintexts to upload.
//!
//! [`walk`] lists the files of a folder, [`Digester`] digests their contents (remembering what it digested before),
//! and [`Plan`] compares them with the manifest that is published now: a file whose content is in it keeps pointing at
//! the old object, wherever it is now; the rest is grouped into [`Pack`]s, the plaintexts of new objects.
//!
//! The entries of a folder are treated as follows:
//! - Regular files are published, with their path, content, time of change and whether they are executable. Empty folders
//!   are left out.
//! - A [`Selection`] and the folder's [`IGNORE_FILE`] leave out hidden entries, and those that they name. Files that look like
//!   secrets are an error unless they are allowed.
//! - A symbolic link that leads to a file or folder inside the folder counts as a copy of it. One that leads outside,
//!   nowhere or into itself, and anything that is neither file nor folder, is left out.
//! - A file that cannot be read, or that changes meanwhile, and a name that is not Unicode or that a manifest cannot hold, is
//!   an error.
//!
//! Nothing is left out silently: each entry that is not published is [`Skipped`] for a reason, or is named by an error.
//!
//! The time of change of a file whose content and mode are as published stays as published, so that a fresh copy of an
//! unchanged folder has nothing to publish.

mod cache;
mod digest;
mod error;
mod found;
mod patterns;
mod plan;
mod read;
mod secrets;
mod select;
mod skip;
mod walk;

pub(crate) use digest::ContentHasher;
pub use digest::{Digester, content_hash};
pub use error::PackError;
pub use found::{FoundFile, Stamp};
pub(crate) use found::{check_name, single};
pub use plan::{Pack, PackId, Piece, Plan, PlannedFile, Totals};
pub use read::PackReader;
pub use select::{IGNORE_FILE, Selection};
pub(crate) use skip::{Names, notes};
pub use skip::{SkipReason, Skipped};
pub use walk::{MAX_FILES, Walked, walk};
