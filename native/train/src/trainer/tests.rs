//! One step on chunks, threads and processes, against the whole batch as one graph.
#![allow(clippy::unwrap_used)]

use cliprobe_clip::tokenizer::Tokenizer;

use super::*;
use crate::collective::{Alone, together};
use crate::data::Tableau;
use crate::recipe::Precision;
use crate::sample::{Chain, Source};
use crate::start::Start;

fn recipe() -> Recipe {
    let mut recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
    recipe.steps = 40;
    recipe.batch.chunk = 5;
    recipe
}

/// As [`recipe`], with every objective there is.
fn full_recipe() -> Recipe {
    let objectives = r#"
        [contrastive]
        hard_negative_columns = true
        [per_image]
        weight = 0.5
        [per_image_positive]
        [hard_positives]
        symmetric = true
        [radial]
        [entailment_cone]
        [distillation]
        images = 1.0
        captions = 0.5
        chains = 10.0
    "#;
    Recipe {
        objective: toml::from_str(objectives).unwrap(),
        ..recipe()
    }
}

fn trainer(recipe: &Recipe, threads: usize, processes: Box<dyn Collective>) -> Trainer {
    let Start { spec, weights, .. } = Start::of(recipe, None).unwrap();
    let compute = Compute::cpu();
    Trainer::new(recipe, &spec.config, weights, &compute, threads, processes).unwrap()
}

/// As [`trainer`], by candle's own operations as on any device.
fn composed(recipe: &Recipe) -> Trainer {
    let Start { spec, weights, .. } = Start::of(recipe, None).unwrap();
    let compute = Compute {
        device: Device::Cpu,
        fused: false,
    };
    Trainer::new(recipe, &spec.config, weights, &compute, 1, Box::new(Alone)).unwrap()
}

fn tiny() -> (Trainer, Stream) {
    let recipe = recipe();
    (trainer(&recipe, 2, Box::new(Alone)), Stream::new(&recipe))
}

struct Stream {
    tableau: Tableau,
    tokenizer: Tokenizer,
}

impl Stream {
    fn new(recipe: &Recipe) -> Self {
        let spec = Start::of(recipe, None).unwrap().spec;
        Self {
            tableau: Tableau::new(
                &recipe.data.tableau.clone().unwrap(),
                7,
                &spec.preprocessing,
                32,
            ),
            tokenizer: Tokenizer::from_json(&spec.tokenizer_json, &spec.config.text).unwrap(),
        }
    }

    fn rows(&self, step: u64, rows: std::ops::Range<usize>) -> Batch {
        let samples = self.tableau.draw(step, rows).unwrap();
        Batch::pack(&samples, &[], &self.tokenizer, 32).unwrap()
    }

    /// Rows with all that a sample can have, and half as many chains.
    fn full_rows(&self, rows: std::ops::Range<usize>) -> Batch {
        let mut samples = self.tableau.draw(0, rows.clone()).unwrap();
        for (row, sample) in rows.clone().zip(&mut samples) {
            let negative = |n: usize| format!("{n} {}", sample.caption);
            sample.hard_negatives = (0..row % 3).map(negative).collect();
            let positive = format!("there is {}", sample.caption);
            sample.hard_positive = (row % 2 == 0).then_some(positive);
        }
        let chains: Vec<Chain> = (rows.start / 2..rows.end / 2)
            .map(|chain| {
                let text = "a red cat chases two small dogs on the grass";
                let tier = |length: usize| text[..4 * length + chain].to_owned();
                Chain {
                    tiers: [1, 2, 3, 4].map(tier),
                    contradictions: [5, 6, 7, 8].map(tier),
                }
            })
            .collect();
        Batch::pack(&samples, &chains, &self.tokenizer, 32).unwrap()
    }

    fn batch(&self, step: u64) -> Batch {
        self.rows(step, 0..16)
    }
}

fn gradients(trainer: &mut Trainer, batch: &Batch) -> Vec<(String, Vec<f32>)> {
    trainer.differentiate(batch).unwrap();
    let gradients = trainer.gradients.iter();
    gradients
        .map(|(name, values)| (name.to_owned(), values.to_vec()))
        .collect()
}

