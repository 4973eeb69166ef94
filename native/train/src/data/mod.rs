//! Where training's samples and chains come from.
//!
//! A source decides everything by the recipe's seed, the step and the row alone: a resumed run goes
//! on where it was without a place in the data, and each of several processes draws its own rows.

mod bad;
mod dice;
mod edits;
mod hierarcaps;
mod loader;
mod shuffled;
mod table;
mod tableau;
#[cfg(test)]
mod tests;
mod transform;
mod webdataset;

use std::sync::Arc;

use anyhow::{Context, Result};
use cliprobe_clip::preprocessing::Preprocessing;
use rayon::ThreadPoolBuilder;

use super::recipe::DataRecipe;
pub(crate) use bad::BadSamples;
pub(crate) use loader::Loader;
use shuffled::Shuffled;
use table::Table;
use tableau::TableauChains;
pub(crate) use tableau::{Tableau, vocabulary};
use transform::Transform;
use webdataset::Webdataset;

use super::sample::{Chain, Sample, Source};
use hierarcaps::Chains;

/// Everything that a recipe draws from.
pub struct Sources {
    /// Pairs of image and caption, where the recipe has any.
    pub samples: Option<Box<dyn Source<Sample>>>,
    /// Chains, where the recipe has any.
    pub chains: Option<Box<dyn Source<Chain>>>,
    /// What a person should know about the files, in sentences.
    pub notes: Vec<String>,
    /// What could not be used so far.
    pub(crate) bad: Arc<BadSamples>,
}

/// What the sources of a run have in common.
pub struct Shape<'a> {
    /// The recipe's.
    pub seed: u64,
    /// Pairs of a step, over all processes.
    pub pairs: usize,
    /// Chains of a step, over all processes.
    pub chains: usize,
    /// What is done to an image.
    pub preprocessing: &'a Preprocessing,
    /// Of the model's images, in pixels.
    pub side: usize,
}

impl Sources {
    /// Opens what the recipe names. Tables and the headers of archives are read, images are not.
    ///
    /// # Errors
    /// Files that are not there or not what they should be.
    pub fn open(recipe: &DataRecipe, shape: &Shape<'_>) -> Result<Self> {
        let bad = Arc::new(BadSamples::new(recipe.max_bad_percent));
        let threads = match recipe.workers {
            Some(workers) => workers,
            None => std::thread::available_parallelism()?.get(),
        };
        let workers = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("data-{number}"))
            .build()
            .context("cannot start the threads that read data")?;
        let workers = Arc::new(workers);
        let side = shape.side as u32;
        let transform = Transform::new(recipe.crop, shape.preprocessing, side);
        let edits = || recipe.edits.clone();
        let mut notes = Vec::new();
        let samples: Option<Box<dyn Source<Sample>>> = if let Some(table) = &recipe.table {
            let table = Table::open(table, transform, edits(), &bad)?;
            notes = table.notes();
            Some(shuffled(table, shape.seed, shape.pairs, &bad, &workers))
        } else if let Some(webdataset) = &recipe.webdataset {
            let webdataset = Webdataset::open(webdataset, transform, edits(), &bad, &workers)?;
            Some(shuffled(
                webdataset,
                shape.seed,
                shape.pairs,
                &bad,
                &workers,
            ))
        } else {
            let new = |tableau| Tableau::new(tableau, shape.seed, shape.preprocessing, shape.side);
            let tableau = recipe.tableau.as_ref().map(new);
            tableau.map(|tableau| Box::new(tableau) as Box<dyn Source<Sample>>)
        };
        let chains: Option<Box<dyn Source<Chain>>> = match &recipe.hierarcaps {
            Some(hierarcaps) => {
                let chains = Chains::open(hierarcaps, &bad)?;
                Some(shuffled(chains, shape.seed, shape.chains, &bad, &workers))
            }
            None => recipe.tableau_chains.as_ref().map(|chains| {
                Box::new(TableauChains {
                    scene: chains.scene.clone(),
                    seed: shape.seed,
                }) as Box<dyn Source<Chain>>
            }),
        };
        Ok(Self {
            samples,
            chains,
            notes,
            bad,
        })
    }
}

fn shuffled<T: Send + 'static>(
    records: impl shuffled::Records<T> + 'static,
    seed: u64,
    batch: usize,
    bad: &Arc<BadSamples>,
    workers: &Arc<rayon::ThreadPool>,
) -> Box<dyn Source<T>> {
    Box::new(Shuffled::new(
        records,
        seed,
        batch,
        bad.clone(),
        workers.clone(),
    ))
}
