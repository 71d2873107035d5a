//! What Hugging Face's users of ONNX files want beside one.

use zoo_model::WeightsInfo;

use super::{
    entry::layouts,
    layout::Layout,
    sidecar::{CONFIG, Documents, huggingface},
};

/// The network with its classes as transformers describes it, if it has such a network, and the
/// processor that prepares its images unless the file `prepares` them itself.
pub fn beside_onnx(info: &WeightsInfo, prepares: bool) -> Documents {
    let is_its = |layout: &&Layout| {
        layout.model == info.model.name() && (layout.lacks)(&info.model).is_none()
    };
    let mut documents = match layouts(Some("hf")).into_iter().find(is_its) {
        Some(layout) => (layout.describe)(info),
        None => huggingface::of_any_network(info),
    };
    if prepares {
        documents.files.retain(|(name, _)| *name == CONFIG);
        documents.notes.clear();
    }
    documents
}
