//! Processes with a GPU each, joined by NCCL: as `torchrun` and Slurm start them.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use candle_core::cuda_backend::cudarc::driver::{CudaContext, CudaSlice, CudaStream};
use candle_core::cuda_backend::cudarc::nccl::result::NcclError;
use candle_core::cuda_backend::cudarc::nccl::safe::{Comm, Id, ReduceOp};

use super::Collective;
use super::rendezvous::Place;

/// This process among those of the run.
pub(super) struct Nccl {
    comm: Comm,
    stream: Arc<CudaStream>,
}

// SAFETY: NCCL binds a communicator to a device, not to a thread; it must only not be used by two
// threads at once, and it is not `Sync`.
#[expect(unsafe_code, reason = "cudarc's communicator holds a raw pointer")]
unsafe impl Send for Nccl {}

/// Joins the other processes, this one with the device of number `device`.
///
/// # Errors
/// A device that does not answer, processes that do not come, or what NCCL says.
pub(super) fn join(place: &Place, device: usize) -> Result<Nccl> {
    let stream = CudaContext::new(device)
        .and_then(|context| context.new_stream())
        .with_context(|| format!("CUDA device {device} does not answer"))?;
    // NCCL's characters are signed on one platform and not on another; a file of bytes is neither.
    let id = place.share(|| {
        let id = Id::new().map_err(|error| failure("an identity", error))?;
        Ok(id.internal().map(|c| c.to_ne_bytes()[0]))
    })?;
    let id = Id::uninit(id.map(|byte| std::ffi::c_char::from_ne_bytes([byte])));
    let comm = Comm::from_rank(Arc::clone(&stream), place.rank, place.world, id)
        .map_err(|error| failure("joining", error))?;
    Ok(Nccl { comm, stream })
}

/// NCCL's errors have a number and no words.
fn failure(what: &str, error: NcclError) -> anyhow::Error {
    anyhow!("NCCL: {what} failed ({error:?}); NCCL_DEBUG=WARN tells more")
}

impl Nccl {
    fn to_device(&self, values: &[f32]) -> Result<CudaSlice<f32>> {
        Ok(self.stream.clone_htod(values)?)
    }

    /// What every process gave, all equally many, one after another.
    fn gather_equal(&self, values: &[f32]) -> Result<Vec<f32>> {
        let given = self.to_device(values)?;
        let mut all = self
            .stream
            .alloc_zeros::<f32>(values.len() * self.world())?;
        self.comm
            .all_gather(&given, &mut all)
            .map_err(|error| failure("gathering", error))?;
        Ok(self.stream.clone_dtoh(&all)?)
    }
}

impl Collective for Nccl {
    fn rank(&self) -> usize {
        self.comm.rank()
    }

    fn world(&self) -> usize {
        self.comm.world_size()
    }

    fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>> {
        // NCCL gathers equal lengths: these are said first, bit by bit, and filled up.
        let length = f32::from_bits(u32::try_from(values.len())?);
        let lengths = self.gather_equal(&[length])?;
        let lengths: Vec<usize> = lengths.iter().map(|l| l.to_bits() as usize).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        if longest == 0 {
            return Ok(vec![Vec::new(); self.world()]);
        }
        let mut filled = values.to_vec();
        filled.resize(longest, 0.0);
        let all = self.gather_equal(&filled)?;
        let parts = all.chunks(longest).zip(lengths);
        Ok(parts
            .map(|(part, length)| part[..length].to_vec())
            .collect())
    }

    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        // Each element is summed in one process or along one tree and then sent to all.
        let mut sums = self.to_device(values)?;
        self.comm
            .all_reduce_in_place(&mut sums, &ReduceOp::Sum)
            .map_err(|error| failure("summing", error))?;
        Ok(self.stream.memcpy_dtoh(&sums, values)?)
    }

    fn barrier(&self) -> Result<()> {
        self.gather_equal(&[0.0]).map(drop)
    }
}
