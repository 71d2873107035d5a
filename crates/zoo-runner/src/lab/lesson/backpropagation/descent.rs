//! Steps on one and the same batch, with a look at the weights.

use burn::{
    module::{ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};
use serde::Serialize;
use zoo_data::Batch;
use zoo_model::{AnyModel, Classifier, is_within};
use zoo_training::{StepBatches, Trainer};

use crate::{Error, job::Parts};

/// Weights that are shown one by one: those of the head with the largest gradients.
const SHOWN: usize = 6;

/// What came of some steps.
#[derive(Debug, Serialize)]
pub struct Descent {
    /// Images of the step.
    pub images: usize,
    /// The loss on the batch before each step, and after the last one.
    pub losses: Vec<f64>,
    /// True where the loss is no number after the last one.
    pub runs_away: bool,
    /// What the first step did, from the pixels to the head.
    pub layers: Vec<LayerStep>,
    /// What it did to some weights of the head.
    pub weights: Vec<WeightStep>,
    /// SHA-256 over the weights after the last step, as `manifest.json` has it.
    pub weight_hash: String,
}

/// What a step did to a layer; norms are the root of the sum of squares.
#[derive(Debug, PartialEq, Serialize)]
pub struct LayerStep {
    pub layer: String,
    pub parameters: usize,
    pub gradient: f64,
    pub weights: f64,
    pub change: f64,
}

/// What a step did to a weight.
#[derive(Debug, PartialEq, Serialize)]
pub struct WeightStep {
    pub name: String,
    pub before: f32,
    pub gradient: f32,
    pub after: f32,
}

/// Takes `steps` steps of the learning rate `rate` on `batches`, as `zoo train` takes its first one.
///
/// # Errors
///
/// [`Error::Failed`] if the device gives up.
pub fn descend<M>(
    model: M,
    parts: &Parts,
    batches: &[Batch],
    rate: f64,
    steps: usize,
) -> Result<Descent, Error>
where
    M: Classifier + Into<AnyModel>,
{
    let mut trainer = Trainer::new(model, &parts.settings, &parts.device, None)?;
    trainer.freeze(0);
    let images: usize = batches.iter().map(|batch| batch.indices.len()).sum();
    let place = StepBatches { first_batch: 0, batches: batches.len(), images };
    let (mut losses, mut tables) = (Vec::with_capacity(steps + 1), None);
    loop {
        let mut again = batches.iter().cloned().map(Ok);
        let step = trainer.gradients(&mut again, place, &mut ())?;
        let step = step.ok_or_else(|| Error::Failed(String::from("the batch is empty")))?;
        losses.push(step.measured.loss());
        let runs_away = !step.measured.loss().is_finite();
        if runs_away || losses.len() > steps {
            let (layers, weights) = tables.unwrap_or_default();
            return Ok(Descent {
                images,
                losses,
                runs_away,
                layers,
                weights,
                weight_hash: Into::<AnyModel>::into(trainer.into_model()).weight_hash(),
            });
        }
        let before = Values::of(trainer.model(), Some(&step.gradients));
        trainer.update(step.gradients, rate);
        if tables.is_none() {
            let after = Values::of(trainer.model(), None);
            let layers = trainer.model().layers();
            tables = Some((
                layer_steps(&layers, &before, &after),
                weight_steps(&layers, &before, &after),
            ));
        }
    }
}

/// The weights of a network, and what gradients there are of them.
#[derive(Default)]
struct Values<'a> {
    path: Vec<String>,
    gradients: Option<&'a GradientsParams>,
    found: Vec<Value>,
}

struct Value {
    path: String,
    weights: Vec<f32>,
    gradient: Vec<f32>,
}

impl<'a> Values<'a> {
    fn of<M: Classifier>(model: &M, gradients: Option<&'a GradientsParams>) -> Vec<Value> {
        let mut values = Self { gradients, ..Self::default() };
        model.visit(&mut values);
        values.found
    }
}

impl ModuleVisitor for Values<'_> {
    zoo_model::keep_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Burn's running statistics are no parameters that a gradient changes.
        if self.path.last().is_some_and(|name| name.starts_with("running_")) {
            return;
        }
        let gradient = self.gradients.and_then(|gradients| gradients.get::<D>(param.id));
        let gradient =
            gradient.map_or_else(Vec::new, |gradient| gradient.into_data().iter::<f32>().collect());
        let weights = param.val().into_data().iter::<f32>().collect();
        self.found.push(Value { path: self.path.join("."), weights, gradient });
    }
}

fn norm(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn layer_steps(layers: &[Vec<String>], before: &[Value], after: &[Value]) -> Vec<LayerStep> {
    let of_layer = |layer: &Vec<String>| {
        let pairs: Vec<(&Value, &Value)> = before
            .iter()
            .zip(after)
            .filter(|(value, _)| layer.iter().any(|prefix| is_within(&value.path, prefix)))
            .collect();
        let changes = pairs.iter().flat_map(|(before, after)| {
            before.weights.iter().zip(&after.weights).map(|(before, after)| after - before)
        });
        LayerStep {
            layer: layer.join(", "),
            parameters: pairs.iter().map(|(value, _)| value.weights.len()).sum(),
            gradient: norm(pairs.iter().flat_map(|(value, _)| value.gradient.iter().copied())),
            weights: norm(pairs.iter().flat_map(|(value, _)| value.weights.iter().copied())),
            change: norm(changes),
        }
    };
    layers.iter().map(of_layer).filter(|step| step.parameters > 0).collect()
}

/// Of the head, the weights that the gradient pulls at most.
fn weight_steps(layers: &[Vec<String>], before: &[Value], after: &[Value]) -> Vec<WeightStep> {
    let head = zoo_model::head_path(layers);
    let of_head = before.iter().zip(after).filter(|(value, _)| is_within(&value.path, head));
    let mut steps: Vec<WeightStep> = of_head
        .flat_map(|(before, after)| {
            before.gradient.iter().enumerate().map(|(place, &gradient)| WeightStep {
                name: format!("{}[{place}]", before.path),
                before: before.weights[place],
                gradient,
                after: after.weights[place],
            })
        })
        .collect();
    steps.sort_by(|a, b| b.gradient.abs().total_cmp(&a.gradient.abs()));
    steps.truncate(SHOWN);
    steps
}