/// Away from the start, to which distillation has no gradient.
fn moved(trainer: Trainer) -> Trainer {
    for (_, variable) in trainer.weights.iter() {
        variable
            .set(&variable.affine(1.05, 0.003).unwrap())
            .unwrap();
    }
    trainer
}

fn norm(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>().sqrt()
}

/// Equal but for the order in which f32 are summed.
fn assert_close(got: &[(String, Vec<f32>)], expected: &[(String, Vec<f32>)]) {
    let all = expected.iter().flat_map(|(_, values)| values).copied();
    let all = norm(&all.collect::<Vec<_>>());
    for ((name, got), (_, expected)) in got.iter().zip(expected) {
        let differences: Vec<f32> = got.iter().zip(expected).map(|(g, e)| g - e).collect();
        let error = norm(&differences);
        assert!(
            error < 1e-5 * norm(expected).max(0.01 * all),
            "{name}: {error} of {}",
            norm(expected)
        );
    }
}

/// The whole batch as one graph, without chunks, threads or processes.
fn as_one_graph(trainer: &Trainer, batch: &Batch) -> Vec<(String, Vec<f32>)> {
    let share = Share {
        layout: batch.layout.clone(),
        images: batch
            .pixels
            .as_ref()
            .map(|pixels| trainer.model.image_features(pixels).unwrap()),
        texts: Some(trainer.model.text_features(&batch.texts).unwrap()),
    };
    let features = Features::join(&[share]).unwrap();
    let log_scale = trainer.weights.log_scale().unwrap();
    let loss = trainer.objectives.loss(&features, log_scale).unwrap();
    let mut gradients = Gradients::zeros(&trainer.weights).unwrap();
    let mut store = loss.total.backward().unwrap();
    let variables: Vec<Var> = trainer.weights.learning().map(|(_, v)| v.clone()).collect();
    gradients.add(found(&variables, &mut store)).unwrap();
    let gradients = gradients.iter();
    gradients
        .map(|(name, values)| (name.to_owned(), values.to_vec()))
        .collect()
}

/// The trap of candle 0.11: an op without a backward cuts the graph, and everything before
/// it keeps its initial value while the loss still falls.
#[test]
fn every_variable_gets_a_gradient() {
    let data = Stream::new(&recipe());
    for recipe in [recipe(), full_recipe()] {
        let mut trainer = moved(trainer(&recipe, 2, Box::new(Alone)));
        for (name, gradient) in gradients(&mut trainer, &data.full_rows(0..16)) {
            let norm = norm(&gradient);
            assert!(norm.is_finite(), "{name}: {norm}");
            // A bias of all keys adds the same to every logit of a query, which softmax does
            // not see: its gradient is zero but for rounding.
            if !name.ends_with("k_proj.bias") {
                assert!(norm > 1e-6, "{name}: {norm}");
            }
        }
    }
}

#[test]
fn an_objective_alone_reaches_what_it_depends_on() {
    let data = Stream::new(&recipe());
    let batch = data.full_rows(0..16);
    for (objective, vision, text, scale) in [
        ("[contrastive]", true, true, true),
        ("[per_image]", true, true, true),
        ("[per_image_positive]", true, true, true),
        ("[hard_positives]", true, true, true),
        ("[radial]", false, true, false),
        ("[entailment_cone]\nmargin = 2.0", false, true, false),
        ("[distillation]\nimages = 1.0", true, false, false),
        ("[distillation]\nchains = 1.0", false, true, false),
    ] {
        let recipe = Recipe {
            objective: toml::from_str(objective).unwrap(),
            ..recipe()
        };
        let mut trainer = moved(trainer(&recipe, 2, Box::new(Alone)));
        let depends = |name: &str| match name.split(['_', '.']).next() {
            Some("vision" | "visual") => vision,
            Some("text") => text,
            _ => scale,
        };
        // All of them learn at first: what is not reached is named.
        if !(vision && text && scale) {
            let error = trainer.differentiate(&batch).unwrap_err();
            assert!(error.to_string().contains("no gradient reaches"), "{error}");
        }
        trainer.weights.choose(depends);
        trainer.gradients = Gradients::zeros(&trainer.weights).unwrap();
        for (name, gradient) in gradients(&mut trainer, &batch) {
            assert!(depends(&name), "{objective}: {name}");
            let norm = norm(&gradient);
            assert!(
                norm > 1e-9 || name.ends_with("k_proj.bias"),
                "{objective}: {name}: {norm}"
            );
        }
    }
}

