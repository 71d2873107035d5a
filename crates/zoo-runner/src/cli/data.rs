//! `zoo data`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zoo_data::{DataReport, MeanStd, Size, Sizes, Twins};

use super::{Output, flags::Sets, print, print_json, table};
use crate::{Error, config::RunConfig};

/// How many images of a kind are named; `--json` has all.
const NAMED: usize = 5;

/// Check the images of a config before training.
#[derive(Debug, Subcommand)]
pub enum Data {
    /// Report counts, sizes, unreadable files, duplicates, leaks between splits and class balance.
    Check(Check),
}

/// Report counts, sizes, unreadable files, duplicates, leaks between splits and class balance.
#[derive(Debug, Args)]
pub struct Check {
    /// The JSON config.
    config: PathBuf,
    #[command(flatten)]
    sets: Sets,
}

impl Data {
    pub fn run(self, output: Output) -> Result<(), Error> {
        match self {
            Self::Check(check) => check.run(output),
        }
    }
}

impl Check {
    fn run(self, output: Output) -> Result<(), Error> {
        let config = RunConfig::load(&self.config, &self.sets.all)?;
        config.check()?;
        let data = config.data.open()?;
        data.notes.iter().for_each(|note| output.note(note));
        let splits = [Some(&data.train), Some(&data.valid), data.test.as_ref()];
        let images = splits.into_iter().flatten().map(|split| split.len()).sum();
        let bar = output.show().bar("looking", images);
        let report = data.examine(|| bar.inc(1));
        bar.finish_and_clear();
        match output.json {
            true => print_json(&report),
            false => print(&text(&report)),
        }
    }
}

/// The report as text, paragraph by paragraph.
fn text(report: &DataReport) -> String {
    let mut parts = vec![counts(report)];
    parts.push(format!(
        "imbalance: the largest class has {:.1} times as many images as the smallest",
        report.imbalance
    ));
    parts.push(unreadable(report));
    parts.extend(report.sizes.as_ref().map(sizes));
    parts.extend(report.figures.as_ref().map(figures));
    parts.push(twins("exact duplicates", "same pixels", &report.exact_duplicates));
    let rule = "difference hash within 4 of 64 bits, grey values within 4 of 255";
    parts.push(twins("near duplicates", rule, &report.near_duplicates));
    let steps: Vec<String> = report.next_steps.iter().map(|step| format!("\n- {step}")).collect();
    parts.push(format!("next:{}", steps.concat()));
    parts.join("\n\n")
}

/// One row per class, one column per split.
fn counts(report: &DataReport) -> String {
    let cells = |first: &str, cell: &dyn Fn(usize) -> String| {
        let numbers = (0..report.splits.len()).map(cell);
        std::iter::once(first.to_string()).chain(numbers).collect::<Vec<_>>()
    };
    let head = cells("class", &|split| report.splits[split].split.to_string());
    let rows = report.classes.iter().enumerate().map(|(label, class)| {
        cells(class, &|split| report.splits[split].per_class[label].to_string())
    });
    let total = cells("all", &|split| report.splits[split].images.to_string());
    let rows: Vec<_> = std::iter::once(head).chain(rows).chain([total]).collect();
    format!("data set {}\n{}", report.dataset, table(&rows))
}

fn unreadable(report: &DataReport) -> String {
    let images: Vec<String> = report.unreadable.iter().map(ToString::to_string).collect();
    format!("unreadable: {}{}", images.len(), named(&images))
}

fn sizes(sizes: &Sizes) -> String {
    let told = |size: &Size| format!("{}x{}", size.width, size.height);
    let odd: Vec<String> =
        sizes.odd_ratios.iter().map(|size| format!("{} {}", told(size), size.image)).collect();
    format!(
        "sizes: smallest {}, median {}, largest {}; at least three times as long as wide: {}{}",
        told(&sizes.smallest),
        told(&sizes.median),
        told(&sizes.largest),
        odd.len(),
        named(&odd)
    )
}

fn figures(figures: &MeanStd) -> String {
    let list = |values: &[f32]| {
        values.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(" ")
    };
    format!("train pixels, 0 to 1: mean {}, deviation {}", list(&figures.mean), list(&figures.std))
}

/// Duplicates of one kind, and how many are leaks or have two labels.
fn twins(kind: &str, rule: &str, twins: &[Twins]) -> String {
    let count = |is: fn(&Twins) -> bool| twins.iter().filter(|twins| is(twins)).count();
    // What matters most is named first.
    let mut sorted: Vec<&Twins> = twins.iter().collect();
    sorted.sort_by_key(|twins| (!twins.is_contradiction(), !twins.is_leak()));
    let line = |twins: &&Twins| {
        let place =
            |place: &zoo_data::Place| format!("{} ({}, {})", place.image, place.split, place.class);
        twins.images.iter().map(place).collect::<Vec<_>>().join(" = ")
    };
    let lines: Vec<String> = sorted.iter().map(line).collect();
    format!(
        "{kind} ({rule}): {}; across splits: {}; with two labels: {}{}",
        twins.len(),
        count(Twins::is_leak),
        count(Twins::is_contradiction),
        named(&lines)
    )
}

/// The first few, one per line.
fn named(all: &[String]) -> String {
    let mut lines: Vec<String> = all.iter().take(NAMED).map(|one| format!("\n  {one}")).collect();
    if let Some(rest) = all.len().checked_sub(NAMED).filter(|&rest| rest > 0) {
        lines.push(format!("\n  and {rest} more; --json lists all"));
    }
    lines.concat()
}
