//! The page of `zoo explain`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use zoo_model::ZOO_VERSION;

use crate::{
    Error,
    explain::{Figure, Lesson, Section},
    report::{Folder, render},
};

/// What is shown of a network and some images.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What the page is called.
    pub title: String,
    /// What is explained: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// One an image.
    pub lessons: Vec<Lesson>,
}

#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    explanation: &'a Explanation,
    version: &'static str,
}

impl Explanation {
    /// Writes `index.html`, which holds all pictures, and each picture as a PNG file; gives back the
    /// files, the page first, then those of each lesson.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<(PathBuf, Vec<Vec<PathBuf>>), Error> {
        let page = folder.file("index.html");
        let content = Page { explanation: self, version: ZOO_VERSION };
        write(&page, render("explanation.html", content)?)?;
        let pictures = |lesson: &Lesson| {
            let pictures = lesson.sections.iter().flat_map(|section| pictures(lesson, section));
            let write = |(name, png): (String, &[u8])| {
                let path = folder.file(&name);
                write(&path, png).map(|()| path)
            };
            pictures.map(write).collect::<Result<Vec<_>, Error>>()
        };
        let pictures = self.lessons.iter().map(pictures).collect::<Result<_, Error>>()?;
        Ok((page, pictures))
    }
}

/// Name and content of each picture of a section.
fn pictures<'a>(
    lesson: &'a Lesson,
    section: &'a Section,
) -> impl Iterator<Item = (String, &'a [u8])> {
    section.figures.iter().filter_map(move |figure| {
        let Figure::Picture(picture) = figure else {
            return None;
        };
        let parts = [lesson.stem.as_str(), section.name, picture.name];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some((format!("{}.png", parts.join("-")), picture.png.as_slice()))
    })
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    fs::write(path, content).map_err(Error::io(path))
}

#[cfg(test)]
mod tests;
