//! Images that distinguish entries: all wrong, only one right or wrong, most confident mistakes.

use serde::Serialize;
use zoo_data::Image;
use zoo_model::{Predictor, on_model};
use zoo_training::run_dir::find_weights;

use crate::{
    Error,
    compare::{Compared, Entry, Made, Outcome},
    evaluation::Scored,
    explain::slopes,
    report::small_uri,
};

/// Images of all groups of one kind together, and of a single group at least and at most.
const OF_KIND: usize = 12;
const OF_GROUP: (usize, usize) = (3, 8);
/// The longer sides of photos and of heat maps in pixels, at most: a page holds many.
const PHOTO_SIDE: usize = 96;
const HEAT_SIDE: usize = 64;

/// Images with something in common.
#[derive(Serialize)]
pub struct Group {
    title: String,
    /// Number of all such images.
    images: usize,
    cards: Vec<Card>,
}

/// An image and what the networks make of it.
#[derive(Serialize)]
struct Card {
    image: String,
    class: String,
    /// None where the image cannot be read any more.
    picture: Option<String>,
    answers: Vec<Answer>,
}

#[derive(Serialize)]
struct Answer {
    entry: String,
    prediction: String,
    probability: f64,
    is_right: bool,
    /// What in the image speaks for the prediction; none where image or weights cannot be read.
    heat: Option<String>,
}

/// A network that looked at the images.
struct Viewer<'a> {
    entry: &'a Entry,
    scored: &'a [Scored],
    /// None where its weights cannot be read any more.
    network: Option<Predictor>,
}

/// The network of a run that was made.
fn open(made: &Made) -> Result<Predictor, Error> {
    let device = made.planned.config.backend.open()?;
    Ok(Predictor::open(&find_weights(&made.planned.folder)?, &device)?)
}

/// HiResCAM of a class over the image.
fn heat(network: &Predictor, image: &Image, label: usize) -> Image {
    let seen = network.info.preprocess.apply(image.clone());
    let input = network.input(std::slice::from_ref(image));
    let slopes = on_model!(&network.model, model => slopes(model, input, &[label])).remove(0);
    slopes.hires_cam().over(&seen)
}

/// The groups of a comparison: of the networks with the first seed, on the largest fraction, as far
/// as they looked at the images of the first.
pub fn groups(compared: &Compared) -> Vec<Group> {
    let viewers = viewers(compared);
    let Some(first) = viewers.first() else {
        return Vec::new();
    };
    let gallery = Gallery { viewers: &viewers };
    let images = first.scored.len();
    let mut groups = Vec::new();
    // Those that so many are right about, the viewer at a place being so.
    let alone = |right: usize, place: usize, is_right: bool| {
        let found = (0..images).filter(|&image| {
            gallery.right(image) == right && viewers[place].scored[image].is_right() == is_right
        });
        found.collect::<Vec<usize>>()
    };
    if viewers.len() > 1 {
        let wrong = (0..images).filter(|&image| gallery.right(image) == 0).collect();
        groups.push(gallery.group(String::from("All are wrong"), wrong, None, 1));
        for (place, viewer) in viewers.iter().enumerate() {
            let title = format!("Only {} is right", viewer.entry.name);
            groups.push(gallery.group(title, alone(1, place, true), Some(place), viewers.len()));
        }
    }
    if viewers.len() > 2 {
        for (place, viewer) in viewers.iter().enumerate() {
            let title = format!("Only {} is wrong", viewer.entry.name);
            let found = alone(viewers.len() - 1, place, false);
            groups.push(gallery.group(title, found, Some(place), viewers.len()));
        }
    }
    for (place, viewer) in viewers.iter().enumerate() {
        let wrong = (0..images).filter(|&image| !viewer.scored[image].is_right()).collect();
        let title = format!("Most confident mistakes of {}", viewer.entry.name);
        groups.push(gallery.group(title, wrong, Some(place), viewers.len()));
    }
    groups.retain(|group| group.images > 0);
    groups
}

fn viewers(compared: &Compared) -> Vec<Viewer<'_>> {
    let largest = compared.comparison.fractions.last().copied();
    let first_of = |place: usize| -> Option<(&Made, &Outcome)> {
        let mut mine = compared
            .made
            .iter()
            .filter(|made| made.planned.entry == place && Some(made.planned.fraction) == largest);
        mine.find_map(|made| Some((made, made.outcome.as_ref().ok()?)))
    };
    let viewer = |(place, entry)| {
        let (made, outcome) = first_of(place)?;
        let scored = outcome.measured.scored.as_slice();
        Some(Viewer { entry, scored, network: open(made).ok() })
    };
    let mut viewers: Vec<Viewer> = compared.entries.iter().enumerate().filter_map(viewer).collect();
    let images = |viewer: &Viewer| -> Vec<(usize, usize)> {
        viewer.scored.iter().map(|image| (image.index, image.label)).collect()
    };
    let Some(of_first) = viewers.first().map(images) else {
        return Vec::new();
    };
    viewers.retain(|viewer| images(viewer) == of_first);
    viewers
}

struct Gallery<'a> {
    viewers: &'a [Viewer<'a>],
}

impl Gallery<'_> {
    /// How many are right about an image.
    fn right(&self, image: usize) -> usize {
        self.viewers.iter().filter(|viewer| viewer.scored[image].is_right()).count()
    }

    /// Of the images found, those of which the viewer `by`, or all, are surest; `siblings` is the
    /// number of groups of this kind.
    fn group(
        &self,
        title: String,
        mut found: Vec<usize>,
        by: Option<usize>,
        siblings: usize,
    ) -> Group {
        let sureness = |image: &usize| -> f64 {
            let chosen = self.viewers.iter().enumerate();
            let chosen = chosen.filter(|(place, _)| by.is_none_or(|by| by == *place));
            chosen.map(|(_, viewer)| viewer.scored[*image].probability).sum()
        };
        found.sort_by(|a, b| sureness(b).total_cmp(&sureness(a)));
        let images = found.len();
        found.truncate((OF_KIND / siblings).clamp(OF_GROUP.0, OF_GROUP.1));
        Group { title, images, cards: found.into_iter().map(|image| self.card(image)).collect() }
    }

    fn card(&self, image: usize) -> Card {
        let first = &self.viewers[0];
        let Scored { index, label, .. } = first.scored[image];
        let (_, split) = first.entry.data.measured();
        let photo = split.source().image(index).ok();
        let answers = self.viewers.iter().map(|viewer| {
            let scored = viewer.scored[image];
            let both = photo.as_ref().zip(viewer.network.as_ref());
            Answer {
                entry: viewer.entry.name.clone(),
                prediction: viewer.entry.data.classes[scored.prediction].clone(),
                probability: scored.probability,
                is_right: scored.is_right(),
                heat: both.map(|(photo, network)| {
                    small_uri(&heat(network, photo, scored.prediction), HEAT_SIDE)
                }),
            }
        });
        Card {
            image: split.source().name(index),
            class: first.entry.data.classes[label].clone(),
            answers: answers.collect(),
            picture: photo.map(|photo| small_uri(&photo, PHOTO_SIDE)),
        }
    }
}
