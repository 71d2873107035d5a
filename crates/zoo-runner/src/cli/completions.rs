//! `zoo completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, print};
use crate::Error;

/// Print the completions of a shell: for Bash, put them into
/// ~/.local/share/bash-completion/completions/zoo.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), Error> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "zoo", &mut script);
        print(String::from_utf8_lossy(&script).trim_end())
    }
}
