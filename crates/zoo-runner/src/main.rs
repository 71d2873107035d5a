//! The binary `zoo`: see [`zoo_runner::cli`].

use std::process::ExitCode;

use libmimalloc_sys::{mi_option_set, mi_option_t};
use mimalloc::MiMalloc;

/// Keeps freed tensors at hand, where the system's allocator gives large ones back to the kernel.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h: milliseconds until freed memory goes back to the kernel.
const PURGE_DELAY: mi_option_t = 15;

/// Has freed memory stay for the next step, however long a step takes: the kernel would clear every
/// page before it gives it out again.
fn keep_freed_memory() {
    // SAFETY: setting an option to a value that it knows (-1: never) has no other conditions.
    #[allow(unsafe_code, reason = "the allocator's options have no safe interface")]
    unsafe {
        mi_option_set(PURGE_DELAY, -1);
    }
}

fn main() -> ExitCode {
    keep_freed_memory();
    match zoo_runner::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
