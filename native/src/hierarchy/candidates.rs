//! The texts that a traversal looks among, and the chains that are known of images.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::probe::{Probes, read_hierarcaps};
use cliprobe::world::{Claim, Combination, ProbeKind, WorldProbe, probes};

use crate::texts;

/// The word that stands for Tableau's chains where a file is expected.
const TABLEAU: &str = "tableau";
/// As the page has them, and `cliprobe eval tableau/chain`.
const TABLEAU_CHAINS: usize = 100;
const TABLEAU_SEED: u64 = 0;

/// The candidates, each once, in the order given.
#[derive(Debug)]
pub(super) struct Candidates {
    /// What they are, in words.
    pub(super) source: String,
    pub(super) texts: Vec<String>,
    /// From general to specific, with the image that each is about.
    chains: Vec<KnownChain>,
}

/// Texts that are true of an image.
#[derive(Debug)]
struct KnownChain {
    id: String,
    image: String,
    tiers: Vec<String>,
}

impl Candidates {
    /// Reads HierarCaps' table (`.csv`), any other file as texts, or makes Tableau's.
    ///
    /// # Errors
    /// A file that cannot be read, or that holds no text.
    pub(super) fn read(given: &Path) -> Result<Self> {
        let (source, texts, chains) = if given == Path::new(TABLEAU) {
            let source = format!("the chains of {TABLEAU_CHAINS} scenes of Tableau");
            (source, tableau(), Vec::new())
        } else if given
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("csv"))
        {
            let csv =
                std::fs::read_to_string(given).with_context(|| given.display().to_string())?;
            let chains = hierarcaps(&csv).with_context(|| given.display().to_string())?;
            let texts = chains.iter().flat_map(|chain| chain.tiers.clone());
            (given.display().to_string(), texts.collect(), chains)
        } else {
            let mut texts = texts::read(given)?;
            texts.retain(|text| !text.trim().is_empty());
            (given.display().to_string(), texts, Vec::new())
        };
        let mut seen = HashSet::new();
        let texts: Vec<String> = texts
            .into_iter()
            .filter(|text| seen.insert(text.clone()))
            .collect();
        ensure!(!texts.is_empty(), "there are no texts in {source}");
        Ok(Self {
            source,
            texts,
            chains,
        })
    }

    /// What is known of the image: the chain of this row, or else the one of the image's file name. Its
    /// key, and its tiers from general to specific.
    ///
    /// # Errors
    /// A row that is not there.
    pub(super) fn truth(
        &self,
        image: &Path,
        row: Option<&str>,
    ) -> Result<Option<(&str, &[String])>> {
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        let found = match row {
            None => self.chains.iter().find(|chain| chain.image == name),
            Some(row) => {
                let found = self.chains.iter().find(|chain| chain.id == row);
                if found.is_none() {
                    bail!("{} has no chain with the id {row}", self.source);
                }
                found
            }
        };
        Ok(found.map(|chain| (chain.id.as_str(), chain.tiers.as_slice())))
    }
}

fn tableau() -> Vec<String> {
    probes(
        ProbeKind::Chain,
        Combination::Seen,
        TABLEAU_SEED,
        TABLEAU_CHAINS,
    )
    .flat_map(|probe| match probe {
        WorldProbe::Chain { chain, .. } => chain
            .tiers
            .iter()
            .map(Claim::to_string)
            .collect::<Vec<String>>(),
        _ => Vec::new(),
    })
    .collect()
}

fn hierarcaps(csv: &str) -> Result<Vec<KnownChain>> {
    let set = read_hierarcaps(csv)?;
    let Probes::Chain(items) = &set.probes else {
        bail!("it holds no chains");
    };
    Ok(items
        .iter()
        .map(|item| KnownChain {
            id: item.id.clone(),
            image: set.images[item.image].label(),
            tiers: item
                .tiers
                .iter()
                .map(|&tier| set.texts[tier].clone())
                .collect(),
        })
        .collect())
}
