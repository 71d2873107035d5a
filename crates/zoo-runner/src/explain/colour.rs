//! The colours of heat.

/// matplotlib's `magma` by Nathaniel Smith and Stéfan van der Walt (CC0), at every sixteenth.
const MAGMA: [[u8; 3]; 17] = [
    [0, 0, 4],
    [10, 8, 34],
    [29, 17, 71],
    [54, 16, 107],
    [81, 18, 124],
    [106, 28, 129],
    [131, 38, 129],
    [156, 46, 127],
    [183, 55, 121],
    [207, 64, 112],
    [229, 80, 100],
    [244, 105, 92],
    [251, 135, 97],
    [254, 165, 113],
    [254, 194, 135],
    [253, 224, 161],
    [252, 253, 191],
];

/// The colour of a value from 0 (black) to 1 (light yellow). Equal steps look equal, also to people
/// with red-green colour blindness, and in black and white.
pub fn magma(value: f32) -> [u8; 3] {
    let place = value.clamp(0.0, 1.0) * (MAGMA.len() - 1) as f32;
    let below = (place as usize).min(MAGMA.len() - 2);
    let part = place - below as f32;
    std::array::from_fn(|channel| {
        let [from, to] = [below, below + 1].map(|index| f32::from(MAGMA[index][channel]));
        (from + part * (to - from)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_two_colours_are_mixed() {
        assert_eq!(magma(0.0), [0, 0, 4]);
        assert_eq!(magma(0.5), [183, 55, 121]);
        assert_eq!(magma(1.0 / 32.0), [5, 4, 19]);
        assert_eq!(magma(7.0), magma(1.0));
    }
}
