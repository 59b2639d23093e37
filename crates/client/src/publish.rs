//! Publishing: from a folder to a name that points at it, in one switch.
//!
//! [`Client::publish`] checks first what costs nothing to check (files, name, node, contents, workers, funds), then packs,
//! uploads, collects receipts, and submits **one** extrinsic that registers the name if need be, registers and pays for the
//! objects, and points the name at the new manifest: all of it or nothing. (Only a site that fills whole groups registers
//! parts of itself before; nobody sees them until the name points at them.) A name that is to be registered is committed to
//! before the upload, so that the commitment ages meanwhile.
//!
//! Progress is kept in a state folder: an interrupted publish goes on where it was, with the objects that the workers have
//! already. [`Client::put_file`] does the same for one file and gives a link instead of a name. [`Client::preview`] goes as
//! far as it can without sending or writing anything, and says what publishing would do.

mod check;
mod error;
mod journal;
mod preview;
mod put;
mod rules;
mod state;
mod uploader;

pub use error::PublishError;
pub use preview::PublishPreview;
pub use put::PutReport;
pub use uploader::UploadForecast;

use self::{
    check::Target,
    state::State,
    uploader::{Uploader, manifest_id},
};
use crate::{
    client::Client,
    names::{PendingStore, Registration, Terms, secret::NameKey},
    pack::{Digester, FoundFile, PackError, PackId, PackReader, Plan, Skipped, Totals, Walked, walk},
};
use meganet_chain_client::{BlockRef, Call, Signer, Until};
use meganet_primitives::{
    Balance, Epoch, content::ContentRef, hash::Hash, manifest::Manifest, name::Quote, placement::ProfileId,
};
use meganet_transfer::{
    progress::{Progress, Stage},
    upload::Source,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{sync::mpsc, task::spawn_blocking};

/// Plaintext bytes of the largest object that is made, unless told otherwise: what an interrupted upload repeats at most.
pub const OBJECT_LEN: u64 = 64 * 1024 * 1024;

/// How to publish.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    /// Where progress and digests are kept. Its content may be deleted while nothing runs; that costs time only.
    pub state_dir: PathBuf,
    /// The profile of the groups; `None` for the best that the network carries.
    pub profile: Option<ProfileId>,
    /// For how many epochs storage is bought; `None` for as many as the chain allows.
    pub epochs: Option<u32>,
    /// Whether a name that nobody owns is registered.
    pub register: bool,
    /// On which terms.
    pub terms: Terms,
    /// Where registrations under way are kept, encrypted. What is in there is needed to finish them.
    pub registrations: PathBuf,
    /// When the switch counts as done.
    pub until: Until,
    /// Plaintext bytes of the largest object that is made.
    pub object_len: u64,
}

impl PublishOptions {
    /// The usual way, with a state folder.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        let state_dir = state_dir.into();
        Self {
            registrations: state_dir.join("registrations"),
            terms: Terms::default(),
            state_dir,
            profile: None,
            epochs: None,
            register: true,
            until: Until::Finalized,
            object_len: OBJECT_LEN,
        }
    }
}

/// What publishing did.
#[derive(Clone, Debug)]
pub struct PublishReport {
    /// What the name points at now.
    pub content: ContentRef,
    /// Counts the changes of the name's content.
    pub version: u32,
    /// Whether everything was published already, so that nothing was done.
    pub unchanged: bool,
    /// Whether the name was registered.
    pub registered: bool,
    /// What that cost.
    pub name_quote: Option<Quote>,
    /// Sums over the site.
    pub totals: Totals,
    /// What is in the folder and was not published.
    pub skipped: Vec<Skipped>,
    /// What went to the workers; `None` where nothing did.
    pub upload: Option<UploadReport>,
    /// The block with the switch; `None` where there was none in this run.
    pub block: Option<BlockRef>,
}

