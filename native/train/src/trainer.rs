//! One step of training: forward, backward, clipped update.
//!
//! Towers see rows of their own, only the objectives see rows of each other. So the batch is
//! encoded in chunks, each on a thread of its own; the objectives are differentiated by the
//! embeddings of the whole batch (of all processes); and each chunk's part of the gradient is
//! that of `Σ embeddings · upstream gradient`. Where chunks are encoded a second time for that,
//! memory holds one chunk a thread however large the batch is: GradCache (Gao et al., arXiv
//! 2101.06983).
//!
//! The towers may be on a device. Embeddings are small: the objectives, and processes that gather
//! them, have them in memory.

use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use cliprobe_clip::config::ClipConfig;
use cliprobe_engine::cpu::Model;

use super::checkpoint::State;
use super::chunks::{Chunk, chunks};
use super::collective::Collective;
use super::compute::Compute;
use super::ema::Average;
use super::features::{Features, Share};
use super::gradients::{Found, Gradients, found};
use super::objective::Loss;
use super::optimizer::{AdamW, clip_scale};
use super::recipe::{BatchRecipe, Objectives, Recipe};
use super::sample::Batch;
use super::schedule::Schedule;
use super::weights::Weights;
use super::workers::Workers;

/// A model with what changes it. Nothing here knows of files.
pub(crate) struct Trainer {
    pub(crate) weights: Weights,
    pub(crate) optimizer: AdamW,
    pub(crate) average: Option<Average>,
    model: Model,
    /// The towers as they were at the start, where an objective compares with them.
    start: Option<Model>,
    objectives: Objectives,
    batch: BatchRecipe,
    schedule: Schedule,
    clip_norm: Option<f64>,
    gradients: Gradients,
    device: Device,
    workers: Workers,
    processes: Box<dyn Collective>,
}

/// What a step found and did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepReport {
    /// Before the update.
    pub(crate) loss: f32,
    /// The objectives' names and values, before their weights.
    pub(crate) terms: Vec<(&'static str, f32)>,
    pub(crate) learning_rate: f64,
    /// Norm of all gradients together, before clipping.
    pub(crate) gradient_norm: f64,
    /// What cosines are multiplied by, after the update.
    pub(crate) logit_scale: f32,
}

impl Trainer {
    /// Trains `weights` on `threads` threads or on a device, together with the other `processes`.
    pub(crate) fn new(
        recipe: &Recipe,
        config: &ClipConfig,
        mut weights: Weights,
        compute: &Compute,
        threads: usize,
        processes: Box<dyn Collective>,
    ) -> Result<Self> {
        if let Some(lora) = &recipe.train.lora {
            weights.adapt(lora, recipe.seed)?;
        }
        weights
            .move_to(compute)
            .with_context(|| format!("cannot bring the weights to {compute}"))?;
        // A device has one queue; several threads would only hold more of its memory.
        let threads = if compute.device.is_cpu() { threads } else { 1 };
        let precision = recipe.batch.precision;
        let names: Vec<&str> = weights.iter().map(|(name, _)| name).collect();
        let param_options = recipe.train.param_options(&names, config)?;
        weights.set_param_options(param_options);
        let average = recipe.ema.as_ref();
        Ok(Self {
            average: average.map(|ema| Average::new(&weights, ema)).transpose()?,
            optimizer: AdamW::new(&weights, (&recipe.optimizer).into())?,
            model: weights.trainable_model(config, precision)?,
            start: match &recipe.objective.distillation {
                Some(_) => Some(weights.copied_model(config, precision)?),
                None => None,
            },
            objectives: recipe.objective.clone(),
            batch: recipe.batch.clone(),
            schedule: Schedule::of(&recipe.optimizer, recipe.steps),
            clip_norm: recipe.optimizer.clip_norm,
            gradients: Gradients::zeros(&weights)?,
            device: compute.device.clone(),
            workers: Workers::new(threads)?,
            processes,
            weights,
        })
    }

    /// Updates made so far.
    pub(crate) fn step(&self) -> u64 {
        self.optimizer.updates
    }

    /// Everything that the next step depends on; `start` is the hash of the checkpoint that the run
    /// began with.
    pub(crate) fn state<'a>(&'a mut self, start: Option<&'a str>) -> State<'a> {
        State {
            weights: &self.weights,
            optimizer: &mut self.optimizer,
            average: self.average.as_mut(),
            start,
        }
    }

    /// The processes that train together.
    pub(crate) fn processes(&self) -> &dyn Collective {
        &*self.processes
    }

