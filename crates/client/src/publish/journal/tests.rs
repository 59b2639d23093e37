#![allow(clippy::unwrap_used)]
use super::*;
use meganet_primitives::{
    content::ReadKey,
    receipt::{PeerSignature, Receipt},
    sum_tree::BatchSummary,
};
use std::sync::LazyLock;

pub(super) static ALICE: LazyLock<Signer> = LazyLock::new(|| Signer::from_suri("//Alice").unwrap());

pub(super) fn open(dir: &Path) -> Journal {
    Journal::open(dir, &[1; 32], &ALICE).unwrap()
}

pub(super) fn look(dir: &Path) -> Journal {
    Journal::look(dir, &[1; 32], &ALICE).unwrap()
}

pub(super) fn sealed(byte: u8) -> Sealed {
    let content = ContentRef { object: ObjectId([byte; 32]), group: 1, sealed_len: 17, key: Some(ReadKey([byte; 32])) };
    let header = ObjectHeader { version: 1, codec: 0, k: 2, n: 6, sealed_len: 17, shards_root: [byte; 32] };
    Sealed { pack: PackId([byte; 32]), content, header }
}

#[test]
fn comes_back_after_a_crash_at_any_byte() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let path = journal.path().to_owned();
    journal.add_sealed(sealed(1)).unwrap();
    let after_one = fs::metadata(&path).unwrap().len();
    journal.add_sealed(sealed(2)).unwrap();
    journal.add_registered(vec![ObjectId([1; 32])], 9).unwrap();
    drop(journal);
    let whole = fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut journal = open(dir.path());
        assert!(!journal.is_damaged(), "{cut}");
        assert_eq!(journal.sealed(&PackId([1; 32])).is_some(), u64::try_from(cut).unwrap() >= after_one, "{cut}");
        assert_eq!(journal.registered(&ObjectId([1; 32])).is_some(), cut == whole.len());
        // And it can go on.
        journal.add_sealed(sealed(3)).unwrap();
        drop(journal);
        assert_eq!(open(dir.path()).sealed(&PackId([3; 32])), Some(sealed(3)));
    }
}

#[test]
fn a_look_changes_nothing_and_sees_what_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = look(dir.path()).path().to_owned();
    assert_eq!(look(dir.path()).sealed(&PackId([1; 32])), None);
    assert!(!path.exists());
    open(dir.path()).add_sealed(sealed(1)).unwrap();
    // As a crash leaves it, or a process that is writing.
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(&[0xff; 40]);
    fs::write(&path, &bytes).unwrap();
    let mut journal = look(dir.path());
    assert_eq!(journal.sealed(&PackId([1; 32])), Some(sealed(1)));
    journal.add_sealed(sealed(2)).unwrap();
    assert_eq!(journal.sealed(&PackId([2; 32])), Some(sealed(2)));
    journal.clear().unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn what_is_damaged_is_known_until_a_record_replaces_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let path = journal.path().to_owned();
    journal.add_sealed(sealed(1)).unwrap();
    drop(journal);
    let mut bytes = fs::read(&path).unwrap();
    let len = bytes.len();
    bytes.extend_from_slice(&[0xff; 40]);
    fs::write(&path, &bytes).unwrap();
    // Also by the run after one that was ended at once.
    for _ in 0..2 {
        let journal = open(dir.path());
        assert!(journal.is_damaged() && journal.sealed(&PackId([1; 32])).is_some());
        assert_eq!(journal.unregistered(), [sealed(1).content]);
    }
    let mut journal = open(dir.path());
    journal.add_settled(vec![(vec![ObjectId([1; 32])], 9), (Vec::new(), 0)]).unwrap();
    assert!(!journal.is_damaged());
    // And it can go on.
    journal.add_sealed(sealed(2)).unwrap();
    drop(journal);
    let journal = open(dir.path());
    assert!(!journal.is_damaged() && journal.registered(&ObjectId([1; 32])) == Some(9));
    assert_eq!(journal.unregistered(), [sealed(2).content]);
    assert_eq!(fs::read(&path).unwrap()[..len], bytes[..len]);
}

