//! Arguments and environment variables of a program.
//!
//! On top of clap, for every flag with a variable: an empty variable counts as unset; that of a switch is on or off by the usual words
//! (`1`, `true`, `yes`, `on`; `0`, `false`, `no`, `off`); and a flag on the command line wins over the variable of another flag
//! that it excludes.

use crate::{print_error, unless_closed};
use clap::{
    Arg, ArgAction, Command, Error, Id, Parser,
    builder::{BoolishValueParser, OsStr, Resettable},
    parser::ValueSource,
};
use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    io::{self, Write},
    process,
};

/// The parsed command line.
#[derive(Debug)]
pub struct Arguments<P> {
    /// The values.
    pub parsed: P,
    /// The ids of the program's own arguments (not those of its commands only) that were on the command line.
    pub typed: BTreeSet<String>,
}

/// Parses the arguments of this process. If they are wrong, or ask for help, prints that and exits.
pub fn parse_arguments<P: Parser>() -> Arguments<P> {
    try_parse_arguments(env::args_os().collect()).unwrap_or_else(|error| exit_with(&error))
}

/// Prints help, a version or a mistake in the arguments, and exits: with 2 after a mistake, and with 1 if help or a version could not
/// be printed.
pub fn exit_with(error: &Error) -> ! {
    let printed = error.print().and_then(|()| io::stdout().flush());
    process::exit(code(error, printed))
}

/// The exit code after printing. If a mistake could not be printed, its exit code is still that of a mistake.
fn code(error: &Error, printed: io::Result<()>) -> i32 {
    match unless_closed(printed) {
        Err(full) if !error.use_stderr() => {
            print_error(&full);
            1
        }
        _ => error.exit_code(),
    }
}

/// Parses arguments, of which the first is the name of the program, with the variables of this process.
///
/// # Errors
/// The arguments are wrong, or ask for help.
pub fn try_parse_arguments<P: Parser>(arguments: Vec<OsString>) -> Result<Arguments<P>, Error> {
    let command = for_each(P::command(), &|arg| boolish(unset_if_empty(arg)));
    let typed = typed(&command, &arguments);
    let defeated = defeated(&command, &typed);
    let mut command = command.mut_args(|arg| if defeated.contains(arg.get_id()) { without_variable(arg) } else { arg });
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    let parsed = P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?;
    Ok(Arguments { parsed, typed: typed.iter().map(ToString::to_string).collect() })
}

/// The arguments that are on the command line, as far as it can be parsed.
fn typed(command: &Command, arguments: &[OsString]) -> BTreeSet<Id> {
    let plain = for_each(command.clone(), &without_variable).ignore_errors(true);
    let Ok(matches) = plain.try_get_matches_from(arguments) else { return BTreeSet::new() };
    let is_typed = |id: &&Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    matches.ids().filter(is_typed).cloned().collect()
}

/// The arguments whose variables do not count, because a typed one excludes them.
fn defeated(command: &Command, typed: &BTreeSet<Id>) -> BTreeSet<Id> {
    let pairs = command.get_arguments().flat_map(|one| {
        let others = command.get_arg_conflicts_with(one).into_iter();
        others.flat_map(move |other| [(one.get_id(), other.get_id()), (other.get_id(), one.get_id())])
    });
    let lost = pairs.filter(|(winner, loser)| typed.contains(*winner) && !typed.contains(*loser));
    lost.map(|(_, loser)| loser.clone()).collect()
}

fn for_each(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    command.mut_args(change).mut_subcommands(|sub| for_each(sub, change))
}

fn unset_if_empty(arg: Arg) -> Arg {
    let is_empty = arg.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { without_variable(arg) } else { arg }
}

fn boolish(arg: Arg) -> Arg {
    let is_switch = arg.get_env().is_some() && matches!(arg.get_action(), ArgAction::SetTrue);
    if is_switch { arg.value_parser(BoolishValueParser::new()) } else { arg }
}

