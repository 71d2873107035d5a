//! How far a fraction that was counted may be from the true one.

/// Low and high end of a 95 % confidence interval.
pub type Interval = [f64; 2];

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a proportion of which `part` of `whole` cases were seen; none without
/// cases. After Wilson, "Probable Inference, the Law of Succession, and Statistical Inference"
/// (1927), <https://doi.org/10.2307/2276774>.
pub fn wilson(part: usize, whole: usize) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let n = whole as f64;
    let share = part as f64 / n;
    let middle = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // At 0 and 1 an end lies on the border but for rounding.
    Some([middle - spread, middle + spread].map(|end| (end / scale).clamp(0.0, 1.0)))
}

/// The 95 % interval of an F1 score from true positives, and false positives and negatives
/// together: that of `right / (right + wrong)`, a proportion of which F1 is a growing function.
/// It is the "Wilson indirect" interval of Lam and others, <https://arxiv.org/abs/2309.14621>.
pub fn wilson_f1(right: usize, wrong: usize) -> Option<Interval> {
    wilson(right, right + wrong).map(|ends| ends.map(|end| 2.0 * end / (1.0 + end)))
}
