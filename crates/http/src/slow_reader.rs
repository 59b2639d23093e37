//! Cuts connections whose reader is too slow.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// Bytes that a reader has to take within the timeout. A timeout for single writes would let a reader hold its connection by
/// taking a byte now and then.
pub(crate) const PROGRESS: usize = 64 << 10;

/// A stream whose writes fail when its peer does not take them in time.
///
/// The clock runs only while bytes wait to be written: not while the response is being made, and not between two requests.
pub(crate) struct WriteTimeout<S, F> {
    stream: S,
    /// Called when everything has been written.
    written: F,
    limit: Duration,
    wait: Option<Wait>,
}

/// A period in which more was to be written than the peer took.
struct Wait {
    until: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S, F> WriteTimeout<S, F> {
    /// Waits at most `limit` for every [`PROGRESS`] bytes, and reports by `written` when nothing waits to be written.
    pub(crate) fn new(stream: S, limit: Duration, written: F) -> Self {
        WriteTimeout { stream, written, limit, wait: None }
    }

    /// Checks the result of a write against the timeout.
    fn check(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let (Some(wait), Ok(bytes)) = (&mut self.wait, &written) {
                wait.taken = wait.taken.saturating_add(*bytes);
                if wait.taken >= PROGRESS {
                    self.wait = None;
                }
            }
            return Poll::Ready(written);
        }
        let limit = self.limit;
        let wait = self.wait.get_or_insert_with(|| Wait { until: Box::pin(sleep(limit)), taken: 0 });
        ready!(wait.until.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader took the response too slowly")))
    }
}

impl<S: AsyncRead + Unpin, F: Unpin> AsyncRead for WriteTimeout<S, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin, F: Fn() + Unpin> AsyncWrite for WriteTimeout<S, F> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.check(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.check(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when everything has been written: nothing waits any more.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.wait = None;
        let flushed = ready!(Pin::new(&mut this.stream).poll_flush(cx));
        (this.written)();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
