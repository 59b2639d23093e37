#![allow(clippy::unwrap_used)]

use super::*;
use async_trait::async_trait;
use meganet_chain_fake::FakeChain;
use meganet_name_proof::SetChange;
use meganet_name_proof_fake::{Chain, START, stored};
use meganet_primitives::{content::ContentRef, name::StoredName};
use std::sync::Mutex;

/// A node that proves its answers, unless configured otherwise.
struct Node {
    chain: Mutex<Chain>,
    changes: Vec<SetChange>,
    /// The number of changes that fit into an answer.
    fit: usize,
    /// Applied to every proof before it is sent.
    tamper: fn(&mut Vec<u8>),
    asked: Mutex<Vec<BlockNumber>>,
}

impl Node {
    /// A chain whose newest block is of now, and whose validators changed three times.
    fn new() -> Self {
        let mut chain = Chain::new(4);
        chain.put_name("alice", &stored(7, u32::MAX));
        let changes = (2..5).map(|first| chain.rotate(&[first, first + 1, first + 2, first + 3])).collect();
        chain.now = Some(super::now());
        chain.next();
        Self { chain: Mutex::new(chain), changes, fit: 9, tamper: |_| {}, asked: Mutex::default() }
    }

    fn since(&self, since: BlockNumber) -> Vec<SetChange> {
        self.changes.iter().filter(|change| change.header.number > since).cloned().collect()
    }
}

#[async_trait]
impl NameProofs for Node {
    async fn name_proof(&self, name: &str, since: BlockNumber) -> Result<Option<Vec<u8>>, ChainError> {
        self.asked.lock().unwrap().push(since);
        let changes = self.since(since);
        if changes.len() > self.fit {
            return Ok(None);
        }
        let mut bytes = self.chain.lock().unwrap().prove(name, changes).to_bytes();
        (self.tamper)(&mut bytes);
        Ok(Some(bytes))
    }

    async fn set_changes(&self, since: BlockNumber) -> Result<Vec<u8>, ChainError> {
        let changes = self.since(since).into_iter().take(self.fit).collect();
        Ok(codec::Encode::encode(&SetChanges { changes, more: true }))
    }

    async fn checkpoint(&self) -> Result<serde_json::Value, ChainError> {
        Ok(serde_json::to_value(self.chain.lock().unwrap().checkpoint()).unwrap())
    }
}

/// A checkpoint at the first block of the chain of a [`Node`].
fn first() -> Checkpoint {
    let chain = Chain::new(4);
    Checkpoint { hash: chain.genesis, ..chain.checkpoint() }
}

async fn ask(node: &Node, name: &str, known: &CheckpointFile) -> Result<VerifiedProof, ResolveError> {
    Ok(prove(node, name, known, Duration::ZERO).await?.0)
}

#[tokio::test]
async fn every_answer_makes_the_checkpoint_newer() {
    let node = Node::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/checkpoint.json");
    CheckpointFile::create(&path, &first()).unwrap();
    let known = CheckpointFile::open(&path).unwrap();
    let verified = ask(&node, "alice", &known).await.unwrap();
    assert_eq!(verified.basis.changes, 3);
    let head = node.chain.lock().unwrap().checkpoint();
    assert_eq!(known.known(), head);
    // And so for the next program.
    let known = CheckpointFile::open(&path).unwrap();
    assert_eq!(known.known(), head);
    assert_eq!(ask(&node, "nobody", &known).await.unwrap().basis.changes, 0);
    assert_eq!(*node.asked.lock().unwrap(), [0, head.number]);
    known.advance(&first()).await;
    assert_eq!(CheckpointFile::open(&path).unwrap().known(), head);
}

#[tokio::test]
async fn an_old_checkpoint_catches_up_in_steps() {
    let node = Node { fit: 1, ..Node::new() };
    let known = CheckpointFile::in_memory(first());
    assert_eq!(ask(&node, "alice", &known).await.unwrap().basis.changes, 1);
    assert_eq!(*node.asked.lock().unwrap(), [0, 1, 2]);
    let stuck = Node { fit: 0, ..Node::new() };
    let error = ask(&stuck, "alice", &CheckpointFile::in_memory(first())).await.unwrap_err();
    assert!(matches!(error, ResolveError::NoProgress { since: 0 }), "{error}");
}

