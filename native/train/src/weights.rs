//! The variables of a model in training, and what they are before the first step.

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor, Var};
use cliprobe_clip::config::{ClipConfig, TransformerConfig};
use cliprobe_clip::names::{LOGIT_SCALE, TensorSpec, tensor_specs};
use cliprobe_engine::cpu::{Model, Weight};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::compute::Compute;
use super::learning::ParamOptions;
use super::lora::adapter_names;
use super::objective::MAX_LOG_SCALE;
use super::recipe::{LoraRecipe, Precision};

/// ln(1 / 0.07): CLIP's initial temperature.
const INITIAL_LOG_SCALE: f32 = 2.659_26;

/// Named f32 variables in canonical order, the logit scale last; after it those of adapters.
#[derive(Debug)]
pub(crate) struct Weights {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    variable: Var,
    /// Whether what belongs to it is kept in memory and changed in place.
    in_memory: bool,
    options: Option<ParamOptions>,
    adapter: Option<Adapter>,
}

/// The adapter of a matrix: the indices of the variables B and A, whose product is added to it.
#[derive(Debug, Clone, Copy)]
struct Adapter {
    a: usize,
    b: usize,
    /// The factor of the product.
    scale: f64,
}

impl FromIterator<(String, Var)> for Weights {
    /// All of them learn.
    fn from_iter<I: IntoIterator<Item = (String, Var)>>(variables: I) -> Self {
        let entries = variables.into_iter();
        Self {
            entries: entries.map(|(name, v)| Entry::new(name, v)).collect(),
        }
    }
}

impl Entry {
    fn new(name: String, variable: Var) -> Self {
        Self {
            name,
            variable,
            in_memory: true,
            options: Some(ParamOptions {
                rate: 1.0,
                weight_decay: None,
            }),
            adapter: None,
        }
    }
}

impl Weights {
    /// Random weights for `config`, decided by `seed` alone.
    pub(crate) fn initialise(config: &ClipConfig, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        specs(config)
            .into_iter()
            .map(|TensorSpec { name, shape }| {
                let count = shape.iter().product();
                let values = match initial(&name, &shape, config) {
                    Initial::Constant(value) => vec![value; count],
                    Initial::Normal(deviation) => StandardNormal
                        .sample_iter(&mut rng)
                        .take(count)
                        .map(|sample: f32| deviation * sample)
                        .collect(),
                };
                let variable = Var::from_vec(values, shape, &Device::Cpu)?;
                Ok((name, variable))
            })
            .collect()
    }

    /// Gives matrices their adapters, as they begin; `seed` decides A.
    ///
    /// # Errors
    /// Names of none that can have one.
    pub(crate) fn adapt(&mut self, lora: &LoraRecipe, seed: u64) -> Result<()> {
        let tensors = self.iter().map(|(name, variable)| (name, variable.rank()));
        let tensors: Vec<_> = tensors.collect();
        let adapted = lora.adapted(&tensors)?;
        let is_adapted: Vec<bool> = tensors.iter().map(|(n, _)| adapted.contains(n)).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (place, _) in is_adapted.into_iter().enumerate().filter(|(_, is)| *is) {
            let (out, inner) = self.entries[place].variable.dims2()?;
            let bound = (inner as f32).powf(-0.5);
            let count = lora.rank * inner;
            let a: Vec<f32> = (0..count)
                .map(|_| rng.random_range(-bound..bound))
                .collect();
            let a = Var::from_vec(a, (lora.rank, inner), &Device::Cpu)?;
            let b = Var::zeros((out, lora.rank), DType::F32, &Device::Cpu)?;
            let end = self.entries.len();
            self.entries[place].adapter = Some(Adapter {
                a: end,
                b: end + 1,
                scale: lora.scale(),
            });
            let names = adapter_names(&self.entries[place].name);
            let parts = names.into_iter().zip([a, b]);
            self.entries
                .extend(parts.map(|(name, v)| Entry::new(name, v)));
        }
        Ok(())
    }

    /// Whether a matrix has an adapter, so that a tower is on what they were when it was made.
    pub(crate) fn have_adapters(&self) -> bool {
        self.entries.iter().any(|entry| entry.adapter.is_some())
    }

