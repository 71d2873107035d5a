//! From runs to the figures of a comparison.

use jiff::Timestamp;
use zoo_data::{Corruption, SplitName, shown};
use zoo_model::ZOO_VERSION;

use super::{
    Made, Outcome, Request,
    comparison::{
        Comparison, CorruptedFigures, CurvePoint, EntryFigures, FocusFigures, LearningPoint,
        Reached, RunFigures,
    },
    entry::{Entry, document},
    fairness::Difference,
    measure::CORRUPTED_IMAGES,
    statistics::Summary,
    verdict::{Answers, Pair, pairs},
};
use crate::{
    evaluation::{Calibration, ConfusionMatrix, Report, Scored},
    explain::Focus,
    machine,
    manifest::{DataManifest, command},
};

/// Valid accuracies for which the report says when they were first reached.
const MILESTONES: [f64; 8] = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// All figures.
pub fn comparison(
    request: &Request,
    entries: &[Entry],
    differences: Vec<Difference>,
    made: &[Made],
) -> Comparison {
    let fractions = request.extent.fractions.clone();
    let largest = fractions.last().copied().unwrap_or(1.0);
    let (split, images) = entries[0].data.measured();
    let of = |place: usize, fraction: f64| -> Vec<(&Made, &Outcome)> {
        let mine = made
            .iter()
            .filter(|made| made.planned.entry == place && made.planned.fraction == fraction);
        mine.filter_map(|made| Some((made, made.outcome.as_ref().ok()?))).collect()
    };
    let numbered = || entries.iter().enumerate();
    let figures = numbered().map(|(place, entry)| entry_figures(entry, &of(place, largest)));
    let learning_curve = numbered().flat_map(|(place, entry)| {
        let point = |&fraction: &f64| learning_point(entry, fraction, &of(place, fraction));
        fractions.iter().map(point).collect::<Vec<_>>()
    });
    let learning_curve: Vec<LearningPoint> = learning_curve.collect();
    let answers: Vec<Answers> = numbered()
        .filter(|(_, entry)| same_images(entry, &entries[0]))
        .map(|(place, entry)| Answers {
            name: &entry.name,
            of_seeds: of(place, largest)
                .into_iter()
                .map(|(made, outcome)| (made.planned.seed, outcome.measured.scored.as_slice()))
                .collect(),
        })
        .collect();
    let pairs = pairs(&answers);
    let runs: Vec<RunFigures> = made.iter().map(|made| run_figures(made, entries)).collect();
    Comparison {
        zoo_version: ZOO_VERSION,
        command: command(),
        written: Timestamp::now(),
        machine: machine::name(),
        budget: request.extent.budget,
        seeds: (0..request.extent.seeds).collect(),
        data: DataManifest::of(&entries[0].data),
        classes: entries[0].data.classes.clone(),
        split: split.to_string(),
        images: images.len(),
        corrupted_images: images.len().min(CORRUPTED_IMAGES),
        differences,
        entries: figures.collect(),
        conclusions: conclusions(&pairs, &learning_curve, &fractions, &runs),
        learning_curve,
        pairs,
        runs,
        fractions,
    }
}

/// True where both are measured on the same images.
fn same_images(a: &Entry, b: &Entry) -> bool {
    a.config.data == b.config.data || a.data.fingerprint() == b.data.fingerprint()
}