fn signed() -> SignedBatch {
    let batch = BatchSummary { root: [1; 32], objects: 1, bytes: 17 };
    // No quorum is smaller.
    let receipts = Vec::from([0, 1].map(|slot| Receipt { slot, signature: PeerSignature([slot; 64]) }));
    SignedBatch { group: 1, expiry: 9, batch, valid_until: 9, receipts }
}

#[test]
fn what_was_cut_short_is_damage_where_it_may_hide_a_submission() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let path = journal.path().to_owned();
    let len = || usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    journal.add_sealed(sealed(1)).unwrap();
    let after_sealed = len();
    assert_eq!(after_sealed, MAGIC.len() + SEALED_LEN);
    journal.add_signed(signed()).unwrap();
    let after_signed = len();
    assert!(after_signed > after_sealed + SEALED_LEN);
    journal
        .add_submitting(Submission { after: 7, batches: vec![], objects: vec![ObjectId([1; 32])], expiry: 9 })
        .unwrap();
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let is_damaged = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        open(dir.path()).is_damaged()
    };
    assert!(!is_damaged(&whole));
    for cut in after_signed + 1..whole.len() {
        assert!(is_damaged(&whole[..cut]), "{cut}");
    }
    // A length that is too large hides all records that follow.
    for record in [MAGIC.len(), after_sealed] {
        let mut bytes = whole.clone();
        bytes[record + 2] ^= 1;
        assert!(is_damaged(&bytes), "{record}");
    }
    // A submission that failed can be repeated with the same receipts; one that was made cannot.
    for (registered, expected) in [(vec![], true), (vec![ObjectId([1; 32])], false)] {
        fs::write(&path, &whole).unwrap();
        let mut journal = open(dir.path());
        journal.add_registered(registered, 9).unwrap();
        journal.add_sealed(sealed(2)).unwrap();
        drop(journal);
        let longer = fs::read(&path).unwrap();
        assert_eq!(is_damaged(&longer[..longer.len() - 1]), expected);
    }
}

#[test]
fn no_key_can_be_read_from_the_disk_and_each_account_has_a_journal_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).add_sealed(sealed(0xab)).unwrap();
    let bob = Signer::from_suri("//Bob").unwrap();
    let mut of_bob = Journal::open(dir.path(), &[1; 32], &bob).unwrap();
    assert_eq!(of_bob.sealed(&PackId([0xab; 32])), None);
    of_bob.add_sealed(sealed(0xcd)).unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|part| part == [0xab; 8] || part == [0xcd; 8]));
    }
    assert_eq!(open(dir.path()).sealed(&PackId([0xab; 32])), Some(sealed(0xab)));
    let of_bob = Journal::open(dir.path(), &[1; 32], &bob).unwrap();
    assert_eq!(of_bob.sealed(&PackId([0xcd; 32])), Some(sealed(0xcd)));
}

#[test]
fn a_journal_of_the_version_before_goes_on_encrypted() {
    let dir = tempfile::tempdir().unwrap();
    let clear = dir.path().join(CLEAR_NAME);
    let submission = Submission { after: 7, batches: vec![], objects: vec![ObjectId([0xab; 32])], expiry: 9 };
    let mut bytes = CLEAR_MAGIC.to_vec();
    bytes.extend(framed(&Record::Sealed(sealed(0xab)).encode()));
    bytes.extend(framed(&Record::Submitting(submission.clone()).encode()));
    // As a crash leaves it.
    bytes.extend_from_slice(&[0xff; 40]);
    fs::write(&clear, &bytes).unwrap();
    let is_whole = |journal: &Journal| {
        journal.sealed(&PackId([0xab; 32])) == Some(sealed(0xab)) && journal.submitting() == Some(&submission)
    };
    assert!(is_whole(&look(dir.path())));
    assert!(clear.exists());
    let journal = open(dir.path());
    assert!(is_whole(&journal) && !clear.exists());
    let sealed_bytes = fs::read(journal.path()).unwrap();
    assert!(!sealed_bytes.windows(8).any(|part| part == [0xab; 8]));
    // A crash before the old file was removed leaves both.
    fs::write(&clear, &bytes).unwrap();
    assert!(is_whole(&open(dir.path())) && is_whole(&open(dir.path())));
    assert!(!clear.exists());
}
