//! The binary `zoo`: see [`zoo_runner::cli`].

use std::process::ExitCode;

use libmimalloc_sys::{mi_option_set, mi_option_t};
use mimalloc::MiMalloc;
use zoo_runner::Error;

/// Keeps freed tensors at hand; the system's allocator would return large ones to the kernel.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h: milliseconds until freed memory goes back to the kernel.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps freed memory for the next step, however long a step takes, because the kernel would clear
/// every page before handing it out again; or returns it at once if no step will need it.
fn keep_freed_memory(is_wanted: bool) {
    let delay = if is_wanted { -1 } else { 0 };
    // SAFETY: setting an option to a value that it knows (-1: never) has no other conditions.
    #[allow(unsafe_code, reason = "the allocator's options have no safe interface")]
    unsafe {
        mi_option_set(PURGE_DELAY, delay);
    }
}

/// Keeps on the CPU what Burn puts on its default device, such as an optimizer's state from a
/// checkpoint. Otherwise it would open a graphics device, and panic if there is none.
fn keep_to_the_cpu() {
    // SAFETY: no other thread has been started that could read the environment meanwhile.
    #[allow(unsafe_code, reason = "Burn has no other way to set its default device")]
    unsafe {
        std::env::set_var("BURN_DEVICE", "flex");
    }
}

fn main() -> ExitCode {
    keep_to_the_cpu();
    match zoo_runner::cli::run(keep_freed_memory) {
        Ok(()) => ExitCode::SUCCESS,
        // It has been said by another process.
        Err(error @ Error::Elsewhere { .. }) => ExitCode::from(error.exit_code()),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
