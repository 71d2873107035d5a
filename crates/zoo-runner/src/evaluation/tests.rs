use serde_json::Value;
use zoo_data::{DataConfig, Split};
use zoo_model::ranking;

use super::*;

/// A split to take names from.
fn split() -> Split {
    let sea = r#"{"sea": {"train": 100, "valid": 10, "test": 10}}"#;
    serde_json::from_str::<DataConfig>(sea).unwrap().open().unwrap().train
}

fn report(images: &[(usize, &[f32])], classes: &[&str], top_k: usize) -> Report {
    let scored = images.iter().enumerate();
    let scored = scored.map(|(index, (label, logits))| Scored::new(index, *label, logits));
    let evaluation = Evaluation { scored: scored.collect(), seconds: 2.0 };
    let classes: Vec<String> = classes.iter().map(|class| class.to_string()).collect();
    Report::of(&evaluation, "train", &split(), &classes, top_k)
}

#[test]
fn the_report_counts_what_can_be_counted_by_hand() {
    let images: [(usize, &[f32]); 4] = [
        (0, &[3.0, 2.0, 1.0]),
        (1, &[3.0, 2.0, 1.0]),
        (2, &[1.0, 2.0, 3.0]),
        (0, &[0.0, 1.0, 0.5]),
    ];
    let report = report(&images, &["a", "b", "c"], 2);
    let matrix = serde_json::to_value(&report.confusion_matrix).unwrap();
    assert_eq!(matrix, serde_json::json!([[1, 1, 0], [1, 0, 0], [0, 0, 1]]));
    assert_eq!((report.accuracy, report.top_k_accuracy), (0.5, 0.75));
    assert_eq!(report.images_per_second, 2.0);
    let a = &report.per_class[0];
    assert_eq!((a.images, a.precision, a.recall, a.f1), (2, Some(0.5), Some(0.5), Some(0.5)));
    let b = &report.per_class[1];
    assert_eq!((b.precision, b.recall, b.f1), (Some(0.0), Some(0.0), Some(0.0)));
    let pairs = report.most_confused.iter();
    let pairs: Vec<_> =
        pairs.map(|pair| (&*pair.class, &*pair.prediction, pair.images, pair.share)).collect();
    assert_eq!(pairs, [("a", "b", 1, 0.5), ("b", "a", 1, 1.0)]);
    let hardest: Vec<usize> = report.hardest.iter().map(|image| image.index).collect();
    assert_eq!(hardest, [3, 1, 0, 2]);
    assert_eq!(report.hardest[0].image, split().source().name(3));
}

#[test]
fn equal_scores_rank_in_the_order_of_labels() {
    assert_eq!(ranking(&[1.0, 2.0, 2.0]), [1, 2, 0]);
}

#[test]
fn large_logits_do_not_overflow() {
    let scored = Scored::new(0, 1, &[1000.0, 0.0]);
    assert_eq!((scored.probability, scored.loss, scored.rank), (1.0, 1000.0, 2));
}

#[test]
fn a_class_without_images_has_no_figures() {
    let report = report(&[(0, &[1.0, 0.0])], &["a", "b"], 5);
    let b = &report.per_class[1];
    assert_eq!((b.precision, b.recall, b.f1, b.f1_interval), (None, None, None, None));
    assert_eq!((report.top_k, report.macro_average.f1), (2, 1.0));
    assert_eq!(report.most_confused, []);
}

