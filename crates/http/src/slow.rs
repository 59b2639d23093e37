//! Readers that are too slow: a socket that gives up on them.

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

/// Bytes that a reader has to take in the time that a write may wait. A bound on single writes alone would let a reader
/// hold its connection by taking a byte now and then.
pub(crate) const PROGRESS: usize = 64 << 10;

/// A connection whose writes fail when its peer does not take them.
///
/// The clock runs only while something waits to be written: not while the answer is being made, and not between two
/// requests.
pub(crate) struct Patient<S> {
    stream: S,
    patience: Duration,
    wait: Option<Wait>,
}

/// A spell in which more was to be written than the peer took.
struct Wait {
    until: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S> Patient<S> {
    /// Waits at most `patience` for each [`PROGRESS`] bytes.
    pub(crate) fn new(stream: S, patience: Duration) -> Self {
        Patient { stream, patience, wait: None }
    }

    /// What a write has come to.
    fn judge(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let (Some(wait), Ok(bytes)) = (&mut self.wait, &written) {
                wait.taken = wait.taken.saturating_add(*bytes);
                if wait.taken >= PROGRESS {
                    self.wait = None;
                }
            }
            return Poll::Ready(written);
        }
        let patience = self.patience;
        let wait = self.wait.get_or_insert_with(|| Wait { until: Box::pin(sleep(patience)), taken: 0 });
        ready!(wait.until.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes its answer too slowly")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.judge(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Comes when everything has been written: nothing waits any more.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.wait = None;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
