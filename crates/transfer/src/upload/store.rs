//! One object: sealed, encoded and sent to all members side by side.

use super::{
    error::UploadError,
    lane::{Close, Closing, Ended, Lane},
    session::UploadSession,
    source::Source,
};
use crate::{
    error::Trouble,
    progress::{Progress, Stage},
};
use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use meganet_net::OpenShard;
use meganet_objects::{Encoded, StripeEncoder, random_key};
use meganet_primitives::{
    SlotIndex,
    content::{ContentRef, ReadKey},
    convert::{to_u64, to_usize},
    object::{CODEC_RS_GF8, Layout, ObjectHeader, sealed_len},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};

/// Stripes that wait between encoder and members.
const STRIPES: usize = 2;
/// How far a member may fall behind the quorum before it is left out, …
const LAG: Duration = Duration::from_secs(5);
/// … and this share of the time that the upload has taken.
const LAG_SHARE: u32 = 4;
/// The least time to wait for the other members once a quorum has stored an object.
const STORING: Duration = Duration::from_secs(10);
/// How often lagging members are checked.
const TICK: Duration = Duration::from_millis(250);

/// An object that a quorum holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The reference to it.
    pub content: ContentRef,
    /// Its header.
    pub header: ObjectHeader,
    /// The slots that hold it: bit i is slot i.
    pub slots: u64,
}

/// A stripe on its way from the encoder to the members.
struct Stripe {
    bytes: Bytes,
    chunk_len: usize,
}

impl UploadSession {
    /// Stores an object under a fresh key. Without a quorum it tries once more with all members.
    pub async fn store(&self, source: Source, progress: &dyn Progress) -> Result<Stored, UploadError> {
        self.restore_quorum().await?;
        let progress = CountedOnce::new(progress);
        match self.try_store(source.clone(), &progress).await {
            Err(UploadError::NoQuorum { .. }) => {
                progress.note("too few workers took an object; trying once more");
                self.restore_quorum().await?;
                progress.again();
                self.try_store(source, &progress).await
            }
            other => other,
        }
    }

    async fn try_store(&self, source: Source, progress: &dyn Progress) -> Result<Stored, UploadError> {
        let key = random_key()?;
        let profile = self.profile();
        let layout = Layout::new(profile.k, profile.n, sealed_len(source.len())?)?;
        let (stripes_in, stripes) = mpsc::channel(STRIPES);
        let (counted_in, counted) = mpsc::unbounded_channel();
        let encode = move || encode(&source, &key, layout, &stripes_in, &counted_in);
        let encoder = tokio::task::spawn_blocking(encode);
        let mut fan = Fan::start(self, layout);
        let encoded = fan.run(stripes, counted, progress).await;
        // Without its receiver the encoder stops at the next stripe.
        encoded?;
        let encoded = encoder.await.map_err(|_| UploadError::Interrupted)??;
        let slots = fan.finish(&encoded, progress).await?;
        let content = ContentRef {
            object: encoded.id(),
            group: self.group().id,
            sealed_len: encoded.header.sealed_len,
            key: Some(key),
        };
        Ok(Stored { content, header: encoded.header, slots })
    }
}

/// Reports each byte of an object once, though two attempts send it. The stage can't begin anew, because other objects are
/// stored in it at the same time.
struct CountedOnce<'a> {
    progress: &'a dyn Progress,
    /// Bytes of this attempt.
    sent: AtomicU64,
    /// The most bytes of any attempt, which are reported.
    reported: AtomicU64,
}

impl<'a> CountedOnce<'a> {
    fn new(progress: &'a dyn Progress) -> Self {
        Self { progress, sent: AtomicU64::new(0), reported: AtomicU64::new(0) }
    }

    /// Another attempt begins.
    fn again(&self) {
        self.sent.store(0, Ordering::SeqCst);
    }
}

impl Progress for CountedOnce<'_> {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.progress.begin(stage, total);
    }

    fn advance(&self, by: u64) {
        let sent = self.sent.fetch_add(by, Ordering::SeqCst).saturating_add(by);
        let reported = self.reported.fetch_max(sent, Ordering::SeqCst);
        if sent > reported {
            self.progress.advance(sent - reported);
        }
    }

    fn note(&self, text: &str) {
        self.progress.note(text);
    }
}

