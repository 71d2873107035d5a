//! Colours, and a square layer to fill paths on.

use tiny_skia::{BlendMode, Color, FillRule, Paint, Path, Pixmap, Shader, Transform};

/// Red, green and blue, each 0..=1.
pub(super) type Rgb = [f32; 3];

/// The colour of a hue (in turns, any real number), a saturation and a lightness (0..=1).
pub(super) fn hsl(hue: f32, saturation: f32, lightness: f32) -> Rgb {
    let chroma = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset: f32| {
        let k = (offset + hue * 12.0).rem_euclid(12.0);
        lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}

/// The colour a part `t` of the way from `a` to `b`.
pub(super) fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t)
}

/// A square picture with alpha; the frame it shows is 1 by 1, (0, 0) at the top left.
pub(super) struct Layer {
    pub(super) pixmap: Pixmap,
    to_pixels: Transform,
}

impl Layer {
    /// A transparent layer of `size` by `size` pixels.
    pub(super) fn new(size: usize) -> Self {
        let side = u32::try_from(size).expect("a size in pixels that fits memory");
        Self {
            pixmap: Pixmap::new(side, side).expect("a size of at least one pixel"),
            to_pixels: Transform::from_scale(size as f32, size as f32),
        }
    }

    /// Fills `path`, given in the frame, with some opacity (0..=1).
    pub(super) fn fill(&mut self, path: &Path, colour: Rgb, alpha: f32) {
        let here = Transform::identity();
        self.blend(path, colour, alpha, here, BlendMode::SourceOver);
    }

    /// Fills `path`, which `place` moves into the frame.
    pub(super) fn fill_at(&mut self, path: &Path, colour: Rgb, place: Transform) {
        self.blend(path, colour, 1.0, place, BlendMode::SourceOver);
    }

    /// As [`fill_at`](Self::fill_at), but only where the layer is covered already: the coverage
    /// stays as it is.
    pub(super) fn mark_at(&mut self, path: &Path, colour: Rgb, place: Transform) {
        self.blend(path, colour, 1.0, place, BlendMode::SourceAtop);
    }

    fn blend(&mut self, path: &Path, rgb: Rgb, alpha: f32, place: Transform, mode: BlendMode) {
        let [r, g, b] = rgb.map(|c| c.clamp(0.0, 1.0));
        let colour = Color::from_rgba(r, g, b, alpha).expect("an alpha of 0..=1");
        let paint =
            Paint { shader: Shader::SolidColor(colour), blend_mode: mode, ..Paint::default() };
        let place = place.post_concat(self.to_pixels);
        self.pixmap.fill_path(path, &paint, FillRule::Winding, place, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsl_gives_the_primaries() {
        assert_eq!(hsl(0.0, 1.0, 0.5), [1.0, 0.0, 0.0]);
        assert_eq!(hsl(1.0 / 3.0, 1.0, 0.5), [0.0, 1.0, 0.0]);
        assert_eq!(hsl(2.0 / 3.0, 1.0, 0.5), [0.0, 0.0, 1.0]);
        assert_eq!(hsl(0.3, 0.0, 0.25), [0.25; 3]);
    }
}