fn entry_figures(entry: &Entry, runs: &[(&Made, &Outcome)]) -> EntryFigures {
    let summary = |figure: &dyn Fn(&Outcome) -> Option<f64>| {
        let figures: Vec<f64> = runs.iter().filter_map(|(_, outcome)| figure(outcome)).collect();
        Summary::of(&figures)
    };
    let of_report = |figure: fn(&Report) -> f64| summary(&|outcome| Some(figure(&outcome.report)));
    let scored: Vec<Scored> =
        runs.iter().flat_map(|(_, outcome)| outcome.measured.scored.clone()).collect();
    let peaks = runs.iter().filter_map(|(_, outcome)| {
        outcome.report.training.as_ref().and_then(|training| training.peak_memory_bytes)
    });
    let classes = entry.data.classes.len();
    EntryFigures {
        name: entry.name.clone(),
        path: shown(&entry.path),
        model: entry.config.model.name(),
        parameters: entry.config.model.num_params(),
        flops: 2 * entry.config.model.multiply_adds(),
        accuracy: of_report(|report| report.accuracy),
        loss: of_report(|report| report.loss),
        calibration_error: of_report(|report| report.calibration.expected_error),
        corrupted_accuracy: summary(&mean_corrupted),
        training_seconds: summary(&|outcome| Some(outcome.report.training.as_ref()?.seconds)),
        training_images_per_second: summary(&|outcome| outcome.curves.train_speed()),
        inference_images_per_second: summary(&|outcome| {
            Some(outcome.measured.inference_images_per_second)
        }),
        peak_memory_bytes: peaks.max(),
        reached: reached(runs),
        corrupted: corrupted(runs),
        focus: focus(runs),
        per_class: (0..classes)
            .map(|label| summary(&|outcome| outcome.report.per_class.get(label)?.recall))
            .collect(),
        calibration: (!scored.is_empty()).then(|| Calibration::of(&scored)),
        confusion_matrix: confusion(runs, classes),
        curve: curve(runs),
        config: document(&entry.config),
    }
}

fn confusion(runs: &[(&Made, &Outcome)], classes: usize) -> ConfusionMatrix {
    let mut sum = ConfusionMatrix::new(classes);
    runs.iter().for_each(|(_, outcome)| sum.add_all(&outcome.report.confusion_matrix));
    sum
}

/// Over all that was done to images.
fn mean_corrupted(outcome: &Outcome) -> Option<f64> {
    let corrupted = outcome.measured.corrupted.iter().filter(|corrupted| corrupted.strength > 0);
    let accuracies: Vec<f64> = corrupted.map(|corrupted| corrupted.accuracy).collect();
    Summary::of(&accuracies).map(|summary| summary.mean)
}

fn corrupted(runs: &[(&Made, &Outcome)]) -> Vec<CorruptedFigures> {
    let mut figures = Vec::new();
    for corruption in Corruption::ALL {
        for strength in 0..=Corruption::STRENGTHS {
            let of_run = |(_, outcome): &(&Made, &Outcome)| {
                let mut all = outcome.measured.corrupted.iter();
                let found =
                    all.find(|one| one.corruption == corruption && one.strength == strength);
                found.map(|one| one.accuracy)
            };
            let accuracies: Vec<f64> = runs.iter().filter_map(of_run).collect();
            let summary = Summary::of(&accuracies);
            figures.extend(summary.map(|accuracy| CorruptedFigures {
                corruption,
                strength,
                accuracy,
            }));
        }
    }
    figures
}

fn focus(runs: &[(&Made, &Outcome)]) -> Vec<FocusFigures> {
    let all = || runs.iter().flat_map(|(_, outcome)| &outcome.measured.focus);
    let of_method = |method: &str| {
        let summary = |figure: fn(&Focus) -> Option<f64>| {
            let mine = all().filter(|focus| focus.method == method);
            Summary::of(&mine.filter_map(figure).collect::<Vec<f64>>())
        };
        FocusFigures {
            method: method.to_string(),
            heat_on_thing: summary(|focus| focus.heat_on_thing),
            thing_of_picture: summary(|focus| focus.thing_of_picture),
            ratio: summary(|focus| focus.ratio),
        }
    };
    // All runs of an entry have the same network, and so the same methods.
    let one = runs.iter().map(|(_, outcome)| &outcome.measured.focus).find(|all| !all.is_empty());
    one.into_iter().flatten().map(|focus| of_method(&focus.method)).collect()
}

fn reached(runs: &[(&Made, &Outcome)]) -> Vec<Reached> {
    let milestone = |accuracy: f64| {
        let first = |(_, outcome): &(&Made, &Outcome)| {
            let mut lines = outcome.curves.lines(SplitName::Valid);
            lines.find(|line| line.accuracy >= Some(accuracy)).map(|line| line.seconds)
        };
        let seconds: Vec<f64> = runs.iter().filter_map(first).collect();
        Reached { accuracy, seconds: Summary::of(&seconds) }
    };
    MILESTONES.map(milestone).to_vec()
}

