//! The structure of the workspace: crates depend only downwards, native code is listed, and files stay short.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};
use walkdir::WalkDir;

/// The top folder of the checkout: cargo runs tests in the folder of their package.
const ROOT: &str = "..";
/// Most lines of a file.
const MOST_LINES: usize = 500;
/// Extensions of files that people write; scripts have none.
const WRITTEN: [&str; 11] = ["rs", "md", "toml", "sh", "py", "js", "mjs", "html", "css", "yml", "hbs"];

/// `docs/layers.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// From the crates that depend on nothing to those on which nothing depends.
    layer: Vec<Layer>,
    test: TestCode,
    /// Crates that link native code, with the reason.
    native: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Layer {
    shared: Vec<String>,
    chain: Vec<String>,
    off_chain: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestCode {
    crates: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Shared,
    Chain,
    OffChain,
}

/// Where a crate stands in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Layer(usize, Part),
    Test,
}

/// The crates of the workspace, each with the others that it depends on, dev-dependencies left out.
type Graph = BTreeMap<String, BTreeSet<String>>;

impl Table {
    fn read(text: &str) -> Self {
        toml::from_str(text).unwrap()
    }

    /// The place of every crate; the names of those that have several.
    fn places(&self) -> (BTreeMap<&str, Place>, Vec<&str>) {
        let mut places = BTreeMap::new();
        let mut repeated = Vec::new();
        let mut put = |name, place| {
            if places.insert(name, place).is_some() {
                repeated.push(name);
            }
        };
        for (depth, layer) in self.layer.iter().enumerate() {
            for (part, crates) in
                [(Part::Shared, &layer.shared), (Part::Chain, &layer.chain), (Part::OffChain, &layer.off_chain)]
            {
                crates.iter().for_each(|name| put(name.as_str(), Place::Layer(depth, part)));
            }
        }
        self.test.crates.iter().for_each(|name| put(name.as_str(), Place::Test));
        (places, repeated)
    }
}

/// Lists everything in which the graph and the table disagree.
fn violations(table: &Table, graph: &Graph) -> Vec<String> {
    let (places, repeated) = table.places();
    let mut found: Vec<String> = repeated.iter().map(|name| format!("{name} is twice in the table")).collect();
    let unused = places.keys().filter(|name| !graph.contains_key(**name));
    found.extend(unused.map(|name| format!("{name} is in the table, but not in the workspace")));
    for (name, dependencies) in graph {
        let Some(&from) = places.get(name.as_str()) else {
            found.push(format!("{name} is in no layer: add it to docs/layers.toml"));
            continue;
        };
        for dependency in dependencies {
            // A missing one is reported as a crate itself.
            let Some(&to) = places.get(dependency.as_str()) else { continue };
            let fault = match (from, to) {
                (Place::Test, _) => continue,
                (Place::Layer(..), Place::Test) => "which is test code: use a dev-dependency",
                (Place::Layer(above, _), Place::Layer(below, _)) if below >= above => "which is not in a lower layer",
                (Place::Layer(_, part), Place::Layer(_, other)) if other != Part::Shared && other != part => {
                    "which is of the other part: the chain and what is off it share only `shared` crates"
                }
                (Place::Layer(..), Place::Layer(..)) => continue,
            };
            found.push(format!("{name} depends on {dependency}, {fault}"));
        }
    }
    found
}

