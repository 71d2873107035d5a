//! How settings are read from a library's JSON, and named in it.

use serde_json::{Map, Value};
use zoo_data::{Interpolation, Preprocess, Resize};

/// Settings of a JSON object. `null` is as good as absent.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    values: Option<&'a Map<String, Value>>,
    /// What comes before a name in a message.
    prefix: &'static str,
}

impl<'a> Settings<'a> {
    /// Those of `object`; none if it is no object.
    pub fn new(object: &'a Value, prefix: &'static str) -> Self {
        Self { values: object.as_object(), prefix }
    }

    /// A setting that is there.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.values?.get(name).filter(|value| !value.is_null())
    }

    /// A count, if it is there.
    pub fn count(&self, name: &str) -> Result<Option<usize>, String> {
        self.as_a("a whole number", name, |value| value.as_u64().map(|count| count as usize))
    }

    /// A number, if it is there.
    pub fn number(&self, name: &str) -> Result<Option<f64>, String> {
        self.as_a("a number", name, Value::as_f64)
    }

    /// A switch, if it is there.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, String> {
        self.as_a("true or false", name, Value::as_bool)
    }

    /// A word, if it is there.
    pub fn word(&self, name: &str) -> Result<Option<&'a str>, String> {
        self.as_a("a text", name, Value::as_str)
    }

    /// The number of each of `channels` channels, or one for all, if it is there.
    pub fn figures(&self, name: &str, channels: usize) -> Result<Option<Vec<f32>>, String> {
        self.as_a(&format!("{channels} numbers"), name, |value| match value.as_f64() {
            Some(one) => Some(vec![one as f32; channels]),
            None => serde_json::from_value(value.clone()).ok(),
        })
    }

    /// The side of a square, given once or twice, if it is there.
    pub fn side(&self, name: &str) -> Result<Option<usize>, String> {
        self.as_a("the side of a square", name, |value| {
            match value.as_array() {
                Some(sides) => {
                    sides.first().filter(|first| sides.iter().all(|side| side == *first))?.as_u64()
                }
                None => value.as_u64(),
            }
            .map(|side| side as usize)
        })
    }

    /// What a word stands for, if it is there.
    pub fn one_of<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<Option<T>, String> {
        let Some(word) = self.word(name)? else {
            return Ok(None);
        };
        let found = known.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
        let expected = || list(known.iter().map(|(known, _)| *known));
        found.map(Some).ok_or_else(|| self.refuse(name, &expected()))
    }

    /// An interpolation by its name, if it is there.
    pub fn interpolation(&self) -> Result<Option<Interpolation>, String> {
        let known = Interpolation::ALL.map(|(interpolation, name, _)| (name, interpolation));
        self.one_of("interpolation", &known)
    }

    /// Refuses a setting by its name.
    pub fn refuse(&self, name: &str, expected: &str) -> String {
        let found = self.get(name).unwrap_or(&Value::Null);
        format!("says `{}{name}` {found}: expected {expected}", self.prefix)
    }

    /// Refuses settings that are neither in `known` nor off.
    pub fn check_known(&self, known: &[&str]) -> Result<(), String> {
        let is_off = |value: &Value| value.is_null() || *value == Value::Bool(false);
        let mut unknown = self.values.into_iter().flatten();
        match unknown.find(|(name, value)| !known.contains(&name.as_str()) && !is_off(value)) {
            Some((name, value)) => Err(format!(
                "says `{}{name}` {value}, which is not done here; take it out if it makes no difference",
                self.prefix
            )),
            None => Ok(()),
        }
    }

    fn as_a<T>(
        &self,
        expected: &str,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let read = |value| read(value).ok_or_else(|| self.refuse(name, expected));
        self.get(name).map(read).transpose()
    }
}

/// The names of a table as a message lists them.
pub fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The name that JSON has for an interpolation, and Pillow's number.
pub fn named(interpolation: Interpolation) -> (&'static str, u64) {
    let known = Interpolation::ALL.iter().find(|(known, ..)| *known == interpolation);
    known.map_or(("bilinear", 2), |&(_, name, number)| (name, number))
}

/// Figures as the numbers that one would write.
pub fn decimal(figures: &[f32]) -> Vec<f64> {
    let shortest = |figure: &f32| figure.to_string().parse().unwrap_or(f64::from(*figure));
    figures.iter().map(shortest).collect()
}

/// How images are prepared, in torchvision's words.
pub fn steps(preprocess: &Preprocess) -> String {
    let Preprocess { image_size, mean, std, .. } = preprocess;
    let (scaled, interpolation) = (preprocess.scaled_size(), named(preprocess.interpolation).0);
    let resize = match preprocess.resize {
        Resize::Crop => format!("Resize({scaled}), CenterCrop({image_size})"),
        Resize::Squish => format!("Resize(({scaled}, {scaled})), CenterCrop({image_size})"),
        Resize::Letterbox => format!(
            "the longer side to {scaled}, bars of the mean colour, CenterCrop({image_size})"
        ),
    };
    format!("{resize}, {interpolation}, Normalize({mean:?}, {std:?})")
}
