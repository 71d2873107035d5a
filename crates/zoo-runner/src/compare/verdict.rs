//! Which of two entries is better, and how sure that is.

use serde::Serialize;

use super::statistics::{Summary, bootstrap_mean, holm, mcnemar, t_interval};
use crate::evaluation::{Interval, Scored};

/// The confidence that all intervals of a comparison have together.
const CONFIDENCE: f64 = 0.95;
/// Of the numbers that a bootstrap draws.
const SEED: u64 = 0;

/// Two entries on the same images.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The one that is right more often.
    pub better: String,
    /// The other.
    pub worse: String,
    /// The difference of their accuracies, over seeds.
    pub difference: Summary,
    /// Where the difference may be on other images, with these networks: bootstrap over images.
    pub over_images: Interval,
    /// Where the difference may be with other seeds, on these images: Student over seeds; none of a
    /// single one.
    pub over_seeds: Option<Interval>,
    /// The confidence of both intervals: 95 % for all pairs together, after Bonferroni.
    pub confidence: f64,
    /// McNemar's test for each seed.
    pub tests: Vec<PairedTest>,
    /// What follows.
    pub verdict: Verdict,
}

/// McNemar's test of two runs with the same seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairedTest {
    /// The seed.
    pub seed: u64,
    /// Images that only the better entry gets right.
    pub only_better: usize,
    /// Images that only the worse entry gets right.
    pub only_worse: usize,
    /// The probability of this many or more, if both are equally good.
    pub p: f64,
    /// The same after Holm, for all tests of the comparison.
    pub p_adjusted: f64,
}

/// What follows from a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds for other images and for other seeds.
    Better,
    /// It holds for other images; whether for other seeds, these are too few to say.
    BetterWithTheseSeeds,
    /// It may be chance.
    Open,
}

/// What an entry made of the images, a list a seed.
pub struct Answers<'a> {
    /// The entry's name.
    pub name: &'a str,
    /// Seeds with what their network made of the images, in the same order of images for all.
    pub of_seeds: Vec<(u64, &'a [Scored])>,
}

/// Each two entries that have a seed in common, the better one first.
pub fn pairs(all: &[Answers]) -> Vec<Pair> {
    let mut found: Vec<(&Answers, &Answers)> = Vec::new();
    for (place, a) in all.iter().enumerate() {
        found.extend(
            all[place + 1..].iter().map(|b| (a, b)).filter(|(a, b)| !common(a, b).is_empty()),
        );
    }
    let level = 1.0 - (1.0 - CONFIDENCE) / found.len().max(1) as f64;
    let mut pairs: Vec<Pair> = found.into_iter().filter_map(|(a, b)| pair(a, b, level)).collect();
    let p_values: Vec<f64> = pairs.iter().flat_map(|pair| &pair.tests).map(|test| test.p).collect();
    let tests = pairs.iter_mut().flat_map(|pair| &mut pair.tests);
    for (test, adjusted) in tests.zip(holm(&p_values)) {
        test.p_adjusted = adjusted;
    }
    pairs
}

/// What both made with each seed that they have in common.
fn common<'a>(a: &Answers<'a>, b: &Answers<'a>) -> Vec<(u64, &'a [Scored], &'a [Scored])> {
    let of_b = |seed: u64| b.of_seeds.iter().find(|(other, _)| *other == seed);
    let both = a.of_seeds.iter().filter_map(|&(seed, scored)| Some((seed, scored, of_b(seed)?.1)));
    both.collect()
}

fn pair(a: &Answers, b: &Answers, confidence: f64) -> Option<Pair> {
    let both = common(a, b);
    let right = |scored: &[Scored]| scored.iter().filter(|image| image.is_right()).count() as f64;
    let difference = |a: &[Scored], b: &[Scored]| (right(a) - right(b)) / a.len() as f64;
    let by_seed: Vec<f64> = both.iter().map(|&(_, a, b)| difference(a, b)).collect();
    let mean = Summary::of(&by_seed)?;
    if mean.mean < 0.0 {
        return pair(b, a, confidence);
    }
    let over_images = bootstrap_mean(&by_image(&both), confidence, SEED)?;
    let over_seeds = t_interval(&by_seed, confidence);
    let test = |&(seed, a, b): &(u64, &[Scored], &[Scored])| {
        let only = |x: &[Scored], y: &[Scored]| {
            x.iter().zip(y).filter(|(x, y)| x.is_right() && !y.is_right()).count()
        };
        let (only_better, only_worse) = (only(a, b), only(b, a));
        let p = mcnemar(only_better, only_worse);
        PairedTest { seed, only_better, only_worse, p, p_adjusted: p }
    };
    Some(Pair {
        better: a.name.to_string(),
        worse: b.name.to_string(),
        difference: mean,
        over_images,
        // Student's knows nothing of the ends of an accuracy.
        over_seeds: over_seeds.map(|ends| ends.map(|end| end.clamp(-1.0, 1.0))),
        confidence,
        tests: both.iter().map(test).collect(),
        verdict: verdict(over_images, over_seeds),
    })
}

/// The difference on each image, over seeds.
fn by_image(both: &[(u64, &[Scored], &[Scored])]) -> Vec<f64> {
    let images = both.first().map_or(0, |(_, scored, _)| scored.len());
    let one = |image: &Scored| f64::from(u8::from(image.is_right()));
    let difference = |place: usize| {
        both.iter().map(|(_, a, b)| one(&a[place]) - one(&b[place])).sum::<f64>()
            / both.len() as f64
    };
    (0..images).map(difference).collect()
}

