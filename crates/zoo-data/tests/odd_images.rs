//! The odd images in the folder that `ZOO_TEST_DATA` names, beside what Pillow makes of them;
//! without it, the test passes and says that it was skipped.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use zoo_data::{DataError, Image};

/// Of each file, what `scripts/odd_images.py` writes.
const EXPECTED: &str = include_str!("odd_images.csv");
/// JPEG files of which the data are damaged so that coefficients leave their range, where decoders
/// part: the picture that libjpeg makes of them is noise too. They are read, and of the right size.
const NOISE: [&str; 2] = ["jpeg-bad-exif.jpg", "jpeg-fuzz-dc-overflow.jpg"];
/// The most time that a file may take.
const MAX_TIME: Duration = Duration::from_secs(10);

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ZOO_TEST_DATA").map(|root| Path::new(&root).join("odd-images"));
    if folder.is_none() {
        println!("skipped: ZOO_TEST_DATA is not set");
    }
    folder
}

/// Refused here, because rows are missing; Pillow, asked twice, gives them as black.
const INCOMPLETE: [&str; 1] = ["png-broken-data-stream.png"];

#[test]
fn what_pillow_reads_is_read_alike_and_all_else_is_refused_by_name() {
    let Some(folder) = folder() else { return };
    let (mut read, mut refused) = (0, 0);
    for line in EXPECTED.lines() {
        let [file, size, grid] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let path = folder.join(file);
        let started = Instant::now();
        let outcome = Image::open(&path);
        assert!(started.elapsed() < MAX_TIME, "{file} took {:?}", started.elapsed());
        match outcome {
            Ok(image) => {
                assert_eq!(format!("{}x{}", image.width(), image.height()), size, "{file}");
                let distance = mean_distance(&image, grid);
                let is_near = distance <= 2.0 || NOISE.contains(&file);
                assert!(is_near, "{file}: {distance} of 255 from Pillow");
                read += 1;
            }
            Err(error @ (DataError::Decode { .. } | DataError::Read { .. })) => {
                assert!(error.to_string().contains(file), "{error}");
                assert!(size.is_empty() || INCOMPLETE.contains(&file), "Pillow reads it: {error}");
                refused += 1;
            }
            Err(error) => panic!("{file}: {error}"),
        }
    }
    assert_eq!((read, refused), (87, 38));
    #[cfg(target_os = "linux")]
    assert!(peak_bytes() < 1_000_000_000, "{} bytes at once", peak_bytes());
}

/// Mean distance of the cells' mean colours from those of the grid, in values of 0 to 255.
fn mean_distance(image: &Image, grid: &str) -> f64 {
    let (rows, columns) = (image.height().min(8), image.width().min(8));
    let expected: Vec<f64> = (0..grid.len())
        .step_by(2)
        .map(|at| f64::from(u8::from_str_radix(&grid[at..at + 2], 16).unwrap()))
        .collect();
    assert_eq!(expected.len(), rows * columns * 3);
    let mut found = Vec::with_capacity(expected.len());
    for row in 0..rows {
        for column in 0..columns {
            found.extend(mean_colour(
                image,
                row * image.height() / rows..(row + 1) * image.height() / rows,
                column * image.width() / columns..(column + 1) * image.width() / columns,
            ));
        }
    }
    let distances = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    distances.sum::<f64>() / expected.len() as f64
}

fn mean_colour(
    image: &Image,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> [f64; 3] {
    let pixels = (rows.len() * columns.len()) as f64;
    let mut sums = [0; 3];
    for row in rows {
        for pixel in image.row(row)[3 * columns.start..3 * columns.end].chunks_exact(3) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(value);
            }
        }
    }
    sums.map(|sum| sum as f64 / pixels)
}

/// The most memory that this process has held at once.
#[cfg(target_os = "linux")]
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
