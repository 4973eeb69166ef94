//! HierarCaps' chains: four tiers of captions, from general to specific, and what contradicts each.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use cliprobe_files::table::TableFile;
use csv::StringRecord;
use rand_chacha::ChaCha8Rng;

use super::bad::BadSamples;
use super::shuffled::Records;
use crate::recipe::HierarcapsRecipe;
use crate::sample::Chain;

const IMAGE: &str = "image_url";

/// Chains in memory: the largest file there is has 73,000.
pub(super) struct Chains {
    chains: Vec<Chain>,
    whole: Range<u32>,
}

impl Chains {
    /// Reads the chains of a file.
    ///
    /// # Errors
    /// A file that cannot be read or lacks a column, too many bad rows, no chain at all.
    pub(super) fn open(recipe: &HierarcapsRecipe, bad: &Arc<BadSamples>) -> Result<Self> {
        let left_out = match &recipe.without_images_of {
            Some(path) => images(path)?,
            None => BTreeSet::new(),
        };
        let name = recipe.path.display().to_string();
        let mut table = TableFile::open(&recipe.path, None, &[["positive", "negative"]])?;
        let [positive, negative] =
            ["positive", "negative"].map(|c| column(table.header(), c, &name));
        let (positive, negative) = (positive?, negative?);
        let image = match &recipe.without_images_of {
            Some(_) => Some(column(table.header(), IMAGE, &name)?),
            None => None,
        };
        let mut chains = Vec::new();
        let mut number = 0u64;
        while let Some(record) = table.next_row()? {
            let chain = record.and_then(|record| {
                if let Some(image) = image
                    && left_out.contains(file_name(record.get(image).unwrap_or_default()))
                {
                    return Ok(None);
                }
                Ok(Some(Chain {
                    tiers: tiers(&record, positive, "positive")?,
                    contradictions: tiers(&record, negative, "negative")?,
                }))
            });
            match chain.with_context(|| format!("row {number} of {name}")) {
                Ok(chain) => {
                    bad.good();
                    chains.extend(chain);
                }
                Err(why) => bad.bad(format!("{why:#}"))?,
            }
            number += 1;
        }
        ensure!(!chains.is_empty(), "{name} has no chain that can be used");
        Ok(Self {
            whole: 0..chains.len() as u32,
            chains,
        })
    }
}

impl Records<Chain> for Chains {
    fn parts(&self) -> &[Range<u32>] {
        std::slice::from_ref(&self.whole)
    }

    fn read(&self, record: u32, _: &mut ChaCha8Rng) -> Result<Vec<Chain>> {
        Ok(vec![self.chains[record as usize].clone()])
    }
}

fn column(header: &StringRecord, wanted: &str, name: &str) -> Result<usize> {
    let place = header.iter().position(|column| column == wanted);
    place.with_context(|| {
        let columns: Vec<&str> = header.iter().collect();
        format!(
            "{name} has no column {wanted}; it has {}",
            columns.join(", ")
        )
    })
}

/// The file names of the images of a table.
fn images(path: &Path) -> Result<BTreeSet<String>> {
    let mut table = TableFile::open(path, None, &[])?;
    let name = path.display().to_string();
    let column = column(table.header(), IMAGE, &name)?;
    let mut names = BTreeSet::new();
    while let Some(record) = table.next_row()? {
        let record = record.with_context(|| format!("{name} cannot be read"))?;
        names.insert(file_name(record.get(column).unwrap_or_default()).to_owned());
    }
    Ok(names)
}

fn file_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn tiers(record: &StringRecord, column: usize, name: &str) -> Result<[String; 4]> {
    let field = record.get(column).context("it has too few columns")?;
    let tiers: Vec<String> = field
        .split("=>")
        .map(|tier| tier.trim().to_owned())
        .collect();
    ensure!(
        tiers.iter().all(|tier| !tier.is_empty()),
        "a tier of its {name} chain is empty"
    );
    tiers.try_into().map_err(|tiers: Vec<String>| {
        anyhow!("its {name} chain has {} tiers instead of 4", tiers.len())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const ROWS: &str = "positive,negative,image_url\n\
        a => b => c => d,e => f => g => h,http://x/1.jpg\n\
        \"a, a=>b => c => d\",e => f => g => h,http://x/2.jpg\n";

    fn read(name: &str, bytes: &[u8], without: Option<&str>) -> Result<(Chains, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let without = without.map(|text| {
            let path = folder.path().join("test.csv");
            std::fs::write(&path, text).unwrap();
            path
        });
        let bad = Arc::new(BadSamples::new(1.0));
        let recipe = HierarcapsRecipe {
            path,
            without_images_of: without,
        };
        let chains = Chains::open(&recipe, &bad)?;
        Ok((chains, bad.take_untold()))
    }

    #[test]
    fn plain_and_gzipped_files_give_the_same_chains() {
        let (plain, _) = read("c.csv", ROWS.as_bytes(), None).unwrap();
        assert_eq!(plain.chains.len(), 2);
        assert_eq!(plain.chains[1].tiers, ["a, a", "b", "c", "d"]);
        assert_eq!(plain.chains[0].contradictions, ["e", "f", "g", "h"]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(ROWS.as_bytes()).unwrap();
        let bytes = encoder.finish().unwrap();
        let (gzipped, _) = read("c.csv.gz", &bytes, None).unwrap();
        assert_eq!(gzipped.chains, plain.chains);
        assert!(read("c.csv.gz", &bytes[..20], None).is_err());
    }

    #[test]
    fn test_images_are_left_out() {
        let test = "id,captions,image_url\n0,a,https://elsewhere/1.jpg\n";
        let (chains, untold) = read("c.csv", ROWS.as_bytes(), Some(test)).unwrap();
        assert_eq!(chains.chains.len(), 1);
        assert_eq!(chains.chains[0].tiers[0], "a, a");
        assert!(untold.is_empty());
        let error = read("c.csv", b"positive,negative\na,b\n", Some(test))
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("has no column image_url"),
            "{error}"
        );
    }

    #[test]
    fn rows_without_four_tiers_are_named() {
        let rows =
            format!("{ROWS}a => b => c,e => f => g => h,x\na => b => => d,e => f => g => h,x\na\n");
        let (chains, untold) = read("c.csv", rows.as_bytes(), None).unwrap();
        assert_eq!(chains.chains.len(), 2);
        assert_eq!(untold.len(), 3);
        assert!(untold[0].contains("row 2 of"), "{untold:?}");
        assert!(untold[0].contains("its positive chain has 3 tiers instead of 4"));
        assert!(untold[1].contains("a tier of its positive chain is empty"));
        let error = read("c.csv", b"captions,image_url\n", None).err().unwrap();
        assert!(
            error
                .to_string()
                .contains("has no column positive; it has captions"),
            "{error}"
        );
    }

    #[test]
    fn the_published_expanded_file_is_read_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hierarcaps");
        if !folder.exists() {
            eprintln!("SKIPPED: ../shared/data/hierarcaps is not there");
            return;
        }
        let expanded = folder.join("hierarcaps_test_expanded.csv.gz");
        for (without, count) in [(None, 23_479), (Some("hierarcaps_test.csv"), 18_770)] {
            let recipe = HierarcapsRecipe {
                path: expanded.clone(),
                without_images_of: without.map(|name| folder.join(name)),
            };
            let bad = Arc::new(BadSamples::new(0.0));
            assert_eq!(Chains::open(&recipe, &bad).unwrap().chains.len(), count);
            assert!(bad.take_untold().is_empty());
        }
    }
}
