//! `meganet get`

use super::{Session, WrongUsage, content::parse_source, interrupted::until_interrupted};
use crate::{
    args::GetArgs,
    output::{bytes, counted},
    progress::Bars,
};
use anyhow::{Result, bail};
use futures::TryStreamExt;
use meganet_client::{Existing, Site, SiteError};
use meganet_devnet::Interrupts;
use meganet_primitives::{
    link::Link,
    manifest::{Entry, Manifest},
};
use meganet_terminal::{shown, unless_closed};
use serde_json::json;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// The files that an interrupt leaves.
const LEFT: &str = "files that are complete stay, and nothing else";

/// `meganet get NAME[/PATH]|LINK`
pub async fn get(session: &Session, args: GetArgs) -> Result<()> {
    let link = parse_source(&args.source)?;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let slash = args.source.ends_with('/');
    let into = args.output.as_deref().is_some_and(takes_entries);
    // Known before anything is asked.
    if to_stdout && slash {
        return Err(folder_to_stdout(&args.source).into());
    }
    if let Some(output) = args.output.as_deref().filter(|_| !to_stdout && !into) {
        refuse_to_replace(output, args.force)?;
    }
    let opening = async { anyhow::Ok(session.client().await?.open_link(&link).await?) };
    if to_stdout {
        // A signal ends the process as usual: there are no files to remove.
        let site = opening.await?;
        return match Wanted::find(site.manifest(), &link, slash, to_stdout)? {
            Wanted::File(entry) => pour(&site, entry).await,
            Wanted::Folder(_) => Err(folder_to_stdout(&args.source).into()),
        };
    }
    let mut interrupts = Interrupts::listen()?;
    let site = until_interrupted(Box::pin(opening), interrupts.next(), LEFT).await?;
    let wanted = Wanted::find(site.manifest(), &link, slash, to_stdout)?;
    let output = destination(args.output.as_deref(), into, wanted.name(&link))?;
    refuse_to_replace(&output, args.force)?;
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    let bars = Bars::default();
    let fetching = async {
        match wanted {
            Wanted::File(entry) => site.get(entry, &output, existing, &bars).await,
            Wanted::Folder(folder) => site.get_tree(folder, &output, existing, &bars).await,
        }
    };
    let fetched = until_interrupted(Box::pin(fetching), interrupts.next(), LEFT).await;
    bars.clear();
    let fetched = fetched?;
    // A path need not be Unicode, as text in JSON is.
    let output = output.to_string_lossy();
    match wanted {
        Wanted::File(_) => session.output.result(&json!({ "file": output, "bytes": fetched.bytes }), |_| {
            format!("wrote {} ({})", shown(&output), bytes(fetched.bytes))
        }),
        Wanted::Folder(_) => {
            let value = json!({ "folder": output, "files": fetched.files, "bytes": fetched.bytes });
            session.output.result(&value, |_| {
                let files = counted(u64::try_from(fetched.files).unwrap_or(u64::MAX), "file", "files");
                format!("wrote {files} to {}/ ({})", shown(&output), bytes(fetched.bytes))
            })
        }
    }
}

/// The mistake of asking for a folder on stdout.
fn folder_to_stdout(source: &str) -> WrongUsage {
    let source = shown(source);
    WrongUsage(format!(
        "{source} is a folder, and only a file can go to stdout: name one of its files (`meganet ls {source}` lists them), or choose a folder to write to with -o DIR"
    ))
}