/// What an upload took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadReport {
    /// The profile of its groups.
    pub profile: ProfileId,
    /// Objects, the manifest among them.
    pub objects: usize,
    /// Of these, those that an earlier, interrupted run had uploaded.
    pub resumed: usize,
    /// Plaintext bytes that were sealed and sent in this run.
    pub plain_bytes: u64,
    /// Shard bytes that they came to, all shards counted.
    pub shard_bytes: u64,
    /// The epoch at whose beginning they expire.
    pub expiry: Epoch,
    /// The price of their storage.
    pub price: Balance,
    /// The fee of the extrinsics.
    pub fee: Balance,
}

impl Client {
    /// Publishes a folder under a name (`alice`, `blog.alice`) that the signer owns, may write for, or gets. Run again, it
    /// uploads what changed; with no change it does nothing. Dropped half way it has changed nothing on the chain, and the
    /// next run goes on with what was uploaded.
    ///
    /// # Errors
    /// [`PublishError`]. The name points at what it pointed at before.
    pub async fn publish(
        &self,
        signer: &Signer,
        dir: &Path,
        name: &str,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PublishReport, PublishError> {
        let walked = list(dir, progress).await?;
        let target = Target::check(self, signer, name, options.register).await?;
        let mut registration = match target.to_register() {
            Some(label) => {
                let (chain, root) = (self.chain().as_ref(), &options.registrations);
                Some(Registration::open(chain, signer, root, label, options.terms, progress).await?)
            }
            None => {
                forget_registration(self, signer, target.label(), options)?;
                None
            }
        };
        let mut state = State::open(&options.state_dir, &self.chain().genesis(), &state::site(name, dir))?;
        let hashes = digest(&walked.files, Some(&state), progress).await?;
        let previous = target.previous(self, progress).await;
        let mut uploader = Uploader::prepare(self, signer, options, &mut state, progress).await?;
        uploader.learn_expiries(target.content(), previous.as_deref()).await;
        let max_pack = uploader.max_pack(options.object_len);
        let usable = |object: &ContentRef| uploader.outlives(object);
        let plan = Plan::new(walked.files, &hashes, previous.as_deref(), max_pack, &usable);
        if let (Some(content), Some(previous)) = (target.content(), &previous) {
            if plan.is_published(previous) {
                uploader.settle(previous)?;
                return Ok(PublishReport {
                    content,
                    version: target.version(),
                    unchanged: true,
                    registered: false,
                    name_quote: None,
                    totals: plan.totals(),
                    skipped: walked.skipped,
                    upload: None,
                    block: None,
                });
            }
        }
        let totals = plan.totals();
        let switch = |content: &ContentRef| Some(target.point_at(*content));
        let done = uploader.publish(Arc::new(plan), registration.as_mut(), switch).await?;
        Ok(PublishReport {
            content: done.content,
            version: target.version().saturating_add(1),
            unchanged: false,
            registered: registration.is_some(),
            name_quote: registration.as_ref().map(Registration::quote),
            totals,
            skipped: walked.skipped,
            upload: Some(done.report),
            block: done.block,
        })
    }
}

/// What [`Uploader::publish`] did.
struct Done {
    content: ContentRef,
    report: UploadReport,
    /// `None` where an earlier run had done it.
    block: Option<BlockRef>,
}

impl Uploader<'_> {
    /// Uploads a plan's packs and its manifest, and registers them together with the name, if that is to be registered, and a
    /// call that follows.
    async fn publish(
        mut self,
        plan: Arc<Plan>,
        mut registration: Option<&mut Registration<'_>>,
        after: impl FnOnce(&ContentRef) -> Option<Call>,
    ) -> Result<Done, PublishError> {
        let (lens, manifest_len) = lens(&plan)?;
        let for_the_name = match &registration {
            Some(registration) => registration.needed().await?,
            None => 0,
        };
        self.check_means(&lens, manifest_len, for_the_name).await?;
        if let Some(registration) = &mut registration {
            registration.commit().await?;
        }
        let total = lens.iter().sum::<u64>().saturating_add(manifest_len);
        let sealed = self.upload(packs(&plan), Some(total)).await?;
        let manifest = plan.manifest(&sealed);
        let bytes = manifest.encode()?;
        let content = self.upload(vec![(manifest_id(&bytes), Source::bytes(bytes))], None).await?;
        let content = content.into_iter().next().ok_or(PublishError::Interrupted)?;
        let (report, block) = self.register(registration, after(&content)).await?;
        self.settle(&manifest)?;
        Ok(Done { content, report, block })
    }
}

