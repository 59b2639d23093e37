//! One file as a link.

use super::{
    error::PublishError,
    folder::{blocking, digest},
    journal::Journal,
    options::PublishOptions,
    report::UploadReport,
    state::{self, State},
    uploader::{Uploader, needed, sooner},
};
use crate::{
    client::Client,
    links::{KeptLink, LinkError, LinkState, LinkStore, link_to},
    pack::{FoundFile, PackError, Plan, check_name, content_hash, single},
};
use codec::Encode;
use meganet_chain_client::{At, BlockRef, Signer};
use meganet_primitives::{Balance, Epoch, content::ContentRef, hash::Hash, link::Link};
use meganet_transfer::progress::{Progress, Stage};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The content to store with [`Client::put`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutSource {
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// The name that it is stored under; `None` for its own.
        name: Option<String>,
    },
    /// The content of a stream. Two streams with the same content and name count as the same.
    Stream {
        /// A file of the caller with the whole content, which stays until it is stored.
        spool: PathBuf,
        /// The name that it is stored under.
        name: String,
    },
}

impl PutSource {
    /// Finds out whether it can be stored, as far as that can be known without a network. Blocking.
    ///
    /// # Errors
    /// [`PackError`] if it is not a regular file, cannot be read, or has a name that a stored file cannot have.
    pub fn check(&self) -> Result<(), PackError> {
        self.find().map(drop)
    }

    /// Checks a name for a stored file.
    ///
    /// # Errors
    /// [`PackError::PutName`].
    pub fn check_name(name: &str) -> Result<(), PackError> {
        check_name(name)
    }

    fn find(&self) -> Result<FoundFile, PackError> {
        match self {
            Self::File { path, name: None } => single(path),
            Self::File { path, name: Some(name) } => single(path)?.named(name),
            // A repeated run must make the same manifest, so the time at which the caller wrote the file does not count.
            Self::Stream { spool, name } => Ok(FoundFile { mtime: 0, ..single(spool)?.named(name)? }),
        }
    }

    /// The key of the state of its upload.
    fn key(&self) -> String {
        match self {
            Self::File { path, name } => state::file(path, name.as_deref()),
            Self::Stream { name, .. } => state::stream(name),
        }
    }

    /// The text by which its user recognizes it.
    fn label(&self) -> String {
        match self {
            Self::File { path, .. } => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
            Self::Stream { name, .. } => name.clone(),
        }
    }
}

/// The result of storing a file with [`Client::put`].
#[derive(Clone, Debug)]
pub struct PutReport {
    /// The link. Anyone who has it can read the file.
    pub link: Link,
    /// The manifest that the link leads to.
    pub content: ContentRef,
    /// Bytes of the file.
    pub size: u64,
    /// The upload; `None` where an earlier run had done it.
    pub upload: Option<UploadReport>,
    /// The block that registered it; `None` where an earlier run had done that.
    pub block: Option<BlockRef>,
    /// The fees of the extrinsics of this run, in planck: also those by which it found out what an earlier run had done.
    pub fee: Balance,
}

impl PutReport {
    /// The report of a file that an earlier run has stored.
    fn of(kept: &KeptLink, fee: Balance) -> Self {
        Self { link: kept.link(), content: kept.content, size: kept.size, upload: None, block: None, fee }
    }
}

