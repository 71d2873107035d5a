//! Whether this process may use AMX.

use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

/// Proof that the processor has the instructions and the system lets this process use them.
#[derive(Clone, Copy, Debug)]
pub(in crate::flex::bf16) struct Permit(());

impl Permit {
    /// Asks the processor, then the system; once is enough for a process and all of its threads.
    pub(in crate::flex::bf16) fn ask() -> Option<Self> {
        (processor_has() && system_saves() && system_permits()).then_some(Self(()))
    }

    /// Whether the processor has the instructions and the system keeps them from this process.
    pub(in crate::flex::bf16) fn is_refused() -> bool {
        processor_has() && Self::ask().is_none()
    }
}

/// Whether there are tiles of the size that the kernels expect, and products of bf16.
fn processor_has() -> bool {
    const BF16: u32 = 1 << 22;
    const TILES: u32 = 1 << 24;
    if __cpuid(0).eax < 0x1d || !std::arch::is_x86_feature_detected!("avx512f") {
        return false;
    }
    let features = __cpuid_count(7, 0).edx;
    let table = __cpuid_count(0x1d, 1);
    let (bytes_of_row, tiles, rows) = (table.ebx & 0xffff, table.ebx >> 16, table.ecx & 0xffff);
    features & BF16 != 0 && features & TILES != 0 && (bytes_of_row, tiles, rows) == (64, 8, 16)
}

/// Whether the system saves tiles when it changes from thread to thread.
fn system_saves() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    const TILES: u64 = 0b11 << 17;
    // SAFETY: the instruction exists where the bit is set.
    __cpuid(1).ecx & OSXSAVE != 0 && unsafe { enabled_state() } & TILES == TILES
}

/// # Safety
/// The processor has XSAVE, and the system has enabled it.
#[target_feature(enable = "xsave")]
unsafe fn enabled_state() -> u64 {
    // SAFETY: the caller's promise; register 0 always exists.
    unsafe { _xgetbv(0) }
}

/// Asks Linux for memory to save tiles in, without which it refuses their use: kernel.org,
/// Documentation/arch/x86/xstate.rst.
#[cfg(target_os = "linux")]
fn system_permits() -> bool {
    const ARCH_PRCTL: usize = 158;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let result: isize;
    // SAFETY: the call reads and writes none of our memory. A kernel that does not know it says so.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn system_permits() -> bool {
    false
}
