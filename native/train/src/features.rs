//! The embeddings of a step: all that the objectives see of it.

use anyhow::{Context, Result, bail, ensure};
use candle_core::{D, Device, Tensor};

use super::collective::Collective;
use super::sample::Layout;

/// The embeddings that one process computed, not normalised.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) layout: Layout,
    /// `[images, dim]`
    pub(crate) images: Option<Tensor>,
    /// `[texts, dim]`, in the order of the layout.
    pub(crate) texts: Option<Tensor>,
}

/// Embeddings of unit length of a step's images and texts, of all processes together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Features {
    /// `[pairs, dim]`
    pub(crate) images: Option<Tensor>,
    /// `[pairs, dim]`, row i being of image i.
    pub(crate) captions: Option<Tensor>,
    /// `[hard negatives, dim]`
    pub(crate) negatives: Option<Tensor>,
    /// The pair of each hard negative, ascending.
    pub(crate) negative_of: Vec<u32>,
    /// `[hard positives, dim]`
    pub(crate) positives: Option<Tensor>,
    /// The pair of each hard positive, ascending.
    pub(crate) positive_of: Vec<u32>,
    /// `[8, chains, dim]`: four tiers, four contradictions.
    pub(crate) chains: Option<Tensor>,
    /// `[1, dim]`: the empty text.
    pub(crate) root: Option<Tensor>,
    /// The embeddings of images, captions and chains by the frozen start, if an objective needs
    /// them.
    pub(crate) start: Option<Box<Features>>,
}

impl Features {
    /// The joined batch of all processes, in the order of their ranks.
    pub(crate) fn join(shares: &[Share]) -> Result<Self> {
        let mut joined = Layout::default();
        for Share { layout, .. } in shares {
            let before = joined.captions as u32;
            let moved = |pairs: &[u32]| pairs.iter().map(|pair| pair + before).collect::<Vec<_>>();
            joined.negative_of.extend(moved(&layout.negative_of));
            joined.positive_of.extend(moved(&layout.positive_of));
            joined.captions += layout.captions;
            joined.chains += layout.chains;
        }
        let texts = |rows: &dyn Fn(&Layout) -> std::ops::Range<usize>| -> Result<Option<Tensor>> {
            let parts = shares.iter().map(|share| {
                let rows = rows(&share.layout);
                let texts = share.texts.as_ref().filter(|_| !rows.is_empty());
                texts
                    .map(|texts| texts.narrow(0, rows.start, rows.len()))
                    .transpose()
            });
            let parts = parts.collect::<candle_core::Result<Vec<_>>>()?;
            unit_rows(parts.into_iter().flatten().collect())
        };
        // Tier by tier within each process becomes tier by tier over all.
        let mut chains = Vec::new();
        for Share { layout, texts, .. } in shares {
            let rows = layout.chains();
            if let Some(texts) = texts.as_ref().filter(|_| !rows.is_empty()) {
                let dim = texts.dim(1)?;
                let rows = texts.narrow(0, rows.start, rows.len())?;
                chains.push(normalised(&rows)?.reshape((8, layout.chains, dim))?);
            }
        }
        let chains = match chains.as_slice() {
            [] => None,
            parts => Some(Tensor::cat(parts, 1)?),
        };
        let images = shares.iter().filter_map(|share| share.images.clone());
        Ok(Self {
            images: unit_rows(images.collect())?,
            captions: texts(&Layout::captions)?,
            negatives: texts(&Layout::negatives)?,
            negative_of: joined.negative_of,
            positives: texts(&Layout::positives)?,
            positive_of: joined.positive_of,
            chains,
            // Every process encodes the same empty text; the first one's is learnt from.
            root: texts(&Layout::root)?
                .map(|roots| roots.narrow(0, 0, 1))
                .transpose()?,
            start: None,
        })
    }
}

fn unit_rows(parts: Vec<Tensor>) -> Result<Option<Tensor>> {
    Ok(match parts.as_slice() {
        [] => None,
        [rows] => Some(normalised(rows)?),
        parts => Some(normalised(&Tensor::cat(parts, 0)?)?),
    })
}

