//! The modules of each crate form no circles: a reader of one needs to know only those below it.
//!
//! A module here is a file directly in `src` with the folder of the same name: within such a pair, parts may use each other.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use walkdir::WalkDir;

/// The top folder of the checkout: cargo runs tests in the folder of their package.
const ROOT: &str = "..";

/// The modules of a crate, each with the others that it uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Removes comments, and unit tests within the file: they may use anything.
fn code(text: &str) -> String {
    // `://` is part of an address in a string.
    let end = |line: &str| line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':'));
    let without: Vec<&str> = text.lines().map(|line| &line[..end(line).unwrap_or(line.len())]).collect();
    let without = without.join("\n");
    without.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// Returns the first names of the paths at the start of a text: of `{a, b::c}` both, of `a::b` the first.
fn first_names(path: &str) -> Vec<&str> {
    let Some(list) = path.strip_prefix('{') else {
        return path.split(|c: char| !c.is_alphanumeric() && c != '_').take(1).collect();
    };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(first_names(list[start..at].trim()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// Replaces the chains of `super::` that lead to the root of the crate by `crate::`. `depth` is the number of modules in the
/// path of the file.
fn absolute(code: &str, depth: usize) -> String {
    code.replace(&"super::".repeat(depth), "crate::")
}

/// Returns the names that a crate's root imports or exports, each with the module that defines it: in other modules, all of
/// them are names below `crate::`.
fn exports(root: &str) -> BTreeMap<&str, &str> {
    let statements = root.split(';').filter_map(|statement| {
        let (visibility, path) = statement.trim().split_once("use ")?;
        matches!(visibility, "" | "pub " | "pub(crate) ").then_some(path)
    });
    let words = |path| str::split(path, |c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let exported = statements.filter_map(|path| Some((words(path).find(|word| *word != "crate")?, words(path))));
    exported.flat_map(|(module, names)| names.skip(1).map(move |name| (name, module))).collect()
}

/// Returns the graph of a crate, from its files' paths below `src` and their texts.
fn graph(files: &BTreeMap<String, String>) -> Graph {
    let module = |path: &str| path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    let mut graph: Graph = files.keys().map(|path| (module(path), BTreeSet::new())).collect();
    let root = files.get("lib.rs").map_or_else(String::new, |text| code(text));
    let exports = exports(&root);
    for (path, text) in files {
        let user = module(path);
        // The root holds all modules together, and tests may use anything.
        if matches!(user.as_str(), "lib" | "main")
            || path.split('/').any(|part| part.trim_end_matches(".rs") == "tests")
        {
            continue;
        }
        let text = absolute(&code(text), path.trim_end_matches("/mod.rs").split('/').count());
        for used in text.split("crate::").skip(1).flat_map(first_names) {
            let used = if graph.contains_key(used) { used } else { exports.get(used).copied().unwrap_or(used) };
            if used != user && graph.contains_key(used) {
                graph.get_mut(&user).unwrap().insert(used.to_owned());
            }
        }
    }
    graph
}

/// Removes the modules that no circle leads to or that lead to none, and returns the others: those on circles and between them.
fn circles(mut graph: Graph) -> Graph {
    loop {
        let used: BTreeSet<String> = graph.values().flatten().cloned().collect();
        let before = graph.len();
        graph.retain(|module, uses| !uses.is_empty() && used.contains(module));
        let left: BTreeSet<String> = graph.keys().cloned().collect();
        graph.values_mut().for_each(|uses| uses.retain(|module| left.contains(module)));
        if graph.len() == before {
            return graph;
        }
    }
}

/// Reads the files of a crate.
fn files(src: &Path) -> BTreeMap<String, String> {
    let entries = WalkDir::new(src).into_iter().map(|entry| entry.unwrap().into_path());
    let sources = entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources
        .map(|path| {
            let below = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
            (below, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let skipped = ["target", ".git", "node_modules", "fuzz"];
    let walk =
        WalkDir::new(ROOT).into_iter().filter_entry(|entry| !skipped.iter().any(|name| entry.file_name() == *name));
    let crates = walk.map(|entry| entry.unwrap().into_path()).filter(|path| path.ends_with("Cargo.toml"));
    let (mut read, mut found) = (0, Vec::new());
    for manifest in crates {
        let src = manifest.with_file_name("src");
        let graph = if src.is_dir() { graph(&files(&src)) } else { continue };
        read += graph.len();
        let on_circles = circles(graph);
        if !on_circles.is_empty() {
            found.push(format!("{}: {on_circles:?}", src.display()));
        }
    }
    assert!(read > 100, "only {read} modules were found");
    assert!(found.is_empty(), "these modules use each other in a circle:\n{}", found.join("\n"));
}

#[test]
fn a_circle_is_found() {
    let files = |texts: &[(&str, &str)]| -> BTreeMap<String, String> {
        texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    };
    let base = [
        ("lib.rs", "mod a;\nmod b;\npub mod c;\npub use c::{Thing, deep::Other};"),
        ("a.rs", "use crate::{\n    b::{x, y},\n    c,\n};"),
        ("b.rs", "mod part; // crate::a"),
        ("c.rs", "use std::fmt;\n#[cfg(test)]\nmod tests { use crate::a::x; }"),
        ("c/tests.rs", "use crate::a::x;"),
    ];
    let graph_of = graph(&files(&base));
    assert_eq!(graph_of["a"], ["b".to_owned(), "c".to_owned()].into());
    assert!(graph_of["b"].is_empty() && graph_of["c"].is_empty(), "{graph_of:?}");
    assert_eq!(circles(graph_of), Graph::new());

    // Directly, through a part of a module, and through a name that the root exports.
    for (path, text) in [
        ("c.rs", "fn f() { crate::a::x() }"),
        ("c.rs", "use super::a::x;"),
        ("b/part.rs", "use crate::a::x;"),
        ("b/part.rs", "fn f() { super::super::a::x() }"),
        ("b/part.rs", "const AT: &str = \"http://host\"; use crate::a::x;"),
        ("b/part/deep.rs", "use super::super::super::a::x;"),
    ] {
        let found = circles(graph(&files(&[&base[..], &[(path, text)]].concat())));
        assert_eq!(found.len(), 2, "{path}: {found:?}");
    }
    let exported = [("b/part.rs", "use crate::Other;"), ("c/deep.rs", "use crate::b::y;")];
    let found = circles(graph(&files(&[&base[..], &exported[..]].concat())));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["b", "c"]);
    for import in ["pub(crate) use c::Hidden;", "use c::Hidden;", "use c::{Hidden, More};"] {
        let root = format!("mod b;\nmod c;\n{import}");
        let texts = [("lib.rs", root.as_str()), ("b.rs", "use crate::Hidden;"), ("c.rs", "use crate::b::y;")];
        assert_eq!(circles(graph(&files(&texts))).len(), 2, "{import}");
    }
}