impl Client {
    /// Stores a file: [`Client::put`] of a file under its own name.
    ///
    /// # Errors
    /// Those of [`Client::put`].
    pub async fn put_file(
        &self,
        signer: &Signer,
        file: &Path,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PutReport, PublishError> {
        let file = PutSource::File { path: file.to_owned(), name: None };
        self.put(signer, &file, options, progress).await
    }

    /// Stores a file and returns the link to it: to a manifest with this one file. No name is involved. Run again after an
    /// interruption, it continues; run again before [`Client::link_shown`], it returns the same link and pays nothing; run
    /// again after that, it stores another copy with another link. Either counts only what is paid for at least half of the epochs
    /// asked for now; the rest is stored and paid for again.
    ///
    /// The link is kept in [`PublishOptions::links`] before the file is paid for. Links that earlier runs for the same file have left
    /// there are corrected: those that were paid for after all are registered, and those that lead to nothing are forgotten. Where the
    /// records of such a run are lost, a transaction that changes nothing makes certain that it pays no more, and workers are asked.
    ///
    /// # Errors
    /// [`PublishError`]. Nothing is registered then, except after a timeout; then the next run finds out.
    pub async fn put(
        &self,
        signer: &Signer,
        file: &PutSource,
        options: &PublishOptions,
        progress: &dyn Progress,
    ) -> Result<PutReport, PublishError> {
        progress.begin(Stage::Listing, None);
        let searched = file.clone();
        let files = vec![blocking(move || searched.find()).await??];
        let size = files.iter().map(FoundFile::size).sum();
        let mut state = State::open(&options.state_dir, &self.chain().genesis(), &file.key(), signer)?;
        let hashes = digest(&files, None, progress).await?;
        let source = content_hash(&(file.key(), &hashes).encode());
        let links = LinkStore::at(&options.links, &self.chain().genesis(), signer);
        let params = self.chain().params(At::Best).await?;
        let epochs = options.epochs.unwrap_or(params.max_epochs);
        let until = needed(params.epoch, epochs);
        if let Some(kept) = links.unshown(&source, until)? {
            note_stored(&kept, params.epoch.saturating_add(epochs), progress);
            // An earlier run may have paid for another content of this file: the run that stores that finds out.
            if state.journal.submitting().is_none() && !state.journal.is_damaged() {
                correct(&links, &state.journal, &[])?;
                state.remove();
            }
            return Ok(PutReport::of(&kept, 0));
        }
        let mut uploader = Uploader::prepare(self, signer, options, &mut state, progress).await?;
        let lost = lost(&links, uploader.journal(), &source, params.epoch)?;
        uploader.settle_earlier(lost.clone()).await?;
        correct(&links, uploader.journal(), &lost)?;
        if !lost.is_empty()
            && let Some(kept) = links.unshown(&source, until)?
        {
            note_stored(&kept, params.epoch.saturating_add(epochs), progress);
            let fee = uploader.fee();
            state.remove();
            return Ok(PutReport::of(&kept, fee));
        }
        let plan = Plan::new(files, &hashes, None, uploader.max_pack(options.object_len), &|_| false);
        let keep = |content: &ContentRef, expiry, state| {
            let path = file.label();
            let stored = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            links.save(&KeptLink { content: *content, path, source, size, stored, expiry, state })
        };
        let before = |content: &ContentRef, expiry| {
            keep(content, expiry, LinkState::Registering)?;
            Ok(None)
        };
        let registered = |content: &ContentRef, expiry| Ok(keep(content, expiry, LinkState::Registered)?);
        let done = uploader.publish(Arc::new(plan), None, before, registered).await?;
        // The keys are in the kept link now, and need not stay here.
        state.remove();
        Ok(PutReport {
            link: link_to(&done.content),
            content: done.content,
            size,
            upload: Some(done.report),
            block: done.block,
            fee: done.report.fee,
        })
    }

    /// Records that the link of a file was shown: it need not be shown again.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn link_shown(&self, signer: &Signer, content: &ContentRef, options: &PublishOptions) -> Result<(), LinkError> {
        let links = LinkStore::at(&options.links, &self.chain().genesis(), signer);
        let (all, _) = links.all()?;
        match all.into_iter().find(|link| link.content == *content) {
            Some(link) => links.save(&KeptLink { state: LinkState::Shown, ..link }),
            None => Ok(()),
        }
    }
}

/// Reports that a file is stored already.
fn note_stored(kept: &KeptLink, asked: Epoch, progress: &dyn Progress) {
    progress.note("an earlier run has stored this file, and its link was not shown");
    if let Some(note) = sooner(kept.expiry, asked) {
        progress.note(&note);
    }
}

/// The objects that earlier runs were about to register for the same file, and that the journal does not know, since it was lost. Those
/// that have expired are left out: a registration that is found would be of no use.
fn lost(links: &LinkStore, journal: &Journal, source: &Hash, epoch: Epoch) -> Result<Vec<ContentRef>, LinkError> {
    let (all, _) = links.all()?;
    let is_open = |link: &KeptLink| link.state == LinkState::Registering && link.expiry > epoch;
    let contents = all.into_iter().filter(|link| link.source == *source && is_open(link)).map(|link| link.content);
    Ok(contents.filter(|content| !journal.knows(&content.object)).collect())
}