fn without_variable(arg: Arg) -> Arg {
    arg.env(Resettable::<OsStr>::Reset)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::ErrorKind;

    #[derive(Debug, Parser)]
    struct Program {
        #[arg(long, global = true, env = "TERMINAL_TEST_SWITCH")]
        switch: bool,
        #[arg(long, global = true, env = "TERMINAL_TEST_FILE")]
        file: Option<std::path::PathBuf>,
        #[arg(long, global = true, env = "TERMINAL_TEST_SECRET", conflicts_with = "account")]
        secret: Option<String>,
        #[arg(long, global = true, env = "TERMINAL_TEST_ACCOUNT")]
        account: Option<String>,
        #[arg(long, global = true, env = "TERMINAL_TEST_PEER", value_delimiter = ',')]
        peer: Vec<String>,
        #[command(subcommand)]
        command: Option<Run>,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Run {
        Run {
            #[arg(long, env = "TERMINAL_TEST_FAST")]
            fast: bool,
        },
    }

    const LINE: &str = "TERMINAL_TEST_LINE";

    /// Run by the test below in a process with other variables, since those of this one belong to all tests.
    #[test]
    #[ignore = "run by another test"]
    fn child() {
        let line = env::var(LINE).unwrap();
        match try_parse_arguments::<Program>(line.split(' ').map(OsString::from).collect()) {
            Ok(Arguments { parsed, typed }) => println!("\nchild: {parsed:?} typed {typed:?}"),
            Err(error) => println!("\nchild: refused {}", error.to_string().replace('\n', " ")),
        }
    }

    fn parsed(variables: &[(&str, &str)], line: &str) -> String {
        let mut test = process::Command::new(env::current_exe().unwrap());
        test.args(["arguments::tests::child", "--exact", "--ignored", "--nocapture"]).env(LINE, line);
        test.envs(variables.iter().map(|(name, value)| (format!("TERMINAL_TEST_{name}"), value)));
        let output = String::from_utf8(test.output().unwrap().stdout).unwrap();
        output.lines().find_map(|line| line.strip_prefix("child: ")).unwrap_or_else(|| panic!("{output}")).to_owned()
    }

    #[test]
    fn help_that_could_not_be_printed_is_a_failure() {
        let parsed = |line: &str| try_parse_arguments::<Program>(line.split(' ').map(OsString::from).collect());
        let (help, mistake) = (parsed("x --help").unwrap_err(), parsed("x --unknown").unwrap_err());
        for (printed, of_help) in [(None, 0), (Some(ErrorKind::BrokenPipe), 0), (Some(ErrorKind::StorageFull), 1)] {
            let result = || printed.map_or(Ok(()), |kind| Err(kind.into()));
            assert_eq!((code(&help, result()), code(&mistake, result())), (of_help, 2), "{printed:?}");
        }
    }

    #[test]
    fn a_variable_of_a_switch_is_on_off_or_unset() {
        for value in ["1", "true", "yes", "on", "TRUE", "y"] {
            assert!(parsed(&[("SWITCH", value)], "x").contains("switch: true"), "{value}");
            assert!(parsed(&[("FAST", value)], "x run").contains("fast: true"), "{value}");
        }
        for value in ["0", "false", "no", "off", "OFF", ""] {
            assert!(parsed(&[("SWITCH", value)], "x").contains("switch: false"), "{value}");
            assert!(parsed(&[("SWITCH", value)], "x --switch").contains("switch: true"), "{value}");
            assert!(parsed(&[("FAST", value)], "x run").contains("fast: false"), "{value}");
        }
        assert!(
            parsed(&[("SWITCH", "perhaps")], "x").starts_with("refused error: invalid value 'perhaps' for '--switch'")
        );
    }

    #[test]
    fn an_empty_variable_is_unset_and_an_argument_wins_over_variables() {
        let empty = ["SWITCH", "FILE", "SECRET", "ACCOUNT", "PEER"].map(|name| (name, ""));
        let nothing =
            "Program { switch: false, file: None, secret: None, account: None, peer: [], command: None } typed {}";
        assert_eq!(parsed(&empty, "x"), nothing);
        for (variables, line, expected) in [
            (&[("FILE", "a")][..], "x", "file: Some(\"a\")"),
            (&[("FILE", "a")], "x --file b", "file: Some(\"b\")"),
            (&[("PEER", "a,b")], "x", "peer: [\"a\", \"b\"]"),
            (&[("PEER", "a,b")], "x --peer c", "peer: [\"c\"]"),
            (&[("SECRET", "s")], "x --account a", "secret: None, account: Some(\"a\")"),
            (&[("SECRET", "s")], "x run --account a", "secret: None, account: Some(\"a\")"),
            (&[("ACCOUNT", "a")], "x --secret s", "secret: Some(\"s\"), account: None"),
            (&[("SECRET", "s"), ("ACCOUNT", "")], "x", "secret: Some(\"s\"), account: None"),
            (&[("SECRET", "s")], "x run --file f", "typed {\"file\"}"),
            (&[("SECRET", "s"), ("ACCOUNT", "a")], "x", "refused error: the argument '--secret"),
            (&[], "x --secret s --account a", "refused error: the argument '--secret"),
        ] {
            let parsed = parsed(variables, line);
            assert!(parsed.contains(expected), "{variables:?} {line}: {parsed}");
        }
    }
}
