//! HiResCAM: Draelos and Carin 2020, <https://arxiv.org/abs/2011.08891>.

use super::{Method, grad_cam::two_classes, nothing};

pub(super) static METHOD: Method = Method {
    name: "hires-cam",
    title: "What speaks for the class, place by place",
    about: "Grad-CAM gives a map one weight for the whole picture. HiResCAM asks at every place by itself: would the \
            class's score rise if there were more of the map just here? Where the head treats all places alike, both \
            are the same. Where it does not, as with a flattened image or with attention, only this one shows what \
            the network has used.",
    is_of_network: false,
    lacks: nothing,
    figures: |subject| Ok(two_classes(subject, |subject, label| subject.hires_cam(label))),
    heat: Some(|subject| Ok(subject.hires_cam(subject.label))),
};
