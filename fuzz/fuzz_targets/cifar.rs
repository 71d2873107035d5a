//! The archive of CIFAR-10, with few records.

#![no_main]

libfuzzer_sys::fuzz_target!(|archive: &[u8]| zoo_data::fuzzing::cifar(archive));
