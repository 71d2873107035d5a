//! Several tests at once.

/// Each p-value as it counts where all of them are looked at: the chance that any of the true
/// hypotheses is rejected stays below the level that it is compared with. After Holm, "A simple
/// sequentially rejective multiple test procedure" (1979), <https://www.jstor.org/stable/4615733>.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (smaller, &place) in order.iter().enumerate() {
        largest = largest.max(p_values[place] * (p_values.len() - smaller) as f64).min(1.0);
        adjusted[place] = largest;
    }
    adjusted
}
