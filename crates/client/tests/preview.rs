//! A preview of publishing changes nothing, and publishing then does what the preview reported.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_chain_client::{At, Call, Signer, StorageCall, Until};
use meganet_client::{
    PublishOptions, PublishPreview,
    names::{NameError, NameTerms},
    progress::Silent,
    publish::PublishError,
};
use meganet_primitives::content::NameContent;
use meganet_testkit::{FaultyTown, noise, tree};

async fn preview(world: &FaultyTown, name: &str) -> PublishPreview {
    let (sent, received) = (world.chain.submissions(), world.received());
    let preview = world.client.preview(&world.owner, &world.site(), name, &world.options(), &Silent).await.unwrap();
    assert_eq!((world.chain.submissions(), world.received()), (sent, received), "something was sent");
    preview
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_publishing_does_and_changes_nothing() {
    let world = FaultyTown::start().await;
    world.file("index.html", b"<h1>hello</h1>");
    world.file("copy.html", b"<h1>hello</h1>");
    world.file("empty", b"");
    world.file("large.bin", &noise(1, 1_000_000));
    let (site, options) = (world.site(), world.options());
    let publish = || async { world.client.publish(&world.owner, &site, "home", &options, &Silent).await.unwrap() };

    let first = preview(&world, "home").await;
    assert!(!options.state_dir.exists(), "something was written");
    assert_eq!((first.points_at.clone(), first.version, first.subname_deposit), (None, 0, 0));
    assert_eq!(world.chain.all_groups(At::Best).await.unwrap(), []);
    let report = publish().await;
    let (said, done) = (first.upload.unwrap().summary, report.upload.unwrap().summary);
    assert_eq!((said.objects, said.plain_bytes, said.shard_bytes), (done.objects, done.plain_bytes, done.shard_bytes));
    assert_eq!((said.profile, said.expiry, said.price), (done.profile, done.expiry, done.price));
    assert_eq!((first.totals, first.name_quote), (report.totals, report.name_quote));
    let deposit = world.chain.params(At::Best).await.unwrap().group_deposit;
    assert_eq!(first.upload.unwrap().group_deposit, deposit);
    let name = first.name_quote.unwrap().total() + world.chain.name_params(At::Best).await.unwrap().record_deposit;
    assert_eq!(first.needed, said.price + deposit + name);
    assert!(first.is_affordable());

    let kept = tree(&options.state_dir);
    let again = preview(&world, "home").await;
    assert_eq!((again.upload, again.name_quote, again.version), (None, None, 1));
    assert!(again.points_at == Some(NameContent::Object(*report.content())) && again.is_affordable());
    world.file("index.html", b"<h1>hello again</h1>");
    std::fs::remove_file(site.join("empty")).unwrap();
    let second = preview(&world, "home").await;
    assert!(tree(&options.state_dir) == kept, "what is kept has changed");
    assert_eq!((second.totals.files, second.totals.new_files), (3, 1));
    let report = publish().await;
    let (said, done) = (second.upload.unwrap().summary, report.upload.unwrap().summary);
    assert_eq!((said.objects, said.plain_bytes, said.shard_bytes), (done.objects, done.plain_bytes, done.shard_bytes));
    assert_eq!((said.price, second.upload.unwrap().group_deposit, second.needed), (done.price, 0, done.price));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_run_has_uploaded_would_not_be_sent_again() {
    let world = FaultyTown::start().await;
    for index in 0..4_u64 {
        world.file(&format!("{index}"), &noise(index, 250_000));
    }
    let options = PublishOptions { object_len: 500_000, ..world.options() };
    let open = Call::Storage(StorageCall::OpenGroup { profile: meganet_primitives::placement::ProfileId::Compact });
    world.chain.submit(&world.owner, vec![open], Until::InBlock).await.unwrap();
    world.chain.ticks(4);
    world.chain.add_name(world.owner.account(), "home");
    world.chain.refuse_submissions(Some("not today"));
    world.client.publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap_err();
    world.chain.refuse_submissions(None);

    let kept = tree(&options.state_dir);
    let look = || async { world.client.preview(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap() };
    let said = look().await.upload.unwrap().summary;
    assert_eq!((said.objects, said.resumed, said.plain_bytes, said.shard_bytes), (3, 3, 0, 0));
    assert!(tree(&options.state_dir) == kept, "what is kept has changed");
    world.file("4", &noise(4, 1_000));
    let said = look().await.upload.unwrap().summary;
    assert_eq!((said.objects, said.resumed), (4, 2));
    let done = world.client.publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap();
    let done = done.upload.unwrap().summary;
    assert_eq!((done.objects, done.resumed, done.plain_bytes), (said.objects, said.resumed, said.plain_bytes));
    assert_eq!(done.price, said.price);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_below_a_name_takes_a_deposit_of_its_owner() {
    let world = FaultyTown::start().await;
    world.file("index.html", b"blog");
    world.chain.add_name(world.owner.account(), "home");
    let first = preview(&world, "blog.home").await;
    assert_eq!(first.subname_deposit, world.chain.name_params(At::Best).await.unwrap().record_deposit);
    let upload = first.upload.unwrap();
    assert_eq!(first.needed, upload.summary.price + upload.group_deposit + first.subname_deposit);
    let site = world.site();
    let before = world.chain.balance(&world.owner.account(), At::Best).await.unwrap().held;
    world.client.publish(&world.owner, &site, "blog.home", &world.options(), &Silent).await.unwrap();
    let held = world.chain.balance(&world.owner.account(), At::Best).await.unwrap().held - before;
    assert_eq!(held, upload.group_deposit + first.subname_deposit);
    world.file("index.html", b"blog again");
    assert_eq!(preview(&world, "blog.home").await.subname_deposit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_refused_and_too_little_money_is_told() {
    let world = FaultyTown::start().await;
    world.file("a", b"a");
    let (site, options) = (world.site(), world.options());
    let look = |signer: Signer, name: &'static str, options: PublishOptions| {
        let (client, site) = (world.client.clone(), site.clone());
        async move { client.preview(&signer, &site, name, &options, &Silent).await }
    };
    let owner = world.owner.clone();
    world.chain.add_name([7; 32], "modern");
    let taken = look(owner.clone(), "modern", options.clone()).await.unwrap_err();
    assert!(matches!(taken, PublishError::Name(NameError::NotYours { .. })), "{taken}");
    let alike = look(owner.clone(), "rnodem", options.clone()).await.unwrap_err();
    assert!(alike.to_string().contains("looks like modern"), "{alike}");
    let terms = NameTerms { years: 1, max_price: Some(1) };
    let dear = look(owner.clone(), "free", PublishOptions { terms, ..options.clone() }).await.unwrap_err();
    assert!(matches!(dear, PublishError::Name(NameError::TooDear { .. })), "{dear}");
    let poor = Signer::from_suri("//Poor").unwrap();
    let poor = look(poor, "free", options.clone()).await.unwrap();
    assert!(!poor.is_affordable() && poor.available == 0 && poor.needed > 0);

    // The site's rules are checked first of all, also before a name that would be refused.
    std::fs::write(site.join("_redirects"), "/a /b 299\n").unwrap();
    let refused = look(owner.clone(), "modern", options.clone()).await.unwrap_err();
    assert!(matches!(refused, PublishError::Rules(_)) && refused.to_string().contains("'299'"), "{refused}");
    let refused = world.client.publish(&owner, &site, "free", &options, &Silent).await.unwrap_err();
    assert!(matches!(refused, PublishError::Rules(_)), "{refused}");
    assert!(!options.state_dir.exists(), "something was written");
    assert_eq!(world.received(), 0);
    assert_eq!(world.chain.commitments(&owner.account(), At::Best).await.unwrap(), []);
}
