//! The client and the workers that people run, without a hand-made worker between them.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_chain_client::{At, Until};
use meganet_chain_fake::FakeConfig;
use meganet_client::{
    Client, Network, PublishOptions,
    links::LinkState,
    progress::{Progress, Silent, Stage},
};
use meganet_testkit::{Town, noise, write};
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use support::{
    Releasing, Waiting,
    putting::{Notes, Putting},
};

#[tokio::test(flavor = "multi_thread")]
async fn real_workers_store_and_serve_what_the_client_uploads() {
    let town = Town::new().await;
    let client = Client::new(Network::new(town.chain.client(), town.client.clone()), None);
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = (dir.path().join("file"), noise(1, 700_000));
    fs::write(&file, &content).unwrap();
    let options = PublishOptions::new(dir.path().join("state"));
    let put = client.put_file(&town.owner, &file, &options, &Silent).await.unwrap();
    let site = client.open_link(&put.link).await.unwrap();
    let entry = site.one_entry("").unwrap().clone();
    assert!(site.read_to_vec(&entry).await.unwrap() == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_kept_before_it_is_paid_for_and_until_it_was_shown() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.town.chain.refuse_submissions(Some("told to"));
    let options = putting.options();
    putting.client.put_file(&putting.town.owner, &putting.file, &options, &Silent).await.unwrap_err();
    assert_eq!((putting.kept(), putting.paid().await), (vec![LinkState::Registering], 0));
    putting.town.chain.refuse_submissions(None);

    let first = putting.put().await;
    let paid = putting.paid().await;
    assert!(paid > 0 && first.upload.is_some());
    assert_eq!(putting.kept(), [LinkState::Registered]);
    // As after a kill before the link was printed: the same link, and nothing is paid.
    let again = putting.put().await;
    assert_eq!((&again.link, again.upload.is_none()), (&first.link, true));
    assert_eq!(putting.paid().await, paid);
    putting.is_readable(&again).await;
    putting.client.link_shown(&putting.town.owner, &again.content, &options).unwrap();
    assert_eq!(putting.kept(), [LinkState::Shown]);
    // From then on it is another copy that somebody wants.
    let another = putting.put().await;
    assert_ne!(another.link, first.link);
    assert!(putting.paid().await > paid);
}

/// Takes the folder of links away once everything is uploaded, as a disk that fills up at that moment does.
struct TakesAway(PathBuf);

impl TakesAway {
    fn aside(&self) -> PathBuf {
        self.0.with_extension("aside")
    }

    fn give_back(&self) {
        fs::remove_file(&self.0).unwrap();
        fs::rename(self.aside(), &self.0).unwrap();
    }
}

impl Progress for TakesAway {
    fn begin(&self, stage: Stage, _: Option<u64>) {
        if stage == Stage::Registering {
            fs::rename(&self.0, self.aside()).unwrap();
            fs::write(&self.0, "").unwrap();
        }
    }

    fn advance(&self, _: u64) {}

    fn note(&self, _: &str) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_whose_registered_link_cannot_be_kept_is_not_paid_for_twice() {
    let putting = Putting::new(FakeConfig::default()).await;
    let options = putting.options();
    let disk = TakesAway(options.links.clone());
    let failed = putting.client.put_file(&putting.town.owner, &putting.file, &options, &disk).await;
    assert!(failed.is_err());
    let paid = putting.paid().await;
    assert!(paid > 0);
    disk.give_back();
    assert_eq!(putting.kept(), [LinkState::Registering]);

    let put = putting.put().await;
    assert_eq!(putting.paid().await, paid, "it was paid for twice");
    assert_eq!(putting.kept(), [LinkState::Registered]);
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_is_cut_off_after_its_registration_is_not_paid_for_twice() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off().await;
    let paid = putting.release().await;

    let put = putting.put().await;
    assert_eq!(putting.paid().await, paid, "it was paid for twice");
    assert_eq!(putting.kept(), [LinkState::Registered]);
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_found_before_workers_report_it() {
    let putting = Putting::new(FakeConfig::default()).await;
    let put = putting.put_with(&putting.lasting(4), &Silent).await;
    let site = putting.client.open_link(&put.link).await.unwrap();
    let until = 8;
    // As workers report it that do not know of the renewal.
    let mut stale = putting.client.stored_batches(&site, At::Best).await.unwrap();
    putting.client.look_for_renewals(&mut stale, until, At::Best).await.unwrap();
    assert!(!stale.is_empty() && stale.iter().all(|batch| batch.expiry == 4));

    while putting.client.chain().ranges(put.content.group, At::Finalized).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let calls = putting.client.renewal(&site, until).await.unwrap().calls;
    assert_eq!(calls.len(), stale.len());
    putting.town.chain.submit(&putting.town.owner, calls, Until::Finalized).await.unwrap();
    putting.client.look_for_renewals(&mut stale, until, At::Finalized).await.unwrap();
    assert!(stale.iter().all(|batch| batch.expiry == until));
    assert_eq!(putting.client.renewal(&site, until).await.unwrap().calls, []);
    assert_eq!(putting.client.renewal(&site, until + 1).await.unwrap().calls.len(), stale.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_says_until_when_an_earlier_run_has_paid() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off_with(putting.lasting(8)).await;
    let paid = putting.release().await;
    // More than half of what is asked for now.
    let notes = Notes::default();
    let put = putting.put_with(&putting.lasting(12), &notes).await;
    assert_eq!((putting.paid().await, put.upload.as_ref().unwrap().summary.expiry), (paid, 8));
    assert_eq!(putting.expiries(&put).await, (8, 8));
    let said = notes.take();
    assert!(said.contains("until epoch 8, not 12"), "{said}");
    // Its link was not shown.
    let again = putting.put_with(&putting.lasting(16), &notes).await;
    assert_eq!((&again.link, putting.paid().await), (&put.link, paid));
    let said = notes.take();
    assert!(said.contains("until epoch 8, not 16"), "{said}");
    let longer = putting.put_with(&putting.lasting(18), &notes).await;
    assert!(longer.link != put.link && putting.paid().await > paid);
    assert_eq!(putting.expiries(&longer).await, (18, 18));
    let said = notes.take();
    assert!(!said.contains("not 18"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_for_much_too_briefly_is_stored_again() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off_with(putting.lasting(1)).await;
    let paid = putting.release().await;
    let put = putting.put_with(&putting.lasting(12), &Silent).await;
    assert!(putting.paid().await > paid);
    assert_eq!(putting.expiries(&put).await, (12, 12));
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_is_repeated_before_its_registration_is_in_a_block_waits_for_that() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off().await;
    let chain = &putting.town.chain;
    let account = putting.town.owner.account();
    let (client, owner, file, options) =
        (putting.client.clone(), putting.town.owner.clone(), putting.file.clone(), putting.options());
    let waiting = Arc::new(Waiting::default());
    let run = {
        let waiting = waiting.clone();
        tokio::spawn(async move { client.put_file(&owner, &file, &options, &*waiting).await })
    };
    while !waiting.0.load(Ordering::SeqCst) && chain.pending_of(&account) == 1 {
        assert!(!run.is_finished(), "{:?}", run.await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(chain.pending_of(&account), 1, "it was submitted again");
    chain.set_full(false);
    let put = run.await.unwrap().unwrap();
    let price = put.upload.as_ref().unwrap().summary.price;
    assert!(putting.paid().await > 0 && price == 0, "it was paid for twice: {price}");
    assert_eq!(putting.kept(), [LinkState::Registered]);
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_no_block_can_include_any_more_is_made_again() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off().await;
    let chain = &putting.town.chain;
    chain.ticks(310);
    chain.set_full(false);
    chain.tick();
    assert_eq!((chain.pending_of(&putting.town.owner.account()), putting.paid().await), (0, 0));
    let put = putting.put().await;
    assert!(putting.paid().await > 0);
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_was_lost_is_made_again_without_waiting_for_its_whole_lifetime() {
    let putting = Putting::new(FakeConfig { finality_lag: 2, ..FakeConfig::default() }).await;
    putting.cut_off().await;
    let chain = &putting.town.chain;
    putting.town.stop_blocks();
    chain.set_full(false);
    chain.tick();
    assert!(putting.paid().await > 0);
    // A fork without it, and no pool has it.
    chain.reorganise(2, false);
    assert_eq!((chain.pending_of(&putting.town.owner.account()), putting.paid().await), (0, 0));
    let before = chain.best().await.unwrap().number;
    let blocks = chain.start(Duration::from_millis(100));
    let put = putting.put().await;
    blocks.abort();
    assert!(chain.best().await.unwrap().number < before + 280);
    let (paid, price) = (putting.paid().await, put.upload.as_ref().unwrap().summary.price);
    assert!(paid > 0 && paid < 2 * price, "{paid} {price}");
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_whose_registration_is_not_answered_is_paid_for_once() {
    let config = FakeConfig { patience: Duration::from_secs(60), ..FakeConfig::default() };
    let putting = Putting::new(config).await;
    // The registration is in a final block when the same bytes are offered again.
    putting.town.chain.lose_answer_to(&putting.town.owner.account());
    let put = putting.put().await;
    let (paid, price) = (putting.paid().await, put.upload.as_ref().unwrap().summary.price);
    assert!(paid > 0 && paid < 2 * price, "{paid} {price}");
    assert_eq!(putting.kept(), [LinkState::Registered]);
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_of_former_content_leaves_the_question_of_a_registration_to_the_next_one() {
    let putting = Putting::new(FakeConfig::default()).await;
    let first = putting.put().await;
    let aside = |name: &str| putting.dir.path().join(name);
    // Renamed, because a file that is written again has another time, and so another manifest.
    fs::rename(&putting.file, aside("first")).unwrap();
    fs::write(&putting.file, noise(2, 700_000)).unwrap();
    putting.cut_off_with(putting.options()).await;
    fs::rename(&putting.file, aside("second")).unwrap();
    fs::rename(aside("first"), &putting.file).unwrap();
    let again = putting.put().await;
    assert_eq!((&again.link, again.upload.is_none()), (&first.link, true));

    let paid = putting.release().await;
    fs::rename(aside("second"), &putting.file).unwrap();
    let second = putting.put().await;
    assert_eq!(putting.paid().await, paid, "it was paid for twice");
    putting.is_readable(&second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_taken_back_before_its_registration_is_in_a_block_is_replaced() {
    let putting = Putting::new(FakeConfig::default()).await;
    let Putting { town, client, dir, .. } = &putting;
    let (site, options, account) = (dir.path().join("site"), putting.options(), town.owner.account());
    town.chain.add_name(account, "home");
    write(&site, "a", b"one");
    client.publish(&town.owner, &site, "home", &options, &Silent).await.unwrap();
    write(&site, "a", b"two");
    town.chain.set_full(true);
    let submitted = async {
        while town.chain.pending_of(&account) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        biased;
        report = client.publish(&town.owner, &site, "home", &options, &Silent) => panic!("{report:?}"),
        () = submitted => {}
    }

    write(&site, "a", b"one");
    let releasing = Releasing(town.chain.clone());
    let report = client.publish(&town.owner, &site, "home", &options, &releasing).await.unwrap();
    assert_eq!((report.unchanged, report.version), (false, 3));
    assert_eq!(town.chain.name("home", At::Best).await.unwrap().unwrap().version, 3);
    let site = client.open_name("home").await.unwrap();
    assert_eq!(site.read_to_vec(site.entry("a").unwrap()).await.unwrap(), b"one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_paid_for_after_all_is_used_when_its_content_is_put_again() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off().await;
    putting.release().await;
    let first = putting.links().remove(0);
    fs::write(&putting.file, noise(2, 700_000)).unwrap();
    putting.put().await;
    assert_eq!(putting.kept(), [LinkState::Registered; 2]);
    let paid = putting.paid().await;

    fs::write(&putting.file, noise(1, 700_000)).unwrap();
    let again = putting.put().await;
    assert_eq!((again.link.clone(), putting.paid().await), (first.link(), paid));
    putting.is_readable(&again).await;
}
