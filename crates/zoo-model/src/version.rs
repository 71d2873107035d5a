//! Versions that files name.

/// The version of the zoo.
pub const ZOO_VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of Burn that the workspace pins.
pub const BURN_VERSION: &str = "0.22.1";

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_of_burn_is_the_one_that_is_pinned() {
        let workspace = include_str!("../../../Cargo.toml");
        let pinned = format!("burn = {{ version = \"={}\"", super::BURN_VERSION);
        assert!(workspace.contains(&pinned), "{pinned}");
    }
}