/// A point an epoch, as far as all runs came.
fn curve(runs: &[(&Made, &Outcome)]) -> Vec<CurvePoint> {
    let lines: Vec<Vec<_>> =
        runs.iter().map(|(_, outcome)| outcome.curves.lines(SplitName::Valid).collect()).collect();
    let epochs = lines.iter().map(Vec::len).min().unwrap_or(0);
    let point = |epoch: usize| {
        let mean = |figures: Vec<f64>| Summary::of(&figures);
        let images = runs.iter().zip(&lines).map(|((made, outcome), lines)| {
            let course = made.planned.course(outcome.manifest.data.train);
            course.pace.images_after(lines[epoch].step) as f64
        });
        let of = |figure: fn(&zoo_training::Line) -> Option<f64>| {
            mean(lines.iter().filter_map(|lines| figure(lines[epoch])).collect())
        };
        Some(CurvePoint {
            images: mean(images.collect())?.mean,
            seconds: of(|line| Some(line.seconds))?.mean,
            valid_accuracy: of(|line| line.accuracy)?,
            valid_loss: of(|line| line.loss)?,
        })
    };
    (0..epochs).filter_map(point).collect()
}

fn learning_point(entry: &Entry, fraction: f64, runs: &[(&Made, &Outcome)]) -> LearningPoint {
    let foretold = (entry.data.train.len() as f64 * fraction).round() as usize;
    let accuracies: Vec<f64> = runs.iter().map(|(_, outcome)| outcome.report.accuracy).collect();
    LearningPoint {
        entry: entry.name.clone(),
        fraction,
        train_images: runs.first().map_or(foretold, |(_, outcome)| outcome.manifest.data.train),
        accuracy: Summary::of(&accuracies),
    }
}

fn run_figures(made: &Made, entries: &[Entry]) -> RunFigures {
    let Made { planned, outcome } = made;
    let report = outcome.as_ref().ok().map(|outcome| &outcome.report);
    let training = report.and_then(|report| report.training.as_ref());
    let images = outcome.as_ref().ok().zip(training).map(|(outcome, training)| {
        planned.course(outcome.manifest.data.train).pace.images_after(training.steps)
    });
    RunFigures {
        name: planned.name.clone(),
        entry: entries[planned.entry].name.clone(),
        seed: planned.seed,
        fraction: planned.fraction,
        error: outcome.as_ref().err().cloned(),
        accuracy: report.map(|report| report.accuracy),
        loss: report.map(|report| report.loss),
        steps: training.map(|training| training.steps),
        images,
        seconds: training.map(|training| training.seconds),
        manifest: outcome.as_ref().ok().map(|outcome| outcome.manifest.clone()),
    }
}

/// What follows, and what does not.
fn conclusions(
    pairs: &[Pair],
    curve: &[LearningPoint],
    fractions: &[f64],
    runs: &[RunFigures],
) -> Vec<String> {
    let mut sentences: Vec<String> = pairs.iter().map(Pair::sentence).collect();
    if fractions.len() > 1 {
        sentences.extend(fractions.iter().filter_map(|&fraction| order(curve, fraction)));
    }
    if pairs.len() > 1 {
        sentences.push(format!("The intervals hold for all {} pairs together.", pairs.len()));
    }
    let steered = |run: &RunFigures| {
        let told = run.manifest.as_ref()?.steering()?;
        Some(format!(
            "{} was steered by hand ({told}): it does not follow from its config alone.",
            run.name
        ))
    };
    sentences.extend(runs.iter().filter_map(steered));
    sentences.push(String::from(
        "These results hold for these configs, with this budget, on these images. They do not show \
         that one kind of network is better than another: with another recipe, more training or \
         more images, the order may change.",
    ));
    sentences
}

/// The order of the entries on a fraction of the train split.
fn order(curve: &[LearningPoint], fraction: f64) -> Option<String> {
    let mut points: Vec<(&LearningPoint, f64)> = curve
        .iter()
        .filter(|point| point.fraction == fraction)
        .filter_map(|point| Some((point, point.accuracy?.mean)))
        .collect();
    points.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (first, _) = points.first()?;
    let said = points.iter().map(|(point, mean)| format!("{} {:.1} %", point.entry, 100.0 * mean));
    Some(format!(
        "With {} training images: {}.",
        first.train_images,
        said.collect::<Vec<_>>().join(", ")
    ))
}
