//! Which methods and which class are meant.

use zoo_model::Predictor;
use zoo_training::words::unknown;

use crate::{
    Error,
    classes::names,
    explain::{METHODS, Method, blank_record},
};

/// The methods of `--only`, or all that suit the network, in the order of a lesson.
///
/// # Errors
///
/// [`Error::Usage`] if there is no such method, or if the network lacks what a method needs.
pub fn methods(only: &[String], network: &Predictor) -> Result<Vec<&'static Method>, Error> {
    let names = || METHODS.iter().map(|method| method.name);
    if let Some(wrong) = only.iter().find(|&name| names().all(|known| known != name)) {
        return Err(Error::Usage(format!("--only: {}", unknown("method", wrong, names()))));
    }
    let record = blank_record(network);
    let mut methods = Vec::new();
    for method in METHODS {
        let is_asked_for = only.iter().any(|name| name == method.name);
        match (method.lacks)(&record) {
            Some(lack) if is_asked_for => {
                let (name, model) = (method.name, network.info.model.name());
                return Err(Error::Usage(format!("--only {name}: the network, a {model}, {lack}")));
            }
            None if is_asked_for || only.is_empty() => methods.push(method),
            _ => {}
        }
    }
    Ok(methods)
}

/// The label of a class, by its name or by the label itself.
///
/// # Errors
///
/// [`Error::Usage`] if the network knows no such class, or several of the name.
pub fn label(name: &str, network: &Predictor) -> Result<usize, Error> {
    names::find(name, &network.info.classes)
        .map_err(|message| Error::Usage(format!("--class {name}: {message}")))
}
