//! The same picture more than once.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::look::Look;

/// Most bits of 64 in which the difference hashes of near duplicates differ.
pub(super) const MAX_DISTANCE: u32 = 4;
/// Most that the small pictures of near duplicates differ: mean absolute difference, of 255.
pub(super) const MAX_DIFFERENCE: f64 = 4.0;

/// Places of images with the very same pixels, two or more in each group; all ascending.
pub(super) fn exact(looks: &[&Look]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for (place, look) in looks.iter().enumerate() {
        groups.entry(look.pixels).or_default().push(place);
    }
    let mut groups: Vec<Vec<usize>> =
        groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}

/// Pairs of places of images that differ little, with the distance of their hashes, ascending. Of
/// images with the very same pixels, the first stands for all.
///
/// Hashes of at most [`MAX_DISTANCE`] different bits agree in at least one of one more bands of bits:
/// only images that share a band are compared.
pub(super) fn near(looks: &[&Look], exact: &[Vec<usize>]) -> Vec<(usize, usize, u32)> {
    let mut stands = vec![true; looks.len()];
    exact.iter().flat_map(|group| &group[1..]).for_each(|&place| stands[place] = false);
    let mut buckets: BTreeMap<(u32, u64), Vec<usize>> = BTreeMap::new();
    for place in (0..looks.len()).filter(|&place| stands[place]) {
        for band in 0..=MAX_DISTANCE {
            buckets.entry((band, bits(looks[place].dhash, band))).or_default().push(place);
        }
    }
    let buckets: Vec<((u32, u64), Vec<usize>)> = buckets.into_iter().collect();
    let pairs = buckets.par_iter().flat_map(|((band, _), places)| {
        (0..places.len()).into_par_iter().flat_map_iter(move |first| {
            let a = places[first];
            let others = places[first + 1..].iter();
            others.filter_map(move |&b| {
                let distance = looks[a].distance(looks[b]);
                let is_near = distance <= MAX_DISTANCE
                    && is_first_band(looks[a].dhash ^ looks[b].dhash, *band)
                    && looks[a].difference(looks[b]) <= MAX_DIFFERENCE;
                is_near.then_some((a, b, distance))
            })
        })
    });
    let mut pairs: Vec<(usize, usize, u32)> = pairs.collect();
    pairs.sort_unstable();
    pairs
}

/// A band of a hash: of 64 bits, the same part as of all bands.
fn bits(hash: u64, band: u32) -> u64 {
    let bands = MAX_DISTANCE + 1;
    let (start, end) = (64 * band / bands, 64 * (band + 1) / bands);
    hash >> start & ((1 << (end - start)) - 1)
}

/// Whether two hashes, given the bits in which they differ, agree in a band and in none before it: a
/// pair is met in each band in which it agrees, and counts once.
fn is_first_band(different: u64, band: u32) -> bool {
    (0..=MAX_DISTANCE).find(|&band| bits(different, band) == 0) == Some(band)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A look of a given hash, shade of the small picture, and pixels.
    fn look(dhash: u64, pattern: u8, pixels: u8) -> Look {
        // Every other pixel, so that brightness does not matter.
        let small = (0..256).map(|place| if place % 2 == 0 { pattern } else { 0 }).collect();
        Look { width: 1, height: 1, pixels: [pixels; 32], dhash, small, moments: Vec::new() }
    }

    #[test]
    fn exact_duplicates_are_grouped() {
        let looks = [5, 7, 5, 9, 7, 5].map(|pixels| look(0, 0, pixels));
        let looks: Vec<&Look> = looks.iter().collect();
        assert_eq!(exact(&looks), [vec![0, 2, 5], vec![1, 4]]);
    }

    #[test]
    fn near_duplicates_differ_in_four_bits_and_little_else() {
        let looks = [
            look(0, 0, 0),
            // Four bits in four bands: they agree in the last alone.
            look(1 | 1 << 13 | 1 << 26 | 1 << 40, 8, 1),
            // Five bits.
            look(0b11111, 0, 2),
            // Another picture of the same hash.
            look(0, 9, 3),
            // The same pixels as the first.
            look(0, 0, 0),
        ];
        let looks: Vec<&Look> = looks.iter().collect();
        let exact = exact(&looks);
        assert_eq!(exact, [[0, 4]]);
        assert_eq!(near(&looks, &exact), [(0, 1, 4), (1, 3, 4)]);
    }

    #[test]
    fn bands_hold_every_bit_once() {
        let all: Vec<u32> =
            (0..=MAX_DISTANCE).map(|band| bits(u64::MAX, band).count_ones()).collect();
        assert_eq!(all, [12, 13, 13, 13, 13]);
        for bit in 0..64 {
            let bands = (0..=MAX_DISTANCE).filter(|&band| bits(1 << bit, band) != 0);
            assert_eq!(bands.count(), 1, "bit {bit}");
        }
    }
}
