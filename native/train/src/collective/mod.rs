//! Communication between the processes that train one model together.

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
mod nccl;
#[cfg(any(test, feature = "nccl"))]
mod rendezvous;

use anyhow::Result;
#[cfg(not(feature = "mpi"))]
use anyhow::bail;

/// The processes of a run, as one of them sees the others. Every process makes the same calls in
/// the same order; each call waits for all of them. The process that ends early ends the others:
/// their call fails, and names it where that is known.
pub trait Collective: Send {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn world(&self) -> usize;

    /// Gathers the values of all processes, in the order of their ranks. Lengths may differ.
    fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>>;

    /// Replaces `values`, equally many in every process, by their sums over all processes: the
    /// same bits in all of them.
    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()>;

    /// Returns when every process has called it.
    fn barrier(&self) -> Result<()>;
}

/// The only process of its run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alone;

/// The only process of a run.
pub fn alone() -> Box<dyn Collective> {
    Box::new(Alone)
}

impl Collective for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn world(&self) -> usize {
        1
    }

    fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>> {
        Ok(vec![values.to_vec()])
    }

    fn all_reduce_sum(&self, _values: &mut [f32]) -> Result<()> {
        Ok(())
    }

    fn barrier(&self) -> Result<()> {
        Ok(())
    }
}

/// Variables of the environment by which launchers say how many processes they started: Open MPI's
/// mpirun, MPICH's and Slurm's, torchrun; last srun's own, which stands also where no MPI was asked
/// for, so that its processes do not train one model each.
const LAUNCHERS: [&str; 4] = [
    "OMPI_COMM_WORLD_SIZE",
    "PMI_SIZE",
    "WORLD_SIZE",
    "SLURM_STEP_NUM_TASKS",
];
/// How many of them are on this machine.
const LOCAL: [&str; 3] = [
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "MPI_LOCALNRANKS",
    "LOCAL_WORLD_SIZE",
];

/// The number that a launcher gave under one of these names.
fn given(names: &[&str]) -> Option<usize> {
    given_in(&|name| std::env::var(name).ok(), names)
}

fn given_in(environment: &dyn Fn(&str) -> Option<String>, names: &[&str]) -> Option<usize> {
    let mut values = names.iter().filter_map(|name| environment(name));
    values.find_map(|value| value.parse().ok())
}

/// The number that a process has among those of its machine.
const LOCAL_RANK: [&str; 4] = [
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MPI_LOCALRANKID",
    "SLURM_LOCALID",
    "LOCAL_RANK",
];

/// The number of this process among those of the run on its machine, from 0.
pub(crate) fn number_on_this_machine() -> usize {
    given(&LOCAL_RANK).unwrap_or(0)
}

/// How many processes a launcher says that it started.
pub(crate) fn asked_for() -> usize {
    given(&LAUNCHERS).unwrap_or(1)
}

/// A sentence where Slurm reserved several tasks and this process was started alone: the others
/// stay idle.
pub fn idle_tasks() -> Option<String> {
    idle_tasks_in(&|name| std::env::var(name).ok())
}

fn idle_tasks_in(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let reserved = given_in(environment, &["SLURM_NTASKS"]).filter(|tasks| *tasks > 1)?;
    given_in(environment, &LAUNCHERS).is_none().then(|| {
        format!(
            "Slurm reserved {reserved} tasks, but this process trains alone; start it with srun or \
             mpirun to use them all"
        )
    })
}

/// How many processes of the run share this machine's cores.
pub fn on_this_machine() -> usize {
    given(&LOCAL).unwrap_or(1).max(1)
}

/// The connection of a process to the others of its run; the others are told when it is dropped.
pub struct Joined {
    rank: usize,
    world: usize,
    #[cfg(feature = "mpi")]
    _universe: Option<::mpi::environment::Universe>,
}

