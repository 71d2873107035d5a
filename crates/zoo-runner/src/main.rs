//! The binary `zoo`: see [`zoo_runner::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Keeps freed tensors at hand, where the system's allocator gives large ones back to the kernel.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match zoo_runner::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
