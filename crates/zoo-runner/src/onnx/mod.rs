//! ONNX files, for runtimes that do not know Burn.
//!
//! `graph` grows a graph, `layers` with `images`, `tokens` and `activation` add the layers of `zoo-kernels` to it, and one file
//! per model puts these in the order of the model's `forward`. `preprocess` goes before them: a file
//! takes pictures as bytes and prepares them itself, unless raw input is asked for.

mod activation;
mod alexnet;
mod cnn;
mod export;
mod file;
mod graph;
mod images;
mod layers;
mod metadata;
mod preprocess;
mod proto;
mod resample;
mod resnet;
mod tokens;
mod vit;

pub use export::export;
pub use file::{is_written_here, tensors_of};

/// The oldest version of the operators that is written; it has `LayerNormalization`.
pub const OLDEST_OPSET: u64 = 17;
/// The newest version of the operators that is written.
pub const NEWEST_OPSET: u64 = 22;

/// What the graph takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Pictures of the network's size, RGB, `[batch, image_size, image_size, 3]`, as bytes.
    Sized,
    /// Pictures of any one size, RGB, `[batch, height, width, 3]`, as bytes.
    AnySize,
    /// What the network itself takes: `[batch, channels, image_size, image_size]`, normalised.
    Raw,
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What it takes.
    pub input: Input,
    /// The version of the operators.
    pub opset: u64,
    /// Whether matrices and kernels are stored in half precision. All is computed in f32.
    pub half: bool,
    /// Whether batch normalisation goes into the convolution before it.
    pub fold: bool,
}

impl Options {
    /// The version of the format that came with the operators.
    fn ir_version(self) -> i64 {
        match self.opset {
            ..=18 => 8,
            19..=20 => 9,
            _ => 10,
        }
    }
}
