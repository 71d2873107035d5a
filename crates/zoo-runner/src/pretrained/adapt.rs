//! Weights in a network for other classes, other channels or another image size.

use burn::{
    store::{ApplyError, bridge},
    tensor::TensorData,
};
use zoo_model::{AnyModel, DataShape, ModelSettings, head_path, is_within};

use super::{layout::Names, positions::Bicubic, source::Lazy};

/// The parameter that knows how many patches an image has.
const POSITIONS: &str = "position_embedding";

/// What to take weights from, and for which network.
pub struct Adaptation<'a> {
    /// The network that has them.
    pub source: &'a AnyModel,
    /// Its settings.
    pub settings: &'a ModelSettings,
    /// What the file that it comes from calls its tensors.
    pub names: &'a Names,
    /// How position embeddings are brought to another number of patches.
    pub positions: Bicubic,
    /// The shape of the data that the other network is for.
    pub shape: DataShape,
    /// Whether the other network keeps the head that it was made with.
    pub new_head: bool,
}

impl Adaptation<'_> {
    /// Puts the weights into `target`, and gives the names of those that were brought to another
    /// size.
    ///
    /// # Errors
    ///
    /// The first tensor that does not fit, by its name and shapes.
    pub fn apply(&self, target: &mut AnyModel) -> Result<Vec<String>, String> {
        let layers = self.source.layers();
        let head = head_path(&layers);
        let mut reshaped = Vec::new();
        let mut tensors = Vec::new();
        let mut is_first_convolution = true;
        for tensor in self.source.tensors(None) {
            if self.new_head && is_within(&tensor.name, head) {
                continue;
            }
            let is_convolution = tensor.shape.num_dims() == 4;
            let adapted = match () {
                () if is_convolution && std::mem::take(&mut is_first_convolution) => {
                    self.channels(&tensor)?
                }
                () if tensor.name == POSITIONS => self.grid(&tensor)?,
                () => None,
            };
            if adapted.is_some() {
                reshaped.push(tensor.name.clone());
            }
            // Without the identity of the parameter that it comes from, which is another network's.
            let mut adapted = adapted.unwrap_or(tensor);
            adapted.param_id = None;
            tensors.push(adapted);
        }
        let result = target.apply(tensors, None);
        if let Some(error) = result.errors.first() {
            return Err(self.told(error));
        }
        let is_wanted = |name: &&String| !(self.new_head && is_within(name, head));
        if let Some(name) = result.unused.iter().find(is_wanted) {
            return Err(format!(
                "`{}` is in the weights, but not in the network that the config describes",
                self.names.theirs(name)
            ));
        }
        match result.missing.iter().map(|(name, _)| name).find(is_wanted) {
            Some(name) => Err(format!(
                "`{}` is not in the weights, but in the network that the config describes",
                self.names.theirs(name)
            )),
            None => Ok(reshaped),
        }
    }

    fn told(&self, error: &ApplyError) -> String {
        match error {
            ApplyError::ShapeMismatch { path, expected, found } => format!(
                "has `{}` of shape {:?}, but the config's network has {:?}",
                self.names.theirs(path),
                self.names.extents(found),
                self.names.extents(expected)
            ),
            other => other.to_string(),
        }
    }

    /// The first convolution for grey images instead of RGB, so that a grey image gives what it gave
    /// with three equal channels, or the other way round.
    fn channels(&self, tensor: &Lazy) -> Result<Option<Lazy>, String> {
        let shape = tensor.shape.to_vec();
        let (from, to) = (shape[1], self.shape.channels);
        if from == to {
            return Ok(None);
        }
        let values = values(tensor)?;
        let pixels = shape[2] * shape[3];
        let mut adapted: Vec<f32> = Vec::with_capacity(shape[0] * to * pixels);
        for kernel in values.chunks_exact(from * pixels) {
            let sum = |pixel: usize| kernel.iter().skip(pixel).step_by(pixels).sum::<f32>();
            let grey: Vec<f32> = (0..pixels).map(|pixel| sum(pixel) / to as f32).collect();
            (0..to).for_each(|_| adapted.extend(&grey));
        }
        let data = TensorData::new(adapted, [shape[0], to, shape[2], shape[3]]);
        Ok(Some(bridge::from_data(data, tensor.name.clone(), None)))
    }

    /// The position embeddings for another number of patches.
    fn grid(&self, tensor: &Lazy) -> Result<Option<Lazy>, String> {
        let (from, to) = (self.settings.shape().image_size, self.shape.image_size);
        if from == to {
            return Ok(None);
        }
        let [_, tokens, embed_dim] = tensor.shape.dims();
        let side = tokens.isqrt();
        let extra = tokens - side * side;
        let new_side = side * to / from;
        let values = values(tensor)?;
        let (class_token, patches) = values.split_at(extra * embed_dim);
        let mut adapted = class_token.to_vec();
        adapted.extend(self.positions.resize(patches, side, new_side, embed_dim));
        let data = TensorData::new(adapted, [1, extra + new_side * new_side, embed_dim]);
        Ok(Some(bridge::from_data(data, tensor.name.clone(), None)))
    }
}

fn values(tensor: &Lazy) -> Result<Vec<f32>, String> {
    let data = bridge::to_data(tensor).map_err(|error| error.to_string())?;
    data.try_to_vec().map_err(|error| format!("`{}`: {error:?}", tensor.name))
}
