//! Grad-CAM: Selvaraju et al. 2017, <https://arxiv.org/abs/1610.02391>.

use super::Method;
use crate::explain::{Figure, HeatMap, Subject};

pub(super) static METHOD: Method = Method {
    name: "grad-cam",
    title: "What speaks for the class",
    about: "Grad-CAM asks of each map of a deep layer: would the class's score rise if there were \
            more of it? The maps are added up, weighted by the answers, and the part above 0 is \
            laid over the picture. It shows where the network found evidence for the class. For \
            another class, the same network may look elsewhere.",
    figures: |subject| Ok(two_classes(subject, |subject, label| subject.grad_cam(label))),
    heat: Some(|subject| Ok(subject.grad_cam(subject.label))),
    ..Method::PLAIN
};

/// Heat over the image for the class that is explained, and for the one that comes next.
pub(super) fn two_classes(subject: &Subject, heat: fn(&Subject, usize) -> HeatMap) -> Vec<Figure> {
    let other = subject.ranking.iter().copied().find(|&label| label != subject.label);
    let classes = [("", Some(subject.label)), ("second", other)].into_iter();
    let classes = classes.filter_map(|(name, label)| Some((name, label?)));
    let figure = |(name, label)| {
        let heat = heat(subject, label);
        let class = subject.class_and_probability(label);
        let caption = match heat.largest() {
            0.0 => format!("nothing in the deep maps speaks for {class}"),
            _ => {
                format!(
                    "what speaks for {class}, from {} × {} locations",
                    heat.size[0], heat.size[1]
                )
            }
        };
        Figure::picture(name, &heat.over(&subject.image), caption)
    };
    classes.map(figure).collect()
}
