//! The binary `zoo`: see [`zoo_runner::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    match zoo_runner::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
