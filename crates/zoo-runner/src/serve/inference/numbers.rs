//! The `data` of a tensor in JSON: numbers or texts, flat or nested as the shape is.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, SeqAccess, Visitor},
};

/// What a tensor in JSON holds, row-major. Numbers are kept as they are computed with: a body of many is
/// small enough for memory.
#[derive(Debug, Default, PartialEq)]
pub struct Data {
    pub numbers: Vec<f32>,
    pub texts: Vec<String>,
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut data = Self::default();
        deserializer.deserialize_seq(Elements(&mut data))?;
        match data.numbers.is_empty() || data.texts.is_empty() {
            true => Ok(data),
            false => Err(D::Error::custom("`data` has both numbers and texts")),
        }
    }
}

/// Takes in an element, or the elements of an array.
struct Elements<'a>(&'a mut Data);

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an array of numbers, or of texts")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.0.numbers.push(value as f32);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.texts.push(value.to_string());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(Elements(self.0))?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Data, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn nested_arrays_are_flat_in_row_major_order() {
        let data = read("[[1, -2.5], [[3], 4e0]]").unwrap();
        assert_eq!(data, Data { numbers: vec![1.0, -2.5, 3.0, 4.0], texts: vec![] });
        assert_eq!(read(r#"["a", ["b"]]"#).unwrap().texts, ["a", "b"]);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["[null]", "[{}]", "[true]", "3", r#"[1, "a"]"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