#[test]
fn chunks_have_the_gradient_of_the_whole_batch() {
    let (mut trainer, data) = tiny();
    let batch = data.batch(0);
    let expected = as_one_graph(&trainer, &batch);
    for chunk in [1, 5, 16, 100] {
        trainer.batch.chunk = chunk;
        assert_close(&gradients(&mut trainer, &batch), &expected);
    }
}

#[test]
fn threads_and_recomputing_change_no_bit() {
    let recipe = recipe();
    let data = Stream::new(&recipe);
    let run = |threads: usize, recompute: bool| {
        let mut recipe = recipe.clone();
        recipe.batch.recompute = recompute;
        let mut trainer = trainer(&recipe, threads, Box::new(Alone));
        (0..3)
            .map(|step| trainer.update(&data.batch(step)).unwrap())
            .collect::<Vec<_>>()
    };
    let expected = run(1, false);
    for (threads, recompute) in [(2, false), (3, false), (1, true), (3, true)] {
        assert_eq!(run(threads, recompute), expected);
    }
}

#[test]
fn candles_operations_train_alike() {
    let full = full_recipe();
    let batch = Stream::new(&full).full_rows(0..16);
    let expected = gradients(&mut moved(trainer(&full, 1, Box::new(Alone))), &batch);
    assert_close(&gradients(&mut moved(composed(&full)), &batch), &expected);

    let recipe = recipe();
    let batch = Stream::new(&recipe).batch(0);
    let mut fused = trainer(&recipe, 1, Box::new(Alone));
    let mut composed = composed(&recipe);
    // AdamW's first steps are as long for a gradient that is rounding as for any other.
    for tolerance in [1e-5, 0.01, 0.02] {
        let one = fused.update(&batch).unwrap().loss;
        let other = composed.update(&batch).unwrap().loss;
        assert!(
            (one - other).abs() < tolerance * one.abs(),
            "{one} and {other}"
        );
    }
}

#[test]
fn products_in_bf16_still_learn() {
    let mut recipe = recipe();
    recipe.batch.precision = Precision::Bf16;
    let data = Stream::new(&recipe);
    let mut trainer = trainer(&recipe, 2, Box::new(Alone));
    let losses: Vec<f32> = (0..30)
        .map(|step| trainer.update(&data.batch(step)).unwrap().loss)
        .collect();
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    assert!(mean(&losses[25..]) < mean(&losses[..5]) - 0.2, "{losses:?}");
}

#[test]
fn processes_together_have_the_gradient_of_the_joined_batch() {
    let recipe = full_recipe();
    let data = Stream::new(&recipe);
    let mut one = moved(trainer(&recipe, 1, Box::new(Alone)));
    let expected = gradients(&mut one, &data.full_rows(0..16));
    for world in [2, 4] {
        let found = together(world, |processes| {
            let share = 16 / world;
            let start = processes.rank() * share;
            let batch = data.full_rows(start..start + share);
            let mut trainer = moved(trainer(&recipe, 1, Box::new(processes)));
            gradients(&mut trainer, &batch)
        });
        for of_one in &found {
            assert_close(of_one, &expected);
            assert_eq!(of_one, &found[0], "processes must not drift apart");
        }
    }
}

#[test]
fn an_update_moves_every_variable() {
    let (mut trainer, data) = tiny();
    let copy = |trainer: &Trainer| -> Vec<Tensor> {
        let variables = trainer.weights.iter();
        variables
            .map(|(_, variable)| variable.copy().unwrap())
            .collect()
    };
    let before = copy(&trainer);
    trainer.update(&data.batch(0)).unwrap();
    let after = copy(&trainer);
    for (((name, _), after), before) in trainer.weights.iter().zip(after).zip(before) {
        let moved = (after - before).unwrap().flatten_all().unwrap();
        let moved = norm(&moved.to_vec1().unwrap());
        assert!(moved > 0.0 || name.ends_with("k_proj.bias"), "{name}");
    }
}

