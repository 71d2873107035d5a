//! How far heads look; Dosovitskiy et al. 2020, figure 7.

use super::Method;
use crate::{
    explain::{Figure, Layer, Subject},
    report::{Chart, Point, Series},
};

pub(super) static METHOD: Method = Method {
    name: "attention-distance",
    title: "How far each block looks",
    about: "A convolution sees only its neighbourhood. A head may look anywhere. How far it looks \
            on average is measured in pixels between patch centres, weighted by attention. With \
            enough training pictures, some heads of the first blocks look nearby, as a convolution \
            does, and deep ones look everywhere.",
    lacks: super::attention,
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

fn figures(subject: &Subject) -> Vec<Figure> {
    let side = subject.side();
    let blocks: Vec<Vec<f64>> =
        subject.record.attention.iter().map(|layer| distances(layer, side)).collect();
    let series = |name: &str, figure: &dyn Fn(&[f64]) -> f64| {
        let points = (1..).zip(&blocks).map(|(block, heads)| (f64::from(block), figure(heads)));
        Series { name: name.to_string(), points: points.map(Point::from).collect() }
    };
    let mean = series("mean", &|heads| heads.iter().sum::<f64>() / heads.len() as f64);
    let near = series("near", &|heads| heads.iter().copied().fold(f64::INFINITY, f64::min));
    let far = series("far", &|heads| heads.iter().copied().fold(0.0, f64::max));
    let chart = Chart::new("distance in pixels", "block", [far, mean, near]);
    chart.into_iter().map(|chart| Figure::Chart { chart }).collect()
}

/// Of each head, the mean distance in pixels between the patches that look and those looked at. What
/// goes to class tokens and registers, and what they take, is left out.
fn distances(layer: &Layer, image_size: usize) -> Vec<f64> {
    let (heads, tokens) = (layer.shape[0], layer.shape[1]);
    let side = (tokens - layer.registers).isqrt();
    let first = tokens - side * side;
    let patch = image_size as f64 / side as f64;
    let place = |token: usize| [(token - first) / side, (token - first) % side].map(|at| at as f64);
    let of_head = |head: usize| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for query in first..tokens {
            for key in first..tokens {
                let weight = f64::from(layer.values[(head * tokens + query) * tokens + key]);
                let ([y, x], [to_y, to_x]) = (place(query), place(key));
                sum += weight * patch * (y - to_y).hypot(x - to_x);
                weights += weight;
            }
        }
        sum / weights
    };
    (0..heads).map(of_head).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_in_pixels_and_weighed() {
        // Four patches of 8 pixels: one head that stays, one that looks everywhere.
        let stays =
            [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let values = [stays, [0.25; 16]].concat();
        let layer = Layer { name: String::new(), shape: vec![2, 4, 4], values, registers: 0 };
        let found = distances(&layer, 16);
        assert_eq!(found[0], 0.0);
        assert!((found[1] - (8.0 + 8.0 + 8.0 * 2f64.sqrt()) / 4.0).abs() < 1e-12, "{found:?}");
        // A class token that all look at half of the time changes nothing.
        let mut values = vec![1.0, 0.0, 0.0, 0.0, 0.0];
        (0..4).for_each(|_| values.extend([0.5, 0.125, 0.125, 0.125, 0.125]));
        let layer = Layer { name: String::new(), shape: vec![1, 5, 5], values, registers: 0 };
        assert!((distances(&layer, 16)[0] - found[1]).abs() < 1e-12);
    }
}
