//! Publishing: from a folder to a name that points to it, in one switch.
//!
//! [`Client::publish`] first checks everything that costs nothing to check (files, name, node, contents, workers, funds). Then it
//! packs, uploads, collects receipts, and submits **one** extrinsic that registers the name if necessary, registers and pays for
//! the objects, and points the name to the new manifest: all of it or nothing. (Only a site that fills whole groups registers
//! parts of itself earlier; nobody sees them until the name points to them.) A name that is to be registered is committed to
//! before the upload, so that the commitment ages meanwhile.
//!
//! Progress is kept in a state folder: an interrupted publication continues with the objects that the workers already have.
//! [`Client::put`] does the same for one file and returns a link instead of using a name. [`Client::preview`] makes the same
//! preparations without sending or writing anything, and reports what publishing would do.

mod check;
mod error;
mod folder;
mod journal;
mod options;
mod prepare;
mod preview;
mod put;
mod report;
mod rules;
mod state;
mod uploader;

pub use error::PublishError;
pub use options::{OBJECT_LEN, PublishOptions};
pub use put::{PutReport, PutSource};
pub use report::{PublishPreview, PublishReport, UploadForecast, UploadReport, UploadSummary};

use self::{prepare::Request, state::State};
use crate::{
    client::Client,
    error::SiteError,
    names::{NameRegistration, PendingStore, secret::NameKey},
    site::Site,
};
use meganet_chain_client::Signer;
use meganet_primitives::content::ContentRef;
use meganet_transfer::progress::Progress;
use std::path::Path;

impl Client {
    /// Opens the version that was published.
    ///
    /// # Errors
    /// Those of [`Client::manifest`].
    pub async fn open_published(&self, report: &PublishReport) -> Result<Site, SiteError> {
        self.open_reference(report.content).await
    }

    /// Publishes a folder under a name (`alice`, `blog.alice`) that the signer owns, may write for, or registers on the way. Run
    /// again, it uploads what changed; with no change it does nothing. Dropped half way, it has changed nothing on the chain, and
    /// the next run continues with what was uploaded.
    ///
    /// # Errors
    /// [`PublishError`]. The name then points to what it pointed to before.
    pub async fn publish(
        &self,
        signer: &Signer,
        dir: &Path,
        name: &str,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PublishReport, PublishError> {
        let request = Request { client: self, signer, dir, name, options, progress };
        let (walked, target) = request.check().await?;
        let mut registration = match target.to_register() {
            Some(label) => {
                let (chain, root) = (self.chain().as_ref(), &options.registrations);
                Some(NameRegistration::open(chain, signer, root, label, options.terms, progress).await?)
            }
            None => {
                self.forget_registration(signer, target.label(), options)?;
                None
            }
        };
        let mut state = State::open(&options.state_dir, &self.chain().genesis(), &request.state_key(), signer)?;
        let mut prepared = request.prepare(walked, target, &mut state).await?;
        let name_quote = registration.as_ref().map(NameRegistration::quote);
        if prepared.target.to_register().is_none()
            && let Some(mut registration) = registration.take()
        {
            // An earlier run's extrinsic has registered the name since it was checked.
            registration.settle()?;
        }
        let (version, totals) = (prepared.target.version(), prepared.plan.totals());
        if let Some(site) = prepared.unchanged {
            prepared.uploader.settle(site.manifest())?;
            return Ok(PublishReport {
                content: *site.content(),
                version,
                unchanged: true,
                registered: name_quote.is_some(),
                name_quote,
                totals,
                skipped: prepared.skipped,
                upload: None,
                block: None,
            });
        }
        let switch = |content: &ContentRef, _| Ok(Some(prepared.target.point_at(*content)));
        let done = prepared.uploader.publish(prepared.plan, registration.as_mut(), switch, |_, _| Ok(())).await?;
        Ok(PublishReport {
            content: done.content,
            version: version.saturating_add(1),
            unchanged: false,
            registered: name_quote.is_some(),
            name_quote,
            totals,
            skipped: prepared.skipped,
            upload: Some(done.report),
            block: done.block,
        })
    }

    /// Removes what is left of a registration that succeeded in a run that ended before it could record so.
    fn forget_registration(&self, signer: &Signer, label: &str, options: &PublishOptions) -> Result<(), PublishError> {
        let genesis = self.chain().genesis();
        let store = PendingStore::open(&options.registrations, &genesis, NameKey::new(signer, &genesis))?;
        Ok(store.remove(label)?)
    }
}
