//! The axes of a chart: from and to a round number.

/// Approximate number of steps per axis.
const STEPS: f64 = 5.0;
/// The part of a step that is rounding alone: 0.3 / 0.1 is a little below 3.
const SLACK: f64 = 1e-9;
/// A logarithmic axis with more ticks shows powers of ten alone.
const MOST_TICKS: usize = 8;

/// How values are placed along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far.
    Linear,
    /// Equal ratios are equally far; values are above 0.
    Log,
}

/// An axis from and to a round number.
#[derive(Debug, PartialEq)]
pub enum Axis {
    Linear { low: f64, high: f64, step: f64 },
    Log { low: f64, high: f64 },
}

impl Axis {
    /// An axis that holds all values, of which there must be one.
    pub fn over(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        match scale {
            Scale::Linear => Self::linear(low, high),
            Scale::Log => {
                let (low, high) = (round_below(low), round_above(high));
                Self::Log { low: if low < high { low } else { low / 10.0 }, high }
            }
        }
    }

    fn linear(low: f64, high: f64) -> Self {
        let spread = match high - low {
            0.0 if low == 0.0 => 1.0,
            0.0 => low.abs(),
            spread => spread,
        };
        let rough = spread / STEPS;
        let power = 10_f64.powf(rough.log10().floor());
        let round =
            [1.0, 2.0, 5.0].into_iter().find(|round| round * power >= rough * (1.0 - SLACK));
        let step = round.unwrap_or(10.0) * power;
        let low = (low / step + SLACK).floor() * step;
        let high = (high / step - SLACK).ceil() * step;
        Self::Linear { low, high: if high > low { high } else { low + step }, step }
    }

    /// The position of a value: 0 at the low end, 1 at the high end.
    pub fn place(&self, value: f64) -> f64 {
        match *self {
            Self::Linear { low, high, .. } => (value - low) / (high - low),
            Self::Log { low, high } => (value / low).ln() / (high / low).ln(),
        }
    }

    /// The values to label on the axis.
    pub fn ticks(&self) -> Vec<f64> {
        match *self {
            Self::Linear { low, high, step } => {
                let steps = ((high - low) / step).round() as usize;
                (0..=steps).map(|number| low + number as f64 * step).collect()
            }
            Self::Log { low, high } => {
                let first = low.log10().floor() as i32;
                let last = high.log10().ceil() as i32;
                let is_within =
                    |value: &f64| (low * (1.0 - SLACK)..=high * (1.0 + SLACK)).contains(value);
                let all = |rounds: &[f64]| -> Vec<f64> {
                    let powers = (first..=last).map(|power| 10_f64.powi(power));
                    let values =
                        powers.flat_map(|power| rounds.iter().map(move |round| round * power));
                    values.filter(is_within).collect()
                };
                let fine = all(&[1.0, 2.0, 5.0]);
                if fine.len() <= MOST_TICKS { fine } else { all(&[1.0]) }
            }
        }
    }

    /// A tick's value as text.
    pub fn text(&self, value: f64) -> String {
        let Self::Linear { step, .. } = *self else {
            return short(value);
        };
        let digits = (-step.log10().floor()).max(0.0) as usize;
        match digits {
            // Also keeps a rounded zero from being -0.0.
            _ if value.abs() < step / 2.0 => String::from("0"),
            0..=4 => format!("{value:.digits$}"),
            _ => format!("{value:.1e}"),
        }
    }
}

fn round_below(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let rounds = [5.0, 2.0, 1.0].into_iter();
    rounds.map(|round| round * power).find(|round| *round <= value * (1.0 + SLACK)).unwrap_or(power)
}

fn round_above(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let rounds = [1.0, 2.0, 5.0, 10.0].into_iter();
    let found = rounds.map(|round| round * power).find(|round| *round >= value * (1.0 - SLACK));
    found.unwrap_or(10.0 * power)
}

/// A number of few digits, as `20k`.
fn short(value: f64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match units.into_iter().find(|(unit, _)| value >= unit * (1.0 - SLACK)) {
        Some((unit, letter)) => format!("{}{letter}", significant(value / unit)),
        None => significant(value),
    }
}

/// A number with about four digits, none of them a trailing zero behind the point.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: Scale, values: &[f64]) -> Vec<String> {
        let axis = Axis::over(scale, values.iter().copied());
        axis.ticks().into_iter().map(|value| axis.text(value)).collect()
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let texts = |values: &[f64]| texts(Scale::Linear, values);
        assert_eq!(texts(&[0.0, 10.0]), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(&[0.31, 2.29]), ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(texts(&[-1.0, 1.0]), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
        assert_eq!(texts(&[0.0, 3e-5]), ["0", "1.0e-5", "2.0e-5", "3.0e-5"]);
        assert_eq!(texts(&[7.0]), ["6", "8"]);
        assert_eq!(texts(&[0.0]), ["0", "0.2"]);
    }

    #[test]
    fn logarithmic_axes_do_too() {
        let texts = |values: &[f64]| texts(Scale::Log, values);
        assert_eq!(texts(&[875_016.0, 3_869_576.0]), ["500k", "1M", "2M", "5M"]);
        assert_eq!(texts(&[1.0, 1e4]), ["1", "10", "100", "1k", "10k"]);
        assert_eq!(texts(&[20.0]), ["2", "5", "10", "20"]);
        assert_eq!(texts(&[0.3, 0.4]), ["0.2", "0.5"]);
        let axis = Axis::over(Scale::Log, [1.0, 100.0].into_iter());
        assert_eq!([1.0, 10.0, 100.0].map(|value| axis.place(value)), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn numbers_are_told_with_few_digits() {
        let values = [97.531_2, 20_000.0, 0.001_234_56, 12.0, 0.0, -3.25];
        let texts = values.map(significant);
        assert_eq!(texts, ["97.53", "20000", "0.001235", "12", "0", "-3.25"]);
    }
}
