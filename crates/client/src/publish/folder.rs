//! The files on the disk: listed, checked and digested on threads that may block.

use super::{error::PublishError, rules, state::State};
use crate::{
    pack::{Digester, FoundFile, PackError, Selection, Walked, notes, walk},
    portable,
};
use meganet_primitives::hash::Hash;
use meganet_transfer::progress::{Progress, Stage};
use std::path::Path;
use tokio::{sync::mpsc, task::spawn_blocking};

/// Lists the files of a folder that are to be published under a name, and checks the rules in it that gateways will apply.
pub(super) async fn list(
    name: &str,
    dir: &Path,
    selection: &Selection,
    progress: &dyn Progress,
) -> Result<Walked, PublishError> {
    progress.begin(Stage::Listing, None);
    let (name, folder, selection) = (name.to_owned(), dir.to_owned(), selection.clone());
    let listing = move || {
        let walked = walk(&folder, &selection)?;
        let of_rules = rules::check(&name, &walked.files)?;
        let of_names = portable::notes(walked.files.iter().map(|file| file.path.as_str()));
        Ok::<_, PublishError>((walked, of_rules, of_names))
    };
    let (walked, of_rules, of_names) = blocking(listing).await??;
    for note in of_rules {
        progress.note(&note.to_string());
    }
    for note in notes(&walked.skipped).into_iter().chain(of_names) {
        progress.note(&note);
    }
    Ok(walked)
}

/// Digests files on a blocking thread, except those whose digests the state has kept. Once this future is dropped, the
/// thread ends before its next read: a program that was interrupted waits for the thread.
pub(super) async fn digest(
    files: &[FoundFile],
    state: Option<&State>,
    progress: &dyn Progress,
) -> Result<Vec<Hash>, PublishError> {
    let (cache, keep) = (state.map(State::digests), state.is_some_and(State::is_kept));
    progress.begin(Stage::Digesting, Some(files.iter().map(FoundFile::size).sum()));
    let (counted_in, mut counted) = mpsc::unbounded_channel();
    let files = files.to_vec();
    let digesting = blocking(move || {
        let mut digester = cache.map_or_else(Digester::new, |path| Digester::with_cache(&path));
        let forward = Forward(counted_in);
        // The receiver is dropped with the future around it.
        let hashes = digester.digest_while(&files, &forward, &|| !forward.0.is_closed())?;
        if keep {
            digester.save();
        }
        Ok::<_, PackError>(hashes)
    });
    let watching = async {
        while let Some(bytes) = counted.recv().await {
            progress.advance(bytes);
        }
    };
    let (hashes, ()) = futures::join!(digesting, watching);
    Ok(hashes??)
}

/// Passes counts on to another task.
struct Forward(mpsc::UnboundedSender<u64>);

impl Progress for Forward {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, by: u64) {
        // The receiver is gone only when the caller has given up.
        let _ = self.0.send(by);
    }
    fn note(&self, _: &str) {}
}

/// Runs blocking work on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PublishError> {
    spawn_blocking(work).await.map_err(|_| PublishError::Interrupted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::{self, File};
    use tokio::sync::Notify;

    /// Reports that something is counted.
    #[derive(Default)]
    struct Counted(Notify);

    impl Progress for Counted {
        fn begin(&self, _: Stage, _: Option<u64>) {}
        fn advance(&self, _: u64) {
            self.0.notify_one();
        }
        fn note(&self, _: &str) {}
    }

    /// Takes as long as 1 TiB does if it waits.
    #[test]
    fn an_interrupt_does_not_wait_until_a_large_file_is_digested() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("first"), b"x").unwrap();
        File::create(dir.path().join("second")).unwrap().set_len(1 << 40).unwrap();
        let files = walk(dir.path(), &Selection::default()).unwrap().files;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let counted = Counted::default();
            tokio::select! {
                _ = digest(&files, None, &counted) => panic!("1 TiB was digested"),
                () = counted.0.notified() => {}
            }
        });
        // Waits for the thread.
        drop(runtime);
    }
}
