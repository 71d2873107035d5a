//! The precision as a user types it, in configs and on the command line.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use zoo_kernels::Precision;

use crate::words::unknown;

/// The precision of that name.
///
/// # Errors
///
/// For another: the nearest, or why there is no `f16`.
pub fn parse_precision(name: &str) -> Result<Precision, String> {
    let names = Precision::ALL.map(Precision::as_str);
    if name == "f16" {
        return Err(String::from(
            "the precision `f16` is not supported: on a CPU it is no faster than `bf16`, and gradients below 6e-8 are lost in it; use `bf16`, which has the range of f32",
        ));
    }
    let named = Precision::ALL.into_iter().find(|precision| precision.as_str() == name);
    named.ok_or_else(|| unknown("precision", name, names))
}

pub(crate) fn serialize<S: Serializer>(
    precision: &Precision,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(precision.as_str())
}

pub(crate) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Precision, D::Error> {
    let name = String::deserialize(deserializer)?;
    parse_precision(&name).map_err(D::Error::custom)
}

pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Precision::ALL.map(Precision::as_str) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_go_by_their_names() {
        assert_eq!(parse_precision("f32"), Ok(Precision::F32));
        assert_eq!(parse_precision("bf16"), Ok(Precision::Bf16));
        assert_eq!(
            parse_precision("bf61").unwrap_err(),
            "unknown precision `bf61`, did you mean `bf16`? Known: f32, bf16."
        );
        assert!(parse_precision("f16").unwrap_err().contains("use `bf16`"));
    }
}
