use serde_json::json;

use super::*;
use crate::Pace;

const RUN: RunLength = RunLength { steps: 10, steps_per_epoch: 5 };

fn schedule(config: serde_json::Value) -> ScheduleConfig {
    serde_json::from_value(config).unwrap()
}

/// The factors of a run of ten steps, two epochs.
fn factors(config: serde_json::Value) -> Vec<f64> {
    let config = schedule(config);
    let rounded = |factor: f64| (factor * 1e4).round() / 1e4;
    (0..RUN.steps).map(|step| rounded(config.factor(step, RUN))).collect()
}

#[test]
fn constant_warms_up_and_stays() {
    assert_eq!(
        factors(json!({"constant": {"warmup": {"steps": 4}}})),
        [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    );
}

#[test]
fn step_drops() {
    assert_eq!(
        factors(json!({"step": {"every": {"epochs": 0.6}, "gamma": 0.5, "floor": 0.2}})),
        [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2]
    );
}

#[test]
fn multi_step_drops_where_one_says() {
    assert_eq!(
        factors(json!({"multi-step": {"milestones": [{"steps": 2}, {"epochs": 1}], "gamma": 0.1}})),
        [1.0, 1.0, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01]
    );
}

#[test]
fn exponential_falls_by_the_same_factor() {
    assert_eq!(
        factors(json!({"exponential": {"every": {"steps": 2}, "gamma": 0.25, "floor": 0.01}})),
        [1.0, 0.5, 0.25, 0.125, 0.0625, 0.0313, 0.0156, 0.01, 0.01, 0.01]
    );
}

#[test]
fn cosine_ends_at_its_floor() {
    assert_eq!(
        factors(json!({"cosine": {"warmup": {"fraction": 0.5}, "floor": 0.1}})),
        [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.8682, 0.55, 0.2318, 0.1]
    );
}

#[test]
fn a_schedule_shorter_than_the_run_stays_at_its_end() {
    assert_eq!(
        factors(json!({"cosine": {"warmup": {"steps": 0}, "length": {"epochs": 1}}})),
        [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    );
}

/// `OneCycleLR(max_lr=1, total_steps=10, pct_start=0.4, div_factor=10, final_div_factor=inf)`.
#[test]
fn one_cycle_rises_and_falls() {
    assert_eq!(
        factors(json!({"one-cycle": {"warmup": {"fraction": 0.4}, "start": 0.1, "floor": 0}})),
        [0.1, 0.325, 0.775, 1.0, 0.933, 0.75, 0.5, 0.25, 0.067, 0.0]
    );
}

#[test]
fn polynomial_is_a_power_of_what_is_left() {
    assert_eq!(
        factors(json!({"polynomial": {"warmup": {"steps": 4}, "power": 2, "floor": 0.5}})),
        [0.25, 0.5, 0.75, 1.0, 1.0, 0.82, 0.68, 0.58, 0.52, 0.5]
    );
}

#[test]
fn every_schedule_is_a_number_at_every_step_of_every_run() {
    for name in
        ["constant", "step", "multi-step", "exponential", "cosine", "one-cycle", "polynomial"]
    {
        let config = schedule(json!({name: {}}));
        for steps in 1..20 {
            let run = RunLength { steps, steps_per_epoch: 3 };
            for step in 0..steps + 2 {
                let factor = config.factor(step, run);
                assert!((0.0..=1.0).contains(&factor), "{name} {step} of {steps}: {factor}");
            }
        }
    }
}

#[test]
fn only_an_explicit_length_that_does_not_fit_is_refused() {
    let course =
        |budget| Course { pace: Pace { images: 50, batch_size: 10, accumulate: 1 }, budget };
    let fits = |config| schedule(config).check_fits(course(Budget::Steps(10)));
    assert_eq!(fits(json!({"constant": {"warmup": {"fraction": 1}}})), Ok(()));
    assert_eq!(
        fits(json!({"constant": {"warmup": {"epochs": 3}}})).unwrap_err(),
        "`warmup` takes 15 steps, but the schedule has 10; shorten it, or give it as a fraction"
    );
    assert_eq!(
        fits(json!({"cosine": {"length": {"steps": 11}}})).unwrap_err(),
        "`length` is 11 steps, but the run has 10; shorten it, or give it as a fraction"
    );
    assert_eq!(
        fits(json!({"cosine": {"warmup": {"steps": 6}, "length": {"epochs": 1}}})).unwrap_err(),
        "`warmup` takes 6 steps, but the schedule has 5; shorten it, or give it as a fraction"
    );
    assert_eq!(
        fits(json!({"multi-step": {"milestones": [{"steps": 11}]}})).unwrap_err(),
        "`milestones` extend to step 11, but the schedule has 10"
    );
    let timed = schedule(json!({"cosine": {"length": {"steps": 11}}}));
    assert_eq!(timed.check_fits(course(Budget::Seconds(1.0))), Ok(()));
}

#[test]
fn settings_out_of_range_are_refused() {
    let message = |config| schedule(config).check().unwrap_err();
    assert_eq!(
        message(json!({"constant": {"warmup": {"fraction": 1.5}}})),
        "`warmup`: expected a fraction from 0 to 1 or a number of epochs of at least 0, found 1.5"
    );
    assert_eq!(message(json!({"step": {"gamma": 2}})), "`gamma`: expected 0 to 1, found 2");
    assert_eq!(
        message(json!({"polynomial": {"power": 0}})),
        "`power`: expected a number above 0, found 0"
    );
    assert_eq!(
        message(json!({"multi-step": {"milestones": []}})),
        "`milestones`: expected at least one"
    );
}