/// Corrects links that earlier runs left behind as about to be registered. By the journal, in which no submission is open, an object is
/// registered, or only this run can still register it, which keeps its link again before. Links to other objects stay, since they may be
/// registered, except those to objects in `settled`, which were looked for: the journal knows which of them were found.
fn correct(links: &LinkStore, journal: &Journal, settled: &[ContentRef]) -> Result<(), LinkError> {
    let (all, _) = links.all()?;
    for link in all.into_iter().filter(|link| link.state == LinkState::Registering) {
        let object = link.content.object;
        if journal.registered(&object).is_some() {
            links.save(&KeptLink { state: LinkState::Registered, ..link })?;
        } else if settled.contains(&link.content) || !journal.contents(&[object]).is_empty() {
            links.forget(&object)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{pack::PackId, publish::journal::Sealed};
    use meganet_primitives::{
        content::ReadKey,
        object::{ObjectHeader, ObjectId},
    };
    use std::fs;

    #[test]
    fn links_that_lead_to_nothing_are_forgotten_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let alice = Signer::from_suri("//Alice").unwrap();
        let links = LinkStore::at(&dir.path().join("links"), &[1; 32], &alice);
        let mut state = State::open(&dir.path().join("state"), &[1; 32], "put-x", &alice).unwrap();
        let content = |seed: u8| {
            let key = Some(ReadKey([seed; 32]));
            ContentRef { object: ObjectId([seed; 32]), group: 0, sealed_len: 17, key }
        };
        let keep = |seed: u8, state| {
            let (path, source) = (seed.to_string(), [seed; 32]);
            links.save(&KeptLink {
                content: content(seed),
                path,
                source,
                size: 1,
                stored: seed.into(),
                expiry: 9,
                state,
            })
        };
        // 1 is registered, 2 is stored and is not, and of 3 and 5 the journal knows nothing. 5 was looked for.
        for seed in [1, 2] {
            let header = ObjectHeader { version: 1, codec: 0, k: 2, n: 6, sealed_len: 17, shards_root: [seed; 32] };
            let sealed = Sealed { pack: PackId([seed; 32]), content: content(seed), header };
            state.journal.add_sealed(sealed).unwrap();
        }
        state.journal.add_registered(vec![ObjectId([1; 32])], 9).unwrap();
        for seed in [1, 2, 3, 5] {
            keep(seed, LinkState::Registering).unwrap();
        }
        keep(4, LinkState::Shown).unwrap();
        let lost_in = |source: u8, epoch| lost(&links, &state.journal, &[source; 32], epoch).unwrap();
        assert_eq!(lost_in(3, 8), [content(3)]);
        // Expired, known to the journal, and shown.
        assert_eq!([lost_in(3, 9), lost_in(2, 8), lost_in(4, 8)], [vec![], vec![], vec![]]);
        correct(&links, &state.journal, &[content(5)]).unwrap();
        let kept: Vec<_> = links.all().unwrap().0.iter().map(|link| (link.stored, link.state)).collect();
        assert_eq!(kept, [(1, LinkState::Registered), (3, LinkState::Registering), (4, LinkState::Shown)]);
    }

    #[test]
    fn a_stream_is_the_same_wherever_and_whenever_it_was_written_down() {
        let dir = tempfile::tempdir().unwrap();
        let spooled = |file: &str, name: &str| {
            let spool = dir.path().join(file);
            fs::write(&spool, b"content").unwrap();
            PutSource::Stream { spool, name: name.to_owned() }
        };
        let (one, other) = (spooled("1", "a.txt"), spooled("2", "a.txt"));
        let (first, second) = (one.find().unwrap(), other.find().unwrap());
        assert_eq!((first.path.as_str(), first.mtime), ("a.txt", 0));
        assert_eq!((&first.path, first.mtime, first.mode), (&second.path, second.mtime, second.mode));
        assert_eq!((one.key(), one.label()), (other.key(), "a.txt".to_owned()));
        assert_ne!(one.key(), spooled("1", "b.txt").key());
        assert!(spooled("3", "a/b").check().is_err() && PutSource::check_name("a/b").is_err());
    }

    #[test]
    fn a_file_has_its_own_name_or_a_chosen_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own.txt");
        fs::write(&path, b"content").unwrap();
        let named = |name: Option<&str>| PutSource::File { path: path.clone(), name: name.map(str::to_owned) };
        let (own, chosen) = (named(None), named(Some("chosen.txt")));
        assert_eq!(own.find().unwrap().path, "own.txt");
        assert_eq!(chosen.find().unwrap().path, "chosen.txt");
        assert_ne!(own.key(), chosen.key());
        assert!(own.label().ends_with("own.txt") && chosen.label().ends_with("own.txt"));
        assert!(named(Some("..")).check().is_err());
    }
}
