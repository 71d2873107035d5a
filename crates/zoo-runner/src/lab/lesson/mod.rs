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

/// All of them, in the order of the course.
pub static LESSONS: &[&Lesson] = &[
    &pixels::LESSON,
    &convolution::LESSON,
    &maps::LESSON,
    &dense::LESSON,
    &loss::LESSON,
    &backpropagation::LESSON,
    &training::LESSON,
    &overfitting::LESSON,
    &transfer::LESSON,
    &transformer::LESSON,
    &own::LESSON,
];
