//! What Hugging Face's users of ONNX files want beside one.

use zoo_model::WeightsInfo;

use super::{
    entry::layout,
    sidecar::{Documents, huggingface},
};

/// The network as transformers describes it with the processor that prepares its images; the classes
/// alone where the file takes pictures and `prepares` them itself.
pub fn beside_onnx(info: &WeightsInfo, prepares: bool) -> Documents {
    match layout("hf", info.model.name()).filter(|_| !prepares) {
        Some(layout) => (layout.describe)(info),
        None => huggingface::of_any_network(info, prepares),
    }
}
