//! Low-rank adapters (LoRA, Hu et al., arXiv 2106.09685): a frozen matrix W₀ `[out, in]` is used as
//!
//! ```text
//! W = W₀ + α / r · B A        A: [r, in], B: [out, r]
//! ```
//!
//! and only A and B learn. A begins as PEFT has it (`nn.init.kaiming_uniform_` with a = √5: uniform
//! within ± 1 / √in), B as zero, so that the first step starts from W₀. They are variables like
//! any other, under PEFT's names; whatever leaves the run has the sum.

use anyhow::{Result, bail};

use super::names::matches;
use super::recipe::LoraRecipe;
use super::recipe::nearest::nearest;

/// The last part of a matrix's name, and of its adapter's.
const MATRIX: &str = ".weight";
const A: &str = ".lora_A.weight";
const B: &str = ".lora_B.weight";

/// The names of A and B of a matrix.
pub(crate) fn adapter_names(matrix: &str) -> [String; 2] {
    let stem = matrix.strip_suffix(MATRIX).unwrap_or(matrix);
    [A, B].map(|part| format!("{stem}{part}"))
}

/// Whether a variable is an adapter's.
pub(crate) fn is_adapter(name: &str) -> bool {
    name.ends_with(A) || name.ends_with(B)
}

/// Whether the towers multiply by this tensor, so that it can have an adapter: the matrices of
/// blocks, and the projections.
fn can_be_adapted(name: &str, dims: usize) -> bool {
    let is_multiplied = name.contains(".layers.") || name.ends_with("_projection.weight");
    dims == 2 && is_multiplied && name.ends_with(MATRIX)
}

impl LoraRecipe {
    /// The tensors that get an adapter, among tensors with their numbers of dimensions.
    ///
    /// # Errors
    /// A name that is of none that can have one, with the nearest that is.
    pub(crate) fn adapted<'a>(&self, tensors: &[(&'a str, usize)]) -> Result<Vec<&'a str>> {
        let able = tensors
            .iter()
            .filter(|(name, dims)| can_be_adapted(name, *dims));
        let able: Vec<&str> = able.map(|(name, _)| *name).collect();
        for pattern in &self.names {
            if able.iter().any(|name| matches(pattern, name)) {
                continue;
            }
            let sentence = format!(
                "train.lora.names has {pattern}, which is no matrix that can have an adapter"
            );
            match nearest(pattern, able.iter().copied()) {
                Some(known) => bail!("{sentence}; did you mean {known}?"),
                None => bail!("{sentence}"),
            }
        }
        let named = |name: &str| self.names.iter().any(|pattern| matches(pattern, name));
        Ok(able.into_iter().filter(|name| named(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use candle_core::{Device, Tensor, Var};
    use cliprobe_clip::config::ClipConfig;
    use cliprobe_engine::PackedTokens;

    use super::*;
    use crate::recipe::{Precision, Recipe};
    use crate::start::Start;
    use crate::weights::Weights;

    fn lora(names: &[&str]) -> LoraRecipe {
        LoraRecipe {
            rank: 2,
            alpha: 6.0,
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn flat(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn matrices_are_chosen_by_name() {
        let tensors = [
            ("text_model.embeddings.token_embedding.weight", 2),
            ("text_model.encoder.layers.0.self_attn.q_proj.weight", 2),
            ("text_model.encoder.layers.0.self_attn.q_proj.bias", 1),
            ("text_model.encoder.layers.0.layer_norm1.weight", 1),
            ("text_projection.weight", 2),
        ];
        let all = LoraRecipe {
            names: LoraRecipe::of_all_blocks(),
            ..lora(&[])
        };
        assert_eq!(all.adapted(&tensors).unwrap(), [tensors[1].0]);
        let projections = lora(&["projections", "*.q_proj.*"]);
        assert_eq!(
            projections.adapted(&tensors).unwrap(),
            [tensors[1].0, tensors[4].0]
        );
        let refused = |name| lora(&[name]).adapted(&tensors).unwrap_err().to_string();
        assert!(refused("embeddings").contains("no matrix that can have an adapter"));
        assert!(refused("text_projection.weigh").contains("did you mean text_projection.weight?"));
    }

    /// Gradients of one number that the text tower computes, by name, for every variable that learns.
    fn gradients(weights: &Weights, config: &ClipConfig) -> BTreeMap<String, Tensor> {
        let model = weights.trainable_model(config, Precision::F32).unwrap();
        let texts = PackedTokens::new([&[1u32, 2, 3][..], &[4, 5]]);
        let features = model.text_features(&texts).unwrap();
        let mut store = features
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        let learning = weights.learning();
        learning
            .filter_map(|(name, variable)| Some((name.to_owned(), store.remove(variable)?)))
            .collect()
    }

    #[test]
    fn adapters_have_the_gradients_of_their_product() {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let Start {
            spec, mut weights, ..
        } = Start::of(&recipe, None).unwrap();
        let lora = lora(&["text", "text_projection.weight"]);
        weights.adapt(&lora, 5).unwrap();
        let moved: Vec<_> = weights
            .iter()
            .filter(|(name, _)| name.ends_with(B))
            .collect();
        assert_eq!(moved.len(), 6 * spec.config.text.transformer.layers + 1);
        for (name, variable) in moved {
            // As they begin, B is zero and A has no gradient.
            assert!(flat(variable).iter().all(|&value| value == 0.0), "{name}");
            let places = 0..variable.elem_count();
            let values: Vec<f32> = places
                .map(|i| (i as f32 + name.len() as f32).sin() * 0.1)
                .collect();
            let values = Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap();
            variable.set(&values).unwrap();
        }
        let value = |_: &str, variable: &Var| Ok(variable.as_detached_tensor());
        let sums = weights.iter().filter(|(name, _)| !is_adapter(name));
        let sums: Weights = sums
            .map(|(name, _)| {
                let sum = weights.sum_of(name, &value).unwrap();
                (name.to_owned(), Var::from_tensor(&sum).unwrap())
            })
            .collect();

        let of_adapters = gradients(&weights, &spec.config);
        let of_sums = gradients(&sums, &spec.config);
        let mut compared = 0;
        for (matrix, whole) in &of_sums {
            let [a, b] = adapter_names(matrix);
            let (Some(variable_a), Some(variable_b)) = (weights.variable(&a), weights.variable(&b))
            else {
                continue;
            };
            // Of 3 · ⟨B A, G⟩ by B and by A.
            let expected_b = whole.matmul(&variable_a.t().unwrap()).unwrap();
            let expected_a = variable_b.t().unwrap().matmul(whole).unwrap();
            for (name, expected) in [(a, expected_a), (b, expected_b)] {
                let expected = flat(&(expected * lora.scale()).unwrap());
                let largest = expected
                    .iter()
                    .fold(0f32, |most, value| most.max(value.abs()));
                for (got, expected) in flat(&of_adapters[&name]).into_iter().zip(expected) {
                    let error = (got - expected).abs();
                    assert!(error <= 1e-5 * largest, "{name}: {got} is not {expected}");
                }
                compared += 1;
            }
        }
        assert_eq!(compared, 2 * (6 * spec.config.text.transformer.layers + 1));
    }
}
