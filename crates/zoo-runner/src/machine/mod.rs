//! Which machine this is, as far as figures of two machines must not be mixed up.

pub mod memory;

/// Processor and number of threads in use, as `AMD EPYC 9654, 2 threads`.
pub fn name() -> String {
    format!("{}, {} threads", processor(), rayon::current_num_threads())
}

/// The processor's name, or its architecture if the system does not report it.
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    processor_of(&info).unwrap_or(std::env::consts::ARCH).to_string()
}

/// What the processor can do, as the system lists it, and what the user lets the kernels use of it.
pub fn instructions() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of_system =
        info.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"));
    let of_user = std::env::var("ZOO_KERNELS_SIMD").unwrap_or_default();
    format!("{} {of_user}", of_system.unwrap_or_default())
}

fn processor_of(info: &str) -> Option<&str> {
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_read() {
        let info = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t: x\n";
        assert_eq!(processor_of(info), Some("A CPU @ 2 GHz"));
        assert_eq!(processor_of(""), None);
    }
}
