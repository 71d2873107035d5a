//! The tests once more with every block of memory beside a page that nobody may touch. What compilers cannot
//! watch, such as the assembly of tiles, then ends the process when it leaves a block. Fresh blocks are full of
//! NaNs, so that results show where one was read before it was written.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ffi::CStr,
    process::{Command, Stdio},
    sync::LazyLock,
};

/// The environment variable that says on which side of a block the page is: `before` or `after`.
const SIDE: &str = "AGREE_GUARD";

/// Bytes of a block that is worth pages of its own.
const LEAST: usize = 256;

const PAGE: usize = 4096;

struct Guarded;

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Before,
    After,
}

/// The side, if there is any.
fn side() -> Option<Side> {
    // Nothing here may allocate.
    static FOUND: LazyLock<Option<Side>> = LazyLock::new(|| {
        // SAFETY: the name ends with a 0; no test changes the environment; the value is not kept.
        unsafe {
            let value = libc::getenv(c"AGREE_GUARD".as_ptr());
            match value.is_null() {
                true => None,
                false if CStr::from_ptr(value) == c"before" => Some(Side::Before),
                false => Some(Side::After),
            }
        }
    });
    *FOUND
}

/// Bytes of the pages that hold a block.
fn pages(layout: Layout) -> usize {
    layout.size().next_multiple_of(PAGE)
}

// SAFETY: blocks are those of the system's allocator or lie in pages of their own, which are given back with
// them; which of both depends on the layout alone.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(side) = side().filter(|_| layout.size() >= LEAST && layout.align() <= PAGE) else {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: fresh pages between two that stay closed; the block lies within them.
        unsafe {
            let (closed, open) = (libc::PROT_NONE, libc::PROT_READ | libc::PROT_WRITE);
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let all =
                libc::mmap(std::ptr::null_mut(), pages(layout) + 2 * PAGE, closed, kind, -1, 0);
            if all == libc::MAP_FAILED {
                return std::ptr::null_mut();
            }
            let first = all.cast::<u8>().add(PAGE);
            if libc::mprotect(first.cast(), pages(layout), open) != 0 {
                return std::ptr::null_mut();
            }
            let offset = match side {
                Side::Before => 0,
                Side::After => (pages(layout) - layout.size()) & !(layout.align() - 1),
            };
            let block = first.add(offset);
            block.write_bytes(0xff, layout.size());
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if side().is_none() || layout.size() < LEAST || layout.align() > PAGE {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(block, layout) };
        }
        // SAFETY: a block begins in the first of its open pages, before which there is a closed one.
        unsafe {
            let first = block.wrapping_sub(block.addr() % PAGE);
            libc::munmap(first.sub(PAGE).cast(), pages(layout) + 2 * PAGE);
        }
    }
}

/// This program with a guard, and what it is asked to run.
fn guarded(side: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(SIDE, side).args(arguments);
    command
}

#[test]
fn no_kernel_leaves_its_memory() {
    if side().is_some() || std::env::var_os("ZOO_KERNELS_SIMD").is_some() {
        return;
    }
    for side in ["before", "after"] {
        assert!(guarded(side, &[]).status().unwrap().success(), "{side}");
    }
}

#[test]
fn the_guard_holds() {
    if side().is_some() {
        return;
    }
    for (side, place) in [("before", "-1"), ("before", "0"), ("after", "299"), ("after", "300")] {
        let mut command = guarded(side, &["--exact", "guarded::reads_a_place", "--ignored"]);
        let output = command.env("AGREE_PLACE", place).stderr(Stdio::null()).output().unwrap();
        let is_outside = ["-1", "300"].contains(&place);
        assert_eq!(output.status.success(), !is_outside, "{side} {place}");
    }
}

#[test]
#[ignore = "part of another test, which it may end"]
fn reads_a_place() {
    let Ok(place) = std::env::var("AGREE_PLACE") else { return };
    let numbers: Vec<f32> = Vec::with_capacity(300);
    // SAFETY: none, if the place is outside: that is what is tested.
    let number =
        unsafe { numbers.as_ptr().wrapping_offset(place.parse().unwrap()).read_volatile() };
    assert!(number.is_nan());
}