#[test]
fn what_is_frozen_stays_and_has_no_state() {
    let recipe = Recipe {
        train: toml::from_str(r#"only = ["text_*"]"#).unwrap(),
        ..recipe()
    };
    let data = Stream::new(&recipe);
    let mut trainer = trainer(&recipe, 2, Box::new(Alone));
    let before: Vec<Tensor> = trainer
        .weights
        .iter()
        .map(|(_, variable)| variable.copy().unwrap())
        .collect();
    trainer.update(&data.batch(0)).unwrap();
    for ((name, after), before) in trainer.weights.iter().zip(before) {
        let moved = (after.as_tensor() - before).unwrap().flatten_all().unwrap();
        let moved = norm(&moved.to_vec1().unwrap());
        let learns = name.starts_with("text") && !name.ends_with("k_proj.bias");
        assert!(moved > 0.0 || !learns, "{name}");
        assert!(moved == 0.0 || name.starts_with("text"), "{name}");
    }
    let mut kept = trainer.optimizer.parameters.iter();
    assert!(kept.all(|parameter| parameter.name.starts_with("text")));
}

#[test]
fn with_adapters_matrices_stay_and_what_is_written_learns() {
    let recipe = Recipe {
        train: toml::from_str("lora = { rank = 2, alpha = 4.0 }").unwrap(),
        ..recipe()
    };
    let data = Stream::new(&recipe);
    let [fused, by_candle] =
        [trainer(&recipe, 2, Box::new(Alone)), composed(&recipe)].map(|mut trainer| {
            let before: Vec<Tensor> = trainer
                .weights
                .iter()
                .map(|(_, variable)| variable.copy().unwrap())
                .collect();
            for step in 0..2 {
                trainer.update(&data.batch(step)).unwrap();
            }
            let mut sums = Vec::new();
            for ((name, after), before) in trainer.weights.iter().zip(before) {
                let moved = |after: &Tensor| {
                    let moved = (after - &before).unwrap().flatten_all().unwrap();
                    norm(&moved.to_vec1().unwrap())
                };
                let is_adapter = name.contains(".lora_");
                assert_eq!(moved(after) > 0.0, is_adapter, "{name}");
                if !is_adapter {
                    let value = |_: &str, variable: &Var| Ok(variable.as_detached_tensor());
                    let sum = trainer.weights.sum_of(name, &value).unwrap();
                    let is_adapted = name.contains(".layers.") && sum.rank() == 2;
                    assert_eq!(moved(&sum) > 0.0, is_adapted, "{name}");
                    sums.extend(sum.flatten_all().unwrap().to_vec1::<f32>().unwrap());
                }
            }
            sums
        });
    for (fused, by_candle) in fused.into_iter().zip(by_candle) {
        assert!(
            (fused - by_candle).abs() < 1e-5,
            "{fused} is not {by_candle}"
        );
    }
}

#[test]
fn the_loss_falls() {
    let (mut trainer, data) = tiny();
    let losses: Vec<f32> = (0..30)
        .map(|step| trainer.update(&data.batch(step)).unwrap().loss)
        .collect();
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    let (first, last) = (mean(&losses[..5]), mean(&losses[25..]));
    assert!(last < first - 0.2, "{losses:?}");
}

#[test]
fn a_loss_that_is_no_number_stops_before_the_update() {
    let (mut trainer, data) = tiny();
    trainer.update(&data.batch(0)).unwrap();
    let nan = Tensor::new(f32::NAN, &Device::Cpu).unwrap();
    let scale = trainer.weights.log_scale().unwrap();
    scale.set(&nan).unwrap();
    let error = trainer.update(&data.batch(1)).unwrap_err();
    assert_eq!(format!("{error:#}"), "step 2: the loss is NaN");
    assert_eq!(trainer.step(), 1);
}
