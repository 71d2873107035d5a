//! How much memory the process has taken.

/// The most memory in bytes that the process has held at once, where the system tells (Linux).
pub fn peak_bytes() -> Option<u64> {
    peak_of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Starts the count of [`peak_bytes`] anew, where the system lets one (Linux).
pub fn reset_peak() {
    // Where there is no such file, the peak is that of the whole process.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
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
}
