//! Reports of publishing, and previews of it.

use crate::{
    funds::covers,
    pack::{Skipped, Totals},
};
use meganet_chain_client::BlockRef;
use meganet_primitives::{
    Balance, Epoch,
    content::{ContentRef, NameContent},
    name::Quote,
    placement::ProfileId,
};

/// The result of publishing a folder.
#[derive(Clone, Debug)]
pub struct PublishReport {
    /// The manifest that the name points to now. Only publishing sets it, since a report opens a site without further evidence.
    pub(super) content: ContentRef,
    /// The number of changes of the name's content so far.
    pub version: u32,
    /// Whether everything was published already, so that nothing was done.
    pub unchanged: bool,
    /// Whether the name was registered, by this run or by an earlier one whose result was not known.
    pub registered: bool,
    /// The price of that registration.
    pub name_quote: Option<Quote>,
    /// Sums over the site.
    pub totals: Totals,
    /// Entries of the folder that were not published.
    pub skipped: Vec<Skipped>,
    /// The upload; `None` where there was nothing to upload.
    pub upload: Option<UploadReport>,
    /// The block with the switch; `None` where this run made none.
    pub block: Option<BlockRef>,
}

impl PublishReport {
    /// Returns the reference to the manifest that the name points to now.
    pub fn content(&self) -> &ContentRef {
        &self.content
    }
}

/// A preview of publishing a folder. The content that the name would point to is not known: objects get fresh keys, and so
/// new ids, when they are sealed.
#[derive(Clone, Debug)]
pub struct PublishPreview {
    /// The content that the name points to now.
    pub points_at: Option<NameContent>,
    /// The number of changes of its content so far; publishing would make it one more.
    pub version: u32,
    /// The price of the name; `None` where it need not be registered.
    pub name_quote: Option<Quote>,
    /// The deposit for a name that would be created below another, in planck; 0 for others.
    pub subname_deposit: Balance,
    /// Sums over the site.
    pub totals: Totals,
    /// Entries of the folder that would not be published.
    pub skipped: Vec<Skipped>,
    /// The upload; `None` where nothing has changed, so that nothing would be done.
    pub upload: Option<UploadForecast>,
    /// The balance that the account must exceed, in planck: price, rent and deposits. Fees come on top.
    pub needed: Balance,
    /// The balance that the account can spend, in planck; 0 where nothing would be done.
    pub available: Balance,
}

impl PublishPreview {
    /// Whether the account can pay for it.
    pub fn is_affordable(&self) -> bool {
        self.upload.is_none() || covers(self.available, self.needed)
    }
}

/// The size and price of an upload, made or forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadSummary {
    /// The profile of its groups.
    pub profile: ProfileId,
    /// Objects, including the manifest.
    pub objects: usize,
    /// Of these, those that an earlier, interrupted run had uploaded.
    pub resumed: usize,
    /// Plaintext bytes to seal and send in this run.
    pub plain_bytes: u64,
    /// The shard bytes that they encode to, all shards counted.
    pub shard_bytes: u64,
    /// The epoch at whose beginning the first of them expires: sooner than asked for where an earlier run has paid for it.
    pub expiry: Epoch,
    /// The price of their storage, in planck. A forecast may be a few planck too low: objects that are registered in several
    /// batches are rounded up for each batch.
    pub price: Balance,
}

/// The result of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadReport {
    /// Its size and price.
    pub summary: UploadSummary,
    /// The fees of its extrinsics, in planck.
    pub fee: Balance,
}

/// A forecast of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadForecast {
    /// Its size and price.
    pub summary: UploadSummary,
    /// The deposit for the placement group that would be opened first, in planck; 0 where one has room.
    pub group_deposit: Balance,
}
