//! `zoo explain --split`: does the network look at the object?

use std::path::Path;

use zoo_model::Predictor;

use super::Explain;
use crate::{
    Error,
    cli::{Output, check_data, print, print_json, run_data, table},
    explain::{Focus, Method, focus},
    report::rows_of,
};

impl Explain {
    /// Measures how much of the heat falls on the object, and prints it.
    pub(super) fn count(
        &self,
        weights: &Path,
        network: &Predictor,
        methods: &[&'static Method],
        output: Output,
    ) -> Result<(), Error> {
        let methods: Vec<&'static Method> =
            methods.iter().copied().filter(|method| method.heat.is_some()).collect();
        if methods.is_empty() {
            let only = self.only.join(",");
            return Err(Error::Usage(format!(
                "--only {only}: does not show where the network looks"
            )));
        }
        let config = run_data::config(&self.run, self.config.as_deref(), &self.sets)?;
        let mut data = run_data::open(&config, weights, &network.info)?;
        let name = run_data::split_name(self.split.as_deref(), &data);
        check_data(&mut data, &[name], output)?;
        let split = run_data::split(&data, name)?;
        let images = (self.images as usize).min(split.len());
        let bar = output.show().bar("looking", images);
        let counted = focus(network, split, &methods, images, || bar.inc(1))?;
        bar.finish_and_clear();
        match output.json {
            true => print_json(&counted),
            false => print(&text(&counted)),
        }
    }
}

fn text(counted: &[Focus]) -> String {
    let told = |figure: Option<f64>, text: fn(f64) -> String| {
        figure.map_or_else(|| String::from("-"), text)
    };
    let percent = |part: f64| format!("{:.1} %", 100.0 * part);
    table(&rows_of(
        counted,
        &[
            ("method", &|focus| focus.method.clone()),
            ("images", &|focus| focus.images.to_string()),
            ("heat on the object", &|focus| told(focus.heat_on_thing, percent)),
            ("object in the picture", &|focus| told(focus.thing_of_picture, percent)),
            ("ratio", &|focus| told(focus.ratio, |ratio| format!("{ratio:.2}"))),
        ],
    ))
}
