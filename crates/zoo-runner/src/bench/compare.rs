//! Comparison with earlier figures.

use super::Speed;

/// The ratio of images a second, now by then, of each row of `now` that `then` has too.
///
/// # Errors
///
/// If `then` was measured on another machine and `force` does not say to compare all the same, or
/// has none of the rows.
pub fn compare(now: &[Speed], then: &[Speed], force: bool) -> Result<Vec<Option<f64>>, String> {
    let here = now.first().map(|row| &row.machine);
    if let Some(other) = then.iter().find(|row| Some(&row.machine) != here)
        && !force
    {
        return Err(format!(
            "was measured on another machine ({}); use --force to compare anyway",
            other.machine
        ));
    }
    let ratio = |row: &Speed| {
        let same = |other: &&Speed| {
            (&other.config, &other.backend, &other.precision, other.what, other.batch)
                == (&row.config, &row.backend, &row.precision, row.what, row.batch)
        };
        then.iter().find(same).map(|other| row.images_per_second / other.images_per_second)
    };
    let ratios: Vec<_> = now.iter().map(ratio).collect();
    if ratios.iter().all(Option::is_none) {
        return Err(String::from("contains none of these cases"));
    }
    Ok(ratios)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Spread, What};

    fn row(config: &str, images_per_second: f64, machine: &str) -> Speed {
        Speed {
            config: config.to_string(),
            backend: String::from("flex"),
            precision: String::from("f32"),
            instructions: None,
            what: What::Train,
            batch: 1,
            images_per_second,
            step_ms: Spread { median: 1.0, min: 1.0, max: 1.0 },
            split_ms: None,
            flops_per_second: None,
            peak_share: None,
            peak_memory_bytes: None,
            machine: machine.to_string(),
        }
    }

    #[test]
    fn rows_are_found_by_what_they_measured() {
        let now = [row("a", 30.0, "m"), row("b", 5.0, "m")];
        assert_eq!(compare(&now, &[row("a", 20.0, "m")], false), Ok(vec![Some(1.5), None]));
        assert_eq!(
            compare(&now, &[row("c", 1.0, "m")], false).unwrap_err(),
            "contains none of these cases"
        );
    }

    #[test]
    fn another_machine_is_refused_unless_forced() {
        let (now, then) = ([row("a", 30.0, "m")], [row("a", 10.0, "n")]);
        assert_eq!(
            compare(&now, &then, false).unwrap_err(),
            "was measured on another machine (n); use --force to compare anyway"
        );
        assert_eq!(compare(&now, &then, true), Ok(vec![Some(3.0)]));
    }
}