    /// One update on `batch`, which is this process's part of the step. A loss or gradient that is
    /// no number is an error and leaves the weights as they were.
    pub(crate) fn update(&mut self, batch: &Batch) -> Result<StepReport> {
        let step = self.step();
        let (value, terms) = self
            .differentiate(batch)
            .with_context(|| format!("step {}", step + 1))?;
        let gradient_norm = self.gradients.norm()?;
        ensure!(
            gradient_norm.is_finite(),
            "the gradients of step {} have the norm {gradient_norm}",
            step + 1
        );

        let learning_rate = self.schedule.rate(step);
        let scale = self.clip_norm;
        let scale = scale.map_or(1.0, |limit| clip_scale(gradient_norm, limit));
        self.optimizer
            .update(&self.gradients, learning_rate, scale)
            .with_context(|| format!("step {}", step + 1))?;
        let logit_scale = self.weights.clamp_log_scale()?;
        if let Some(average) = &mut self.average {
            average.update(&self.weights, step + 1)?;
        }
        Ok(StepReport {
            loss: value,
            terms,
            learning_rate,
            gradient_norm,
            logit_scale,
        })
    }

    /// Loss of the joined batch of all processes; leaves its gradients in `self.gradients`.
    fn differentiate(&mut self, batch: &Batch) -> Result<(f32, Vec<(&'static str, f32)>)> {
        let batch = &batch.on(&self.device)?;
        self.renew_model()?;
        let chunks = self.cut(batch);
        let encoded = self.encode(&chunks, batch)?;
        let own = Embeddings::variables(&chunks, &encoded)?;
        let mut features = self.join(own.share(batch))?;
        features.start = self.start_features(batch)?;
        let Loss {
            total,
            terms,
            complete,
        } = self.objectives.loss(&features, self.weights.log_scale()?)?;
        let value = total.to_scalar::<f32>()?;
        ensure!(value.is_finite(), "the loss is {value}");

        let mut store = total.backward()?;
        let upstream = own.upstream(&mut store, &self.device)?;
        self.add_gradients_of_chunks(&chunks, encoded, &upstream, batch)?;
        self.gradients.sum_over(&*self.processes)?;
        // The objectives' own variable: every process has the whole of its gradient.
        let variables = self.variables();
        self.gradients.add(found(&variables, &mut store))?;
        if let Some(name) = self.gradients.unreached().filter(|_| complete) {
            bail!(
                "no gradient reaches {name}: no objective depends on it, so that it must not be \
                 among what is trained"
            );
        }
        Ok((value, terms))
    }

    /// Products with adapters belong to the graph of one step: the next one needs new ones.
    fn renew_model(&mut self) -> Result<()> {
        if self.weights.have_adapters() {
            let config = *self.model.config();
            self.model = self
                .weights
                .trainable_model(&config, self.batch.precision)?;
        }
        Ok(())
    }

    fn cut(&self, batch: &Batch) -> Vec<Chunk> {
        let tokens = self.model.config().vision.tokens();
        chunks(batch, self.batch.chunk, tokens)
    }

    fn variables(&self) -> Vec<Var> {
        self.weights.learning().map(|(_, v)| v.clone()).collect()
    }

    /// Encodes every chunk with the model that is trained.
    fn encode(&self, chunks: &[Chunk], batch: &Batch) -> Result<Vec<Encoded>> {
        let (model, recompute) = (&self.model, self.batch.recompute);
        self.workers.map(chunks.len(), |chunk| {
            let features = chunks[chunk].encode(model, batch)?;
            let learns = features.track_op();
            // Without its graph a chunk's activations are gone at once.
            let features = match recompute {
                true => features.detach(),
                false => features,
            };
            Ok(Encoded { features, learns })
        })
    }

    /// This process's embeddings with those of all others.
    fn join(&self, own: Share) -> Result<Features> {
        own.join(&*self.processes, self.model.config().projection_dim)
    }

    /// What the frozen start makes of the part of the batch that distillation compares.
    fn start_features(&self, batch: &Batch) -> Result<Option<Box<Features>>> {
        let (Some(start), Some(wanted)) = (&self.start, &self.objectives.distillation) else {
            return Ok(None);
        };
        let part = batch.part(
            wanted.images > 0.0,
            wanted.captions > 0.0,
            wanted.chains > 0.0,
        );
        let chunks = self.cut(&part);
        let encoded = self
            .workers
            .map(chunks.len(), |chunk| chunks[chunk].encode(start, &part))?;
        let own = Share {
            images: rows(&chunks, encoded.iter(), true)?,
            texts: rows(&chunks, encoded.iter(), false)?,
            layout: part.layout,
        };
        Ok(Some(Box::new(self.join(own)?)))
    }

    /// Replaces `self.gradients` by the sum over chunks of the gradient of
    /// `Σ embeddings · upstream gradient`.
    fn add_gradients_of_chunks(
        &mut self,
        chunks: &[Chunk],
        encoded: Vec<Encoded>,
        upstream: &Upstream,
        batch: &Batch,
    ) -> Result<()> {
        let encoded: Vec<_> = encoded
            .into_iter()
            .map(|of_chunk| of_chunk.learns.then(|| Mutex::new(Some(of_chunk.features))))
            .collect();
        let variables = self.variables();
        let Self {
            model,
            workers,
            gradients,
            batch: BatchRecipe { recompute, .. },
            ..
        } = self;
        let backward = |chunk: usize| -> Result<Option<Found>> {
            let (upstream, rows) = match &chunks[chunk] {
                Chunk::Images(rows) => (&upstream.images, rows),
                Chunk::Texts(rows) => (&upstream.texts, rows),
            };
            let (Some(upstream), Some(kept)) = (upstream, &encoded[chunk]) else {
                return Ok(None);
            };
            let kept = kept.lock().ok().and_then(|mut kept| kept.take());
            let features = match kept {
                Some(features) if !*recompute => features,
                _ => chunks[chunk].encode(model, batch)?,
            };
            let upstream = upstream.narrow(0, rows.start, rows.len())?;
            let mut store = (features * upstream)?.sum_all()?.backward()?;
            // What else is in the store is as large as the activations.
            Ok(Some(found(&variables, &mut store)))
        };
        gradients.clear()?;
        workers.fold(chunks.len(), backward, |of_chunk| {
            of_chunk.map_or(Ok(()), |of_chunk| gradients.add(of_chunk))
        })
    }
}

/// The embeddings of a chunk.
struct Encoded {
    /// With their graph, unless they are to be computed again.
    features: Tensor,
    /// Whether they depend on anything that is trained.
    learns: bool,
}

/// All embeddings of this process, as variables by which the objectives are differentiated.
struct Embeddings {
    images: Option<Var>,
    texts: Option<Var>,
}

/// The gradients of the loss by the embeddings of this process.
struct Upstream {
    images: Option<Tensor>,
    texts: Option<Tensor>,
}

impl Embeddings {
    fn variables(chunks: &[Chunk], encoded: &[Encoded]) -> Result<Self> {
        let joined = |images: bool| -> Result<Option<Var>> {
            let parts = encoded.iter().map(|of_chunk| &of_chunk.features);
            rows(chunks, parts, images)?
                .map(|rows| Ok(Var::from_tensor(&rows)?))
                .transpose()
        };
        Ok(Self {
            images: joined(true)?,
            texts: joined(false)?,
        })
    }

