use super::*;

fn classes() -> Vec<String> {
    vec!["ant".to_string(), "bee".to_string()]
}

fn config(valid: f64, test: f64, seed: u64) -> SplitConfig {
    SplitConfig { valid, test, seed, ..SplitConfig::default() }
}

/// Ten ants, then five bees.
fn labels() -> impl Iterator<Item = usize> {
    (0..15).map(|index| usize::from(index >= 10))
}

#[test]
fn every_class_is_divided_in_the_same_proportions() {
    let parts = stratified(labels(), &classes(), &config(0.2, 0.4, 0)).unwrap();
    let expected = Parts {
        train: vec![3, 5, 6, 9, 13, 14],
        valid: vec![0, 7, 11],
        test: vec![1, 2, 4, 8, 10, 12],
    };
    assert_eq!(parts, expected);
}

#[test]
fn another_seed_divides_otherwise() {
    let parts = |seed| stratified(labels(), &classes(), &config(0.2, 0.4, seed)).unwrap();
    assert_eq!(parts(1), parts(1));
    assert_ne!(parts(1), parts(0));
}

/// Images of the train, valid and test split, for so many of each class.
fn counts(classes: &[usize], valid: f64, test: f64) -> [Vec<usize>; 3] {
    let labels = classes.iter().enumerate().flat_map(|(label, &count)| vec![label; count]);
    let labels: Vec<usize> = labels.collect();
    let names = vec![String::new(); classes.len()];
    let parts = stratified(labels.iter().copied(), &names, &config(valid, test, 0)).unwrap();
    [parts.train, parts.valid, parts.test].map(|indices| {
        let mut counts = vec![0; classes.len()];
        indices.iter().for_each(|&index| counts[labels[index]] += 1);
        counts
    })
}

#[test]
fn largest_remainders_are_rounded_up() {
    // 12.3, 9.4 and 4.5 of 26.2 images, rounded one by one, are 26 too.
    assert_eq!(counts(&[123, 94, 45], 0.1, 0.0)[1], [12, 9, 5]);
    // 1.4, 1.3 and 1.2 of 3.9 images are not 3, 1.8, 1.7 and 1.6 of 5.1 not 6.
    assert_eq!(counts(&[14, 13, 12], 0.1, 0.0)[1], [2, 1, 1]);
    assert_eq!(counts(&[18, 17, 16], 0.1, 0.0)[1], [2, 2, 1]);
    // 20 classes of 1.5 images have 30.
    let [train, valid, test] = counts(&[5; 20], 0.3, 0.3);
    assert_eq!([&valid, &test].map(|counts| counts.iter().sum::<usize>()), [30, 30]);
    assert_eq!(train, [2; 20]);
    assert!(valid.iter().zip(&test).all(|(valid, test)| valid + test == 3));
    // 30 classes of 0.4 images have 12 of them, beside 30 of each large one.
    let sizes: Vec<usize> = [300, 300].into_iter().chain([4; 30]).collect();
    let [_, valid, _] = counts(&sizes, 0.1, 0.0);
    assert_eq!(valid[..2], [30, 30]);
    assert_eq!(valid[2..].iter().sum::<usize>(), 12);
    assert!(valid[2..].iter().all(|&count| count <= 1));
    // 29 is not quite 100 * 0.29.
    assert_eq!(counts(&[100; 3], 0.29, 0.0)[1], [29; 3]);
}

#[test]
fn a_class_keeps_an_image_to_train_on() {
    assert_eq!(counts(&[4, 1], 0.5, 0.0), [vec![2, 1], vec![2, 0], vec![0, 0]]);
    let [train, valid, test] = counts(&[2; 4], 0.3, 0.3);
    assert_eq!(train, [1; 4]);
    assert!(valid.iter().zip(&test).all(|(valid, test)| valid + test == 1), "{valid:?}");
}

#[test]
fn a_class_without_train_image_is_refused() {
    let no_bee = [0, 0, 0, 0].into_iter();
    let error = stratified(no_bee, &classes(), &config(0.5, 0.0, 0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"class "bee" has 0 images, and none is left for training; lower split.valid and split.test, or add images"#
    );
}

#[test]
fn an_empty_split_is_refused() {
    let error = stratified(labels(), &classes(), &config(0.2, 0.01, 0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the test split would be empty: the fraction 0.01 of 15 images comes to none; raise split.test, or add images"
    );
}
