use serde_json::Value;

use super::*;

fn fixture() -> Value {
    let text = include_str!("../../../../../tests/fixtures/statistics.json");
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1e-12), "{found:?}, not {expected:?}");
    }
}

#[test]
fn mean_deviation_and_interval_are_those_of_scipy() {
    for case in fixture()["summary"].as_array().unwrap() {
        let summary = Summary::of(&numbers(&case["figures"])).unwrap();
        assert_close(&[summary.mean], &[case["mean"].as_f64().unwrap()], 1e-12);
        assert_close(&[summary.deviation.unwrap()], &[case["deviation"].as_f64().unwrap()], 1e-12);
        assert_close(&summary.interval.unwrap(), &numbers(&case["interval"]), 1e-9);
        let wide = t_interval(&numbers(&case["figures"]), 0.99).unwrap();
        assert_close(&wide, &numbers(&case["interval_99"]), 1e-9);
    }
}

#[test]
fn a_single_figure_has_no_deviation() {
    let summary = Summary::of(&[0.5]).unwrap();
    assert_eq!((summary.mean, summary.deviation, summary.interval), (0.5, None, None));
    assert_eq!(Summary::of(&[]), None);
}

#[test]
fn mcnemar_is_that_of_statsmodels() {
    for case in fixture()["mcnemar"].as_array().unwrap() {
        let [only_a, only_b] = ["only_a", "only_b"].map(|key| case[key].as_u64().unwrap() as usize);
        assert_close(&[mcnemar(only_a, only_b)], &[case["p"].as_f64().unwrap()], 1e-9);
    }
}

#[test]
fn holm_is_that_of_statsmodels() {
    for case in fixture()["holm"].as_array().unwrap() {
        assert_close(&holm(&numbers(&case["p"])), &numbers(&case["adjusted"]), 1e-12);
    }
}

#[test]
fn the_bootstrap_comes_to_the_interval_of_scipy() {
    let fixture = fixture();
    let case = &fixture["bootstrap"];
    let figures: Vec<f64> = case["counts"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|pair| vec![pair[0].as_f64().unwrap(); pair[1].as_u64().unwrap() as usize])
        .collect();
    for (level, key) in [(0.95, "interval"), (0.99, "interval_99")] {
        let found = bootstrap_mean(&figures, level, 0).unwrap();
        // Both draw; the ends lie within some thousandths of the spread.
        let expected = numbers(&case[key]);
        let width = expected[1] - expected[0];
        for (a, b) in found.iter().zip(&expected) {
            assert!((a - b).abs() < 0.03 * width, "{found:?}, not {expected:?}");
        }
        assert_eq!(bootstrap_mean(&figures, level, 0), Some(found));
    }
    assert_eq!(bootstrap_mean(&[], 0.95, 0), None);
    assert_eq!(bootstrap_mean(&[0.25], 0.95, 0), Some([0.25, 0.25]));
}
