//! Where an object's plaintext comes from.

use super::error::UploadError;
use bytes::Bytes;
use meganet_primitives::convert::to_u64;
use std::{
    fmt,
    io::{self, Read},
    sync::Arc,
};

/// Bytes of plaintext read at a time.
const BUFFER: usize = 256 * 1024;

/// The plaintext of an object: its length, and a way to read it from the beginning, again if an upload is retried. Cheap to
/// clone.
#[derive(Clone)]
pub struct Source {
    len: u64,
    open: Arc<dyn Fn() -> Box<dyn Read> + Send + Sync>,
}

impl Source {
    /// Plaintext of `len` bytes that `open` opens for reading. Both opening and reading may block.
    pub fn new<R: Read + 'static>(len: u64, open: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Self { len, open: Arc::new(move || Box::new(open())) }
    }

    /// Plaintext in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes: Bytes = bytes.into();
        let len = to_u64(bytes.len());
        Self::new(len, move || io::Cursor::new(bytes.clone()))
    }

    /// Its length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Passes its bytes to `take` in pieces, until the end or the first error.
    pub(super) fn for_each(&self, mut take: impl FnMut(&[u8]) -> Result<(), UploadError>) -> Result<(), UploadError> {
        let mut reader = (self.open)();
        let mut buffer = vec![0; BUFFER];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => take(&buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(UploadError::Source(error)),
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("len", &self.len).finish_non_exhaustive()
    }
}
