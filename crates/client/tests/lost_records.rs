//! Files that are put again after the records of an earlier run were lost or damaged.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_chain_fake::FakeConfig;
use meganet_client::{links::LinkState, progress::Silent};
use meganet_testkit::noise;
use std::fs;
use support::putting::{Notes, Putting};

#[tokio::test(flavor = "multi_thread")]
async fn a_put_whose_records_are_damaged_is_not_paid_for_twice() {
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(bytes.len() - 3),
        |bytes| *bytes.last_mut().unwrap() ^= 1,
        // Only the link is left.
        Vec::clear,
    ];
    for damage in damages {
        let putting = Putting::new(FakeConfig::default()).await;
        putting.cut_off().await;
        let paid = putting.release().await;
        for (path, mut bytes) in putting.journals() {
            damage(&mut bytes);
            fs::write(path, bytes).unwrap();
        }
        let notes = Notes::default();
        let put = putting.put_with(&putting.options(), &notes).await;
        let said = notes.take();
        assert!(said.contains("are lost or damaged"), "{said}");
        assert_eq!(putting.paid().await, paid, "it was paid for twice");
        assert!(put.fee > 0);
        assert_eq!(putting.kept(), [LinkState::Registered]);
        putting.is_readable(&put).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_whose_records_are_damaged_after_a_submission_that_failed_is_not_paid_for_twice() {
    let putting = Putting::new(FakeConfig::default()).await;
    putting.cut_off().await;
    let chain = &putting.town.chain;
    chain.ticks(310);
    chain.set_full(false);
    chain.tick();
    assert_eq!((chain.pending_of(&putting.town.owner.account()), putting.paid().await), (0, 0));
    let of_the_first = putting.journals();
    // The next run repeats the registration, and only its records are damaged.
    putting.cut_off_with(putting.options()).await;
    let paid = putting.release().await;
    for ((path, mut bytes), (_, whole)) in putting.journals().into_iter().zip(of_the_first) {
        assert!(bytes.starts_with(&whole));
        // In the check of the first record that is not in `whole`.
        bytes[whole.len() + 8] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let put = putting.put().await;
    assert_eq!(putting.paid().await, paid, "it was paid for twice");
    assert_eq!(putting.kept(), [LinkState::Registered]);
    putting.is_readable(&put).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_nothing_is_asked_about_once() {
    let putting = Putting::new(FakeConfig::default()).await;
    refused(&putting).await;
    for (path, _) in putting.journals() {
        fs::remove_file(path).unwrap();
    }
    let notes = Notes::default();
    let put = putting.put_with(&putting.options(), &notes).await;
    let said = notes.take();
    assert!(said.contains("are lost or damaged"), "{said}");
    // The link to nothing is gone.
    assert_eq!(putting.kept(), [LinkState::Registered]);
    putting.client.link_shown(&putting.town.owner, &put.content, &putting.options()).unwrap();
    putting.put_with(&putting.options(), &notes).await;
    let said = notes.take();
    assert!(!said.contains("are lost or damaged"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_refused_goes_with_its_records() {
    let putting = Putting::new(FakeConfig::default()).await;
    let first = putting.put().await;
    // Renamed, because a file that is written again has another time, and so another manifest.
    let aside = putting.dir.path().join("first");
    fs::rename(&putting.file, &aside).unwrap();
    fs::write(&putting.file, noise(2, 700_000)).unwrap();
    refused(&putting).await;
    assert_eq!(putting.kept().len(), 2);
    fs::rename(&aside, &putting.file).unwrap();
    let again = putting.put().await;
    assert_eq!(again.link, first.link);
    assert_eq!(putting.kept(), [LinkState::Registered]);
}

/// Puts the file while the chain takes no transactions.
async fn refused(putting: &Putting) {
    let Putting { town, client, file, .. } = putting;
    town.chain.refuse_submissions(Some("told to"));
    client.put_file(&town.owner, file, &putting.options(), &Silent).await.unwrap_err();
    town.chain.refuse_submissions(None);
    assert!(putting.kept().contains(&LinkState::Registering));
}
