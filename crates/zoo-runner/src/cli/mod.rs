//! The command line: one file per verb.
//!
//! Results go to stdout, progress and errors to stderr.

mod augment;
mod backend;
mod backends;
mod bench;
mod cases;
mod compare;
mod completions;
mod config;
mod data;
mod datasets;
#[cfg(feature = "serve")]
mod door;
mod evaluate;
mod explain;
mod export;
mod features;
mod files;
mod flags;
mod import;
#[cfg(feature = "serve")]
mod lab;
mod live;
mod lr_find;
mod man;
mod models;
mod other_images;
mod parity;
mod paths;
mod predict;
mod ranks;
mod run_data;
#[cfg(feature = "serve")]
mod serve;
mod table;
mod train;

use std::io::Write;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde::Serialize;
use zoo_data::{Dataset, SplitName};
use zoo_training::progress::Show;

use self::table::table;
use crate::{Error, image_check::check_images, machine::memory};

/// Trains image classifiers: a small CNN, AlexNet, ResNet and a Vision Transformer.
#[derive(Debug, Parser)]
#[command(name = "zoo", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    verb: Verb,
}

/// What to do next, for whoever has typed `zoo` alone.
const FIRST_STEPS: &str = "\
zoo quickstart                train a first network on images that zoo draws, in some 15 seconds
zoo config init cnn PHOTOS    write a config for your photos, with one folder per class
zoo --help                    list everything else";

/// How results are printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Output {
    /// Suppress progress output.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Train a first network, with nothing to download or to write.
    Quickstart(train::Quickstart),
    /// Train a model from a JSON config.
    Train(train::Train),
    /// Evaluate a run's weights on a split.
    Evaluate(evaluate::Evaluate),
    /// Classify images.
    Predict(predict::Predict),
    /// Serve trained networks over HTTP, with a page to use them.
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
    /// Open a course of lessons on trained networks and photos in a browser.
    #[cfg(feature = "serve")]
    Lab(lab::Lab),
    /// Write what a network sees in images, as numbers.
    Features(features::Features),
    /// Import weights from another library.
    Import(import::Import),
    /// Export weights for another library.
    Export(export::Export),
    /// Show what a network looks at and what it has learned.
    Explain(explain::Explain),
    /// Train several configs under one budget, and report which is better.
    Compare(compare::Compare),
    /// Suggest a learning rate.
    LrFind(lr_find::LrFind),
    /// Draw training images with augmentation applied.
    Augment(augment::Augment),
    /// List the models with their parameters and cost.
    Models(models::Models),
    /// Check the images of a config before training.
    #[command(subcommand)]
    Data(data::Data),
    /// List the data sets, or download one.
    Datasets(datasets::Datasets),
    /// List the backends in this build and the devices that they find.
    Backends(backends::Backends),
    /// Lend this machine's devices to a zoo on another.
    #[command(subcommand)]
    #[cfg_attr(not(feature = "remote"), command(hide = true))]
    Backend(backend::Backend),
    /// Time training, inference and loading.
    Bench(bench::Bench),
    /// Check that backends compute the same values.
    Parity(parity::Parity),
    /// Write a config to start from, check one, fill in its defaults, or print the JSON Schema.
    #[command(subcommand)]
    Config(config::Config),
    /// Print the completions of a shell.
    Completions(completions::Completions),
    /// Write manual pages.
    #[command(hide = true)]
    Man(man::Man),
}

impl Verb {
    /// Whether the verb repeats the same computation, so that freed memory is soon needed again.
    fn takes_steps(&self) -> bool {
        !matches!(
            self,
            Self::Import(_)
                | Self::Export(_)
                | Self::Config(_)
                | Self::Completions(_)
                | Self::Man(_)
        )
    }

    /// Whether several processes can share its work.
    fn is_divided(&self) -> bool {
        matches!(self, Self::Quickstart(_) | Self::Train(_) | Self::Evaluate(_))
    }
}

/// Reads the command line and runs its verb. Calls `keep_freed_memory` with whether freed memory will
/// soon be needed again, before that and whenever it changes.
///
/// # Errors
///
/// Any failure, to be printed once. A wrong command line ends the process with clap's message and
/// code 2.
pub fn run(keep_freed_memory: fn(bool)) -> Result<(), Error> {
    let (Cli { output, verb }, name) = parse();
    if !verb.is_divided() {
        ranks::refuse_several(&name)?;
    }
    memory::set_keeper(keep_freed_memory);
    memory::keep_freed(verb.takes_steps());
    match verb {
        Verb::Quickstart(verb) => verb.run(output),
        Verb::Train(verb) => verb.run(output),
        Verb::Evaluate(verb) => verb.run(output),
        Verb::Predict(verb) => verb.run(output),
        #[cfg(feature = "serve")]
        Verb::Serve(verb) => verb.run(output),
        #[cfg(feature = "serve")]
        Verb::Lab(verb) => verb.run(output),
        Verb::Features(verb) => verb.run(output),
        Verb::Import(verb) => verb.run(output),
        Verb::Export(verb) => verb.run(output),
        Verb::Explain(verb) => verb.run(output),
        Verb::Compare(verb) => verb.run(output),
        Verb::LrFind(verb) => verb.run(output),
        Verb::Augment(verb) => verb.run(output),
        Verb::Models(verb) => verb.run(output),
        Verb::Data(verb) => verb.run(output),
        Verb::Datasets(verb) => verb.run(output),
        Verb::Backends(verb) => verb.run(output),
        Verb::Backend(verb) => verb.run(output),
        Verb::Bench(verb) => verb.run(output),
        Verb::Parity(verb) => verb.run(output),
        Verb::Config(verb) => verb.run(output),
        Verb::Completions(verb) => verb.run(),
        Verb::Man(verb) => verb.run(),
    }
}

/// The command line, of which clap says what is wrong with it, and the name of its verb.
fn parse() -> (Cli, String) {
    let mut command = paths::with_paths(Cli::command());
    if std::env::args_os().len() == 1 {
        eprintln!("{FIRST_STEPS}");
        std::process::exit(2);
    }
    let mut matches = command.get_matches_mut();
    let name = matches.subcommand_name().unwrap_or_default().to_string();
    let parsed = Cli::from_arg_matches_mut(&mut matches);
    (parsed.unwrap_or_else(|error| error.format(&mut command).exit()), name)
}

impl Output {
    /// Tells people something, unless silence is asked.
    fn note(self, text: &str) {
        if !self.quiet {
            eprintln!("note: {text}");
        }
    }

    fn show(self) -> Show {
        Show::on_stderr(self.quiet)
    }
}

/// Reads every image of `splits` once, and prints notes about the data.
fn check_data(data: &mut Dataset, splits: &[SplitName], output: Output) -> Result<(), Error> {
    check_images(data, splits, output.show())?;
    data.notes.iter().for_each(|note| output.note(note));
    Ok(())
}

/// Prints to stdout. A closed pipe, as with `head`, is not an error.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Failed(format!("stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints `value` as one JSON document.
fn print_json<T: Serialize>(value: &T) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::Failed(format!("cannot write JSON: {error}")))?;
    print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        paths::with_paths(Cli::command()).debug_assert();
    }
}
