//! Checks the links between the repository's Markdown pages.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// All Markdown files below a folder, without hidden folders, build output and installed packages.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name == ".github" || !(name.starts_with('.') || name == "target" || name == "node_modules") {
                found.extend(pages(&path));
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// A page's lines outside of fenced code, without inline code.
fn prose(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push(line.split('`').step_by(2).collect::<Vec<_>>().join("`"));
        }
    }
    lines
}

/// The targets of a page's links: `[text](target)`, `[text]: target`, `href="target"` and `src="target"`.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let defined = prose.iter().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    let defined = defined.map(|(_, target)| target.split_whitespace().next().unwrap_or_default().to_owned());
    let text = prose.join("\n");
    let between = |open: &str, close: char| -> Vec<String> {
        let opened = text.split(open).skip(1).filter_map(|rest| rest.split_once(close));
        // A title may follow the target.
        opened.map(|(target, _)| target.split(" \"").next().unwrap_or_default().to_owned()).collect()
    };
    [between("](", ')'), defined.collect(), between("href=\"", '"'), between("src=\"", '"')].concat()
}

/// The anchors of a page's headings, as forges and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            found.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    found
}

/// Why a link leads nowhere, if so.
fn broken(page: &Path, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { page.to_path_buf() } else { page.parent().unwrap().join(path) };
    if !target.exists() {
        return Some(format!("{}: no file for the link {link}", page.display()));
    }
    let anchor = anchor?;
    let found = anchors(&fs::read_to_string(&target).ok()?);
    (!found.iter().any(|one| one == anchor)).then(|| format!("{}: no heading for the link {link}", page.display()))
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let pages = pages(&root());
    assert!(pages.len() > 10, "{pages:?}");
    let mut faults = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let local = links(&text).into_iter().filter(|link| !link.contains(':'));
        faults.extend(local.filter_map(|link| broken(&page, &link)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_book_has_every_page_of_its_folder_and_links_to_nothing_outside() {
    let docs = root().join("docs");
    let summary = links(&fs::read_to_string(docs.join("SUMMARY.md")).unwrap());
    for page in pages(&docs) {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "SUMMARY.md" || summary.contains(&name), "{name} is missing from docs/SUMMARY.md");
        for link in links(&fs::read_to_string(&page).unwrap()) {
            assert!(!link.starts_with("../"), "{name}: a reader of the book cannot follow {link}");
        }
    }
}

#[test]
fn links_and_anchors_are_found_as_forges_find_them() {
    let text = "# A page, with `code`\n\n[one](a.md) and `[no](b.md)` and [two](#a-page-with-code)\n\n```\n[no](c.md)\n# no\n```\n";
    assert_eq!(links(text), ["a.md", "#a-page-with-code"]);
    let others =
        "[a][b] ![an image](c.svg \"a title\")\n\n[b]: d.md \"a title\"\n<a href=\"e.md#f\"><img src=\"g.png\"></a>\n";
    assert_eq!(links(others), ["c.svg", "d.md", "e.md#f", "g.png"]);
    assert_eq!(anchors(text), ["a-page-with-code"]);
}
