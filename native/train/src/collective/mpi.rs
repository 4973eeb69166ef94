//! Processes that `mpirun` started, joined by MPI.

use anyhow::{Context, Result, bail};
use mpi::Threading;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};

use super::Collective;

/// This process among those of `mpirun`. Errors of MPI end all processes, with its own words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mpi {
    rank: usize,
    world: usize,
}

/// Joins the other processes; MPI ends when the universe is dropped.
///
/// # Errors
/// An MPI that does not start.
pub(super) fn join() -> Result<(Universe, Mpi)> {
    // Collectives are called by one thread, while others compute.
    let (universe, _) = mpi::initialize_with_threading(Threading::Serialized)
        .context("MPI does not start, or was started twice")?;
    let world = universe.world();
    let joined = Mpi {
        rank: world.rank() as usize,
        world: world.size() as usize,
    };
    Ok((universe, joined))
}

/// Ends every process of the run.
pub(super) fn abort() -> ! {
    communicator().abort(1)
}

/// Asked for anew at every call: the handle is bound to a thread, a rank is not.
fn communicator() -> SimpleCommunicator {
    SimpleCommunicator::world()
}

impl Mpi {
    /// How many values every process has.
    fn counts(self, own: usize) -> Result<Vec<i32>> {
        let own = i32::try_from(own).context("more values than MPI can count")?;
        let mut counts = vec![0; self.world];
        communicator().all_gather_into(&own, &mut counts[..]);
        Ok(counts)
    }
}

/// Where the parts of these lengths begin, and their sum.
fn places(counts: &[i32]) -> Result<(Vec<i32>, usize)> {
    let mut end = 0i32;
    let mut places = Vec::with_capacity(counts.len());
    for count in counts {
        places.push(end);
        end = end
            .checked_add(*count)
            .context("more values than MPI can count")?;
    }
    Ok((places, end as usize))
}

impl Collective for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn world(&self) -> usize {
        self.world
    }

    fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>> {
        let counts = self.counts(values.len())?;
        let (places, all) = places(&counts)?;
        let mut gathered = vec![0.0f32; all];
        {
            let mut parts = PartitionMut::new(&mut gathered[..], &counts[..], &places[..]);
            communicator().all_gather_varcount_into(values, &mut parts);
        }
        let mut rest = gathered.as_slice();
        let parts = counts.iter().map(|count| {
            let (part, after) = rest.split_at(*count as usize);
            rest = after;
            part.to_vec()
        });
        Ok(parts.collect())
    }

    /// Every process sums one part of the values, in the order of the ranks, and gives it to all:
    /// MPI_Allreduce may choose another order in every process and at every size.
    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        let part = |rank: usize| {
            let begin = |rank: usize| values.len() * rank / self.world;
            begin(rank)..begin(rank + 1)
        };
        let counts: Vec<i32> = (0..self.world)
            .map(|rank| part(rank).len() as i32)
            .collect();
        let (begins, all) = places(&counts)?;
        if all != values.len() {
            bail!("{} values are more than MPI can count", values.len());
        }
        let own = part(self.rank).len();
        let own_counts = vec![own as i32; self.world];
        let (own_begins, received) = places(&own_counts)?;
        let mut of_all = vec![0.0f32; received];
        {
            let mut into = PartitionMut::new(&mut of_all[..], &own_counts[..], &own_begins[..]);
            let from = Partition::new(&*values, &counts[..], &begins[..]);
            communicator().all_to_all_varcount_into(&from, &mut into);
        }
        let mut sums = vec![0.0f32; own];
        for given in of_all.chunks(own.max(1)) {
            sums.iter_mut().zip(given).for_each(|(sum, v)| *sum += v);
        }
        let mut into = PartitionMut::new(values, &counts[..], &begins[..]);
        communicator().all_gather_varcount_into(&sums[..], &mut into);
        Ok(())
    }

    fn barrier(&self) -> Result<()> {
        communicator().barrier();
        Ok(())
    }
}
