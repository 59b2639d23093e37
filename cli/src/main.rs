//! The command `meganet`.

use meganet_cli::{args::Cli, commands, output};
use meganet_terminal::print_note;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::from_process();
    output::init_logging(cli.global.verbose);
    cli.global.notes().into_iter().for_each(print_note);
    let json = cli.global.json;
    match commands::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error, json);
            ExitCode::from(commands::exit_code(&error))
        }
    }
}
