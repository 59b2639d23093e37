//! Environment variables of every flag, tried in processes of their own: those of this one belong to all tests.
#![allow(clippy::unwrap_used)]

use crate::{args::Cli, config};
use clap::{ArgAction, Command, CommandFactory};
use meganet_devnet::{Shape, State};
use std::{env, ffi::OsString, fs, path::Path, process};

const LINE: &str = "CLI_TEST_LINE";

/// Run by the tests below.
#[test]
#[ignore = "run by other tests"]
fn child() {
    let line = env::var(LINE).unwrap();
    match Cli::from_arguments(line.split(' ').map(OsString::from).collect()) {
        Ok(parsed) => {
            let config = config::find(&parsed.global).map_err(|error| error.to_string());
            println!("\nchild: {parsed:?} uses {config:?}");
        }
        Err(error) => println!("\nchild: refused {}", error.to_string().replace('\n', " ")),
    }
}

fn parsed(variables: &[(&str, &str)], line: &str) -> String {
    let mut test = process::Command::new(env::current_exe().unwrap());
    test.args(["environment::child", "--exact", "--ignored", "--nocapture"]).env(LINE, line);
    for (name, _) in all() {
        test.env_remove(name);
    }
    let output = test.envs(variables.iter().copied()).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    output.lines().find_map(|line| line.strip_prefix("child: ")).unwrap_or_else(|| panic!("{output}")).to_owned()
}

/// The variables of all flags, and whether the flag is a switch.
fn all() -> Vec<(String, bool)> {
    fn of(command: &Command) -> Vec<(String, bool)> {
        let own = command.get_arguments().filter_map(|arg| {
            let name = arg.get_env()?.to_str().unwrap().to_owned();
            Some((name, matches!(arg.get_action(), ArgAction::SetTrue)))
        });
        own.chain(command.get_subcommands().flat_map(of)).collect()
    }
    of(&Cli::command())
}

#[test]
fn every_empty_variable_is_unset_and_every_switch_knows_the_usual_words() {
    let all = all();
    assert!(all.len() > 8 && all.contains(&("MEGANET_LIGHT".to_owned(), true)), "{all:?}");
    for line in ["meganet status", "meganet gateway", "meganet devnet up"] {
        let unset = parsed(&[], line);
        assert!(unset.starts_with("Cli {"), "{unset}");
        let empty: Vec<(&str, &str)> = all.iter().map(|(name, _)| (name.as_str(), "")).collect();
        assert_eq!(parsed(&empty, line), unset);
        for (name, _) in all.iter().filter(|(_, is_switch)| *is_switch) {
            for off in ["0", "false", "no", "off"] {
                assert_eq!(parsed(&[(name, off)], line), unset, "{name}={off}");
            }
            let on = parsed(&[(name, "1")], line);
            assert_ne!(on, unset, "{name}");
            for word in ["true", "yes", "on"] {
                assert_eq!(parsed(&[(name, word)], line), on, "{name}={word}");
            }
            assert!(parsed(&[(name, "perhaps")], line).starts_with("refused"), "{name}");
        }
    }
}

