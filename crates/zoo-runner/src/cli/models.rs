//! `zoo models`.

use clap::Args;
use serde::Serialize;
use zoo_model::{DataShape, ModelSettings};

use super::{Output, print, print_json, table};
use crate::{
    Error,
    pretrained::{CATALOGUE, Weights},
    report::rows_of,
};

/// List the models with their parameters and cost.
#[derive(Debug, Args)]
pub struct Models {
    /// Number of classes to assume.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    classes: u64,
    /// List published weights instead: all, or those whose names have this in them, with `*` for anything.
    #[arg(
        long,
        value_name = "PATTERN",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "classes"
    )]
    pretrained: Option<String>,
}

#[derive(Serialize)]
struct ModelFacts {
    model: &'static str,
    preset: &'static str,
    parameters: usize,
    flops: u64,
    input: [usize; 3],
}

impl Models {
    pub fn run(self, output: Output) -> Result<(), Error> {
        if let Some(pattern) = &self.pretrained {
            return list(pattern, output);
        }
        let rows = ModelSettings::presets().into_iter().map(|preset| {
            let shape = DataShape { num_classes: self.classes as usize, ..preset.settings.shape() };
            let settings = preset.settings.with_shape(shape);
            settings.check().map_err(Error::Usage)?;
            Ok(ModelFacts {
                model: preset.model,
                preset: preset.preset,
                parameters: settings.num_params(),
                flops: 2 * settings.multiply_adds(),
                input: [shape.channels, shape.image_size, shape.image_size],
            })
        });
        let rows: Vec<ModelFacts> = rows.collect::<Result<_, Error>>()?;
        if output.json {
            return print_json(&rows);
        }
        print(&table(&rows_of(
            &rows,
            &[
                ("model", &|row| row.model.to_string()),
                ("preset", &|row| row.preset.to_string()),
                ("parameters", &|row| row.parameters.to_string()),
                ("GFLOPs", &|row| format!("{:.3}", row.flops as f64 / 1e9)),
                ("input", &|row| row.input.map(|side| side.to_string()).join("x")),
            ],
        )))
    }
}

/// Published weights as JSON has them.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    weights: &'static Weights,
    commercial: bool,
    /// How to start from them.
    command: String,
}

/// Prints the published weights that match.
fn list(pattern: &str, output: Output) -> Result<(), Error> {
    let found: Vec<Listed> = CATALOGUE
        .iter()
        .filter(|weights| weights.matches(pattern))
        .map(|weights| Listed {
            weights,
            commercial: weights.is_commercial(),
            command: command(weights),
        })
        .collect();
    if found.is_empty() {
        return Err(Error::Usage(format!(
            "--pretrained {pattern}: no published weights have that in their names; `zoo models --pretrained` \
             lists all"
        )));
    }
    if output.json {
        return print_json(&found);
    }
    print(&table(&rows_of(
        &found,
        &[
            ("name", &|listed| listed.weights.name.to_string()),
            ("model", &|listed| listed.weights.model.to_string()),
            ("parameters", &|listed| listed.weights.parameters.to_string()),
            ("file", &|listed| format!("{} MB", listed.weights.megabytes)),
            ("image", &|listed| listed.weights.image_size.to_string()),
            ("licence", &|listed| {
                let limit = if listed.commercial { "" } else { " (not for profit)" };
                format!("{}{limit}", listed.weights.licence)
            }),
            ("accuracy", &|listed| {
                format!("{} {}", listed.weights.accuracy.value, listed.weights.accuracy.task)
            }),
        ],
    )))?;
    match &found[..] {
        [only] => {
            print(&format!("\nsource  {}\nuse     {}", only.weights.accuracy.source, only.command))
        }
        _ => print(
            "\nuse one as `pretrained` of a config, or by name: zoo features NAME photos/ --out features.csv",
        ),
    }
}

/// How to start from them.
fn command(weights: &Weights) -> String {
    format!(
        "zoo train {} --set pretrained={} --set data.folder.root=DIR",
        weights.recipe, weights.name
    )
}
