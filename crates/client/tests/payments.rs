//! Payments are made once, whatever happens to the processes that pay.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_chain_client::{At, Call, ChainClient, Signer, amount::MEGA};
use meganet_chain_fake::FakeChain;
use meganet_client::{
    payments::{PaymentError, Payments, Subject, Term},
    progress::{Progress, Silent, Stage},
};
use meganet_primitives::Balance;
use meganet_testkit::tree;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

const TERM: Term = Term { asked: 1, until: 100 };

/// Lets blocks take transactions again once an interrupted payment is looked for.
struct Releasing<'a>(&'a FakeChain);

impl Progress for Releasing<'_> {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, text: &str) {
        assert!(text.contains("interrupted"), "{text}");
        self.0.set_full(false);
    }
}

struct World {
    fake: FakeChain,
    chain: Arc<dyn ChainClient>,
    payer: Signer,
    dir: TempDir,
    _ticking: tokio::task::JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        let fake = FakeChain::default();
        let payer = Signer::from_suri("//Payer").unwrap();
        fake.fund(payer.account(), 100 * MEGA);
        let ticking = fake.start(Duration::from_millis(20));
        Self { chain: fake.client(), fake, payer, dir: tempfile::tempdir().unwrap(), _ticking: ticking }
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    async fn begin<'a>(&'a self, signer: &'a Signer, progress: &dyn Progress) -> Result<Payments<'a>, PaymentError> {
        self.begin_for("hello", signer, progress).await
    }

    async fn begin_for<'a>(
        &'a self,
        name: &str,
        signer: &'a Signer,
        progress: &dyn Progress,
    ) -> Result<Payments<'a>, PaymentError> {
        Payments::begin(&*self.chain, signer, self.root(), Subject::Name(name), progress).await
    }

    /// Is cut off while the node's pool has the payment, and no block does.
    async fn cut_off(&self, payments: Payments<'_>) {
        let before = self.fake.submissions();
        self.fake.set_full(true);
        tokio::select! {
            _ = payments.submit(TERM, Self::payment()) => panic!("no block can include it"),
            () = async {
                while self.fake.submissions() == before {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            } => {}
        }
    }

    /// The payment, to an account that has nothing else.
    fn payment() -> Vec<Call> {
        vec![Call::Transfer { to: [7; 32], amount: MEGA }]
    }

    async fn paid(&self) -> Balance {
        self.chain.balance(&[7; 32], At::Finalized).await.unwrap().free
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_do_not_pay_at_once() {
    let world = World::new();
    let first = world.begin(&world.payer, &Silent).await.unwrap();
    assert!(matches!(world.begin(&world.payer, &Silent).await, Err(PaymentError::Busy(_))));
    // Nor for something else. Another account is not in the way.
    assert!(matches!(world.begin_for("other", &world.payer, &Silent).await, Err(PaymentError::Busy(_))));
    let other = Signer::from_suri("//Other").unwrap();
    assert_eq!(world.begin(&other, &Silent).await.unwrap().interrupted(), None);
    first.submit(TERM, World::payment()).await.unwrap();
    assert_eq!(world.begin(&world.payer, &Silent).await.unwrap().interrupted(), None);
    assert_eq!(world.paid().await, MEGA);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_cut_off_shows_before_the_next_one() {
    let world = World::new();
    world.cut_off(world.begin(&world.payer, &Silent).await.unwrap()).await;
    assert_eq!(world.paid().await, 0);
    let payments = world.begin(&world.payer, &Releasing(&world.fake)).await.unwrap();
    assert_eq!(payments.interrupted(), Some(TERM));
    assert_eq!(world.paid().await, MEGA, "it would be paid for twice");
    // Until its end is known, it is remembered, and not settled again.
    drop(payments);
    let submissions = world.fake.submissions();
    let payments = world.begin(&world.payer, &Silent).await.unwrap();
    assert_eq!((payments.interrupted(), world.fake.submissions()), (Some(TERM), submissions));
    payments.end();
    assert_eq!(world.begin(&world.payer, &Silent).await.unwrap().interrupted(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_for_something_else_does_not_hide_one_that_was_cut_off() {
    let world = World::new();
    world.cut_off(world.begin(&world.payer, &Silent).await.unwrap()).await;
    let other = world.begin_for("other", &world.payer, &Releasing(&world.fake)).await.unwrap();
    assert_eq!((other.interrupted(), world.paid().await), (None, MEGA));
    other.submit(TERM, World::payment()).await.unwrap();
    assert_eq!(world.begin_for("other", &world.payer, &Silent).await.unwrap().interrupted(), None);
    let payments = world.begin(&world.payer, &Silent).await.unwrap();
    assert_eq!(payments.interrupted(), Some(TERM));
    // One that is made ends the question.
    payments.submit(TERM, World::payment()).await.unwrap();
    assert_eq!(world.begin(&world.payer, &Silent).await.unwrap().interrupted(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payment_leaves_nothing_to_settle() {
    let world = World::new();
    let poor = Signer::from_suri("//Poor").unwrap();
    let payments = world.begin(&poor, &Silent).await.unwrap();
    let error = payments.submit(TERM, World::payment()).await.unwrap_err();
    assert!(!error.may_still_succeed(), "{error}");
    assert_eq!(world.begin(&poor, &Silent).await.unwrap().interrupted(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_settled_and_stops_payments_for_its_subject_only() {
    let world = World::new();
    world.cut_off(world.begin(&world.payer, &Silent).await.unwrap()).await;
    let is_record = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("payment-");
    let record = tree(world.root()).iter().map(|(path, _)| world.root().join(path)).find(is_record).unwrap();
    std::fs::write(&record, b"damaged").unwrap();
    let damaged = world.begin(&world.payer, &Releasing(&world.fake)).await;
    assert!(matches!(&damaged, Err(PaymentError::Damaged(path)) if *path == record), "{:?}", damaged.err());
    assert_eq!(world.paid().await, MEGA);
    assert_eq!(world.begin_for("other", &world.payer, &Silent).await.unwrap().interrupted(), None);
    std::fs::remove_file(&record).unwrap();
    assert_eq!(world.begin(&world.payer, &Silent).await.unwrap().interrupted(), None);
}

/// A payment that was made does not fail because its record cannot be removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_reported_whatever_becomes_of_its_record() {
    let world = World::new();
    let payments = world.begin(&world.payer, &Silent).await.unwrap();
    world.fake.set_full(true);
    let paying = payments.submit(TERM, World::payment());
    let meddling = async {
        while world.fake.submissions() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::fs::remove_dir_all(world.root()).unwrap();
        world.fake.set_full(false);
    };
    let (paid, ()) = tokio::join!(paying, meddling);
    paid.unwrap();
    assert_eq!(world.paid().await, MEGA);
}
