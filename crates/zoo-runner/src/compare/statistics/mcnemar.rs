//! Do two networks that looked at the same images differ?

use statrs::distribution::{Binomial, DiscreteCDF};

/// How probable it is that two equally good networks differ on as many images or more: `only_a` and
/// `only_b` are those that one of them alone gets right. The exact, two-sided test of McNemar, "Note
/// on the sampling error of the difference between correlated proportions or percentages" (1947),
/// <https://doi.org/10.1007/BF02295996>.
pub fn mcnemar(only_a: usize, only_b: usize) -> f64 {
    let (fewer, all) = (only_a.min(only_b) as u64, (only_a + only_b) as u64);
    let coin = Binomial::new(0.5, all).expect("a half is a probability");
    // Both tails; where they meet in the middle, their sum is over 1.
    (2.0 * coin.cdf(fewer)).min(1.0)
}
