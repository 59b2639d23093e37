#![allow(clippy::unwrap_used)]

use super::*;
use std::fs;

fn put(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn usual(root: &Path) -> Result<Walked, PackError> {
    walk(root, &Selection::default())
}

fn paths(walked: &Walked) -> Vec<&str> {
    walked.files.iter().map(|file| file.path.as_str()).collect()
}

fn skipped(walked: &Walked) -> Vec<(&str, SkipReason)> {
    walked.skipped.iter().map(|one| (one.path.to_str().unwrap(), one.reason)).collect()
}

#[test]
fn lists_odd_names_in_the_order_of_their_paths() {
    let dir = tempfile::tempdir().unwrap();
    let names =
        ["z", "a/b/c.txt", "a.txt", "日本語/ü ö.html", " leading", "q?x=1#y%20", "back\\slash", "new\nline", "🦀"];
    for name in names {
        put(dir.path(), name, name.as_bytes());
    }
    let walked = usual(dir.path()).unwrap();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(paths(&walked), expected);
    assert!(walked.skipped.is_empty());
}

#[test]
fn hidden_and_ignored_entries_stay_out_and_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        "index.html",
        ".git/config",
        ".git/hooks/pre-commit",
        ".env",
        "a/.DS_Store",
        ".well-known/security.txt",
        ".well-known/.DS_Store",
        "_headers",
        "_redirects",
        "drafts/one.html",
        "a/style.css.map",
    ];
    for file in files {
        put(dir.path(), file, b"x");
    }
    put(dir.path(), ".megaignore", b"/drafts/\n");
    let selection = Selection { exclude: vec!["*.map".into()], ..Selection::default() };
    let walked = walk(dir.path(), &selection).unwrap();
    assert_eq!(paths(&walked), [".well-known/security.txt", "_headers", "_redirects", "index.html"]);
    let expected = [
        (".env", SkipReason::Hidden),
        (".git", SkipReason::Hidden),
        (".megaignore", SkipReason::Hidden),
        (".well-known/.DS_Store", SkipReason::Hidden),
        ("a/.DS_Store", SkipReason::Hidden),
        ("a/style.css.map", SkipReason::Excluded),
        ("drafts", SkipReason::Ignored),
    ];
    assert_eq!(skipped(&walked), expected);

    fs::write(dir.path().join(".megaignore"), "").unwrap();
    let all = walk(dir.path(), &Selection::everything()).unwrap();
    assert_eq!((all.files.len(), all.skipped.len()), (files.len() + 1, 0));
}

#[test]
fn secrets_are_an_error_that_names_them_all() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["index.html", "deploy/id_rsa", "server.pem", ".env", ".aws/credentials"] {
        put(dir.path(), file, b"x");
    }
    let refused = |selection: &Selection| match walk(dir.path(), selection) {
        Err(PackError::Secrets { paths }) => paths.iter().map(|path| path.to_str().unwrap().to_owned()).collect(),
        other => panic!("{other:?}"),
    };
    let usual: Vec<String> = refused(&Selection::default());
    assert_eq!(usual, ["deploy/id_rsa", "server.pem"]);
    let hidden: Vec<String> = refused(&Selection { hidden: true, ..Selection::default() });
    assert_eq!(hidden, [".aws/credentials", ".env", "deploy/id_rsa", "server.pem"]);
    let allowed = Selection { allow_secrets: true, ..Selection::default() };
    assert_eq!(paths(&walk(dir.path(), &allowed).unwrap()), ["deploy/id_rsa", "index.html", "server.pem"]);
    let without = Selection { exclude: vec!["*.pem".into(), "/deploy/".into()], ..Selection::default() };
    assert_eq!(paths(&walk(dir.path(), &without).unwrap()), ["index.html"]);
}

#[test]
#[cfg(unix)]
fn a_link_to_a_secret_is_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), ".env", b"TOKEN=x");
    std::os::unix::fs::symlink(".env", dir.path().join("config.txt")).unwrap();
    assert!(matches!(usual(dir.path()), Err(PackError::Secrets { paths }) if paths == [Path::new("config.txt")]));
}

