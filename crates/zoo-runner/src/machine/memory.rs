//! How much memory the machine has, and how much the process has taken.

use std::sync::OnceLock;

use sysinfo::System;

/// How the allocator is told whether to keep freed memory.
static KEEP: OnceLock<fn(bool)> = OnceLock::new();

/// Has [`keep_freed`] call this.
pub fn set_keeper(keep: fn(bool)) {
    // Whoever calls twice gives the same.
    let _ = KEEP.set(keep);
}

/// Has the allocator keep freed memory, where steps will soon need it again, or else return it to the
/// system at once, as is best while things are prepared that the steps do not need.
pub fn keep_freed(is_wanted: bool) {
    if let Some(keep) = KEEP.get() {
        keep(is_wanted);
    }
}

/// All memory of the machine in bytes.
pub fn total_bytes() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    system.total_memory()
}

/// Peak memory of the process in bytes, if the system reports it (Linux).
pub fn peak_bytes() -> Option<u64> {
    peak_of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Starts the count of [`peak_bytes`] anew, where the system lets one (Linux).
pub fn reset_peak() {
    // Without such a file, the peak is that of the whole process.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Bytes that the process may hold before the system would have to swap, if the system reports it
/// (Linux): what it holds now plus what is free, or the limit of its control group.
pub fn limit_bytes() -> Option<u64> {
    let read = |path| std::fs::read_to_string(path).ok();
    let held = field(&read("/proc/self/status")?, "VmRSS:")?;
    let free = field(&read("/proc/meminfo")?, "MemAvailable:")?;
    let group = read("/sys/fs/cgroup/memory.max").and_then(|limit| limit.trim().parse().ok());
    Some((held + free).min(group.unwrap_or(u64::MAX)))
}

fn peak_of(status: &str) -> Option<u64> {
    field(status, "VmHWM:")
}

/// Bytes of one field of a file of the system, as in `VmRSS:  12 kB`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read() {
        assert_eq!(
            peak_of("VmPeak:\t  10 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"),
            Some(2 << 20)
        );
        assert_eq!(peak_of("Name:\tzoo\n"), None);
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let info = "MemTotal:  30 kB\nMemFree:   5 kB\nMemAvailable:   20 kB\n";
        assert_eq!(field(info, "MemAvailable:"), Some(20 << 10));
        assert_eq!(field(info, "Mem:"), None);
    }
}