    /// A tensor of the model: a variable, with the product of its adapter if it has one; `value` says
    /// what a variable is.
    pub(crate) fn sum_of(
        &self,
        name: &str,
        value: &dyn Fn(&str, &Var) -> candle_core::Result<Tensor>,
    ) -> Result<Tensor> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let entry = entry.with_context(|| format!("the weights have no {name}"))?;
        Ok(self.sum(entry, &|entry| value(&entry.name, &entry.variable))?)
    }

    fn sum(
        &self,
        entry: &Entry,
        value: &impl Fn(&Entry) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        let matrix = value(entry)?;
        let Some(Adapter { a, b, scale }) = entry.adapter else {
            return Ok(matrix);
        };
        let product = value(&self.entries[b])?.matmul(&value(&self.entries[a])?)?;
        matrix + product.affine(scale, 0.0)?
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.entries
            .iter()
            .map(|entry| (entry.name.as_str(), &entry.variable))
    }

    /// The variables that training changes.
    pub(crate) fn learning(&self) -> impl Iterator<Item = (&str, &Var)> {
        let learning = self.entries.iter().filter(|entry| entry.options.is_some());
        learning.map(|entry| (entry.name.as_str(), &entry.variable))
    }

    /// How they learn, in the same order.
    pub(crate) fn param_options(&self) -> impl Iterator<Item = ParamOptions> {
        self.entries.iter().filter_map(|entry| entry.options)
    }

    /// Says of each variable, in their order, how it learns; `None` of those that do not.
    pub(crate) fn set_param_options(&mut self, param_options: Vec<Option<ParamOptions>>) {
        for (entry, options) in self.entries.iter_mut().zip(param_options) {
            entry.options = options;
        }
    }

    /// Puts the towers' variables where they are computed with; the logit scale stays in memory with
    /// the objectives.
    pub(crate) fn move_to(&mut self, compute: &Compute) -> Result<()> {
        let towers = self.entries.iter_mut();
        for entry in towers.filter(|entry| entry.name != LOGIT_SCALE) {
            entry.in_memory = compute.fused;
            if !compute.device.is_cpu() {
                let moved = entry.variable.to_device(&compute.device)?;
                entry.variable = Var::from_tensor(&moved)?;
            }
        }
        Ok(())
    }

    /// Whether what belongs to this variable (gradient, moments, average) is kept in memory.
    pub(crate) fn in_memory(&self, name: &str) -> bool {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.name == name)
            .is_none_or(|entry| entry.in_memory)
    }

    /// Leaves only the variables of these names to learn.
    #[cfg(test)]
    pub(crate) fn choose(&mut self, learns: impl Fn(&str) -> bool) {
        for entry in &mut self.entries {
            entry.options = entry.options.filter(|_| learns(&entry.name));
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Var> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, variable)| variable)
    }

    /// The towers on these variables: what they compute can be differentiated by those that learn.
    pub(crate) fn trainable_model(
        &self,
        config: &ClipConfig,
        precision: Precision,
    ) -> Result<Model> {
        self.model(config, precision, |entry| match entry.options.is_some() {
            true => Ok(entry.variable.as_tensor().clone()),
            false => Ok(entry.variable.as_detached_tensor()),
        })
    }

    /// The towers on a copy of the variables' present values.
    pub(crate) fn copied_model(&self, config: &ClipConfig, precision: Precision) -> Result<Model> {
        self.model(config, precision, |entry| {
            Ok(entry.variable.copy()?.detach())
        })
    }

    fn model(
        &self,
        config: &ClipConfig,
        precision: Precision,
        tensor: impl Fn(&Entry) -> candle_core::Result<Tensor>,
    ) -> Result<Model> {
        let by_name = |name: &str| self.entries.iter().find(|entry| entry.name == name);
        let model = Model::new(config, &mut |name, shape| {
            let Some(entry) = by_name(name).filter(|entry| entry.variable.dims() == shape) else {
                candle_core::bail!("the weights have no {name} of shape {shape:?}");
            };
            let tensor = self.sum(entry, &tensor)?;
            let fused = entry.in_memory && precision == Precision::F32;
            Ok(match shape.len() > 1 && !fused {
                true => Weight::Rounded(tensor, precision.dtype()),
                false => tensor.into(),
            })
        })?;
        Ok(model)
    }

    /// The scalar in the log domain.
    pub(crate) fn log_scale(&self) -> Result<&Var> {
        self.variable(LOGIT_SCALE)
            .context("the weights have no logit scale")
    }

    /// Keeps a logit scale that learns in [1, 100], as CLIP does after every update; returns it.
    pub(crate) fn clamp_log_scale(&self) -> Result<f32> {
        let variable = self.log_scale()?;
        let value = variable.to_scalar::<f32>()?;
        if self.learning().all(|(name, _)| name != LOGIT_SCALE) {
            return Ok(value.exp());
        }
        let clamped = value.clamp(0.0, MAX_LOG_SCALE);
        if clamped != value {
            variable.set(&Tensor::new(clamped, &Device::Cpu)?)?;
        }
        Ok(clamped.exp())
    }
}

