//! A config and `--set` flags: the first line is the JSON text, with `\r` for its line ends, each
//! further line a flag.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zoo_runner::config::RunConfig;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n').map(String::from);
    let text = lines.next().unwrap_or_default();
    let sets: Vec<String> = lines.collect();
    let Ok(config) = RunConfig::parse(&text, "config.json", &sets) else { return };
    // What can be read can be written, and reads again as the same.
    let written = serde_json::to_string(&config).expect("a config is JSON");
    let again = RunConfig::parse(&written, "config.json", &[]).expect("a config reads again");
    assert_eq!(serde_json::to_string(&again).expect("a config is JSON"), written);
    let _ = config.check();
});