    fn share(&self, batch: &Batch) -> Share {
        let tensor = |rows: &Option<Var>| rows.as_ref().map(|rows| rows.as_tensor().clone());
        Share {
            layout: batch.layout.clone(),
            images: tensor(&self.images),
            texts: tensor(&self.texts),
        }
    }

    /// Takes their gradients out of the store, to where the encoders are.
    fn upstream(&self, store: &mut GradStore, device: &Device) -> Result<Upstream> {
        let mut take = |rows: &Option<Var>| -> Result<Option<Tensor>> {
            let gradient = rows.as_ref().and_then(|rows| store.remove(rows));
            // Without the graph by which it was found, through which every chunk would go again.
            let upstream = gradient.map(|rows| rows.detach().to_device(device));
            Ok(upstream.transpose()?)
        };
        Ok(Upstream {
            images: take(&self.images)?,
            texts: take(&self.texts)?,
        })
    }
}

/// The embeddings of images or of texts out of those of all chunks, without their graphs and in
/// memory.
fn rows<'a>(
    chunks: &[Chunk],
    encoded: impl Iterator<Item = &'a Tensor>,
    images: bool,
) -> Result<Option<Tensor>> {
    let parts: Vec<Tensor> = chunks
        .iter()
        .zip(encoded)
        .filter(|(chunk, _)| matches!(chunk, Chunk::Images(_)) == images)
        .map(|(_, features)| features.detach())
        .collect();
    match parts.as_slice() {
        [] => Ok(None),
        parts => Ok(Some(Tensor::cat(parts, 0)?.to_device(&Device::Cpu)?)),
    }
}

#[cfg(test)]
mod tests;