#[tokio::test]
async fn a_changed_answer_is_an_error_and_changes_nothing() {
    let node = Node { tamper: |bytes| *bytes.last_mut().unwrap() ^= 1, ..Node::new() };
    let known = CheckpointFile::in_memory(first());
    let error = ask(&node, "alice", &known).await.unwrap_err();
    assert!(matches!(error, ResolveError::Proof(ProofError::State(_))), "{error}");
    assert!(!error.is_transient());
    assert_eq!(known.known(), first());
    let garbage = Node { tamper: |bytes| bytes.truncate(40), ..Node::new() };
    assert!(matches!(ask(&garbage, "alice", &known).await, Err(ResolveError::Proof(_))));
}

#[tokio::test]
async fn a_node_that_is_behind_is_asked_again_and_then_refused() {
    let node = Node::new();
    let known = CheckpointFile::in_memory(first());
    ask(&node, "alice", &known).await.unwrap();
    let ahead = Checkpoint { number: known.known().number + 1, ..known.known() };
    let ahead = CheckpointFile::in_memory(ahead);
    node.asked.lock().unwrap().clear();
    let error = ask(&node, "alice", &ahead).await.unwrap_err();
    assert!(matches!(error, ResolveError::Proof(ProofError::StaleBlock { .. })), "{error}");
    assert!(error.is_transient());
    assert_eq!(node.asked.lock().unwrap().len(), TRIES);

    // A chain that has stood still for years.
    let node = Node::new();
    {
        let mut chain = node.chain.lock().unwrap();
        chain.now = Some(START);
        chain.next();
    }
    let error = ask(&node, "alice", &CheckpointFile::in_memory(first())).await.unwrap_err();
    assert!(matches!(error, ResolveError::Proof(ProofError::StaleTime { .. })), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn without_a_checkpoint_a_node_is_believed_and_that_is_reported() {
    let chain = FakeChain::default();
    let resolver = Resolver::new(chain.client(), None);
    let resolved = resolver.resolve("nobody").await.unwrap();
    assert_eq!((resolved.resolution(), resolved.evidence().verified), (None, Verified::Rpc));
    assert_eq!((Verified::Rpc.name(), Verified::Rpc.to_string().as_str()), ("rpc", "trusted RPC"));
    // With one, and nothing to check, there is no answer.
    let resolver = Resolver::new(chain.client(), Some(CheckpointFile::in_memory(first())));
    assert!(matches!(resolver.resolve("nobody").await, Err(ResolveError::NoProofs)));
}

#[tokio::test]
async fn an_older_checkpoint_never_replaces_a_newer_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("checkpoint.json");
    CheckpointFile::create(&path, &first()).unwrap();
    let known = Arc::new(CheckpointFile::open(&path).unwrap());
    let at = |number| Checkpoint { number, ..first() };
    let advancing = (1..20).rev().map(|number| {
        let known = known.clone();
        tokio::spawn(async move { known.advance(&at(number)).await })
    });
    for task in advancing.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!((known.known(), CheckpointFile::open(&path).unwrap().known()), (at(19), at(19)));
}

#[tokio::test]
async fn only_the_present_version_opens_where_answers_have_to_be_proven() {
    let node = Node::new();
    let object = ObjectId([1; 32]);
    {
        let content = NameContent::Object(ContentRef { object, group: 0, sealed_len: 100, key: None });
        let mut chain = node.chain.lock().unwrap();
        chain.put_name("alice", &StoredName { content: Some(content), ..stored(7, u32::MAX) });
        chain.next();
    }
    let known = CheckpointFile::in_memory(first());
    let (verified, proof) = prove(&node, "alice", &known, Duration::ZERO).await.unwrap();
    let current = Resolved {
        name: "alice".to_owned(),
        resolution: verified.answer.resolution().cloned(),
        hash: verified.block.hash.0,
        evidence: Evidence { verified: Verified::Proof(verified.basis), block: verified.block.number },
        proof: Some(proof),
    };
    let resolver = Resolver::new(FakeChain::default().client(), Some(known));
    assert_eq!(resolver.version(&current, object).await.unwrap(), current);
    let error = resolver.version(&current, ObjectId([2; 32])).await.unwrap_err();
    assert!(matches!(error, ResolveError::UnprovenVersion { .. }) && !error.is_transient(), "{error}");
}

#[test]
fn a_file_that_is_not_a_checkpoint_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("checkpoint.json");
    assert!(matches!(CheckpointFile::open(&path), Err(CheckpointError::Unreadable { .. })));
    let nobody = Checkpoint { authorities: Vec::new(), ..first() };
    for text in ["", "{}", &serde_json::to_string(&nobody).unwrap()] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(CheckpointFile::open(&path), Err(CheckpointError::NotACheckpoint { .. })), "{text}");
    }
}