/// Seals and encodes. Blocking; the pace is the members'.
fn encode(
    source: &Source,
    key: &ReadKey,
    layout: Layout,
    stripes: &mpsc::Sender<Stripe>,
    counted: &mpsc::UnboundedSender<u64>,
) -> Result<Encoded, UploadError> {
    let mut encoder = StripeEncoder::new(key, layout.k(), layout.n(), source.len())?;
    source.for_each(|mut plain| {
        let len = to_u64(plain.len());
        while !plain.is_empty() {
            if let Some(stripe) = encoder.push(&mut plain)? {
                let mut bytes = Vec::with_capacity(stripe.chunk_len() * usize::from(layout.n()));
                for chunk in stripe.chunks() {
                    bytes.extend_from_slice(chunk);
                }
                let stripe = Stripe { bytes: bytes.into(), chunk_len: stripe.chunk_len() };
                stripes.blocking_send(stripe).map_err(|_| UploadError::Interrupted)?;
            }
        }
        // If the receiver is gone, the upload was dropped.
        counted.send(len).map_err(|_| UploadError::Interrupted)
    })?;
    Ok(encoder.finish()?)
}

/// An object fanning out to the members.
struct Fan<'a> {
    session: &'a UploadSession,
    lanes: Vec<Lane>,
    ended: JoinSet<Ended>,
    close: Close,
    began: Instant,
    stored: u64,
    troubles: Vec<Trouble>,
}

impl<'a> Fan<'a> {
    fn start(session: &'a UploadSession, layout: Layout) -> Self {
        let (close, _) = watch::channel(None);
        let mut ended = JoinSet::new();
        let lanes = session.usable().into_iter().map(|(slot, member)| {
            let shard = OpenShard {
                group: session.group().id,
                slot,
                shard_len: layout.shard_len(),
                k: layout.k(),
                n: layout.n(),
                codec: CODEC_RS_GF8,
                sealed_len: layout.sealed_len(),
            };
            Lane::start(session, member.peer, shard, &close, &mut ended)
        });
        let lanes = lanes.collect();
        Self { session, lanes, ended, close, began: Instant::now(), stored: 0, troubles: Vec::new() }
    }

    /// Passes all stripes on.
    async fn run(
        &mut self,
        mut stripes: mpsc::Receiver<Stripe>,
        mut counted: mpsc::UnboundedReceiver<u64>,
        progress: &dyn Progress,
    ) -> Result<(), UploadError> {
        while let Some(stripe) = stripes.recv().await {
            self.pass_on(&stripe, progress).await;
            while let Ok(bytes) = counted.try_recv() {
                progress.advance(bytes);
            }
            while let Some(Ok(ended)) = self.ended.try_join_next() {
                self.note_end(ended, progress);
            }
            let open = self.lanes.iter().filter(|lane| lane.is_open()).count();
            if open < self.session.quorum() {
                self.collect_ends(progress).await;
                return Err(self.session.no_quorum("took an object", open, std::mem::take(&mut self.troubles)));
            }
        }
        while let Some(bytes) = counted.recv().await {
            progress.advance(bytes);
        }
        for lane in &mut self.lanes {
            lane.end();
        }
        Ok(())
    }

