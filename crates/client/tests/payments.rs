//! Payments are made once, whatever happens to the processes that pay.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_chain_client::{At, Call, ChainClient, Signer, amount::MEGA};
use meganet_chain_fake::FakeChain;
use meganet_client::{
    payments::{PaymentError, Payments},
    progress::{Progress, Silent, Stage},
};
use meganet_primitives::Balance;
use meganet_testkit::tree;
use std::{path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;

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
        Payments::begin(&*self.chain, signer, self.root(), progress).await
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
    // Another account is not in the way.
    let other = Signer::from_suri("//Other").unwrap();
    assert!(!world.begin(&other, &Silent).await.unwrap().was_interrupted());
    first.submit(World::payment()).await.unwrap();
    assert!(!world.begin(&world.payer, &Silent).await.unwrap().was_interrupted());
    assert_eq!(world.paid().await, MEGA);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_cut_off_shows_before_the_next_one() {
    let world = World::new();
    // The node's pool has it, and no block does.
    world.fake.set_full(true);
    let payments = world.begin(&world.payer, &Silent).await.unwrap();
    tokio::select! {
        _ = payments.submit(World::payment()) => panic!("no block can include it"),
        () = async {
            while world.fake.submissions() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => {}
    }
    assert_eq!(world.paid().await, 0);
    let payments = world.begin(&world.payer, &Releasing(&world.fake)).await.unwrap();
    assert!(payments.was_interrupted());
    assert_eq!(world.paid().await, MEGA, "it would be paid for twice");
    drop(payments);
    assert!(!world.begin(&world.payer, &Silent).await.unwrap().was_interrupted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payment_leaves_nothing_to_settle_and_a_damaged_record_is_settled() {
    let world = World::new();
    let poor = Signer::from_suri("//Poor").unwrap();
    let payments = world.begin(&poor, &Silent).await.unwrap();
    let error = payments.submit(World::payment()).await.unwrap_err();
    assert!(!error.may_still_succeed(), "{error}");
    assert!(!world.begin(&poor, &Silent).await.unwrap().was_interrupted());

    drop(world.begin(&world.payer, &Silent).await.unwrap());
    for (path, _) in tree(world.root()) {
        std::fs::write(world.root().join(path).with_file_name("payment"), b"damaged").unwrap();
    }
    assert!(world.begin(&world.payer, &Silent).await.unwrap().was_interrupted());
    assert!(!world.begin(&world.payer, &Silent).await.unwrap().was_interrupted());
}
