//! How processes that a launcher started find each other: rank 0 listens where the launcher says
//! (`MASTER_ADDR`, `MASTER_PORT`, as PyTorch's `env://` has it) and gives a few bytes to every
//! other one.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long processes wait for each other: nodes of a cluster start one after the other.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(50);
/// Begins what a process says of itself, so that a stranger's connection is not counted.
const GREETING: &[u8; 8] = b"cliprobe";

/// This process among those of the run, and where rank 0 listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) rank: usize,
    pub(super) world: usize,
    pub(super) address: String,
    pub(super) port: u16,
}

/// Names under which launchers give a process its number in the run: torchrun's, Slurm's, Open
/// MPI's, MPICH's.
#[cfg(feature = "nccl")]
const RANK: [&str; 4] = ["RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"];

impl Place {
    /// Reads the environment; `None` if it names no meeting place.
    ///
    /// # Errors
    /// A place to meet, but no rank below `world`.
    #[cfg(feature = "nccl")]
    pub(super) fn given(world: usize) -> Result<Option<Self>> {
        let Ok(address) = std::env::var("MASTER_ADDR") else {
            return Ok(None);
        };
        let port = std::env::var("MASTER_PORT").context(
            "MASTER_ADDR is set, but MASTER_PORT, the port where processes meet, is not",
        )?;
        let port = port
            .parse()
            .with_context(|| format!("MASTER_PORT is {port}; it is a port, 1 to 65535"))?;
        let rank = super::given(&RANK).filter(|&rank| rank < world);
        let rank = rank.with_context(|| {
            format!("of {world} processes (WORLD_SIZE) each needs its number in RANK, from 0")
        })?;
        Ok(Some(Self {
            rank,
            world,
            address,
            port,
        }))
    }

    /// What `N` bytes rank 0 makes, in every process.
    ///
    /// # Errors
    /// An address that cannot be listened at or reached, or processes that do not come in time.
    pub(super) fn share<const N: usize>(
        &self,
        make: impl FnOnce() -> Result<[u8; N]>,
    ) -> Result<[u8; N]> {
        self.share_within(PATIENCE, make)
    }

    fn share_within<const N: usize>(
        &self,
        patience: Duration,
        make: impl FnOnce() -> Result<[u8; N]>,
    ) -> Result<[u8; N]> {
        let end = Instant::now() + patience;
        if self.rank == 0 {
            let bytes = make()?;
            let port = self.port;
            let listener = TcpListener::bind(("0.0.0.0", port))
                .with_context(|| format!("rank 0 cannot listen at port {port} (MASTER_PORT)"))?;
            self.give(&listener, &bytes, end)?;
            Ok(bytes)
        } else {
            self.take(end)
        }
    }

    fn give(&self, listener: &TcpListener, bytes: &[u8], end: Instant) -> Result<()> {
        let Self { port, world, .. } = self;
        // Else a process that never comes would be waited for without end.
        listener.set_nonblocking(true)?;
        let mut waiting: Vec<usize> = (1..*world).collect();
        while !waiting.is_empty() {
            match listener.accept() {
                Ok((stream, _)) => {
                    // Whoever breaks off or says something else was none of the run's.
                    if let Ok(rank) = answer(stream, bytes, end) {
                        waiting.retain(|&other| other != rank);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ensure!(
                        Instant::now() < end,
                        "of {world} processes (WORLD_SIZE) rank {waiting:?} did not come to port {port}"
                    );
                    std::thread::sleep(PAUSE);
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("rank 0 at port {port}"));
                }
            }
        }
        Ok(())
    }

    fn take<const N: usize>(&self, end: Instant) -> Result<[u8; N]> {
        let Self {
            rank,
            address,
            port,
            ..
        } = self;
        loop {
            let asked = ask(address, *port, *rank, end);
            match asked {
                Ok(bytes) => return Ok(bytes),
                // Rank 0 may not listen yet.
                Err(_) if Instant::now() < end => std::thread::sleep(PAUSE),
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!(
                            "rank {rank} does not reach rank 0 at {address}:{port} (MASTER_ADDR, MASTER_PORT)"
                        )
                    });
                }
            }
        }
    }
}

/// Reads a process's rank and gives it the bytes.
fn answer(mut stream: TcpStream, bytes: &[u8], end: Instant) -> Result<usize> {
    limit(&stream, end)?;
    let mut greeting = [0; GREETING.len() + 4];
    stream.read_exact(&mut greeting)?;
    let (name, rank) = greeting.split_at(GREETING.len());
    ensure!(name == GREETING, "not a process of cliprobe");
    stream.write_all(bytes)?;
    Ok(u32::from_le_bytes(rank.try_into()?) as usize)
}

fn ask<const N: usize>(address: &str, port: u16, rank: usize, end: Instant) -> Result<[u8; N]> {
    let found = (address, port).to_socket_addrs()?.next();
    let Some(found) = found else {
        bail!("{address} is no known address");
    };
    let patience = end.saturating_duration_since(Instant::now());
    let mut stream = TcpStream::connect_timeout(&found, patience.max(PAUSE))?;
    limit(&stream, end)?;
    stream.write_all(GREETING)?;
    stream.write_all(&u32::try_from(rank)?.to_le_bytes())?;
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// No read or write waits beyond the end.
fn limit(stream: &TcpStream, end: Instant) -> Result<()> {
    stream.set_nonblocking(false)?;
    let left = end.saturating_duration_since(Instant::now()).max(PAUSE);
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A port that stays this test's own.
    fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    fn give<const N: usize>(listener: &TcpListener, place: &Place, bytes: [u8; N]) {
        place
            .give(listener, &bytes, Instant::now() + PATIENCE)
            .unwrap();
    }

    fn place(rank: usize, world: usize, port: u16) -> Place {
        Place {
            rank,
            world,
            address: "127.0.0.1".into(),
            port,
        }
    }

    #[test]
    fn every_process_gets_what_rank_0_made_in_any_order_of_arrival() {
        let (listener, port) = listen();
        std::thread::scope(|scope| {
            let others: Vec<_> = [2, 1, 3]
                .map(|rank| {
                    let asked = move || -> Result<[u8; 3]> {
                        place(rank, 4, port).share(|| unreachable!("rank 0 makes it"))
                    };
                    scope.spawn(asked)
                })
                .into();
            give(&listener, &place(0, 4, port), [7, 8, 0]);
            for other in others {
                assert_eq!(other.join().unwrap().unwrap(), [7, 8, 0]);
            }
        });
    }

    #[test]
    fn strangers_at_the_port_are_passed_over() {
        let (listener, port) = listen();
        let stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
        (&stranger).write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| give(&listener, &place(0, 2, port), [5]));
            let got: [u8; 1] = place(1, 2, port).share(|| unreachable!()).unwrap();
            assert_eq!(got, [5]);
            leader.join().unwrap();
        });
    }

    #[test]
    fn processes_that_do_not_come_are_named() {
        let patience = Duration::from_millis(200);
        let (listener, port) = listen();
        let end = Instant::now() + patience;
        let missing = place(0, 3, port).give(&listener, &[0], end);
        let sentence = format!("{:#}", missing.unwrap_err());
        assert!(sentence.contains("rank [1, 2] did not come"), "{sentence}");

        // Somebody listens and says nothing.
        let alone: Result<[u8; 1]> = place(1, 2, port).share_within(patience, || Ok([0]));
        let sentence = format!("{:#}", alone.unwrap_err());
        assert!(sentence.contains("MASTER_ADDR"), "{sentence}");
    }
}
