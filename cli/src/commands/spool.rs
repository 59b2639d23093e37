//! A stream, written to a private file: uploads read their content more than once.

use anyhow::{Context, Result};
use meganet_wallet::files::create_private_dir;
use std::{
    io::{self, Read},
    path::Path,
};
use tempfile::TempPath;
use tokio::sync::oneshot;

/// Copies a stream to its end into a file in this folder, which only the user can read. The file is removed when the path is dropped, or
/// this future before that.
///
/// # Errors
/// The stream cannot be read, or the file cannot be written.
pub async fn spool(mut stream: impl Read + Send + 'static, dir: &Path) -> Result<TempPath> {
    let failed = || format!("could not copy the input to a temporary file in {}", dir.display());
    create_private_dir(dir).with_context(failed)?;
    let file = tempfile::Builder::new().prefix("input-").tempfile_in(dir).with_context(failed)?;
    let (mut file, path) = file.into_parts();
    let (done, is_done) = oneshot::channel();
    // Not a thread of the runtime, which would wait for it at the end: a read may last until somebody types a line.
    let copying = move || {
        let copied = io::copy(&mut stream, &mut file);
        // Nobody listens after an interrupt.
        let _ = done.send(copied);
    };
    std::thread::Builder::new().spawn(copying).with_context(failed)?;
    is_done.await.context("the thread that reads the input ended early").with_context(failed)?.with_context(failed)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{
        fs,
        io::{ErrorKind, pipe},
        os::unix::fs::PermissionsExt,
    };

    /// Fails after some bytes, as a disk may.
    struct Broken(usize);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(ErrorKind::InvalidData.into());
            }
            let count = self.0.min(buffer.len());
            self.0 -= count;
            Ok(count)
        }
    }

    #[tokio::test]
    async fn a_stream_becomes_a_private_file_that_disappears() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new");
        let content = vec![7; 300_000];
        let path = spool(io::Cursor::new(content.clone()), &folder).await.unwrap();
        assert!(fs::read(&path).unwrap() == content);
        for (entry, mode) in [(&*path, 0o600), (folder.as_path(), 0o700)] {
            assert_eq!(fs::metadata(entry).unwrap().permissions().mode() & 0o777, mode, "{}", entry.display());
        }
        drop(path);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_an_error_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let error = spool(Broken(100_000), dir.path()).await.unwrap_err();
        assert!(error.to_string().contains("could not copy the input"), "{error:#}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_interrupt_does_not_wait_for_a_stream_that_never_ends() {
        let dir = tempfile::tempdir().unwrap();
        let (reader, _writer) = pipe().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut reading = Box::pin(spool(reader, dir.path()));
            tokio::select! {
                _ = &mut reading => panic!("nothing was written to the pipe"),
                () = tokio::task::yield_now() => {}
            }
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        });
        drop(runtime);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
