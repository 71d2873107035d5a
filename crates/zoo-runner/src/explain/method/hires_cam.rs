//! HiResCAM: Draelos and Carin 2020, <https://arxiv.org/abs/2011.08891>.

use super::{Method, grad_cam::two_classes};

pub(super) static METHOD: Method = Method {
    name: "hires-cam",
    title: "What speaks for the class, location by location",
    about: "Grad-CAM gives each map one weight for the whole picture. HiResCAM asks at each \
            location separately: would the class's score rise if there were more of the map here? \
            If the head treats all locations alike, the two are the same. If it does not, as with \
            flattened maps or attention, only this one shows what the network used.",
    figures: |subject| Ok(two_classes(subject, |subject, label| subject.hires_cam(label))),
    heat: Some(|subject| Ok(subject.hires_cam(subject.label))),
    ..Method::PLAIN
};
