//! Checkpoints of a run: one safetensors file each, complete or not there at all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use candle_core::Tensor;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::ema::Average;
use super::optimizer::AdamW;
use super::weights::Weights;
use cliprobe_files::write::write_whole;

/// Key of the metadata that says how many updates were made.
const STEP: &str = "cliprobe.train.step";
const MEAN: &str = "adamw.mean.";
const SQUARE: &str = "adamw.square.";
const AVERAGE: &str = "ema.";
/// Key of the metadata that names the checkpoint a run began with, by its hash.
const START: &str = "cliprobe.train.start";

/// Everything that the next step depends on beside the recipe.
pub(crate) struct State<'a> {
    pub(crate) weights: &'a Weights,
    pub(crate) optimizer: &'a mut AdamW,
    pub(crate) average: Option<&'a mut Average>,
    /// SHA-256 of the checkpoint that the run began with.
    pub(crate) start: Option<&'a str>,
}

/// The folder of a run's checkpoints.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoints {
    directory: PathBuf,
    keep: usize,
}

impl Checkpoints {
    /// `keep` is how many of the newest stay.
    pub(crate) fn new(directory: PathBuf, keep: usize) -> Self {
        Self { directory, keep }
    }

    /// Writes a state, then removes the oldest beyond `keep`.
    pub(crate) fn save(&self, state: &State) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.directory)
            .with_context(|| format!("cannot create {}", self.directory.display()))?;
        let mut tensors = weight_bytes(state.weights)?;
        for parameter in &state.optimizer.parameters {
            let shape = vec![parameter.mean.len()];
            for (prefix, moment) in [(MEAN, &parameter.mean), (SQUARE, &parameter.square)] {
                let name = format!("{prefix}{}", parameter.name);
                tensors.push((name, shape.clone(), bytes(&moment.to_vec()?)));
            }
        }
        for part in state.average.iter().flat_map(|average| &average.parts) {
            let shape = vec![part.values.len()];
            tensors.push((
                format!("{AVERAGE}{}", part.name),
                shape,
                bytes(&part.values.to_vec()?),
            ));
        }
        let step = state.optimizer.updates;
        let mut metadata = HashMap::from([(STEP.to_owned(), step.to_string())]);
        if let Some(hash) = state.start {
            metadata.insert(START.to_owned(), hash.to_owned());
        }
        let path = self.path(step);
        let contents = safetensors_file(&tensors, metadata)?;
        write_whole(&path, |file| Ok(file.write_all(&contents)?))?;
        self.prune()?;
        Ok(path)
    }

    fn path(&self, step: u64) -> PathBuf {
        self.directory.join(format!("step_{step:08}.safetensors"))
    }

    /// Steps that have a checkpoint, oldest first.
    fn steps(&self) -> Result<Vec<u64>> {
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read {}", self.directory.display()));
            }
        };
        let mut steps = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let step: Option<u64> = name
                .to_str()
                .and_then(|name| name.strip_prefix("step_"))
                .and_then(|name| name.strip_suffix(".safetensors"))
                .and_then(|digits| digits.parse().ok());
            steps.extend(step);
        }
        steps.sort_unstable();
        Ok(steps)
    }

    fn prune(&self) -> Result<()> {
        let steps = self.steps()?;
        for step in &steps[..steps.len().saturating_sub(self.keep)] {
            let path = self.path(*step);
            std::fs::remove_file(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Puts the newest checkpoint's state into `state`; returns the updates made, or `None` where
    /// there is no checkpoint yet.
    pub(crate) fn restore_latest(&self, state: &mut State) -> Result<Option<u64>> {
        let Some(step) = self.steps()?.pop() else {
            return Ok(None);
        };
        let path = self.path(step);
        restore(&path, state).with_context(|| format!("cannot resume from {}", path.display()))?;
        Ok(Some(step))
    }
}

fn restore(path: &Path, state: &mut State) -> Result<()> {
    let file = std::fs::read(path)?;
    let (_, header) = SafeTensors::read_metadata(&file)?;
    let noted = |key: &str| {
        let metadata = header.metadata().as_ref();
        metadata.and_then(|metadata| metadata.get(key))
    };
    let step =
        noted(STEP).context("it does not say its step: it is no checkpoint of a training run")?;
    let step: u64 = step.parse().context("its step is no number")?;
    ensure!(
        noted(START).map(String::as_str) == state.start,
        "the run began with another checkpoint than the recipe's start is now"
    );
    let tensors = SafeTensors::deserialize(&file)?;
    for (name, variable) in state.weights.iter() {
        let values = floats(&tensors, name, variable.dims())?;
        variable.set(&Tensor::from_vec(
            values,
            variable.dims(),
            variable.device(),
        )?)?;
    }
    for parameter in &mut state.optimizer.parameters {
        let shape = [parameter.mean.len()];
        let moment = |prefix| floats(&tensors, &format!("{prefix}{}", parameter.name), &shape);
        let (mean, square) = (moment(MEAN)?, moment(SQUARE)?);
        parameter.mean.set(mean)?;
        parameter.square.set(square)?;
    }
    if let Some(average) = &mut state.average {
        for part in &mut average.parts {
            let name = format!("{AVERAGE}{}", part.name);
            let values = floats(&tensors, &name, &[part.values.len()])?;
            part.values.set(values)?;
        }
    }
    state.optimizer.updates = step;
    Ok(())
}

fn floats(tensors: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let view = tensors
        .tensor(name)
        .with_context(|| format!("tensor {name}"))?;
    if view.dtype() != Dtype::F32 || view.shape() != shape {
        bail!(
            "tensor {name} is {:?} of shape {:?}, not F32 of shape {shape:?}",
            view.dtype(),
            view.shape()
        );
    }
    let (numbers, rest) = view.data().as_chunks::<4>();
    ensure!(rest.is_empty(), "tensor {name} ends within a number");
    Ok(numbers.iter().map(|n| f32::from_le_bytes(*n)).collect())
}

type NamedBytes = (String, Vec<usize>, Vec<u8>);

fn weight_bytes(weights: &Weights) -> Result<Vec<NamedBytes>> {
    weights
        .iter()
        .map(|(name, variable)| {
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            Ok((name.to_owned(), variable.dims().to_vec(), bytes(&values)))
        })
        .collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn safetensors_file(tensors: &[NamedBytes], metadata: HashMap<String, String>) -> Result<Vec<u8>> {
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    Ok(safetensors::serialize(views, Some(metadata))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::{Device, Var};

    use super::*;
    use crate::gradients::Gradients;
    use crate::optimizer::Constants;
    use crate::recipe::EmaRecipe;

    fn state(seed: f32) -> (Weights, AdamW) {
        let weights: Weights = [("w", vec![2usize, 3]), ("logit_scale", vec![])]
            .into_iter()
            .map(|(name, shape)| {
                let count = shape.iter().product::<usize>();
                let values = (0..count).map(|i| seed / (i as f32 + 3.0)).collect();
                let variable = Var::from_vec(values, shape, &Device::Cpu).unwrap();
                (name.to_owned(), variable)
            })
            .collect();
        let constants = Constants {
            betas: [0.9, 0.98],
            epsilon: 1e-6,
            weight_decay: 0.1,
        };
        let mut optimizer = AdamW::new(&weights, constants).unwrap();
        let mut gradients = Gradients::zeros(&weights).unwrap();
        for (index, gradient) in gradients.values_mut().iter_mut().enumerate() {
            *gradient = 0.3 * seed + index as f32;
        }
        optimizer.update(&gradients, 1e-3, 1.0).unwrap();
        (weights, optimizer)
    }

    fn whole<'a>(weights: &'a Weights, optimizer: &'a mut AdamW) -> State<'a> {
        State {
            weights,
            optimizer,
            average: None,
            start: None,
        }
    }

    fn all_values(weights: &Weights, optimizer: &AdamW) -> Vec<Vec<f32>> {
        let variables = weights
            .iter()
            .map(|(_, variable)| variable.flatten_all().unwrap().to_vec1().unwrap());
        let moments = optimizer
            .parameters
            .iter()
            .flat_map(|parameter| [&parameter.mean, &parameter.square])
            .map(|moment| moment.to_vec().unwrap());
        variables.chain(moments).collect()
    }

    #[test]
    fn restores_every_bit() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(directory.path().join("checkpoints"), 2);
        let (weights, mut optimizer) = state(0.7);
        checkpoints.save(&whole(&weights, &mut optimizer)).unwrap();

        let (other, mut other_optimizer) = state(-5.0);
        other_optimizer.updates = 99;
        let step = checkpoints.restore_latest(&mut whole(&other, &mut other_optimizer));
        assert_eq!(step.unwrap(), Some(1));
        assert_eq!(other_optimizer.updates, 1);
        assert_eq!(
            all_values(&other, &other_optimizer),
            all_values(&weights, &optimizer)
        );
    }

    #[test]
    fn keeps_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(directory.path().to_owned(), 2);
        let (weights, mut optimizer) = state(0.7);
        for step in [5, 10, 100] {
            optimizer.updates = step;
            checkpoints.save(&whole(&weights, &mut optimizer)).unwrap();
        }
        assert_eq!(checkpoints.steps().unwrap(), [10, 100]);
        // A file that a kill left half written has another name and is not taken for one.
        std::fs::write(directory.path().join(".tmpXYZ"), "half").unwrap();
        assert_eq!(
            checkpoints
                .restore_latest(&mut whole(&weights, &mut optimizer))
                .unwrap(),
            Some(100)
        );
    }

    #[test]
    fn nothing_to_resume_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(directory.path().join("none"), 2);
        let (weights, mut optimizer) = state(0.7);
        let step = checkpoints.restore_latest(&mut whole(&weights, &mut optimizer));
        assert_eq!(step.unwrap(), None);
    }

    #[test]
    fn another_model_is_refused_by_tensor_name() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(directory.path().to_owned(), 2);
        let (weights, mut optimizer) = state(0.7);
        let path = checkpoints.save(&whole(&weights, &mut optimizer)).unwrap();

        let other: Weights = [(
            "w".to_owned(),
            Var::zeros((3, 2), candle_core::DType::F32, &Device::Cpu).unwrap(),
        )]
        .into_iter()
        .collect();
        let error = checkpoints
            .restore_latest(&mut whole(&other, &mut optimizer))
            .unwrap_err();
        let sentence = format!("{error:#}");
        assert!(
            sentence.contains("tensor w is F32 of shape [2, 3]"),
            "{sentence}"
        );

        let model = safetensors_file(&weight_bytes(&weights).unwrap(), HashMap::new());
        std::fs::write(&path, model.unwrap()).unwrap();
        let error = checkpoints
            .restore_latest(&mut whole(&weights, &mut optimizer))
            .unwrap_err();
        assert!(format!("{error:#}").contains("no checkpoint"), "{error:#}");
    }

    #[test]
    fn averages_and_the_start_are_part_of_the_state() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(directory.path().to_owned(), 2);
        let (weights, mut optimizer) = state(0.7);
        let recipe = EmaRecipe {
            decay: 0.9,
            write: true,
        };
        let mut average = Average::new(&weights, &recipe).unwrap();
        let mut values = average.parts[0].values.to_vec().unwrap();
        values[3] = 42.0;
        average.parts[0].values.set(values).unwrap();
        checkpoints
            .save(&State {
                average: Some(&mut average),
                start: Some("hash"),
                ..whole(&weights, &mut optimizer)
            })
            .unwrap();
        let mut other = Average::new(&weights, &recipe).unwrap();
        let mut restored = |start| {
            checkpoints.restore_latest(&mut State {
                average: Some(&mut other),
                start,
                ..whole(&weights, &mut optimizer)
            })
        };
        let error = restored(Some("another")).unwrap_err();
        assert!(
            format!("{error:#}").contains("another checkpoint"),
            "{error:#}"
        );
        restored(Some("hash")).unwrap();
        assert_eq!(other.of("w").unwrap().to_vec().unwrap()[3], 42.0);
    }
}