#[test]
#[cfg(unix)]
fn links_inside_are_copies_and_others_are_skipped() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let (root, outside) = (dir.path().join("site"), dir.path().join("secret"));
    put(&root, "v1/page.html", b"one");
    fs::write(&outside, b"secret").unwrap();
    symlink("v1", root.join("latest")).unwrap();
    symlink("v1/page.html", root.join("index.html")).unwrap();
    symlink(&outside, root.join("leak")).unwrap();
    symlink("/", root.join("everything")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    symlink("tock", root.join("tick")).unwrap();
    symlink("tick", root.join("tock")).unwrap();
    symlink(".", root.join("v1/self")).unwrap();
    let walked = usual(&root).unwrap();
    assert_eq!(paths(&walked), ["index.html", "latest/page.html", "v1/page.html"]);
    let expected = [
        ("dangling", SkipReason::Dangling),
        ("everything", SkipReason::LeadsOutside),
        ("latest/self", SkipReason::Loop),
        ("leak", SkipReason::LeadsOutside),
        ("tick", SkipReason::Dangling),
        ("tock", SkipReason::Dangling),
        ("v1/self", SkipReason::Loop),
    ];
    assert_eq!(skipped(&walked), expected);
}

#[test]
fn an_entry_that_cannot_be_looked_at_is_an_error_unless_it_is_a_link_to_nothing() {
    use io::ErrorKind::{NotFound, Other, PermissionDenied};
    let cases = [
        (false, None, Some(SkipReason::Loop)),
        (true, None, Some(SkipReason::Loop)),
        (true, Some(NotFound), Some(SkipReason::Dangling)),
        (true, Some(Other), Some(SkipReason::Dangling)),
        (true, Some(PermissionDenied), None),
        (false, Some(NotFound), None),
        (false, Some(PermissionDenied), None),
    ];
    for (is_link, kind, expected) in cases {
        assert_eq!(reason_of(is_link, kind), expected, "{is_link} {kind:?}");
    }
    let gone = PackError::io("gone")(NotFound.into());
    assert!(matches!(&gone, PackError::Changed(path) if path == Path::new("gone")), "{gone}");
    let closed = PackError::io("closed")(PermissionDenied.into()).to_string();
    assert!(closed.contains("\"closed\"") && closed.contains("Make it readable"), "{closed}");
}

#[test]
#[cfg(unix)]
fn special_files_and_empty_folders_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a/index.html", b"x");
    put(dir.path(), "only-hidden/.keep", b"");
    for folder in ["a/empty", "b/c/empty", "z"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let _listener = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let walked = usual(dir.path()).unwrap();
    assert_eq!(paths(&walked), ["a/index.html"]);
    let expected = [
        ("a/empty", SkipReason::EmptyFolder),
        ("b/c/empty", SkipReason::EmptyFolder),
        ("only-hidden/.keep", SkipReason::Hidden),
        ("socket", SkipReason::Special),
        ("z", SkipReason::EmptyFolder),
    ];
    assert_eq!(skipped(&walked), expected);
}

#[test]
fn depth_is_bounded_only_by_the_length_of_paths() {
    let dir = tempfile::tempdir().unwrap();
    let deep = format!("{}file", "d/".repeat(300));
    put(dir.path(), &deep, b"deep");
    assert_eq!(paths(&usual(dir.path()).unwrap()), [deep]);
}

#[test]
fn sites_that_readers_would_not_open_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        put(dir.path(), name, b"x");
    }
    let within = |files, bytes| walk_within(dir.path(), &Selection::default(), files, bytes);
    assert_eq!(within(3, 3 * (ENTRY_BYTES + 1)).unwrap().files.len(), 3);
    assert!(matches!(within(2, u64::MAX), Err(PackError::TooMany { limit: 2 })));
    assert!(matches!(within(3, 3 * (ENTRY_BYTES + 1) - 1), Err(PackError::ManifestTooLong { .. })));
}

#[test]
fn the_least_bytes_of_a_file_are_those_of_an_empty_one() {
    use codec::Encode;
    let entry = meganet_primitives::manifest::Entry {
        path: "a".into(),
        size: 0,
        mtime: 0,
        mode: 0,
        hash: [0; 32],
        extents: Vec::new(),
    };
    assert_eq!(to_u64(entry.encode().len()), ENTRY_BYTES + 1);
}

#[test]
#[cfg(unix)]
fn refuses_names_that_are_not_unicode_and_folders_without_files() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(usual(dir.path()), Err(PackError::Empty { skipped: 0, .. })));
    assert!(matches!(usual(&dir.path().join("none")), Err(PackError::Unopened { .. })));
    put(dir.path(), ".hidden", b"x");
    assert!(matches!(usual(dir.path()), Err(PackError::Empty { skipped: 1, .. })));
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(dir.path().join(name), b"x").unwrap();
    assert!(usual(dir.path()).unwrap_err().to_string().contains("UTF-8"));
    // One that is left out needs no name in the site.
    put(dir.path(), "index.html", b"x");
    let without = Selection { exclude: vec!["caf*".into()], ..Selection::default() };
    assert_eq!(paths(&walk(dir.path(), &without).unwrap()), ["index.html"]);
}