/// See `scripts/evaluation_fixture.py`.
#[test]
fn the_figures_are_those_of_scikit_learn_statsmodels_and_torchmetrics() {
    let fixture = include_str!("../../../../tests/fixtures/evaluation.json");
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let logits: Vec<Vec<f32>> = serde_json::from_value(fixture["logits"].clone()).unwrap();
    let labels: Vec<usize> = serde_json::from_value(fixture["labels"].clone()).unwrap();
    let top_k = fixture["top_k"].as_u64().unwrap() as usize;
    let images: Vec<(usize, &[f32])> =
        labels.into_iter().zip(&logits).map(|(label, logits)| (label, &logits[..])).collect();
    let report = serde_json::to_value(report(&images, &["a", "b", "c", "d", "e"], top_k)).unwrap();

    let same = ["accuracy", "accuracy_interval", "top_k_accuracy", "loss", "confusion_matrix"];
    for key in same.into_iter().chain(["macro_average"]) {
        assert_close(&report[key], &fixture[key], 1e-6, key);
    }
    let per_class = report["per_class"].as_array().unwrap();
    for figure in ["precision", "recall", "f1"] {
        for key in [figure.to_string(), format!("{figure}_interval")] {
            let ours: Vec<Value> = per_class.iter().map(|class| class[&key].clone()).collect();
            assert_close(&Value::from(ours), &fixture[&key], 1e-9, &key);
        }
    }
    // torchmetrics counts in f32.
    let error = &report["calibration"]["expected_error"];
    assert_close(error, &fixture["calibration_error"], 1e-6, "calibration");
    for case in fixture["wilson"].as_array().unwrap() {
        let [part, whole] = [0, 1].map(|place| case[place].as_u64().unwrap() as usize);
        let ends = Value::from(wilson(part, whole).unwrap().to_vec());
        assert_close(&ends, &Value::from(vec![case[2].clone(), case[3].clone()]), 1e-12, "wilson");
    }
}

/// The same shape, and numbers at most `tolerance` apart.
fn assert_close(ours: &Value, theirs: &Value, tolerance: f64, what: &str) {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{what}");
            ours.iter().zip(theirs).for_each(|(a, b)| assert_close(a, b, tolerance, what));
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{what}");
            ours.iter().for_each(|(key, a)| assert_close(a, &theirs[key], tolerance, key));
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= tolerance, "{what}: {a}, not {b}");
        }
        _ => assert_eq!(ours, theirs, "{what}"),
    }
}

/// Every image is taken for another class, so that no two fall together.
#[test]
fn a_report_of_many_classes_grows_with_the_images_alone() {
    let scored = (0..100_000).map(|index| Scored {
        index: index % 100,
        label: index % 10_000,
        prediction: (index * 7 + index / 10_000) % 10_000,
        probability: 1.0 / 3.0,
        rank: 2,
        loss: 1.0 / 7.0,
    });
    let evaluation = Evaluation { scored: scored.collect(), seconds: 1.0 };
    let classes: Vec<String> = (0..10_000).map(|class| format!("class {class:05}")).collect();
    let report = Report::of(&evaluation, "test", &split(), &classes, 5);
    assert_eq!(report.confusion_matrix.counts().count(), 100_000);
    let json = serde_json::to_string_pretty(&report).unwrap();
    assert!(json.len() < 10_000_000, "{} bytes", json.len());
}

#[test]
fn ranks_are_places_of_the_ranking() {
    let logits = [0.5, 2.0, -1.0, 2.0, 0.5];
    let ranking = ranking(&logits);
    assert_eq!(ranking, [1, 3, 0, 4, 2]);
    for (place, &label) in ranking.iter().enumerate() {
        let scored = Scored::new(0, label, &logits);
        assert_eq!((scored.prediction, scored.rank), (1, place + 1));
    }
}

#[test]
fn classes_of_one_name_are_reported_with_their_labels() {
    let images: [(usize, &[f32]); 2] = [(0, &[1.0, 2.0, 3.0]), (1, &[1.0, 3.0, 2.0])];
    let report = report(&images, &["crane", "heron", "crane"], 1);
    let classes: Vec<&str> = report.per_class.iter().map(|class| &*class.class).collect();
    assert_eq!(classes, ["crane (0)", "heron", "crane (2)"]);
    let worst = &report.most_confused[0];
    assert_eq!((&*worst.class, &*worst.prediction), ("crane (0)", "crane (2)"));
    assert_eq!((&*report.hardest[0].class, &*report.hardest[1].class), ("crane (0)", "heron"));
}
