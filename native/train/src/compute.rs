//! What a run computes on.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use candle_core::{Device, DeviceLocation};

use super::collective;
use super::event::Event;

/// Where the encoders shall be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceWish {
    /// A CUDA device if there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number; without one, the device of the process's local number.
    Cuda(Option<usize>),
}

impl DeviceWish {
    /// The CUDA device that may be meant.
    pub fn cuda(self) -> Option<usize> {
        match self {
            Self::Cpu => None,
            Self::Cuda(Some(number)) => Some(number),
            Self::Auto | Self::Cuda(None) => Some(collective::number_on_this_machine()),
        }
    }
}

impl FromStr for DeviceWish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("cuda:").map(str::parse);
        match (text, number) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(None)),
            (_, Some(Ok(number))) => Ok(Self::Cuda(Some(number))),
            _ => Err("it is none of auto, cpu, cuda, cuda:0, cuda:1 …".to_owned()),
        }
    }
}

/// Where the encoders are, and how they compute there.
#[derive(Debug, Clone)]
pub(crate) struct Compute {
    pub(crate) device: Device,
    /// Whether to use the fused kernels, which only the CPU has; otherwise candle's own operations.
    pub(crate) fused: bool,
}

impl Compute {
    /// On the processor.
    pub(crate) const fn cpu() -> Self {
        Self {
            device: Device::Cpu,
            fused: true,
        }
    }

    /// The place to compute that a person chose, or the best one.
    ///
    /// # Errors
    /// A CUDA device that is asked for and does not answer, or that this program cannot use.
    pub(crate) fn find(wish: DeviceWish, events: &mut dyn FnMut(Event<'_>)) -> Result<Self> {
        let built = cfg!(feature = "cuda");
        let Some(number) = wish.cuda() else {
            return Ok(Self::cpu());
        };
        match wish {
            DeviceWish::Auto if !built => Ok(Self::cpu()),
            // One process of several would hold up all others, and drift away from them.
            DeviceWish::Auto if collective::asked_for() > 1 => Self::cuda(number),
            DeviceWish::Auto => Ok(Self::cuda(number).unwrap_or_else(|error| {
                events(Event::Note(&format!("{error:#}; the CPU trains instead")));
                Self::cpu()
            })),
            _ if !built => bail!(
                "this program is built without CUDA; build it with the feature `cuda`, or train on \
                 the CPU"
            ),
            _ => Self::cuda(number),
        }
    }

    fn cuda(number: usize) -> Result<Self> {
        // One queue of its own: the usual one is another for every thread, and nothing would order the
        // update after the gradients that another thread computed.
        let device = Device::new_cuda_with_stream(number)
            .with_context(|| format!("CUDA device {number} does not answer"))?;
        Ok(Self {
            device,
            fused: false,
        })
    }
}

impl fmt::Display for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.device.location() {
            DeviceLocation::Cuda { gpu_id } => write!(f, "CUDA device {gpu_id}"),
            _ => f.write_str("the CPU"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn devices_are_asked_for_by_name() {
        for (text, wish) in [
            ("auto", DeviceWish::Auto),
            ("cpu", DeviceWish::Cpu),
            ("cuda", DeviceWish::Cuda(None)),
            ("cuda:3", DeviceWish::Cuda(Some(3))),
        ] {
            assert_eq!(text.parse(), Ok(wish));
        }
        for text in ["gpu", "cuda:", "cuda:x", ""] {
            assert!(text.parse::<DeviceWish>().is_err(), "{text}");
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn auto_without_cuda_is_the_cpu() {
        let found = Compute::find(DeviceWish::Auto, &mut |event| panic!("{event:?}")).unwrap();
        assert!(found.device.is_cpu() && found.fused);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_that_is_not_built_in_is_refused_with_what_to_do() {
        let error = Compute::find(DeviceWish::Cuda(None), &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("the feature `cuda`"), "{error}");
    }
}
