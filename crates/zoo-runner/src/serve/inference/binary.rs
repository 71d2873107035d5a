//! Tensors as bytes, little-endian; of texts and files, each after its length.

/// The elements of a BYTES tensor.
///
/// # Errors
///
/// If one goes beyond the end.
pub fn elements(mut bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut elements = Vec::new();
    while !bytes.is_empty() {
        let cut = bytes
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
        let (element, rest) = cut
            .ok_or_else(|| format!("element {} goes beyond the end of the data", elements.len()))?;
        elements.push(element);
        bytes = rest;
    }
    Ok(elements)
}

/// A BYTES tensor of texts.
pub fn of_texts(texts: &[String]) -> Vec<u8> {
    let element = |text: &String| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    texts.iter().flat_map(element).collect()
}

/// The elements of an FP32 tensor.
///
/// # Errors
///
/// If the last is not whole.
pub fn floats(bytes: &[u8]) -> Result<Vec<f32>, String> {
    let (floats, rest) = bytes.as_chunks::<4>();
    match rest.is_empty() {
        true => Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        false => Err(format!("{} bytes are no whole number of FP32 elements", bytes.len())),
    }
}

/// An FP32 tensor.
pub fn of_floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_after_their_lengths() {
        let bytes = of_texts(&[String::from("ab"), String::new()]);
        assert_eq!(bytes, [2, 0, 0, 0, b'a', b'b', 0, 0, 0, 0]);
        assert_eq!(elements(&bytes).unwrap(), [&b"ab"[..], b""]);
        assert_eq!(
            elements(&[9, 0, 0, 0, 1]).unwrap_err(),
            "element 0 goes beyond the end of the data"
        );
        assert!(elements(&[1, 0, 0]).is_err());
    }

    #[test]
    fn floats_are_little_endian() {
        assert_eq!(of_floats(&[1.0]), [0, 0, 0x80, 0x3f]);
        assert_eq!(floats(&[0, 0, 0x80, 0x3f]).unwrap(), [1.0]);
        assert_eq!(floats(&[0; 5]).unwrap_err(), "5 bytes are no whole number of FP32 elements");
    }
}
