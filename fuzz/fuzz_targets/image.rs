//! An image file of any format.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zoo_data::{DataError, Image};

fuzz_target!(|file: &[u8]| match Image::decode("file", file) {
    Ok(image) => assert_eq!(image.pixels().len(), image.width() * image.height() * 3),
    Err(error) => assert!(matches!(error, DataError::Decode { .. }), "{error}"),
});
