//! Streams a range of an object's plaintext.

use super::gather::{Gathered, Goal, Window, gather};
use crate::{error::FetchError, network::Network, object::Object};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use meganet_net::wire::get::MAX_FRAMES;
use meganet_objects::{ErasureError, RangeOpener, Rebuilder};
use meganet_primitives::{SlotIndex, content::ReadKey, object::FRAME_LEN};
use std::{collections::VecDeque, ops::Range, sync::Arc};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

/// Plaintext in pieces. Dropping it ends the fetching.
pub type ByteStream = BoxStream<'static, Result<Bytes, FetchError>>;

/// Reads an object. Cheap to clone.
#[derive(Clone)]
pub struct ObjectReader {
    network: Network,
    object: Arc<Object>,
    key: ReadKey,
}

impl ObjectReader {
    /// A reader of an object, with its key.
    pub fn new(network: Network, object: Arc<Object>, key: ReadKey) -> Self {
        Self { network, object, key }
    }

    /// The object.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Plaintext bytes of the object.
    pub fn plain_len(&self) -> u64 {
        self.object.layout().plain_len()
    }

    /// Streams the plaintext bytes of a range, each verified and opened before it is handed out. Ends after an error.
    ///
    /// # Errors
    /// The stream's first item is [`FetchError::Open`] where the range is not within the object.
    pub fn read(&self, range: Range<u64>) -> ByteStream {
        let opener = match RangeOpener::new(&self.key, self.object.layout(), range) {
            Ok(opener) => Arc::new(opener),
            Err(error) => return stream::once(async move { Err(error.into()) }).boxed(),
        };
        let windows = Windows::new(self.network.options().window, &self.object, opener.stripes());
        let state = ReadState { reader: self.clone(), opener, windows, ahead: VecDeque::new(), over: false };
        stream::unfold(state, |mut state| async move { state.next().await.map(|item| (item, state)) }).boxed()
    }

    /// Reads a range into memory. The caller checks that it fits.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn read_to_vec(&self, range: Range<u64>) -> Result<Vec<u8>, FetchError> {
        let len = range.end.saturating_sub(range.start).min(self.plain_len());
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        let mut stream = self.read(range);
        while let Some(part) = stream.try_next().await? {
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    /// One window, opened.
    async fn window(self, opener: Arc<RangeOpener>, window: Window) -> Result<Bytes, FetchError> {
        let needed = window.stripes().map(|stripe| opener.shards(stripe));
        let needed = needed.filter(|shards| !shards.is_empty()).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        let goal = Goal::These(needed.unwrap_or_default().collect());
        let gathered = gather(&self.network, &self.object, window, &goal).await?;
        tokio::task::spawn_blocking(move || open(&self.object, &opener, window, &gathered))
            .await
            .map_err(|_| FetchError::Interrupted)?
    }
}

/// Opens a window from its data chunks, computing those that are missing.
fn open(object: &Object, opener: &RangeOpener, window: Window, gathered: &Gathered) -> Result<Bytes, FetchError> {
    let layout = object.layout();
    let sources: Vec<SlotIndex> = gathered.shards().take(layout.k().into()).collect();
    let mut rebuilders: Vec<Option<Rebuilder>> = vec![None; layout.k().into()];
    let mut plain = Vec::new();
    for (index, stripe) in window.stripes().enumerate() {
        let mut chunks = Vec::new();
        for shard in opener.shards(stripe) {
            if gathered.has(shard) {
                chunks.push(std::borrow::Cow::Borrowed(gathered.chunk(shard, index)));
                continue;
            }
            let no_such_shard = ErasureError::NoSuchShard { shard: shard.into(), n: layout.n() };
            let place = rebuilders.get_mut(usize::from(shard)).ok_or(no_such_shard)?;
            let rebuilder = match place {
                Some(rebuilder) => rebuilder,
                None => place.insert(Rebuilder::new(layout, shard, &sources)?),
            };
            let from: Vec<&[u8]> = sources.iter().map(|source| gathered.chunk(*source, index)).collect();
            let mut chunk = Vec::new();
            rebuilder.chunk(stripe, &from, &mut chunk)?;
            chunks.push(chunk.into());
        }
        opener.open(stripe, &chunks, &mut plain)?;
    }
    Ok(plain.into())
}

/// Cuts a run of stripes into windows: small at first, so that the first bytes come soon.
pub(crate) struct Windows {
    stripes: Range<u64>,
    next: u32,
    max: u32,
}

impl Windows {
    pub(crate) fn new(bytes: u64, object: &Object, stripes: Range<u64>) -> Self {
        let fit = bytes / object.layout().stripe_len();
        let max = u32::try_from(fit).unwrap_or(MAX_FRAMES).clamp(1, MAX_FRAMES);
        Self { stripes, next: 1, max }
    }