    /// Queues the chunks of a stripe. Returns when every member has room for its own, or has been given up: one that lags
    /// behind the quorum too much in all.
    async fn pass_on(&mut self, stripe: &Stripe, progress: &dyn Progress) {
        let mut waiting: Vec<SlotIndex> = Vec::new();
        let mut queueing = FuturesUnordered::new();
        for lane in self.lanes.iter().filter(|lane| lane.is_open()) {
            let start = usize::from(lane.slot) * stripe.chunk_len;
            waiting.push(lane.slot);
            queueing.push(lane.queue(stripe.bytes.slice(start..start + stripe.chunk_len)));
        }
        let mut queued = 0;
        // When a quorum had room: from then on the others lag.
        let mut quorum_at = None;
        loop {
            tokio::select! {
                next = queueing.next() => {
                    let Some((slot, at)) = next else { return };
                    waiting.retain(|other| *other != slot);
                    if let Some(at) = at {
                        queued += 1;
                        if queued == self.session.quorum() {
                            quorum_at = Some(at);
                        }
                        let lag = quorum_at.map_or(Duration::ZERO, |quorum: Instant| at.saturating_duration_since(quorum));
                        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.slot == slot) {
                            lane.lag += lag;
                        }
                    }
                },
                () = sleep(TICK) => if let Some(quorum_at) = quorum_at {
                    let allowed = LAG + self.began.elapsed() / LAG_SHARE;
                    let lag = quorum_at.elapsed();
                    for lane in self.lanes.iter_mut().filter(|lane| waiting.contains(&lane.slot)) {
                        if lane.lag + lag > allowed {
                            lane.abort();
                            self.session.leave_out(lane.slot, "it is much slower than the others".into());
                            progress.note(&format!("{} is left out: it is much slower than the others", name(self.session, lane.slot)));
                        }
                    }
                },
            }
        }
    }

    /// Sends the header and the shard roots, and waits until a quorum has stored its shards and the others had some more time.
    async fn finish(mut self, encoded: &Encoded, progress: &dyn Progress) -> Result<u64, UploadError> {
        let closing = Closing { header: encoded.header, shard_roots: encoded.shard_roots.clone() };
        // No receiver: all lanes have ended, which is noticed below.
        self.close.send_replace(Some(Arc::new(closing)));
        let mut deadline = None;
        loop {
            let stored = to_usize(self.stored.count_ones().into());
            if stored >= self.session.quorum() && deadline.is_none() {
                deadline = Some(Instant::now() + STORING.max(self.began.elapsed() / LAG_SHARE));
            }
            tokio::select! {
                ended = self.ended.join_next() => match ended {
                    Some(Ok(ended)) => self.note_end(ended, progress),
                    // Aborted because it lagged.
                    Some(Err(_)) => {},
                    None => break,
                },
                () = sleep(TICK) => if deadline.is_some_and(|deadline| deadline < Instant::now()) { break },
            }
        }
        for lane in &self.lanes {
            let (slot, done) = (lane.slot, self.stored >> lane.slot & 1 == 1);
            if !done && !self.troubles.iter().any(|trouble| trouble.slot == slot) {
                self.session.leave_out(slot, "it takes too long to store a shard".into());
            }
        }
        let stored = to_usize(self.stored.count_ones().into());
        if stored < self.session.quorum() {
            return Err(self.session.no_quorum("stored an object", stored, self.troubles));
        }
        Ok(self.stored)
    }

    /// Waits a little for the reasons of lanes that have ended.
    async fn collect_ends(&mut self, progress: &dyn Progress) {
        let deadline = Instant::now() + TICK;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            match tokio::time::timeout(left, self.ended.join_next()).await {
                Ok(Some(Ok(ended))) => self.note_end(ended, progress),
                Ok(Some(Err(_))) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn note_end(&mut self, (slot, result): Ended, progress: &dyn Progress) {
        match result {
            Ok(()) => self.stored |= 1_u64.checked_shl(slot.into()).unwrap_or(0),
            Err(error) => {
                let reason = error.to_string();
                progress.note(&format!("{} is left out: {reason}", name(self.session, slot)));
                self.session.leave_out(slot, reason.clone());
                self.troubles.push(self.session.trouble(slot, reason));
            }
        }
    }
}

fn name(session: &UploadSession, slot: SlotIndex) -> String {
    let country = session.trouble(slot, String::new()).country;
    match country {
        Some(country) => format!("the worker in slot {slot} ({country})"),
        None => format!("the worker in slot {slot}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Sum(AtomicU64);

    impl Progress for Sum {
        fn begin(&self, _: Stage, _: Option<u64>) {}

        fn advance(&self, by: u64) {
            self.0.fetch_add(by, Ordering::SeqCst);
        }

        fn note(&self, _: &str) {}
    }

    #[test]
    fn what_is_sent_twice_is_counted_once() {
        let sum = Sum::default();
        let progress = CountedOnce::new(&sum);
        let counted = |by| {
            progress.advance(by);
            sum.0.load(Ordering::SeqCst)
        };
        assert_eq!((counted(3), counted(4)), (3, 7));
        progress.again();
        assert_eq!((counted(5), counted(5), counted(2)), (7, 10, 12));
    }
}