fn verdict(over_images: Interval, over_seeds: Option<Interval>) -> Verdict {
    match (over_images[0] > 0.0, over_seeds) {
        (false, _) => Verdict::Open,
        (true, Some([low, _])) if low > 0.0 => Verdict::Better,
        (true, _) => Verdict::BetterWithTheseSeeds,
    }
}

impl Pair {
    /// What follows, and what does not, in a sentence or two.
    pub fn sentence(&self) -> String {
        let Self { better, worse, .. } = self;
        let points = |value: f64| format!("{:.1}", 100.0 * value).replace('-', "\u{2212}");
        let range = |[low, high]: Interval| format!("{} to {}", points(low), points(high));
        let ahead = points(self.difference.mean);
        let images = range(self.over_images);
        let of_level = format!("{:.1} % interval", 100.0 * self.confidence);
        match (self.verdict, self.over_seeds) {
            (Verdict::Better, Some(seeds)) => format!(
                "{better} is better than {worse} by {ahead} points. This holds for other images of \
                 this kind ({of_level} {images}) and for other seeds ({}).",
                range(seeds)
            ),
            (Verdict::BetterWithTheseSeeds, Some(seeds)) => format!(
                "{better} is ahead of {worse} by {ahead} points, and these networks would keep that \
                 order on other images of this kind ({of_level} {images}). Whether {better} would \
                 be ahead with other seeds does not follow from {} ({}): train with more seeds.",
                self.difference.runs,
                range(seeds)
            ),
            (Verdict::Open, _) => format!(
                "No difference was found between {better} and {worse}: {better} is ahead by {ahead} \
                 points, which chance alone could produce ({of_level} over images {images}). It \
                 does not follow that they are equally good: more test images or seeds may \
                 distinguish them."
            ),
            (_, None) => format!(
                "{better} is ahead of {worse} by {ahead} points, and these networks would keep that \
                 order on other images of this kind ({of_level} {images}). A single seed says \
                 nothing about others: train with more seeds."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of which the first `right` are predicted right, and `more` from `from` on.
    fn scored(images: usize, is_right: impl Fn(usize) -> bool) -> Vec<Scored> {
        let image = |index| Scored {
            index,
            label: 1,
            prediction: usize::from(is_right(index)),
            probability: 0.9,
            rank: 1,
            loss: 0.1,
        };
        (0..images).map(image).collect()
    }

    fn answers<'a>(name: &'a str, of_seeds: &'a [Vec<Scored>]) -> Answers<'a> {
        let of_seeds = of_seeds.iter().enumerate();
        Answers { name, of_seeds: of_seeds.map(|(seed, s)| (seed as u64, s.as_slice())).collect() }
    }

    #[test]
    fn the_better_one_comes_first_with_its_figures() {
        let worse = [scored(400, |i| i < 200), scored(400, |i| i < 204)];
        let better = [scored(400, |i| i >= 40), scored(400, |i| i >= 38)];
        let pairs = pairs(&[answers("a", &worse), answers("b", &better)]);
        let [pair] = pairs.as_slice() else { panic!("{pairs:?}") };
        assert_eq!((pair.better.as_str(), pair.worse.as_str()), ("b", "a"));
        // (360 - 200) / 400 and (362 - 204) / 400.
        assert!((pair.difference.mean - 0.3975).abs() < 1e-12);
        assert!((pair.confidence - 0.95).abs() < 1e-12);
        let only: Vec<_> =
            pair.tests.iter().map(|t| (t.seed, t.only_better, t.only_worse)).collect();
        assert_eq!(only, [(0, 200, 40), (1, 196, 38)]);
        assert!(pair.tests[0].p_adjusted >= pair.tests[0].p);
        assert_eq!(pair.verdict, Verdict::Better);
        let sentence = pair.sentence();
        assert!(sentence.starts_with("b is better than a by 39."), "{sentence}");
    }

    #[test]
    fn chance_and_too_few_seeds_are_told() {
        let a = [scored(100, |i| i < 50)];
        let b = [scored(100, |i| (1..52).contains(&i))];
        let open = &pairs(&[answers("a", &a), answers("b", &b)])[0];
        assert_eq!(open.verdict, Verdict::Open);
        let sentence = open.sentence();
        assert!(
            sentence
                .starts_with("No difference was found between b and a: b is ahead by 1.0 points"),
            "{sentence}"
        );
        let far = [scored(100, |i| i < 90)];
        let single = &pairs(&[answers("a", &a), answers("far", &far)])[0];
        assert_eq!(single.verdict, Verdict::BetterWithTheseSeeds);
        assert!(
            single
                .sentence()
                .ends_with("A single seed says nothing about others: train with more seeds.")
        );
    }

    #[test]
    fn intervals_of_several_pairs_hold_together() {
        let of =
            |right: usize| [scored(100, move |i| i < right), scored(100, move |i| i < right + 1)];
        let (a, b, c) = (of(30), of(50), of(70));
        let pairs = pairs(&[answers("a", &a), answers("b", &b), answers("c", &c)]);
        assert_eq!(pairs.len(), 3);
        assert!((pairs[0].confidence - (1.0 - 0.05 / 3.0)).abs() < 1e-12);
        let no_common = Answers { name: "d", of_seeds: vec![(9, a[0].as_slice())] };
        assert!(super::pairs(&[answers("a", &a), no_common]).is_empty());
    }
}
