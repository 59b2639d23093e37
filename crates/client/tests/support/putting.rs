//! A file that is put with the workers that people run.

use meganet_chain_client::{At, Call, StorageCall, Until};
use meganet_chain_fake::FakeConfig;
use meganet_client::{
    Client, Network, PublishOptions, PutReport,
    links::{KeptLink, LinkState, LinkStore},
    progress::{Progress, Silent, Stage},
};
use meganet_primitives::{Balance, Epoch, placement::ProfileId};
use meganet_testkit::{Town, noise, tree};
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A file that is put by a client, with what the chain was paid for it.
pub struct Putting {
    pub town: Town,
    pub client: Arc<Client>,
    pub dir: tempfile::TempDir,
    pub file: PathBuf,
}

impl Putting {
    pub async fn new(config: FakeConfig) -> Self {
        let town = Town::with(config, |_| {}).await;
        let client = Arc::new(Client::new(Network::new(town.chain.client(), town.client.clone()), None));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, noise(1, 700_000)).unwrap();
        Self { town, client, dir, file }
    }

    pub fn options(&self) -> PublishOptions {
        PublishOptions::new(self.dir.path().join("state"))
    }

    /// Options to store for this many epochs.
    pub fn lasting(&self, epochs: Epoch) -> PublishOptions {
        PublishOptions { epochs: Some(epochs), ..self.options() }
    }

    pub async fn put(&self) -> PutReport {
        self.put_with(&self.options(), &Silent).await
    }

    pub async fn put_with(&self, options: &PublishOptions, progress: &dyn Progress) -> PutReport {
        self.client.put_file(&self.town.owner, &self.file, options, progress).await.unwrap()
    }

    pub async fn paid(&self) -> Balance {
        self.town.chain.money(At::Best).await.unwrap().paid_in
    }

    pub fn links(&self) -> Vec<KeptLink> {
        let links = LinkStore::at(&self.options().links, &self.town.chain.genesis(), &self.town.owner);
        links.all().unwrap().0
    }

    pub fn kept(&self) -> Vec<LinkState> {
        self.links().iter().map(|link| link.state).collect()
    }

    /// The journals of uploads, by path.
    pub fn journals(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let dir = self.options().state_dir;
        let journals = tree(&dir).into_iter().filter(|(path, _)| path.contains("journal-"));
        journals.map(|(path, bytes)| (dir.join(path), bytes)).collect()
    }

    /// Until when the kept link of a file says that it is stored, and until when it is.
    pub async fn expiries(&self, put: &PutReport) -> (Epoch, Epoch) {
        let kept = self.links().into_iter().find(|link| link.content == put.content).unwrap();
        let site = self.client.open_link(&put.link).await.unwrap();
        let batches = self.client.stored_batches(&site, At::Best).await.unwrap();
        (kept.expiry, batches.iter().map(|batch| batch.expiry).min().unwrap())
    }

    /// Puts the file, and stops when the chain has its registration and no block has it. From then on blocks are full.
    pub async fn cut_off(&self) {
        self.cut_off_with(self.options()).await;
        assert_eq!((self.kept(), self.paid().await), (vec![LinkState::Registering], 0));
    }

    pub async fn cut_off_with(&self, options: PublishOptions) {
        let (client, owner, file) = (self.client.clone(), self.town.owner.clone(), self.file.clone());
        // A group first, so that only the registration has to be in a block.
        let open = Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact });
        let _ = self.town.chain.submit(&owner, vec![open], Until::InBlock).await;
        let chain = &self.town.chain;
        chain.set_full(true);
        let account = owner.account();
        let run = tokio::spawn(async move { client.put_file(&owner, &file, &options, &Silent).await.map(drop) });
        while chain.pending_of(&account) == 0 {
            assert!(!run.is_finished(), "{:?}", run.await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // It is submitted, and gone before it knows of the block.
        run.abort();
        assert!(run.await.unwrap_err().is_cancelled());
    }

    /// Blocks are no longer full. Waits for one with the registration, and returns what is paid then.
    pub async fn release(&self) -> Balance {
        let before = self.paid().await;
        self.town.chain.set_full(false);
        while self.paid().await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.paid().await
    }

    pub async fn is_readable(&self, put: &PutReport) {
        let site = self.client.open_link(&put.link).await.unwrap();
        let entry = site.one_entry("").unwrap().clone();
        assert!(site.read_to_vec(&entry).await.unwrap() == fs::read(&self.file).unwrap());
    }
}

/// Collects notes.
#[derive(Default)]
pub struct Notes(Mutex<String>);

impl Notes {
    pub fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Progress for Notes {
    fn begin(&self, _: Stage, _: Option<u64>) {}

    fn advance(&self, _: u64) {}

    fn note(&self, text: &str) {
        self.0.lock().unwrap().push_str(text);
    }
}
