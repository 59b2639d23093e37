//! Files that are put again after the records of an earlier run were lost or damaged.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_chain_fake::FakeConfig;
use meganet_client::links::LinkState;
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
        assert!(said.contains("are damaged"), "{said}");
        assert_eq!(putting.paid().await, paid, "it was paid for twice");
        assert_eq!(putting.kept(), [LinkState::Registered]);
        putting.is_readable(&put).await;
    }
}
