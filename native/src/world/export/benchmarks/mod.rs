//! The probe sets as the authors of each benchmark write theirs: the same names of files, columns and folders.
//!
//! Names of images differ over all sets, so that images are found in whatever folders lie together. A set's list
//! is written last: where it is, the set is complete.

mod aro;
mod classification;
mod hard_positives;
mod hierarcaps;
mod retrieval;
mod sugarcrepe;
mod svo;
mod winoground;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cliprobe::world::{Caption, Combination, ProbeKind, Probes, Scene, Style, WorldProbe, probes};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use super::scene_file::draw_into;
use crate::bench::questions::TABLEAU_SEED;
use crate::output::write_whole;

/// The most items of a set.
pub(super) const MOST_ITEMS: u32 = 100_000;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")] // as on the command line
pub(super) enum Benchmark {
    Sugarcrepe,
    Aro,
    Svo,
    Winoground,
    HardPositives,
    Hierarcaps,
    Classification,
    Retrieval,
}

impl Benchmark {
    /// All of them, in the order in which they are written.
    pub(super) const ALL: &'static [Self] = &[
        Self::Sugarcrepe,
        Self::Aro,
        Self::Svo,
        Self::Winoground,
        Self::HardPositives,
        Self::Hierarcaps,
        Self::Classification,
        Self::Retrieval,
    ];
}

/// Which items, and where they go.
pub(super) struct Export<'a> {
    pub(super) out: &'a Path,
    /// Of each set.
    pub(super) items: usize,
    pub(super) combination: Combination,
    /// Pixels.
    pub(super) size: u32,
    pub(super) style: Style,
    /// Counts images.
    pub(super) bar: &'a ProgressBar,
}

/// A image with what is true of it, and what is false.
struct Choice {
    scene: Scene,
    /// The caption, and for some kinds its hard positive.
    positives: Vec<Caption>,
    negative: Caption,
}

impl Export<'_> {
    /// Writes what is not there yet.
    pub(super) fn write(&self, benchmarks: &[Benchmark]) -> Result<()> {
        for benchmark in benchmarks {
            match benchmark {
                Benchmark::Sugarcrepe => sugarcrepe::write(self)?,
                Benchmark::Aro => aro::write(self)?,
                Benchmark::Svo => svo::write(self)?,
                Benchmark::Winoground => winoground::write(self)?,
                Benchmark::HardPositives => hard_positives::write(self)?,
                Benchmark::Hierarcaps => hierarcaps::write(self)?,
                Benchmark::Classification => classification::write(self)?,
                Benchmark::Retrieval => retrieval::write(self)?,
            }
        }
        Ok(())
    }

    /// The items of `cliprobe eval tableau/KIND`.
    fn probes(&self, kind: ProbeKind) -> Probes {
        probes(kind, self.combination, TABLEAU_SEED, self.items)
    }

    /// The probes of a kind that chooses among captions.
    fn choices(&self, kind: ProbeKind) -> impl Iterator<Item = Choice> {
        self.probes(kind).filter_map(|probe| match probe {
            WorldProbe::Captions {
                scene,
                positives,
                negatives,
            } => Some(Choice {
                scene,
                positives,
                negative: negatives.into_iter().next()?,
            }),
            _ => None,
        })
    }

    /// Makes a folder below the export's.
    fn folder(&self, path: &str) -> Result<PathBuf> {
        let folder = self.out.join(path);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }

    /// Draws the scenes that have no file yet.
    fn draw(&self, images: &[(PathBuf, Scene)]) -> Result<()> {
        self.bar.inc_length(images.len() as u64);
        images.par_iter().try_for_each(|(path, scene)| {
            draw_into(path, &self.styled(scene), self.size)?;
            self.bar.inc(1);
            Ok(())
        })
    }

    /// The scene in the style of the export.
    fn styled(&self, scene: &Scene) -> Scene {
        Scene {
            style: self.style,
            ..scene.clone()
        }
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_whole(path, |file| {
        Ok(serde_json::to_writer_pretty(&mut *file, value)?)
    })
}

/// Writes a table with commas.
fn write_csv(path: &Path, columns: &[&str], rows: &[Vec<String>]) -> Result<()> {
    write_whole(path, |file| {
        let mut table = csv::Writer::from_writer(file);
        table.write_record(columns)?;
        rows.iter().try_for_each(|row| table.write_record(row))?;
        Ok(table.flush()?)
    })
}
