//! A stream that breaks when its place is given to another.

use crate::framing::BoxedIo;
use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A stream whose reads and writes fail from a signal on. Both directions must be used in one task, which the signal wakes.
pub(crate) struct Interruptible {
    io: BoxedIo,
    signal: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Interruptible {
    pub(crate) fn new(io: BoxedIo, signal: CancellationToken) -> Self {
        Interruptible { io, signal: Box::pin(signal.cancelled_owned()) }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.signal.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::other("it made way for others")),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Interruptible {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Interruptible {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn a_signal_breaks_a_read_that_waits_and_all_that_follows() {
        let (mut theirs, ours) = duplex(16);
        let signal = CancellationToken::new();
        let mut stream = Interruptible::new(Box::new(ours), signal.clone());
        theirs.write_all(b"a").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'a');
        let (read, ()) = tokio::join!(stream.read_u8(), async { signal.cancel() });
        assert!(read.is_err());
        theirs.write_all(b"b").await.unwrap();
        assert!(stream.read_u8().await.is_err());
        assert!(stream.write_all(b"c").await.is_err());
    }
}
