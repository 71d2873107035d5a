//! `zoo datasets`.

use clap::Args;
use serde_json::json;

use super::{Output, print, print_json, table};
use crate::Error;

/// List the data sets.
#[derive(Debug, Args)]
pub struct Datasets {}

impl Datasets {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let infos = zoo_data::DATASETS;
        if output.json {
            let rows = infos.iter().map(|info| {
                json!({
                    "dataset": info.name,
                    "about": info.about,
                    "classes": info.classes,
                    "channels": info.channels,
                    "image_size": info.image_size,
                    "source": info.source,
                })
            });
            return print_json(&rows.collect::<Vec<_>>());
        }
        let head = ["dataset", "classes", "image", "about"].map(String::from).to_vec();
        let body = infos.iter().map(|info| {
            let size = info.image_size;
            vec![
                info.name.to_string(),
                info.classes.map_or(String::from("its folders"), |number| number.to_string()),
                format!("{}x{size}x{size}", info.channels),
                format!("{} Files: {}.", info.about, info.source),
            ]
        });
        print(&table(&std::iter::once(head).chain(body).collect::<Vec<_>>()))
    }
}