    fn peek(&self) -> Option<Window> {
        let left = self.stripes.end.saturating_sub(self.stripes.start);
        let count = u32::try_from(left).unwrap_or(u32::MAX).min(self.next);
        (count > 0).then_some(Window { first: self.stripes.start, count })
    }
}

impl Iterator for Windows {
    type Item = Window;

    fn next(&mut self) -> Option<Window> {
        let window = self.peek()?;
        self.stripes.start += u64::from(window.count);
        self.next = self.next.saturating_mul(2).min(self.max);
        Some(window)
    }
}

/// A read under way.
struct ReadState {
    reader: ObjectReader,
    opener: Arc<RangeOpener>,
    windows: Windows,
    ahead: VecDeque<Ahead>,
    over: bool,
}

/// A window that is being fetched, with its share of the budget for what is fetched ahead.
struct Ahead {
    task: AbortOnDropHandle<Result<Bytes, FetchError>>,
    _share: Option<OwnedSemaphorePermit>,
}

impl ReadState {
    async fn next(&mut self) -> Option<Result<Bytes, FetchError>> {
        loop {
            if self.over {
                return None;
            }
            if self.ahead.is_empty() {
                let window = self.windows.next()?;
                let cost = self.cost(window);
                let Some(share) = self.reader.network.budgets().demand(cost).await else {
                    return self.end(FetchError::Interrupted);
                };
                self.start(window, Some(share), None);
            }
            self.look_ahead();
            let first = self.ahead.pop_front()?;
            match first.task.await {
                Ok(Ok(bytes)) if bytes.is_empty() => {}
                Ok(Ok(bytes)) => return Some(Ok(bytes)),
                Ok(Err(error)) => return self.end(error),
                Err(_) => return self.end(FetchError::Interrupted),
            }
        }
    }

    fn end(&mut self, error: FetchError) -> Option<Result<Bytes, FetchError>> {
        self.over = true;
        self.ahead.clear();
        Some(Err(error))
    }

    /// Fetches further windows while there is room for them.
    fn look_ahead(&mut self) {
        let network = self.reader.network.clone();
        // The one that is waited for is not ahead.
        while self.ahead.len() <= network.options().prefetch {
            let Some(window) = self.windows.peek() else { return };
            let Some(share) = network.budgets().ahead(self.cost(window)) else { return };
            self.windows.next();
            self.start(window, None, Some(share));
        }
    }

    fn start(&mut self, window: Window, demand: Option<OwnedSemaphorePermit>, ahead: Option<OwnedSemaphorePermit>) {
        let read = self.reader.clone().window(self.opener.clone(), window);
        let task = tokio::spawn(async move {
            let result = read.await;
            drop(demand);
            result
        });
        self.ahead.push_back(Ahead { task: AbortOnDropHandle::new(task), _share: ahead });
    }

    /// Bytes that a window may take while it is fetched: k shards, a hedge, and the plaintext.
    fn cost(&self, window: Window) -> u64 {
        let k = u64::from(self.reader.object.layout().k());
        (2 * k + 2) * u64::from(window.count) * FRAME_LEN
    }
}