/// The towers' tensors and the logit scale.
fn specs(config: &ClipConfig) -> Vec<TensorSpec> {
    let mut specs = tensor_specs(config);
    specs.push(TensorSpec {
        name: LOGIT_SCALE.to_owned(),
        shape: Vec::new(),
    });
    specs
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Initial {
    Constant(f32),
    /// Zero mean, this standard deviation.
    Normal(f32),
}

/// OpenAI's `CLIP.initialize_parameters` and `VisionTransformer.__init__`, with the text
/// tower's rule for the blocks of both towers: what ends a residual branch is divided by
/// √(2 · layers). The patch embedding has the deviation of PyTorch's convolution.
fn initial(name: &str, shape: &[usize], config: &ClipConfig) -> Initial {
    let transformer: &TransformerConfig =
        if name.starts_with("vision") || name.starts_with("visual") {
            &config.vision.transformer
        } else {
            &config.text.transformer
        };
    let per_width = (transformer.width as f32).powf(-0.5);
    let per_depth = (2.0 * transformer.layers as f32).powf(-0.5);
    if name == LOGIT_SCALE {
        return Initial::Constant(INITIAL_LOG_SCALE);
    }
    if name.ends_with(".bias") {
        return Initial::Constant(0.0);
    }
    let deviation = match name.trim_end_matches(".weight").rsplit('.').next() {
        Some("q_proj" | "k_proj" | "v_proj") => per_width,
        Some("out_proj" | "fc2") => per_width * per_depth,
        Some("fc1") => (2.0 * transformer.width as f32).powf(-0.5),
        Some("token_embedding") => 0.02,
        Some("position_embedding") if name.starts_with("text") => 0.01,
        Some("patch_embedding") => (3.0 * shape[1..].iter().product::<usize>() as f32).powf(-0.5),
        Some(
            "position_embedding" | "class_embedding" | "text_projection" | "visual_projection",
        ) => per_width,
        // What is left are the gains of the norms.
        _ => return Initial::Constant(1.0),
    };
    Initial::Normal(deviation)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::recipe::Recipe;

    fn config() -> ClipConfig {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        recipe.model.unwrap().clip_config(600).unwrap()
    }

    fn flat(variable: &Var) -> Vec<f32> {
        variable.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn every_tensor_has_its_shape_and_spread() {
        let config = config();
        let weights = Weights::initialise(&config, 1).unwrap();
        let expected = specs(&config);
        assert_eq!(weights.iter().count(), expected.len());
        for ((name, variable), spec) in weights.iter().zip(&expected) {
            assert_eq!((name, variable.dims()), (&*spec.name, &*spec.shape));
            let values = flat(variable);
            match initial(name, &spec.shape, &config) {
                Initial::Constant(value) => {
                    assert!(values.iter().all(|v| *v == value), "{name}");
                    let is_norm = name.contains("norm") || name.contains("layrnorm");
                    assert!(value == 0.0 || is_norm || name == LOGIT_SCALE, "{name}");
                }
                Initial::Normal(deviation) => {
                    let n = values.len() as f32;
                    let square = values.iter().map(|v| v * v).sum::<f32>() / n;
                    let error = (square.sqrt() / deviation - 1.0).abs();
                    // Five standard errors of a standard deviation.
                    assert!(error < 5.0 / (2.0 * n).sqrt(), "{name}: {error}");
                }
            }
        }
    }

    #[test]
    fn residual_branches_end_small() {
        let config = config();
        let width = config.text.transformer.width as f32;
        let layers = config.text.transformer.layers as f32;
        let of = |part: &str| {
            let name = format!("text_model.encoder.layers.0.{part}.weight");
            initial(&name, &[1, 1], &config)
        };
        assert_eq!(of("self_attn.q_proj"), Initial::Normal(width.powf(-0.5)));
        for part in ["self_attn.out_proj", "mlp.fc2"] {
            let expected = width.powf(-0.5) * (2.0 * layers).powf(-0.5);
            assert_eq!(of(part), Initial::Normal(expected));
        }
    }

    #[test]
    fn the_seed_decides() {
        let config = config();
        let all = |seed| -> Vec<Vec<f32>> {
            let weights = Weights::initialise(&config, seed).unwrap();
            weights.iter().map(|(_, variable)| flat(variable)).collect()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
    }

    #[test]
    fn logit_scale_starts_at_one_over_007_and_stays_in_range() {
        let weights = Weights::initialise(&config(), 1).unwrap();
        assert!((weights.clamp_log_scale().unwrap() - 1.0 / 0.07).abs() < 1e-3);
        for (value, expected) in [(7.0f32, 100.0), (-1.0, 1.0), (1.0, 1f32.exp())] {
            let scalar = Tensor::new(value, &Device::Cpu).unwrap();
            weights.log_scale().unwrap().set(&scalar).unwrap();
            assert!((weights.clamp_log_scale().unwrap() - expected).abs() < 1e-3);
        }
    }
}