/// Rows of unit length.
pub(crate) fn normalised(rows: &Tensor) -> candle_core::Result<Tensor> {
    rows.broadcast_div(&rows.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}

impl Share {
    /// The joined batch of all processes, which can be differentiated by this share alone. `dim` is
    /// an embedding's length.
    pub(crate) fn join(self, processes: &dyn Collective, dim: usize) -> Result<Features> {
        Features::join(&self.gather(processes, dim)?)
    }

    /// The shares of all processes in the order of their ranks, this one's as it is.
    fn gather(self, processes: &dyn Collective, dim: usize) -> Result<Vec<Self>> {
        if processes.world() == 1 {
            return Ok(vec![self]);
        }
        let layouts = processes.all_gather(&self.layout.to_numbers())?;
        let images = processes.all_gather(&values(self.images.as_ref())?)?;
        let texts = processes.all_gather(&values(self.texts.as_ref())?)?;
        let mut shares = Vec::with_capacity(layouts.len());
        for ((layout, images), texts) in layouts.iter().zip(images).zip(texts) {
            let layout = Layout::from_numbers(layout)?;
            ensure!(
                texts.len() == layout.texts() * dim,
                "a process sent {} values as the embeddings of {} texts",
                texts.len(),
                layout.texts()
            );
            shares.push(Self {
                layout,
                images: rows(images, dim)?,
                texts: rows(texts, dim)?,
            });
        }
        let own = shares
            .get_mut(processes.rank())
            .context("a process is not among those whose embeddings were gathered")?;
        *own = self;
        Ok(shares)
    }
}

fn values(rows: Option<&Tensor>) -> Result<Vec<f32>> {
    Ok(match rows {
        Some(rows) => rows.flatten_all()?.to_vec1()?,
        None => Vec::new(),
    })
}

fn rows(values: Vec<f32>, dim: usize) -> Result<Option<Tensor>> {
    if values.is_empty() {
        return Ok(None);
    }
    ensure!(
        values.len().is_multiple_of(dim),
        "a process sent {} values as embeddings of {dim}",
        values.len()
    );
    let shape = (values.len() / dim, dim);
    Ok(Some(Tensor::from_vec(values, shape, &Device::Cpu)?))
}

impl Layout {
    /// As numbers that processes exchange, exact below 2²⁴.
    fn to_numbers(&self) -> Vec<f32> {
        let counts = [
            self.captions,
            self.chains,
            self.negative_of.len(),
            self.positive_of.len(),
        ];
        let pairs = self.negative_of.iter().chain(&self.positive_of);
        counts
            .iter()
            .map(|&count| count as f32)
            .chain(pairs.map(|&pair| pair as f32))
            .collect()
    }

    fn from_numbers(numbers: &[f32]) -> Result<Self> {
        let [captions, chains, negatives, positives, pairs @ ..] = numbers else {
            bail!("a process sent no layout of its batch");
        };
        let negatives = *negatives as usize;
        ensure!(
            pairs.len() == negatives + *positives as usize,
            "a process sent half a layout of its batch"
        );
        let (negative_of, positive_of) = pairs.split_at(negatives);
        let whole = |pairs: &[f32]| pairs.iter().map(|&pair| pair as u32).collect();
        Ok(Self {
            captions: *captions as usize,
            chains: *chains as usize,
            negative_of: whole(negative_of),
            positive_of: whole(positive_of),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_layout_survives_the_exchange() {
        let layout = Layout {
            captions: 5,
            negative_of: vec![0, 0, 3],
            positive_of: vec![1],
            chains: 2,
        };
        assert_eq!(Layout::from_numbers(&layout.to_numbers()).unwrap(), layout);
        assert!(Layout::from_numbers(&layout.to_numbers()[..6]).is_err());
    }

    /// Each row says by its angle which process, which role and which number it has.
    fn share(rank: usize, layout: Layout) -> Share {
        let rows = |count: usize, first: f32| {
            let values: Vec<f32> = (0..count)
                .flat_map(|row| [2.0, first + 10.0 * rank as f32 + row as f32])
                .collect();
            Tensor::from_vec(values, (count, 2), &Device::Cpu).unwrap()
        };
        Share {
            images: Some(rows(layout.captions, 1000.0)),
            texts: Some(rows(layout.texts(), 0.0)),
            layout,
        }
    }

    fn numbers(rows: &Tensor) -> Vec<f32> {
        let rows: Vec<Vec<f32>> = rows
            .reshape(((), 2))
            .and_then(|rows| rows.to_vec2())
            .unwrap();
        rows.iter()
            .map(|row| (2.0 * row[1] / row[0]).round())
            .collect()
    }

    #[test]
    fn roles_of_several_processes_are_joined_one_after_another() {
        let first = Layout {
            captions: 2,
            negative_of: vec![1],
            positive_of: vec![],
            chains: 1,
        };
        let second = Layout {
            captions: 1,
            negative_of: vec![0, 0],
            positive_of: vec![0],
            chains: 0,
        };
        let features = Features::join(&[share(0, first), share(1, second)]).unwrap();
        assert_eq!(
            numbers(features.images.as_ref().unwrap()),
            [1000.0, 1001.0, 1010.0]
        );
        assert_eq!(
            numbers(features.captions.as_ref().unwrap()),
            [0.0, 1.0, 10.0]
        );
        assert_eq!(
            numbers(features.negatives.as_ref().unwrap()),
            [2.0, 11.0, 12.0]
        );
        assert_eq!(features.negative_of, [1, 2, 2]);
        assert_eq!(numbers(features.positives.as_ref().unwrap()), [13.0]);
        assert_eq!(features.positive_of, [2]);
        let chains = features.chains.unwrap();
        assert_eq!(chains.dims(), [8, 1, 2]);
        assert_eq!(
            numbers(&chains),
            (3..11).map(|n| n as f32).collect::<Vec<_>>()
        );
        assert_eq!(numbers(&features.root.unwrap()), [11.0]);
    }
}