/// Joins the processes that a launcher started with this one: by NCCL where each has a GPU, of the
/// number `cuda` in this one, and the launcher says where to meet; otherwise by MPI.
///
/// # Errors
/// Several processes where this program is built for one, or that do not find each other.
pub fn join(
    #[cfg_attr(not(feature = "nccl"), expect(unused_variables))] cuda: Option<usize>,
) -> Result<(Joined, Box<dyn Collective>)> {
    let world = asked_for();
    #[cfg(feature = "nccl")]
    if world > 1
        && let Some(cuda) = cuda
        && let Some(place) = rendezvous::Place::given(world)?
    {
        let rank = place.rank;
        let connection = Joined {
            rank,
            world,
            #[cfg(feature = "mpi")]
            _universe: None,
        };
        return Ok((connection, Box::new(nccl::join(&place, cuda)?)));
    }
    #[cfg(feature = "mpi")]
    if world > 1 {
        let (universe, joined) = mpi::join()?;
        anyhow::ensure!(
            joined.world() == world,
            "{world} processes were started, but MPI knows of {}; start them with the mpirun of the \
             MPI that cliprobe is built with",
            joined.world()
        );
        let connection = Joined {
            rank: joined.rank(),
            world,
            _universe: Some(universe),
        };
        return Ok((connection, Box::new(joined)));
    }
    #[cfg(not(feature = "mpi"))]
    if world > 1 {
        bail!(
            "{world} processes were started, but this program cannot join them; build it with the \
             feature `mpi` and start it with mpirun, or with the feature `nccl` for a GPU each and \
             start it with torchrun; or start one process"
        );
    }
    let connection = Joined {
        rank: 0,
        world: 1,
        #[cfg(feature = "mpi")]
        _universe: None,
    };
    Ok((connection, Box::new(Alone)))
}

impl Joined {
    /// Ends the other processes if this one failed: they would wait for it for ever. `say` gets one
    /// sentence before; with MPI the call may not return.
    pub fn fail(&self, error: &anyhow::Error, say: impl FnOnce(&str)) {
        if self.world > 1 {
            say(&format!(
                "process {} of {}: {error:#}; the others are ended",
                self.rank, self.world
            ));
            // Of those that NCCL joined, the launcher ends the others when one is gone.
            #[cfg(feature = "mpi")]
            if self._universe.is_some() {
                mpi::abort();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_of_slurm_that_nobody_joined_are_noticed() {
        let environment = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            }
        };
        // srun without an MPI: each of its processes would train a model of its own.
        let srun = environment(&[("SLURM_NTASKS", "4"), ("SLURM_STEP_NUM_TASKS", "4")]);
        assert_eq!(given_in(&srun, &LAUNCHERS), Some(4));
        assert_eq!(idle_tasks_in(&srun), None);
        // The script of a job of four tasks, which starts one process.
        let batch = environment(&[("SLURM_NTASKS", "4")]);
        assert_eq!(given_in(&batch, &LAUNCHERS), None);
        let said = idle_tasks_in(&batch).unwrap_or_default();
        assert!(said.contains("reserved 4 tasks"), "{said}");
        // The same with mpirun, which counts for itself.
        let mpirun = environment(&[("SLURM_NTASKS", "4"), ("OMPI_COMM_WORLD_SIZE", "2")]);
        assert_eq!(given_in(&mpirun, &LAUNCHERS), Some(2));
        assert_eq!(idle_tasks_in(&mpirun), None);
    }
}

#[cfg(test)]
pub(crate) use threads::together;

/// Processes that are threads of a test.
#[cfg(test)]
mod threads {
    #![allow(clippy::unwrap_used)]

    use std::sync::{Arc, Barrier, Mutex};

    use super::*;

    /// One of several threads that act as processes.
    pub(crate) struct Threads {
        rank: usize,
        given: Arc<Mutex<Vec<Vec<f32>>>>,
        barrier: Arc<Barrier>,
    }

    impl Collective for Threads {
        fn rank(&self) -> usize {
            self.rank
        }

        fn world(&self) -> usize {
            self.given.lock().unwrap().len()
        }

        fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>> {
            self.given.lock().unwrap()[self.rank] = values.to_vec();
            self.barrier.wait();
            let all = self.given.lock().unwrap().clone();
            self.barrier.wait();
            Ok(all)
        }

        fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
            let all = self.all_gather(values)?;
            values.fill(0.0);
            for given in all {
                values.iter_mut().zip(given).for_each(|(sum, v)| *sum += v);
            }
            Ok(())
        }

        fn barrier(&self) -> Result<()> {
            self.barrier.wait();
            Ok(())
        }
    }

    /// What each of `world` processes returns.
    pub(crate) fn together<T: Send>(world: usize, run: impl Fn(Threads) -> T + Sync) -> Vec<T> {
        let given = Arc::new(Mutex::new(vec![Vec::new(); world]));
        let barrier = Arc::new(Barrier::new(world));
        std::thread::scope(|scope| {
            let processes: Vec<_> = (0..world)
                .map(|rank| {
                    let (given, barrier) = (Arc::clone(&given), Arc::clone(&barrier));
                    let process = Threads {
                        rank,
                        given,
                        barrier,
                    };
                    let run = &run;
                    scope.spawn(move || run(process))
                })
                .collect();
            let joined = processes.into_iter().map(|process| process.join().unwrap());
            joined.collect()
        })
    }
}