/// What is left of a registration that succeeded in a run that ended before it noted so.
fn forget_registration(
    client: &Client,
    signer: &Signer,
    label: &str,
    options: &PublishOptions,
) -> Result<(), PublishError> {
    let genesis = client.chain().genesis();
    let store = PendingStore::open(&options.registrations, &genesis, NameKey::new(signer, &genesis))?;
    Ok(store.remove(label)?)
}

/// The bytes of a plan's packs, and of the manifest to come.
fn lens(plan: &Plan) -> Result<(Vec<u64>, u64), PublishError> {
    let manifest = u64::try_from(stand_in(plan).encode()?.len()).unwrap_or(u64::MAX);
    Ok((plan.packs().iter().map(|pack| pack.len).collect(), manifest))
}

/// A plan's packs, each with where its bytes come from.
fn packs(plan: &Arc<Plan>) -> Vec<(PackId, Source)> {
    let source = |index, len| {
        let plan = plan.clone();
        Source::new(len, move || PackReader::new(plan.clone(), index))
    };
    plan.packs().iter().enumerate().map(|(index, pack)| (pack.id, source(index, pack.len))).collect()
}

/// A manifest of the length of the one to come.
fn stand_in(plan: &Plan) -> Manifest {
    let stand_in = |len| ContentRef {
        object: meganet_primitives::object::ObjectId(Hash::default()),
        group: 0,
        // Packs have lengths that objects can have.
        sealed_len: meganet_primitives::object::sealed_len(len).unwrap_or_default(),
        key: Some(meganet_primitives::content::ReadKey(Hash::default())),
    };
    plan.manifest(&plan.packs().iter().map(|pack| stand_in(pack.len)).collect::<Vec<_>>())
}

/// Lists a folder, and checks the rules in it that gateways will apply.
async fn list(dir: &Path, progress: &dyn Progress) -> Result<Walked, PublishError> {
    progress.begin(Stage::Listing, None);
    let folder = dir.to_owned();
    let listing = move || {
        let walked = walk(&folder)?;
        rules::check(&walked.files)?;
        Ok::<_, PublishError>(walked)
    };
    let walked = blocking(listing).await??;
    for skipped in &walked.skipped {
        progress.note(&format!("{} is not published: {}", skipped.path.display(), skipped.reason));
    }
    Ok(walked)
}

/// The digests of files, worked out beside the async tasks; with those that are remembered in a state.
async fn digest(
    files: &[FoundFile],
    state: Option<&State>,
    progress: &dyn Progress,
) -> Result<Vec<Hash>, PublishError> {
    let (cache, keep) = (state.map(State::digests), state.is_some_and(State::is_kept));
    progress.begin(Stage::Digesting, Some(files.iter().map(FoundFile::size).sum()));
    let (counted_in, mut counted) = mpsc::unbounded_channel();
    let files = files.to_vec();
    let digesting = blocking(move || {
        let mut digester = cache.map_or_else(Digester::new, |path| Digester::with_cache(&path));
        let hashes = digester.digest(&files, &Forward(counted_in))?;
        if keep {
            digester.save();
        }
        Ok::<_, PackError>(hashes)
    });
    let watching = async {
        while let Some(bytes) = counted.recv().await {
            progress.advance(bytes);
        }
    };
    let (hashes, ()) = futures::join!(digesting, watching);
    Ok(hashes??)
}

/// Hands counts over to another task.
struct Forward(mpsc::UnboundedSender<u64>);

impl Progress for Forward {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, by: u64) {
        // Nobody watches any more.
        let _ = self.0.send(by);
    }
    fn note(&self, _: &str) {}
}

/// Runs what blocks beside the async tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PublishError> {
    spawn_blocking(work).await.map_err(|_| PublishError::Interrupted)
}
