//! Paths and settings as typed, in whatever bytes.

use std::path::{Path, PathBuf};

use clap::{
    Arg, Command,
    builder::{OsStringValueParser, PathBufValueParser, TypedValueParser, ValueParser},
};
use zoo_data::{home, shown};

/// Arguments that hold text in which a path may be.
const TEXTS: [&str; 2] = ["sets", "cases"];

/// The same command, whose paths may begin with `~` where no shell has replaced it, and whose texts may
/// hold paths that are no UTF-8, in the form that configs have them.
pub fn with_paths(command: Command) -> Command {
    command.mut_args(with_path).mut_subcommands(with_paths)
}

fn with_path(arg: Arg) -> Arg {
    if is_path(&arg) {
        return arg.value_parser(PathBufValueParser::new().map(|path: PathBuf| home(&path)));
    }
    match TEXTS.contains(&arg.get_id().as_str()) {
        true => arg.value_parser(OsStringValueParser::new().map(|text| shown(Path::new(&text)))),
        false => arg,
    }
}

fn is_path(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == ValueParser::path_buf().type_id()
}
