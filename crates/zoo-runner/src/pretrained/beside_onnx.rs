//! What Hugging Face's users of ONNX files want beside one.

use zoo_model::WeightsInfo;

use super::{
    entry::layout,
    sidecar::{CONFIG, Documents, huggingface},
};

/// The network with its classes as transformers describes it, and the processor that prepares its
/// images unless the file `prepares` them itself.
pub fn beside_onnx(info: &WeightsInfo, prepares: bool) -> Documents {
    let mut documents = match layout("hf", info.model.name()) {
        Some(layout) => (layout.describe)(info),
        None => huggingface::of_any_network(info),
    };
    if prepares {
        documents.files.retain(|(name, _)| *name == CONFIG);
        documents.notes.clear();
    }
    documents
}
