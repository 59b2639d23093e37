//! Yamux for TCP connections, with a bound on what a peer can make us buffer.
//!
//! `libp2p-yamux` fixes the sum of a connection's receive windows at one GiB. A peer that sends fast for a while, so that its
//! windows grow, and then on all streams at once, could fill that. This is the same muxer under the same name, with a lower bound:
//! what a connection has received and its streams have not taken is at most the window of a connection, as over QUIC. Short frames
//! count as longer ones, because each of them takes up memory in addition to its bytes.

mod held;

use crate::config::NetLimits;
use ::yamux::{Config, Connection, ConnectionError, Mode};
use futures::{AsyncRead, AsyncWrite};
use held::{Counted, Held, Metered};
use libp2p::core::{
    muxing::{StreamMuxer, StreamMuxerEvent},
    upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo},
};
use meganet_primitives::convert::to_usize;
use std::{
    collections::VecDeque,
    future::{Ready, ready},
    io, iter,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

/// The initial window of a stream, whatever the settings.
const LEAST_WINDOW: usize = 256 * 1024;
/// Timeout for a connection to close in good order. A peer that reads nothing would keep it for ever, and the place that it was
/// to leave to another.
const GOODBYE: Duration = Duration::from_secs(5);

/// The upgrade of a secured connection.
#[derive(Clone)]
pub(crate) struct Yamux {
    config: Config,
    /// Bytes of a connection that wait to be taken from its streams.
    window: usize,
    goodbye: Duration,
}

impl Yamux {
    /// With at most this many streams in each connection.
    pub(crate) fn new(streams: usize, limits: &NetLimits) -> Self {
        let wanted = to_usize(limits.connection_window.into());
        let mut config = Config::default();
        // In this order: the setters require a window for every stream.
        config.set_max_connection_receive_window(None);
        config.set_max_num_streams(streams);
        config.set_max_connection_receive_window(Some(wanted.max(streams.saturating_mul(LEAST_WINDOW))));
        // A stream alone must be able to fill its own window.
        Yamux { config, window: wanted.max(LEAST_WINDOW), goodbye: GOODBYE }
    }
}

impl UpgradeInfo for Yamux {
    type Info = &'static str;
    type InfoIter = iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        iter::once("/yamux/1.0.0")
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Yamux {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Muxer<C>>>;

    fn upgrade_inbound(self, io: C, _: Self::Info) -> Self::Future {
        ready(Ok(Muxer::new(io, self, Mode::Server)))
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Yamux {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Muxer<C>>>;

    fn upgrade_outbound(self, io: C, _: Self::Info) -> Self::Future {
        ready(Ok(Muxer::new(io, self, Mode::Client)))
    }
}

/// One connection. Polling it for incoming streams also drives all its other streams. Streams that arrive meanwhile wait here;
/// the limit on streams bounds their number.
pub(crate) struct Muxer<C> {
    connection: Connection<Metered<C>>,
    held: Held,
    arrived: VecDeque<Counted>,
    wanting: Option<Waker>,
    goodbye: Duration,
    /// Since it is being closed.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Muxer<C> {
    fn new(io: C, yamux: Yamux, mode: Mode) -> Self {
        let held = Held::new(yamux.window);
        let connection = Connection::new(Metered::new(io, held.clone()), yamux.config, mode);
        let goodbye = yamux.goodbye;
        Muxer { connection, held, arrived: VecDeque::new(), wanting: None, goodbye, deadline: None }
    }

    fn drive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Counted>> {
        let next = self.connection.poll_next_inbound(context);
        let next = next.map(|next| match next.unwrap_or(Err(ConnectionError::Closed)) {
            Ok(stream) => Ok(self.held.count(stream)),
            Err(error) => Err(broken(error)),
        });
        self.held.settle();
        next
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = Counted;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Counted>> {
        if let Some(stream) = self.arrived.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        let next = self.drive(context);
        if next.is_pending() {
            self.wanting = Some(context.waker().clone());
        }
        next
    }

    fn poll_outbound(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Counted>> {
        let stream = ready!(self.connection.poll_new_outbound(context)).map_err(broken)?;
        Poll::Ready(Ok(self.held.count(stream)))
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(closed) = self.connection.poll_close(context) {
            return Poll::Ready(closed.map_err(broken));
        }
        let goodbye = self.goodbye;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(goodbye)));
        deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        let stream = ready!(self.drive(context))?;
        self.arrived.push_back(stream);
        if let Some(waker) = self.wanting.take() {
            waker.wake();
        }
        // There may be more; other tasks get a turn first.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn broken(error: ConnectionError) -> io::Error {
    match error {
        ConnectionError::Io(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{held::LEAST_FRAME, *};
    use futures::{AsyncReadExt, AsyncWriteExt};
    use std::{future::poll_fn, sync::Arc};
    use tokio::{io::DuplexStream, sync::Barrier};
    use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

    const WINDOW: u32 = 512 * 1024;
    const STREAMS: usize = 8;

    fn muxer(io: DuplexStream, mode: Mode) -> Muxer<Compat<DuplexStream>> {
        let limits = NetLimits { connection_window: WINDOW, ..NetLimits::default() };
        Muxer::new(io.compat(), Yamux::new(64, &limits), mode)
    }

    /// Keeps a connection going until it ends.
    fn spawn(mut muxer: Muxer<Compat<DuplexStream>>) {
        tokio::spawn(async move { drop(poll_fn(|context| Pin::new(&mut muxer).poll(context)).await) });
    }

    #[tokio::test]
    async fn a_connection_is_read_only_as_its_streams_are() {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (mut client, mut server) = (muxer(near, Mode::Client), muxer(far, Mode::Server));
        let begun = Arc::new(Barrier::new(STREAMS + 1));
        let mut writers = Vec::new();
        for _ in 0..STREAMS {
            let mut stream = poll_fn(|context| Pin::new(&mut client).poll_outbound(context)).await.unwrap();
            let begun = begun.clone();
            writers.push(tokio::spawn(async move {
                stream.write_all(&[7]).await.unwrap();
                begun.wait().await;
                stream.write_all(&vec![7; LEAST_WINDOW - 1]).await.unwrap();
                stream.flush().await.unwrap();
                stream
            }));
        }
        spawn(client);
        let mut streams = Vec::new();
        while streams.len() < STREAMS {
            streams.push(poll_fn(|context| Pin::new(&mut server).poll_inbound(context)).await.unwrap());
        }
        let (held, window) = (server.held.clone(), to_usize(WINDOW.into()));
        spawn(server);
        begun.wait().await;
        while held.total() < window {
            tokio::task::yield_now().await;
        }
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        // The first frame of a stream is short, and its header may come when there is no room.
        assert!((window..window + LEAST_FRAME).contains(&held.total()), "{}", held.total());
        // Everything arrives once the streams are read.
        let readers = streams.into_iter().map(|mut stream| {
            tokio::spawn(async move {
                let mut bytes = vec![0; LEAST_WINDOW];
                stream.read_exact(&mut bytes).await.unwrap();
                stream
            })
        });
        let readers: Vec<_> = readers.collect();
        for reader in futures::future::join_all(readers).await {
            reader.unwrap();
        }
        assert_eq!(held.total(), 0);
        for writer in futures::future::join_all(writers).await {
            writer.unwrap();
        }
    }

    #[tokio::test]
    async fn a_peer_that_reads_nothing_does_not_keep_a_connection_from_closing() {
        // Not even one frame has room between the two.
        let (near, _far) = tokio::io::duplex(4);
        let yamux = Yamux { goodbye: Duration::ZERO, ..Yamux::new(64, &NetLimits::default()) };
        let mut client = Muxer::new(near.compat(), yamux, Mode::Client);
        let closed = poll_fn(|context| Pin::new(&mut client).poll_close(context)).await;
        assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn every_setting_leaves_a_window_for_every_stream() {
        for streams in [1, 64, 10_000] {
            for connection_window in [0, 8 << 20, u32::MAX] {
                // The setters panic when it does not.
                Yamux::new(streams, &NetLimits { connection_window, ..NetLimits::default() });
            }
        }
    }
}
