//! A gateway on a real socket, over names in memory.
// Each test file uses a part of it.
#![allow(dead_code, clippy::unwrap_used, clippy::cast_possible_truncation)]

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use meganet_gateway::{
    Evidence, File, GatewayLimits, GatewayOptions, NameState, Opened, Site, Source, SourceError, Verified,
};
use meganet_primitives::{
    content::ForeignRef,
    manifest::{Entry, Manifest},
    name::NameStatus,
    object::ObjectId,
};
use reqwest::{Client, Method, header};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::TcpListener;

/// The evidence for the errors of a [`Shelf`].
pub const EVIDENCE: Evidence = Evidence { verified: Verified::Rpc, block: 77 };

/// A version of a site in memory, which can fail in the middle of a file.
#[derive(Clone)]
pub struct Files {
    pub files: BTreeMap<String, Bytes>,
    pub state: NameState,
    pub object: ObjectId,
    pub break_after: Option<usize>,
    /// Makes the manifest lie: it declares the digest of these bytes for this file.
    pub false_digest: Option<(String, Bytes)>,
    pub manifest: Manifest,
    pub reads: Arc<AtomicUsize>,
}

impl Files {
    pub fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(path, bytes)| ((*path).to_string(), Bytes::copy_from_slice(bytes))).collect();
        let status = Some(NameStatus::Active);
        let state = NameState { name: name.into(), owner: [1; 32], version: 1, status, evidence: EVIDENCE };
        Files {
            files,
            state,
            object: ObjectId([1; 32]),
            break_after: None,
            false_digest: None,
            manifest: Manifest::default(),
            reads: Arc::default(),
        }
    }

    fn finish(mut self, reads: Arc<AtomicUsize>) -> Arc<dyn Site> {
        let entry = |(path, bytes): (&String, &Bytes)| {
            let said = self.false_digest.as_ref().filter(|(of, _)| of == path).map_or(bytes, |(_, said)| said);
            Entry {
                path: path.clone(),
                size: bytes.len() as u64,
                mtime: 0,
                mode: 0o644,
                hash: meganet_client::pack::content_hash(said),
                extents: Vec::new(),
            }
        };
        self.manifest = Manifest { objects: Vec::new(), entries: self.files.iter().map(entry).collect() };
        self.reads = reads;
        Arc::new(self)
    }
}

impl Site for Files {
    fn state(&self) -> &NameState {
        &self.state
    }

    fn object(&self) -> ObjectId {
        self.object
    }

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn file(&self, entry: &Entry) -> Result<Arc<dyn File>, SourceError> {
        let (bytes, reads) = (self.files[&entry.path].clone(), self.reads.clone());
        Ok(Arc::new(OneFile { bytes, break_after: self.break_after, reads }))
    }
}

struct OneFile {
    bytes: Bytes,
    break_after: Option<usize>,
    reads: Arc<AtomicUsize>,
}

impl File for OneFile {
    fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let file = self.bytes.slice(range.start as usize..range.end as usize);
        let mut pieces: Vec<Result<Bytes, SourceError>> =
            file.chunks(60_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        if let Some(count) = self.break_after {
            pieces.truncate(count);
            pieces.push(Err(SourceError::damaged("a frame does not fit")));
        }
        futures::stream::iter(pieces).boxed()
    }
}

/// The entry of a name on a [`Shelf`].
#[derive(Clone)]
pub enum Kept {
    /// Its versions, the current one last.
    Site(Vec<Files>),
    Foreign(NameState, ForeignRef),
    Error(SourceError),
}

/// Names in memory.
#[derive(Default)]
pub struct Shelf {
    pub names: Mutex<BTreeMap<String, Kept>>,
    /// The number of reads.
    pub reads: Arc<AtomicUsize>,
}

impl Shelf {
    pub fn with(self, name: &str, kept: Kept) -> Self {
        self.names.lock().unwrap().insert(name.into(), kept);
        self
    }

    pub fn with_site(self, files: Files) -> Self {
        let name = files.state.name.clone();
        self.with(&name, Kept::Site(vec![files]))
    }

    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn kept(&self, name: &str) -> Result<Kept, SourceError> {
        match self.names.lock().unwrap().get(name) {
            Some(Kept::Error(error)) => Err(error.clone()),
            Some(kept) => Ok(kept.clone()),
            None => Err(not_found(&format!("nobody has registered the name '{name}'"))),
        }
    }
}

pub fn not_found(text: &str) -> SourceError {
    SourceError::not_found(text, EVIDENCE)
}

#[async_trait]
impl Source for Shelf {
    async fn open(&self, name: &str) -> Result<Opened, SourceError> {
        Ok(match self.kept(name)? {
            Kept::Site(mut versions) => Opened::Site(versions.pop().unwrap().finish(self.reads.clone())),
            Kept::Foreign(state, content) => Opened::Foreign { state: Arc::new(state), content },
            Kept::Error(error) => return Err(error),
        })
    }

    async fn open_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError> {
        let Kept::Site(versions) = self.kept(name)? else { return Err(not_found("no site")) };
        let version = versions.into_iter().find(|version| version.object == object);
        version.map(|files| files.finish(self.reads.clone())).ok_or_else(|| not_found("never had that version"))
    }
}

/// A gateway on its own port.
pub struct Gateway {
    pub port: u16,
    pub shelf: Arc<Shelf>,
    pub http: Client,
    pub stop: Option<tokio::sync::oneshot::Sender<()>>,
    pub task: tokio::task::JoinHandle<()>,
}

impl Gateway {
    pub async fn start(shelf: Shelf) -> Self {
        Self::with(shelf, GatewayOptions::default(), GatewayLimits::default()).await
    }

    pub async fn with(shelf: Shelf, options: GatewayOptions, limits: GatewayLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shelf = Arc::new(shelf);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(meganet_gateway::serve(listener, shelf.clone(), options, limits, async {
            let _ = stopped.await;
        }));
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Gateway { port, shelf, http, stop: Some(stop), task }
    }

    pub fn ask(&self, method: Method, name: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        self.http.request(method, url).header(header::HOST, format!("{name}.mega.localhost:{}", self.port))
    }

    pub async fn get(&self, name: &str, path: &str) -> reqwest::Response {
        self.ask(Method::GET, name, path).send().await.unwrap()
    }
}

/// The value of a header; empty if it is missing.
pub fn header_of(answer: &reqwest::Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_string()).unwrap_or_default()
}
