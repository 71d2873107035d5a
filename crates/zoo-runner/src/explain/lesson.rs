//! Everything that is shown of an image, in order.

use serde::Serialize;

use super::{Figure, Method, Subject};
use crate::Error;

/// What is shown of one image.
#[derive(Debug, Serialize)]
pub struct Lesson {
    /// The image's file.
    pub image: String,
    /// The class that is explained, with its probability.
    pub class: String,
    /// The most probable class, with its probability, where another is explained.
    pub prediction: Option<String>,
    /// How the names of its files begin.
    pub stem: String,
    /// The image as the network sees it.
    pub picture: Figure,
    /// One a method.
    pub sections: Vec<Section>,
}

/// What one method shows.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The method's name.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What there is to see.
    pub figures: Vec<Figure>,
}

impl Lesson {
    /// Draws all `methods`; `done` is called after each.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the device gives up.
    pub fn new(
        image: String,
        stem: String,
        subject: &Subject,
        methods: &[&'static Method],
        mut done: impl FnMut(),
    ) -> Result<Self, Error> {
        let section = |method: &&'static Method| {
            let figures = (method.figures)(subject)?;
            done();
            let Method { name, title, about, .. } = **method;
            Ok(Section { name, title, about, figures })
        };
        let first = subject.ranking[0];
        Ok(Self {
            image,
            class: subject.class_and_probability(subject.label),
            prediction: (first != subject.label).then(|| subject.class_and_probability(first)),
            stem,
            picture: Figure::picture("", &subject.image, ""),
            sections: methods.iter().map(section).collect::<Result<_, Error>>()?,
        })
    }
}
