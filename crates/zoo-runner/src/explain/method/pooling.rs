//! The first pooling, on real numbers.

use super::Method;
use crate::explain::{Figure, HeatMap, Maps, Record, Subject, figure::Numbers};

/// Windows shown in each direction.
const WINDOWS: usize = 3;

pub(super) static METHOD: Method = Method {
    name: "pooling",
    title: "Pooling, on real numbers",
    about: "After a convolution, neighbouring numbers are nearly the same. Pooling lays windows \
            over a map and keeps one number from each: what matters is that something was found, \
            not at which exact pixel. The map gets smaller, and each of its numbers stands for a \
            larger part of the picture.",
    lacks: |record| first(record).is_none().then_some("does not pool"),
    figures: |subject| Ok(figures(subject)),
    ..Method::PLAIN
};

/// A pooling that a network does.
struct Pooling<'a> {
    name: &'a str,
    before: Maps,
    after: Maps,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    size: usize,
    stride: usize,
    /// Pixels by which the first window reaches over the edge.
    padding: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Largest,
    Mean,
}

fn figures(subject: &Subject) -> Vec<Figure> {
    let Some(Pooling { name, before, after, window }) = first(&subject.record) else {
        return Vec::new();
    };
    let Window { size, stride, padding, kind } = window;
    let best = HeatMap::new([after.channels, after.size[0] * after.size[1]], after.values.clone());
    let [channel, place] = best.hottest();
    let place = [place / after.size[1], place % after.size[1]];
    let shown = after.size.map(|length| length.min(WINDOWS));
    let corner: [usize; 2] = std::array::from_fn(|axis| {
        place[axis].saturating_sub(WINDOWS / 2).min(after.size[axis] - shown[axis])
    });
    let cut = |maps: &Maps, corner: [usize; 2], length: [usize; 2]| -> Vec<Vec<f32>> {
        let rows = (corner[0]..corner[0] + length[0])
            .map(|row| maps.map(channel)[row * maps.size[1] + corner[1]..][..length[1]].to_vec());
        rows.collect()
    };
    let starts = corner.map(|place| (place * stride).saturating_sub(padding));
    let seen = std::array::from_fn(|axis| {
        let end = (corner[axis] + shown[axis] - 1) * stride + size - padding;
        end.min(before.size[axis]) - starts[axis]
    });
    let largest = best.largest();
    let kept = match kind {
        Kind::Largest => "largest number",
        Kind::Mean => "mean",
    };
    vec![
        Figure::text(format!(
            "Here ({name}), each window of {size} × {size} keeps its {kept}, and the next window \
             starts {stride} further on. {} × {} numbers become {} × {} in each of {} maps.",
            before.size[0], before.size[1], after.size[0], after.size[1], after.channels
        )),
        Figure::Numbers(Numbers::signed(
            format!("before: a part of map {}", channel + 1),
            &cut(&before, starts, seen),
            largest,
        )),
        Figure::Numbers(Numbers::signed("after", &cut(&after, corner, shown), largest)),
    ]
}

/// The first layer that gives what windows over the layer before give.
fn first(record: &Record) -> Option<Pooling<'_>> {
    record.layers.windows(2).find_map(|pair| {
        let [before, after] = [pair[0].maps()?, pair[1].maps()?];
        let window = window(&before, &after)?;
        Some(Pooling { name: &pair[1].name, before, after, window })
    })
}

/// The window by which `after` comes of `before`, found by trying; `None` where no pooling does.
fn window(before: &Maps, after: &Maps) -> Option<Window> {
    if before.channels != after.channels {
        return None;
    }
    let forms = [(Kind::Largest, 0), (Kind::Mean, 0), (Kind::Largest, 1)];
    let windows = forms.into_iter().flat_map(|(kind, padding)| {
        // Windows that overlap or leave a border make this more than the stride, never less.
        let stride = (before.size[0] + 2 * padding) / after.size[0];
        [stride, stride + 1].map(|size| Window { size, stride, padding, kind })
    });
    windows.into_iter().filter(|window| window.stride >= 2).find(|window| {
        let fits = (0..2).all(|axis| {
            (after.size[axis] - 1) * window.stride + window.size
                <= before.size[axis] + 2 * window.padding
        });
        fits && (0..after.channels).all(|channel| window.explains(before, after, channel))
    })
}

impl Window {
    fn explains(self, before: &Maps, after: &Maps, channel: usize) -> bool {
        let [_, columns] = after.size;
        let range = |start: usize, axis: usize| {
            let end = start + self.size - self.padding;
            start.saturating_sub(self.padding)..end.min(before.size[axis])
        };
        after.map(channel).iter().enumerate().all(|(place, &kept)| {
            let [top, left] = [place / columns, place % columns].map(|place| place * self.stride);
            let rows = range(top, 0)
                .map(|row| &before.map(channel)[row * before.size[1]..][range(left, 1)]);
            let values = rows.flatten().copied();
            let pooled = match self.kind {
                Kind::Largest => values.fold(f32::NEG_INFINITY, f32::max),
                Kind::Mean => values.sum::<f32>() / (self.size * self.size) as f32,
            };
            (pooled - kept).abs() <= 1e-4 * pooled.abs().max(1e-3)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps(side: usize, values: &[f32]) -> Maps {
        Maps { channels: 1, size: [side, side], values: values.to_vec() }
    }

    #[test]
    fn windows_are_found_by_what_they_leave() {
        let before: Vec<f32> = (0..25).map(|value| value as f32).collect();
        let before = maps(5, &before);
        let found = |values: &[f32]| {
            window(&before, &maps(2, values)).map(|window| (window.size, window.kind))
        };
        assert_eq!(found(&[6.0, 8.0, 16.0, 18.0]), Some((2, Kind::Largest)));
        assert_eq!(found(&[12.0, 14.0, 22.0, 24.0]), Some((3, Kind::Largest)));
        assert_eq!(found(&[3.0, 5.0, 13.0, 15.0]), Some((2, Kind::Mean)));
        assert_eq!(found(&[3.0, 5.0, 13.0, 16.0]), None);
        assert_eq!(window(&before, &before), None);
        // Windows of 3 that reach one pixel over the edge, as a ResNet's do.
        let found = |values: &[f32]| window(&before, &maps(3, values));
        let padded = Window { size: 3, stride: 2, padding: 1, kind: Kind::Largest };
        let largest = [6.0, 8.0, 9.0, 16.0, 18.0, 19.0, 21.0, 23.0, 24.0];
        assert_eq!(found(&largest), Some(padded));
        assert_eq!(found(&largest.map(|value| value + 1.0)), None);
    }
}
