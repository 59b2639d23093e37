//! `meganet ls`

use super::{Session, content::parse_source};
use crate::{
    args::LsArgs,
    output::{bytes, counted},
};
use anyhow::Result;
use meganet_client::SiteError;
use meganet_primitives::{
    link::Link,
    manifest::{Entry, Manifest},
};
use meganet_terminal::shown;
use serde_json::{Value, json};

/// `meganet ls NAME[/PATH]|LINK`
pub async fn ls(session: &Session, args: LsArgs) -> Result<()> {
    let link = parse_source(&args.source)?;
    let path = match &link {
        Link::Name { path, .. } => path.as_str(),
        Link::Object { .. } => "",
    };
    let site = session.client().await?.open_link(&link).await?;
    let rows = rows(site.manifest(), path, args.recursive)?;
    let value = json!({
        "path": path,
        "object": site.content().object.to_string(),
        "entries": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
    });
    session.output.result(&value, |_| match rows.as_slice() {
        [] => "it has no files".to_owned(),
        rows => rows.iter().map(Row::to_text).collect::<Vec<_>>().join("\n"),
    })
}

/// A file, or a folder with everything below it.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    /// Its path, relative to the folder that is listed.
    name: &'a str,
    bytes: u64,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    File { mtime: i64, executable: bool },
    Folder { files: u64 },
}

impl<'a> Row<'a> {
    fn file(name: &'a str, entry: &Entry) -> Self {
        let kind = Kind::File { mtime: entry.mtime, executable: entry.mode & 0o100 != 0 };
        Self { name, bytes: entry.size, kind }
    }

    fn to_json(&self) -> Value {
        let Self { name, bytes, kind } = self;
        match kind {
            Kind::File { mtime, executable } => {
                json!({ "name": name, "type": "file", "bytes": bytes, "mtime": mtime, "executable": executable })
            }
            Kind::Folder { files } => json!({ "name": name, "type": "folder", "bytes": bytes, "files": files }),
        }
    }

    fn to_text(&self) -> String {
        let (name, size) = (shown(self.name), bytes(self.bytes));
        match self.kind {
            Kind::File { .. } => format!("file    {size:>12}  {name}"),
            Kind::Folder { files } => format!("folder  {size:>12}  {name}/ ({})", counted(files, "file", "files")),
        }
    }
}

/// The content of a folder, or the file at the path, in the order of the names.
fn rows<'a>(manifest: &'a Manifest, path: &'a str, recursive: bool) -> Result<Vec<Row<'a>>, SiteError> {
    if let Some(file) = manifest.find(path) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        return Ok(vec![Row::file(name, file)]);
    }
    let folder = path.trim_end_matches('/');
    let mut rows: Vec<Row> = Vec::new();
    for entry in manifest.below(folder) {
        let rest = entry.path.strip_prefix(folder).unwrap_or_default().trim_start_matches('/');
        match rest.split_once('/').filter(|_| !recursive) {
            None => rows.push(Row::file(rest, entry)),
            // All entries below it are adjacent.
            Some((name, _)) => match rows.last_mut() {
                Some(Row { name: last, bytes, kind: Kind::Folder { files } }) if *last == name => {
                    *bytes = bytes.saturating_add(entry.size);
                    *files += 1;
                }
                _ => rows.push(Row { name, bytes: entry.size, kind: Kind::Folder { files: 1 } }),
            },
        }
    }
    if rows.is_empty() && !folder.is_empty() {
        return Err(SiteError::NoSuchFile { path: path.to_owned() });
    }
    // 'a-b' comes before 'a/' in the order of paths.
    rows.sort_by_key(|row| row.name);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn site(files: &[(&str, u64)]) -> Manifest {
        let entry = |(path, size): &(&str, u64)| Entry {
            path: (*path).to_owned(),
            size: *size,
            mtime: 7,
            mode: 0o755,
            hash: [0; 32],
            extents: Vec::new(),
        };
        Manifest { objects: Vec::new(), entries: files.iter().map(entry).collect() }
    }

    #[test]
    fn a_folder_is_listed_with_the_sums_of_its_folders() {
        let site = site(&[("a-b", 1), ("a/b/c", 10), ("a/d", 20), ("a0", 2)]);
        let list = |path, recursive| {
            let rows = rows(&site, path, recursive)?;
            let row = |row: &Row| (row.name.to_owned(), row.bytes, matches!(row.kind, Kind::Folder { .. }));
            Ok::<_, SiteError>(rows.iter().map(row).collect::<Vec<_>>())
        };
        let row = |name: &str, bytes, folder| (name.to_owned(), bytes, folder);
        assert_eq!(list("", false).unwrap(), [row("a", 30, true), row("a-b", 1, false), row("a0", 2, false)]);
        for path in ["a", "a/"] {
            assert_eq!(list(path, false).unwrap(), [row("b", 10, true), row("d", 20, false)]);
            assert_eq!(list(path, true).unwrap(), [row("b/c", 10, false), row("d", 20, false)]);
        }
        assert_eq!(list("a/d", false).unwrap(), [row("d", 20, false)]);
        assert_eq!(list("", true).unwrap().len(), 4);
        assert!(matches!(list("x", false), Err(SiteError::NoSuchFile { .. })));
        assert!(rows(&Manifest::default(), "", false).unwrap().is_empty());
    }

    #[test]
    fn names_cannot_control_the_terminal_or_pass_for_other_lines() {
        let site = site(&[("\u{1b}[2J\nfile", 3), ("a/b", 5)]);
        let rows = rows(&site, "", false).unwrap();
        let text: Vec<String> = rows.iter().map(Row::to_text).collect();
        assert_eq!(text, ["file             3 B  \\u{1b}[2J\\u{a}file", "folder           5 B  a/ (1 file)"]);
        let expected = json!([
            { "name": "\u{1b}[2J\nfile", "type": "file", "bytes": 3, "mtime": 7, "executable": true },
            { "name": "a", "type": "folder", "bytes": 5, "files": 1 },
        ]);
        assert_eq!(Value::Array(rows.iter().map(Row::to_json).collect()), expected);
    }
}
