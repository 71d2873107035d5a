//! Tensors that lie otherwise in a file than in a network of ours.

use burn::{
    store::bridge::{deferred, to_data},
    tensor::{DType, Shape, TensorData},
};

use super::super::super::{layout::Named, source::Lazy};
use crate::Error;

/// Gives a tensor that is `N - D` axes short as many axes of length 1 before those that it has.
///
/// # Errors
///
/// As [`Named::dims`].
pub fn raise<const D: usize, const N: usize>(file: &mut Named, name: &str) -> Result<(), Error> {
    let mut shape = [1; N];
    shape[N - D..].copy_from_slice(&file.dims::<D>(name)?);
    let tensor = reshaped(taken(file, name), shape);
    file.tensors.insert(name.to_string(), tensor);
    Ok(())
}

/// The same numbers in another shape.
pub fn reshaped<const N: usize>(tensor: Lazy, shape: [usize; N]) -> Lazy {
    deferred(tensor.name.clone(), DType::F32, shape.into(), None, move || {
        Ok(TensorData::from_bytes_vec(tensor.to_bytes()?.to_vec(), shape, DType::F32))
    })
}

/// Turns a matrix.
///
/// # Errors
///
/// As [`Named::dims`].
pub fn transpose(file: &mut Named, name: &str) -> Result<(), Error> {
    file.dims::<2>(name)?;
    let tensor = transposed(taken(file, name));
    file.tensors.insert(name.to_string(), tensor);
    Ok(())
}

/// A matrix with rows for columns.
pub fn transposed(matrix: Lazy) -> Lazy {
    let [rows, columns] = matrix.shape.dims();
    deferred(matrix.name.clone(), DType::F32, [columns, rows].into(), None, move || {
        let values: Vec<f32> = to_data(&matrix)?.iter().collect();
        let at = |index: usize| values[index % rows * columns + index / rows];
        Ok(TensorData::new((0..values.len()).map(at).collect(), [columns, rows]))
    })
}

/// A tensor of zeros.
pub fn zeros(name: &str, shape: impl Into<Shape>) -> Lazy {
    let shape = shape.into();
    deferred(name.to_string(), DType::F32, shape.clone(), None, move || {
        Ok(TensorData::zeros::<f32, _>(shape.clone()))
    })
}

/// Makes one head on two tokens, one behind the other, of two heads on one token each whose scores are
/// averaged: `first` becomes both, and `second` is no more.
///
/// # Errors
///
/// As [`Named::dims`], and if the heads differ in shape.
pub fn average_heads(file: &mut Named, first: &str, second: &str) -> Result<(), Error> {
    let names = |part: &str| [first, second].map(|head| format!("{head}.{part}"));
    let (weights, biases) = (names("weight"), names("bias"));
    let [classes, width] = file.dims::<2>(&weights[0])?;
    if file.dims::<2>(&weights[1])? != [classes, width] {
        let [first, second] = weights.map(|name| file.names.theirs(&name));
        return Err(file.refuse(format!("has `{first}` and `{second}` of different shapes")));
    }
    let both = weights.each_ref().map(|name| taken(file, name));
    put(file, &weights[0], [classes, 2 * width], move || {
        let mut rows: Vec<f32> = Vec::with_capacity(2 * classes * width);
        let values = [halved(&both[0])?, halved(&both[1])?];
        for class in 0..classes {
            values.iter().for_each(|half| rows.extend(&half[class * width..][..width]));
        }
        Ok(TensorData::new(rows, [classes, 2 * width]))
    });
    for name in &biases {
        let [found] = file.dims::<1>(name)?;
        if found != classes {
            let theirs = file.names.theirs(name);
            return Err(
                file.refuse(format!("has `{theirs}` of shape [{found}], expected [{classes}]"))
            );
        }
    }
    let both = biases.each_ref().map(|name| taken(file, name));
    put(file, &biases[0], [classes], move || {
        let values = halved(&both[0])?.into_iter().zip(halved(&both[1])?);
        Ok(TensorData::new(values.map(|(first, second)| first + second).collect(), [classes]))
    });
    Ok(())
}

/// Half of each number.
fn halved(tensor: &Lazy) -> Result<Vec<f32>, burn::store::burn_pack::Error> {
    Ok(to_data(tensor)?.iter::<f32>().map(|value| value / 2.0).collect())
}

/// Whether a tensor is there and holds nothing but zeros.
///
/// # Errors
///
/// [`Error::Run`] if it cannot be read.
pub fn is_zero(file: &Named, name: &str) -> Result<bool, Error> {
    let Some(tensor) = file.tensors.get(name) else {
        return Ok(false);
    };
    let theirs = file.names.theirs(name);
    let data = to_data(tensor)
        .map_err(|error| file.refuse(format!("`{theirs}` cannot be read: {error}")))?;
    Ok(data.iter::<f32>().all(|value| value == 0.0))
}

fn taken(file: &mut Named, name: &str) -> Lazy {
    file.tensors.remove(name).expect("its shape has been looked at")
}

fn put<const N: usize>(
    file: &mut Named,
    name: &str,
    shape: [usize; N],
    read: impl Fn() -> Result<TensorData, burn::store::burn_pack::Error> + Send + Sync + 'static,
) {
    let tensor = deferred(name.to_string(), DType::F32, shape.into(), None, read);
    file.tensors.insert(name.to_string(), tensor);
}
