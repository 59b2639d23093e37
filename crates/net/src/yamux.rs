//! Yamux for TCP connections, with a bound on what a peer can make us buffer.
//!
//! `libp2p-yamux` fixes the sum of a connection's receive windows at one GiB. A peer that sends fast for a while, so that its
//! windows grow, and then on all streams at once, could fill that. This is the same muxer under the same name, with a lower bound.

use crate::config::NetLimits;
use ::yamux::{Config, Connection, ConnectionError, Mode, Stream};
use futures::{AsyncRead, AsyncWrite};
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
};

/// The initial window of a stream, whatever the settings.
const LEAST_WINDOW: usize = 256 * 1024;

/// The upgrade of a secured connection.
#[derive(Clone)]
pub(crate) struct Yamux(Config);

impl Yamux {
    /// With at most this many streams in each connection.
    pub(crate) fn new(streams: usize, limits: &NetLimits) -> Self {
        let wanted = to_usize(limits.connection_window.into());
        let mut config = Config::default();
        // In this order: the setters require a window for every stream.
        config.set_max_connection_receive_window(None);
        config.set_max_num_streams(streams);
        config.set_max_connection_receive_window(Some(wanted.max(streams.saturating_mul(LEAST_WINDOW))));
        Yamux(config)
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
        ready(Ok(Muxer::new(io, self.0, Mode::Server)))
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Yamux {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<io::Result<Muxer<C>>>;

    fn upgrade_outbound(self, io: C, _: Self::Info) -> Self::Future {
        ready(Ok(Muxer::new(io, self.0, Mode::Client)))
    }
}

/// One connection. Polling it for incoming streams also drives all its other streams. Streams that arrive meanwhile wait here;
/// the limit on streams bounds their number.
pub(crate) struct Muxer<C> {
    connection: Connection<C>,
    arrived: VecDeque<Stream>,
    wanting: Option<Waker>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Muxer<C> {
    fn new(io: C, config: Config, mode: Mode) -> Self {
        Muxer { connection: Connection::new(io, config, mode), arrived: VecDeque::new(), wanting: None }
    }

    fn drive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let next = ready!(self.connection.poll_next_inbound(context));
        Poll::Ready(next.unwrap_or(Err(ConnectionError::Closed)).map_err(broken))
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = Stream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        if let Some(stream) = self.arrived.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        let next = self.drive(context);
        if next.is_pending() {
            self.wanting = Some(context.waker().clone());
        }
        next
    }

    fn poll_outbound(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        self.connection.poll_new_outbound(context).map_err(broken)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.poll_close(context).map_err(broken)
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
    use super::*;

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