/// The metadata of this workspace.
fn metadata(more: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let output = Command::new(cargo)
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(more)
        .arg("--manifest-path")
        .arg(Path::new(ROOT).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Lists the dependencies by path on crates that are not in the workspace: no table or lint would see those.
fn strays(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().unwrap();
    let members: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let all = packages.iter().flat_map(|package| {
        let dependencies = package["dependencies"].as_array().unwrap();
        dependencies.iter().map(move |dependency| (&package["name"], dependency))
    });
    let stray = all.filter(|(_, dependency)| {
        dependency["path"].is_string() && !dependency["name"].as_str().is_some_and(|name| members.contains(name))
    });
    stray.map(|(package, dependency)| format!("{package} depends on {} by path", dependency["name"])).collect()
}

fn graph(metadata: &Value) -> Graph {
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    let dependencies = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let linked = all.filter(|dependency| dependency["kind"] != "dev").map(name);
        linked.filter(|dependency| members.contains(dependency)).collect()
    };
    packages.iter().map(|package| (name(package), dependencies(package))).collect()
}

#[test]
fn every_crate_depends_only_on_lower_layers() {
    let table = Table::read(&fs::read_to_string(Path::new(ROOT).join("docs/layers.toml")).unwrap());
    let metadata = metadata(&["--no-deps"]);
    let graph = graph(&metadata);
    assert!(graph.contains_key("meganet-primitives") && graph.len() > 15, "{graph:?}");
    let found = violations(&table, &graph);
    assert!(found.is_empty(), "docs/layers.toml does not allow this:\n{}", found.join("\n"));
    assert_eq!(strays(&metadata), [""; 0], "add these crates to the workspace");
}

#[test]
fn crates_that_link_native_code_are_listed() {
    let table = Table::read(&fs::read_to_string(Path::new(ROOT).join("docs/layers.toml")).unwrap());
    let metadata = metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let packages = metadata["packages"].as_array().unwrap();
    let linking = packages.iter().filter(|package| package["links"].is_string());
    let found: BTreeSet<&str> = linking.filter_map(|package| package["name"].as_str()).collect();
    let listed: BTreeSet<&str> = table.native.keys().map(String::as_str).collect();
    assert_eq!(found, listed, "crates with a `links` key, and those listed under [native] in docs/layers.toml");
}

#[test]
fn a_bad_graph_is_found() {
    let table = Table::read(
        "layer = [
            { shared = ['formats'] },
            { chain = ['pallet'] },
            { chain = ['runtime'], off_chain = ['objects', 'net'] },
            { off_chain = ['client'] },
        ]
        test = { crates = ['fake', 'scenarios'] }
        native = {}",
    );
    let graph = |edges: &[(&str, &[&str])]| -> Graph {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names = ["formats", "pallet", "runtime", "objects", "net", "client", "fake", "scenarios"];
        let mut graph: Graph = names.map(|name| (name.to_owned(), BTreeSet::new())).into();
        graph.extend(edges.iter().map(|(name, dependencies)| ((*name).to_owned(), owned(dependencies))));
        graph
    };
    let good: &[(&str, &[&str])] = &[
        ("pallet", &["formats"]),
        ("runtime", &["pallet", "formats"]),
        ("client", &["objects", "net", "formats"]),
        ("fake", &["runtime", "client"]),
        ("scenarios", &["fake", "client"]),
    ];
    assert_eq!(violations(&table, &graph(good)), [""; 0]);
    for (name, dependency, fault) in [
        ("formats", "objects", "not in a lower layer"),
        ("objects", "client", "not in a lower layer"),
        ("net", "objects", "not in a lower layer"),
        ("client", "runtime", "of the other part"),
        ("objects", "pallet", "of the other part"),
        ("client", "fake", "test code"),
        ("new", "formats", "new is in no layer"),
    ] {
        let found = violations(&table, &graph(&[(name, &[dependency])]));
        assert!(found.len() == 1 && found[0].contains(fault), "{name} -> {dependency}: {found:?}");
    }
    let mut smaller = graph(good);
    smaller.remove("net");
    assert_eq!(violations(&table, &smaller), ["net is in the table, but not in the workspace"]);
}

#[test]
fn dev_dependencies_are_not_counted_and_optional_ones_are() {
    let metadata = serde_json::json!({ "packages": [
        { "name": "a", "dependencies": [
            { "name": "b", "kind": "dev", "optional": false },
            { "name": "c", "kind": null, "optional": true },
            { "name": "serde", "kind": null, "optional": false },
        ] },
        { "name": "b", "dependencies": [{ "name": "stray", "kind": "dev", "path": "/elsewhere/stray" }] },
        { "name": "c", "dependencies": [{ "name": "b", "kind": "build", "optional": false }] },
    ] });
    let graph = graph(&metadata);
    assert_eq!(graph["a"], ["c".to_owned()].into());
    assert_eq!(graph["c"], ["b".to_owned()].into());
    assert_eq!(strays(&metadata), ["\"b\" depends on \"stray\" by path"]);
}

#[test]
fn no_file_is_too_long() {
    let skipped = ["target", ".git", "node_modules"];
    let walk =
        WalkDir::new(ROOT).into_iter().filter_entry(|entry| !skipped.iter().any(|name| entry.file_name() == *name));
    let (mut read, mut long) = (0, Vec::new());
    for entry in walk {
        let path = entry.unwrap().into_path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let written = extension.map_or_else(|| path.is_file(), |extension| WRITTEN.contains(&extension));
        // A file that is not text is not read by people.
        let Some(text) = written.then(|| fs::read_to_string(&path).ok()).flatten() else { continue };
        if path.ends_with("src/weights.rs") {
            continue;
        }
        read += 1;
        let lines = text.lines().count();
        if lines > MOST_LINES {
            long.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(read > 300, "only {read} files were found");
    assert!(long.is_empty(), "split these by subject, the most is {MOST_LINES} lines:\n{}", long.join("\n"));
}