/// The part of a site that a source means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted<'a> {
    File(&'a Entry),
    /// A folder, without a slash at its end; empty for the site.
    Folder(&'a str),
}

impl<'a> Wanted<'a> {
    /// A path means the file or the folder at it. A name alone means its `index.html`, or its only file, and the whole site only if
    /// it has neither or the name ends with a slash. To stdout goes the `index.html` of a folder that is named without a slash.
    fn find(manifest: &'a Manifest, link: &'a Link, slash: bool, to_stdout: bool) -> Result<Self, SiteError> {
        let path = match link {
            Link::Name { path, .. } => path.as_str(),
            Link::Object { .. } => "",
        };
        if let Some(file) = manifest.find(path) {
            return Ok(Self::File(file));
        }
        let folder = path.trim_end_matches('/');
        let index = || match folder {
            "" => manifest.find("index.html"),
            folder => manifest.find(&format!("{folder}/index.html")),
        };
        let only = || match manifest.entries.as_slice() {
            [only] if folder.is_empty() => Some(only),
            _ => None,
        };
        let is_page = to_stdout || (folder.is_empty() && !slash && matches!(link, Link::Name { .. }));
        let page = is_page.then(index).flatten();
        match page.or_else(|| (!slash).then(only).flatten()) {
            Some(file) => Ok(Self::File(file)),
            None if manifest.below(folder).next().is_some() => Ok(Self::Folder(folder)),
            None => Err(SiteError::NoSuchFile { path: path.to_owned() }),
        }
    }

    /// The last component of its path, or the site's name.
    fn name(&self, link: &'a Link) -> Name<'a> {
        let last = |path: &'a str| path.rsplit('/').next().filter(|last| !last.is_empty());
        match (link, self) {
            (Link::Object { .. }, Self::File(entry)) => last(&entry.path).map_or(Name::Unknown, Name::Strangers),
            (Link::Object { .. }, Self::Folder(_)) => Name::Unknown,
            (Link::Name { name, path }, Self::File(entry)) => match last(&entry.path) {
                Some(last) if path.is_empty() => Name::Strangers(last),
                last => Name::Typed(last.unwrap_or(name)),
            },
            (Link::Name { name, .. }, Self::Folder(folder)) => Name::Typed(last(folder).unwrap_or(name)),
        }
    }
}

/// The name that a fetched file or folder gets if `-o` has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name<'a> {
    /// The user typed it.
    Typed(&'a str),
    /// A publisher chose it, and the user has not seen it.
    Strangers(&'a str),
    Unknown,
}

/// Where to write, as `cp -r` would: `output`, or in it if `into`.
fn destination(output: Option<&Path>, into: bool, name: Name) -> Result<PathBuf> {
    let folder = match output {
        Some(output) if !into => return Ok(output.to_owned()),
        // Without the slash at its end, which no regular file may have.
        Some(folder) => folder.components().collect(),
        None => PathBuf::new(),
    };
    match name {
        Name::Typed(name) => Ok(folder.join(name)),
        Name::Strangers(name) if name.starts_with('.') => bail!(
            "the file is called '{}', which would be hidden, and might change how other programs work: choose its name with -o FILE",
            shown(name)
        ),
        Name::Strangers(name) => Ok(folder.join(name)),
        Name::Unknown if into => Ok(folder),
        Name::Unknown => bail!("the link leads to a folder and does not name it: choose a folder with -o DIR"),
    }
}

/// Whether `-o` means a folder to write into: it exists, or ends with a slash.
fn takes_entries(output: &Path) -> bool {
    output.as_os_str().as_encoded_bytes().ends_with(b"/") || output.is_dir()
}

async fn pour(site: &Site, entry: &Entry) -> Result<()> {
    let mut stdout = tokio::io::stdout();
    let mut pieces = site.read(entry, 0..entry.size);
    while let Some(piece) = pieces.try_next().await? {
        // Flushed, since a write only hands the bytes to another thread: its error would come with the next one.
        let written = match stdout.write_all(&piece).await {
            Ok(()) => stdout.flush().await,
            error => error,
        };
        if written.is_err() {
            return unless_closed(written);
        }
    }
    Ok(())
}

fn refuse_to_replace(path: &Path, force: bool) -> Result<(), SiteError> {
    // Also a link to nothing.
    if path.symlink_metadata().is_ok() && !force {
        return Err(SiteError::Exists { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::object::ObjectId;

    fn site(paths: &[&str]) -> Manifest {
        let entry = |path: &&str| Entry {
            path: (*path).to_owned(),
            size: 0,
            mtime: 0,
            mode: 0o644,
            hash: [0; 32],
            extents: Vec::new(),
        };
        Manifest { objects: Vec::new(), entries: paths.iter().map(entry).collect() }
    }

    fn object() -> Link {
        Link::Object { object: ObjectId([0; 32]), group: 0, sealed_len: 0, key: None }
    }

    /// The path of the file, the folder with a slash at its end, or an error.
    fn found(site: &Manifest, source: &str, to_stdout: bool) -> String {
        let link = if source == "LINK" { object() } else { parse_source(source).unwrap() };
        match Wanted::find(site, &link, source.ends_with('/'), to_stdout) {
            Ok(Wanted::File(entry)) => entry.path.clone(),
            Ok(Wanted::Folder(folder)) => format!("{folder}/"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_source_means_a_file_or_a_folder() {
        let pages = site(&["a/b/c", "a/index.html", "d/e", "index.html"]);
        let files = site(&["a/b", "c"]);
        let one = site(&["photo.jpg"]);
        let cases = [
            (&pages, "hello", false, "index.html"),
            (&pages, "hello/", false, "/"),
            (&pages, "meganet://hello/", false, "/"),
            (&pages, "hello", true, "index.html"),
            (&pages, "hello/a", false, "a/"),
            (&pages, "hello/a/", false, "a/"),
            (&pages, "hello/a", true, "a/index.html"),
            (&pages, "hello/a/b", false, "a/b/"),
            (&pages, "hello/a/b/c", false, "a/b/c"),
            (&pages, "hello/d", true, "d/"),
            (&pages, "LINK", false, "/"),
            (&pages, "LINK", true, "index.html"),
            (&files, "hello", false, "/"),
            (&files, "hello/c", false, "c"),
            (&one, "hello", false, "photo.jpg"),
            (&one, "hello/", false, "/"),
            (&one, "hello", true, "photo.jpg"),
            (&one, "LINK", false, "photo.jpg"),
        ];
        for (site, source, to_stdout, expected) in cases {
            assert_eq!(found(site, source, to_stdout), expected, "{source} {to_stdout}");
        }
        for source in ["hello/x", "hello/a/x", "hello/c/", "hello/inde"] {
            assert!(found(&files, source, false).contains("meganet ls"), "{source}");
        }
    }

    #[test]
    fn a_file_or_folder_goes_where_cp_would_put_it() {
        let typed = Name::Typed("folder");
        let cases = [(None, false, "folder"), (Some("new"), false, "new"), (Some("old/"), true, "old/folder")];
        for (output, into, expected) in cases {
            assert_eq!(destination(output.map(Path::new), into, typed).unwrap(), Path::new(expected), "{output:?}");
        }
        assert_eq!(destination(None, false, Name::Typed(".htaccess")).unwrap(), Path::new(".htaccess"));
        assert_eq!(destination(Some(Path::new(".")), true, Name::Strangers("x")).unwrap(), Path::new("./x"));

        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), b"x").unwrap();
        let takes = |path: &str| takes_entries(&dir.path().join(path));
        assert!(takes("") && takes("new/") && !takes("new") && !takes("file"));
    }

    #[test]
    fn a_hidden_name_that_the_user_has_not_typed_needs_an_output() {
        let hidden = Name::Strangers(".bashrc");
        for (output, into) in [(None, false), (Some(Path::new(".")), true)] {
            let error = destination(output, into, hidden).unwrap_err().to_string();
            assert!(error.contains("-o") && error.contains(".bashrc"), "{error}");
        }
        assert_eq!(destination(Some(Path::new("out")), false, hidden).unwrap(), Path::new("out"));
        assert!(destination(None, false, Name::Unknown).unwrap_err().to_string().contains("-o"));
        assert_eq!(destination(Some(Path::new("out/")), true, Name::Unknown).unwrap(), Path::new("out"));
    }

    #[test]
    fn the_name_comes_from_the_user_where_the_user_gave_one() {
        let manifest = site(&[".profile"]);
        let (file, whole) = (Wanted::File(&manifest.entries[0]), Wanted::Folder(""));
        let link = |source: &str| parse_source(source).unwrap();
        assert_eq!(file.name(&object()), Name::Strangers(".profile"));
        assert_eq!(whole.name(&object()), Name::Unknown);
        assert_eq!(file.name(&link("hello")), Name::Strangers(".profile"));
        assert_eq!(file.name(&link("hello/.profile")), Name::Typed(".profile"));
        assert_eq!(whole.name(&link("blog.hello/")), Name::Typed("blog.hello"));
        assert_eq!(Wanted::Folder("a/b").name(&link("hello/a/b/")), Name::Typed("b"));
    }

    #[test]
    fn a_folder_on_stdout_is_wrong_usage_that_says_what_to_do() {
        let error = anyhow::Error::from(folder_to_stdout("hello/a\u{1b}/"));
        assert_eq!(super::super::exit_code(&error), 2);
        let text = error.to_string();
        assert!(text.contains("`meganet ls hello/a\\u{1b}/`") && text.contains("-o DIR"), "{text}");
    }

    #[tokio::test]
    async fn an_interrupt_removes_the_file_that_is_being_written() {
        let dir = tempfile::tempdir().unwrap();
        let partial = tempfile::NamedTempFile::new_in(dir.path()).unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let work = async move {
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(partial);
            anyhow::Ok(())
        };
        let error = until_interrupted(work, async { has_begun.await.unwrap() }, LEFT).await.unwrap_err();
        assert!(error.is::<crate::commands::Interrupted>(), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

        let missing = SiteError::NoSuchFile { path: "x".to_owned() };
        let failed =
            until_interrupted::<(), _>(async { Err(missing) }, std::future::pending(), LEFT).await.unwrap_err();
        assert!(failed.is::<SiteError>(), "{failed}");
    }

    #[test]
    fn an_existing_target_is_refused_without_force() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(refuse_to_replace(dir.path(), false), Err(SiteError::Exists { .. })));
        refuse_to_replace(dir.path(), true).unwrap();
        refuse_to_replace(&dir.path().join("new"), false).unwrap();
    }
}
