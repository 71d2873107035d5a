use super::*;

/// The share of the picture that the animal fills.
fn share(drawing: &Drawing) -> f64 {
    let sum: u64 = drawing.mask.iter().map(|&m| u64::from(m)).sum();
    sum as f64 / (255 * drawing.size * drawing.size) as f64
}

#[test]
fn classes_are_ten_different_names() {
    let mut names = CLASSES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 10);
    assert!(CLASSES.contains(&"dolphin") && CLASSES.contains(&"sea-turtle"));
}

#[test]
fn a_drawing_is_a_function_of_its_arguments() {
    let drawing = draw(1, 2, 3, 32);
    assert_eq!(drawing, draw(1, 2, 3, 32));
    for other in [draw(9, 2, 3, 32), draw(1, 9, 3, 32), draw(1, 2, 9, 32)] {
        assert_ne!(drawing.pixels, other.pixels);
        assert_ne!(drawing.mask, other.mask);
    }
}

#[test]
fn animals_are_visible_and_cover_at_most_a_quarter() {
    for index in 0..2000 {
        let class = index as usize % 10;
        let share = share(&draw(0, index, class, 32));
        assert!((0.02..=0.25).contains(&share), "{} {index} covers {share}", CLASSES[class]);
    }
}

#[test]
fn every_size_shows_the_same_picture() {
    for (class, name) in CLASSES.iter().enumerate() {
        let large = share(&draw(5, 0, class, 224));
        for size in 16..=64 {
            let drawing = draw(5, 0, class, size);
            assert_eq!(drawing.pixels.len(), 3 * size * size);
            assert_eq!(drawing.mask.len(), size * size);
            let share = share(&drawing);
            assert!((share - large).abs() < 0.01, "{name} at {size}: {share}, not {large}");
        }
    }
}

#[test]
fn the_smallest_and_the_largest_size_are_drawn() {
    for size in [1, 2, 256] {
        assert_eq!(draw(0, 0, 0, size).pixels.len(), 3 * size * size);
    }
}

#[test]
#[should_panic(expected = "class 10 of 10")]
fn a_class_beyond_the_table_is_refused() {
    draw(0, 0, 10, 32);
}

#[test]
#[should_panic(expected = "a size of at least 1")]
fn size_zero_is_refused() {
    draw(0, 0, 0, 0);
}

/// Raw pixels of 32 by 32 drawings, each value standardised over `count` of them, and their labels.
struct Pixels {
    images: Vec<Vec<f32>>,
    labels: Vec<usize>,
}

impl Pixels {
    fn draw(seed: u64, count: u64) -> Self {
        let labels: Vec<usize> = (0..count).map(|i| i as usize % 10).collect();
        let images = (0..count).zip(&labels).map(|(index, &label)| {
            let pixels = draw(seed, index, label, 32).pixels;
            pixels.iter().map(|&p| f32::from(p) / 255.0).collect()
        });
        let mut all = Self { images: images.collect(), labels };
        for p in 0..all.images[0].len() {
            let mean = all.images.iter().map(|x| x[p]).sum::<f32>() / count as f32;
            let square = all.images.iter().map(|x| (x[p] - mean).powi(2)).sum::<f32>();
            let scale = (square / count as f32).sqrt();
            for image in &mut all.images {
                image[p] = (image[p] - mean) / scale;
            }
        }
        all
    }
}

/// Softmax regression: a row of ten weights (padded to 16, which is fast) a pixel, and one for the
/// bias.
struct Linear {
    weights: Vec<[f32; 16]>,
}

impl Linear {
    fn logits(&self, image: &[f32]) -> [f32; 16] {
        let (bias, rows) = self.weights.split_last().expect("a row for the bias");
        let mut logits = *bias;
        for (row, &x) in rows.iter().zip(image) {
            for (logit, w) in logits.iter_mut().zip(row) {
                *logit += w * x;
            }
        }
        logits
    }

    /// One step of gradient descent on the cross-entropy of one image, with weight decay.
    fn step(&mut self, image: &[f32], label: usize, rate: f32, decay: f32) {
        let logits = self.logits(image);
        let largest = logits[..10].iter().copied().fold(f32::MIN, f32::max);
        let mut slope = [0.0; 16];
        for (s, logit) in slope.iter_mut().zip(&logits[..10]) {
            *s = (logit - largest).exp();
        }
        let sum: f32 = slope.iter().sum();
        slope = slope.map(|p| -rate * p / sum);
        slope[label] += rate;
        for (row, x) in self.weights.iter_mut().zip(image.iter().chain([&1.0])) {
            for (w, s) in row.iter_mut().zip(slope) {
                *w += s * x - rate * decay * *w;
            }
        }
    }

    fn accuracy(&self, data: &Pixels) -> f64 {
        let right = data.images.iter().zip(&data.labels).filter(|(image, label)| {
            let logits = self.logits(image);
            (0..10).all(|class| logits[class] <= logits[**label])
        });
        right.count() as f64 / data.labels.len() as f64
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "trains a classifier: run with --release")]
fn a_linear_classifier_on_pixels_stays_under_a_half() {
    const EPOCHS: usize = 20;
    let (train, test) = (Pixels::draw(1, 4000), Pixels::draw(2, 1000));
    let mut rng = rng(0, 0, 0);
    let mut linear = Linear { weights: vec![[0.0; 16]; 3 * 32 * 32 + 1] };
    for epoch in 0..EPOCHS {
        let rate = 3e-5 * (1.0 - epoch as f32 / EPOCHS as f32);
        for _ in 0..train.labels.len() {
            let i = rng.random_range(0..train.labels.len());
            linear.step(&train.images[i], train.labels[i], rate, 0.1);
        }
    }
    let (seen, unseen) = (linear.accuracy(&train), linear.accuracy(&test));
    // It does learn what can be learned of single pixels.
    assert!(seen > 0.25, "{seen} on the images trained on");
    assert!(unseen < 0.5, "{unseen} on new images");
}
