//! The lessons, one line each.

mod backpropagation;
mod convolution;
mod dense;
mod loss;
mod maps;
mod overfitting;
mod own;
mod pixels;
mod training;
mod transfer;
mod transformer;

use axum::Router;

use super::Lab;

/// A lesson: one screen to do, one paragraph to read, one question.
pub struct Lesson {
    /// Its place in the course.
    pub number: u8,
    /// Its name in addresses.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its part of the page.
    pub script: &'static str,
    /// What it computes, below `/lab/NAME`.
    pub routes: fn() -> Router<Lab>,
}

/// Builds the list of lessons: number, module, title. A module has the function `routes` and a
/// script of its own name.
macro_rules! lessons {
    ($($number:literal $name:ident $title:literal,)*) => {
        /// All of them, in the order of the course.
        pub static LESSONS: &[Lesson] = &[$(Lesson {
            number: $number,
            name: stringify!($name),
            title: $title,
            script: include_str!(concat!(stringify!($name), "/", stringify!($name), ".js")),
            routes: $name::routes,
        }),*];
    };
}

lessons! {
    1 pixels "What the computer sees",
    2 convolution "Convolution",
    3 maps "Feature maps",
    4 dense "Pooling and the dense layer",
    5 loss "Probabilities and loss",
    6 backpropagation "Backpropagation and the learning rate",
    7 training "Training live",
    8 overfitting "Overfitting and augmentation",
    9 transfer "Transfer learning",
    10 transformer "The Vision Transformer",
    11 own "Make your own",
}
