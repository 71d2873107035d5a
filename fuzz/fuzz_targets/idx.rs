//! An IDX file of images or labels, gzipped or not.

#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| zoo_data::fuzzing::idx(file));
