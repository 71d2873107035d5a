//! Which methods and which class are meant.

use crate::{
    Error,
    explain::{METHODS, Method, Network},
    words::{hint, unknown},
};

/// The methods of `--only`, or all that suit the network; in the order of a lesson.
///
/// # Errors
///
/// [`Error::Usage`] if there is no such method, or the network lacks what one needs.
pub fn methods(only: &[String], network: &Network) -> Result<Vec<&'static Method>, Error> {
    let names = || METHODS.iter().map(|method| method.name);
    if let Some(wrong) = only.iter().find(|&name| names().all(|known| known != name)) {
        return Err(Error::Usage(format!("--only: {}", unknown("method", wrong, names()))));
    }
    let record = network.blank_record();
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

/// The label of a class.
///
/// # Errors
///
/// [`Error::Usage`] if the network knows no such class.
pub fn label(name: &str, network: &Network) -> Result<usize, Error> {
    let classes = &network.info.classes;
    classes.iter().position(|class| class == name).ok_or_else(|| {
        let hint = hint(name, classes.iter().map(String::as_str));
        Error::Usage(format!("--class {name}: the network knows no such class{hint}"))
    })
}
