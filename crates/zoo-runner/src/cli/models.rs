//! `zoo models`.

use clap::Args;
use serde::Serialize;
use zoo_model::{DataShape, ModelSettings};

use super::{Output, print, print_json, table};
use crate::Error;

/// List the models with their parameters and cost.
#[derive(Debug, Args)]
pub struct Models {
    /// Number of classes to assume.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    classes: u64,
}

#[derive(Serialize)]
struct Row {
    model: &'static str,
    preset: &'static str,
    parameters: usize,
    flops: u64,
    input: [usize; 3],
}

impl Models {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let rows = ModelSettings::presets().into_iter().map(|preset| {
            let shape = DataShape { num_classes: self.classes as usize, ..preset.settings.shape() };
            let settings = preset.settings.with_shape(shape);
            settings.check().map_err(Error::Usage)?;
            Ok(Row {
                model: preset.model,
                preset: preset.preset,
                parameters: settings.num_params(),
                flops: 2 * settings.multiply_adds(),
                input: [shape.channels, shape.image_size, shape.image_size],
            })
        });
        let rows: Vec<Row> = rows.collect::<Result<_, Error>>()?;
        if output.json {
            return print_json(&rows);
        }
        let head = ["model", "preset", "parameters", "GFLOPs", "input"].map(String::from).to_vec();
        let body = rows.iter().map(|row| {
            vec![
                row.model.to_string(),
                row.preset.to_string(),
                row.parameters.to_string(),
                format!("{:.3}", row.flops as f64 / 1e9),
                row.input.map(|side| side.to_string()).join("x"),
            ]
        });
        print(&table(&std::iter::once(head).chain(body).collect::<Vec<_>>()))
    }
}