#[test]
fn a_flag_wins_over_variables_and_all_commands_know_the_devnet() {
    for (variables, line, expected) in [
        (&[("MEGANET_SURI", "//Alice")][..], "meganet status", "suri: Some(\"//Alice\"), account: None"),
        (&[("MEGANET_SURI", "//Alice")], "meganet --account bob status", "suri: None, account: Some(\"bob\")"),
        (&[("MEGANET_SURI", "//Alice")], "meganet status --account bob", "suri: None, account: Some(\"bob\")"),
        (&[("MEGANET_ACCOUNT", "bob")], "meganet --suri //Alice status", "suri: Some(\"//Alice\"), account: None"),
        (&[("MEGANET_RPC", "ws://a")], "meganet --rpc ws://b status", "rpc: Some(\"ws://b\")"),
        (&[("MEGANET_LIGHT", "no")], "meganet --light status", "light: true"),
        (&[("MEGANET_DEVNET", "/d")], "meganet status", "devnet: Some(\"/d\")"),
        (&[("MEGANET_DEVNET", "/d")], "meganet devnet up", "devnet: Some(\"/d\")"),
        (&[("MEGANET_DEVNET", "/d")], "meganet devnet --dir /e up", "dir: Some(\"/e\")"),
        (&[], "meganet --suri //Alice --account bob status", "refused"),
        (&[("MEGANET_LIGHT", "1")], "meganet --rpc ws://a status", "light: false"),
        (&[("MEGANET_LIGHT", "1")], "meganet status --rpc ws://a", "light: false"),
        (&[("MEGANET_LIGHT", "1")], "meganet --checkpoint c status", "light: false"),
        (&[("MEGANET_LIGHT", "0")], "meganet --checkpoint c status", "light_overruled: false"),
        (&[("MEGANET_LIGHT", "1"), ("MEGANET_RPC", "ws://a")], "meganet status", "light: true"),
        (&[("MEGANET_RPC", "ws://a"), ("MEGANET_CHECKPOINT", "c")], "meganet --light status", "light: true"),
        (
            &[],
            "meganet --light --rpc ws://a status",
            "refused error: the argument '--light' cannot be used with '--rpc'",
        ),
        (&[], "meganet --light status --checkpoint c", "refused error: the argument '--light' cannot be used"),
    ] {
        let parsed = parsed(variables, line);
        assert!(parsed.contains(expected), "{variables:?} {line}: {parsed}");
    }
}

#[test]
fn a_network_on_the_command_line_wins_over_variables() {
    let dir = tempfile::tempdir().unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let write = |name: &str, config: &str| {
        let path = dir.path().join(name);
        fs::write(&path, config).unwrap();
        text(&path)
    };
    let (file, open) = (write("file.toml", "rpc = 'ws://file'"), write("open.toml", ""));
    let nothing = text(&dir.path().join("nothing"));
    let state = State::create(&dir.path().join("devnet"), &Shape { gateway_port: None, ..Shape::small() }).unwrap();
    fs::write(state.client_config(), "rpc = 'ws://devnet'").unwrap();
    let devnet = text(&dir.path().join("devnet"));
    let (to_rpc, to_file) = ([("MEGANET_RPC", "ws://x")], [("MEGANET_CONFIG", file.as_str())]);
    let (to_devnet, checkpoint) = ([("MEGANET_DEVNET", devnet.as_str())], [("MEGANET_CHECKPOINT", "/c")]);
    let uses = |rpc: &str| format!("uses Ok(ClientConfig {{ rpc: Some(\"ws://{rpc}\")");
    for (variables, flags, expected) in [
        (&to_rpc, format!("--devnet {devnet}"), uses("devnet")),
        (&to_rpc, format!("--devnet {nothing}"), "uses Err(\"there is no devnet in".to_owned()),
        (&to_rpc, format!("--config {file}"), uses("file")),
        (&to_rpc, format!("--config {open}"), uses("x")),
        (&to_rpc, format!("--config {file} --rpc ws://y"), uses("y")),
        (&to_file, format!("--devnet {devnet}"), uses("devnet")),
        (&to_file, format!("--devnet {devnet} --rpc ws://y"), uses("y")),
        (&to_file, format!("--devnet {devnet} --config {file}"), uses("file")),
        (&to_file, "--rpc ws://y".to_owned(), uses("y")),
        (&to_devnet, format!("--config {file}"), uses("file")),
        (&to_devnet, "--rpc ws://y".to_owned(), uses("y")),
        (&checkpoint, format!("--config {file}"), "checkpoint: Some(\"/c\"), bootnodes".to_owned()),
        (&checkpoint, format!("--devnet {devnet}"), "checkpoint: None, bootnodes".to_owned()),
    ] {
        for line in [format!("meganet {flags} status"), format!("meganet status {flags}")] {
            let parsed = parsed(variables, &line);
            assert!(parsed.contains(&expected), "{variables:?} {line}: {parsed}");
        }
    }
}
