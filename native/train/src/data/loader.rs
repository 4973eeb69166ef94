//! Making batches while the model computes.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result, anyhow};

use crate::sample::Batch;

/// Batches that wait for the model at most: one being drawn while one is ready evens out the
/// difference between steps, more would only hold memory.
const AHEAD: usize = 2;

/// Makes the batches of a range of steps on a thread of its own, a few ahead.
pub(crate) struct Loader {
    batches: Receiver<Result<Batch>>,
}

impl Loader {
    /// Starts at once; ends when the steps are made or the loader is dropped.
    pub(crate) fn spawn(
        make: impl Fn(u64) -> Result<Batch> + Send + 'static,
        steps: Range<u64>,
    ) -> Result<Self> {
        let (sender, batches) = sync_channel(AHEAD - 1);
        std::thread::Builder::new()
            .name("data".to_owned())
            .spawn(move || {
                for step in steps {
                    if sender.send(make(step)).is_err() {
                        return;
                    }
                }
            })
            .context("cannot start the thread that makes batches")?;
        Ok(Self { batches })
    }

    /// The next step's batch, waiting for it if need be.
    pub(crate) fn next(&self) -> Result<Batch> {
        self.batches
            .recv()
            .map_err(|_| anyhow!("the thread that makes batches ended early"))?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use anyhow::ensure;
    use candle_core::{Device, Tensor};
    use cliprobe_engine::PackedTokens;

    use super::*;
    use crate::sample::Layout;

    #[test]
    fn loader_gives_the_steps_in_order_and_passes_errors_on() {
        let batch = |step: u64| Batch {
            pixels: Some(Tensor::new(&[[[[step as f32]]]], &Device::Cpu).unwrap()),
            texts: PackedTokens::default(),
            layout: Layout::default(),
        };
        let loader = Loader::spawn(
            move |step| {
                ensure!(step < 8, "no step {step}");
                Ok(batch(step))
            },
            5..9,
        )
        .unwrap();
        for step in 5..8 {
            let pixels = loader.next().unwrap().pixels.unwrap();
            assert_eq!(
                pixels.sum_all().unwrap().to_scalar::<f32>().unwrap(),
                step as f32
            );
        }
        assert_eq!(loader.next().unwrap_err().to_string(), "no step 8");
        assert!(
            loader
                .next()
                .unwrap_err()
                .to_string()
                .contains("ended early")
        );
    }
}
