//! What one model makes of an image and the candidates: radii, both traversals, the straight line, the
//! truth, and the map.

use anyhow::Result;
use cliprobe::clip::Checkpoint;
use cliprobe::facade::{self, Clip, PreparedImage};
use cliprobe::hierarchy::{
    Levels, RadiusKind, chain_geometry, interpolated_traversal, radial_map, radii, score_traversal,
};
use cliprobe::score::{cosine, similarities};
use serde::Serialize;

use crate::progress;

/// One model's answer.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) model: serde_json::Value,
    #[serde(skip)]
    pub(super) name: String,
    pub(super) image: Place,
    pub(super) traversals: Vec<Traversal>,
    /// What is nearest to points on the straight line, from the image to the root.
    pub(super) line: Vec<LineStop>,
    pub(super) truth: Option<Truth>,
    /// The share of the variance of the candidates' directions that the map's plane shows.
    pub(super) shown_variance: f64,
    pub(super) candidates: Vec<Candidate>,
}

/// Where something stands around the root.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Place {
    /// ‖e − r‖, from 0 to 2.
    pub(super) radius: f64,
    /// On the map, in radians.
    pub(super) direction: f64,
    /// Cosine with the root.
    pub(super) root_cosine: f32,
}

#[derive(Debug, Serialize)]
pub(super) struct Candidate {
    pub(super) text: String,
    #[serde(flatten)]
    pub(super) place: Place,
    /// Cosine with the image.
    pub(super) image_cosine: f32,
}

/// What is most like the image within growing balls, by one notion of distance.
#[derive(Debug, Serialize)]
pub(super) struct Traversal {
    pub(super) radius: RadiusKind,
    /// From general to specific.
    pub(super) steps: Vec<Step>,
    /// Against the truth, shares from 0 to 1; none where none is known.
    pub(super) score: Option<Score>,
}

#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// From 0 at the root.
    pub(super) level: usize,
    /// Which of the candidates.
    pub(super) candidate: usize,
    pub(super) text: String,
    /// The radius of the level's ball, and the text's own, both in the traversal's distance.
    pub(super) threshold: f64,
    pub(super) radius: f64,
    /// Cosine with the image.
    pub(super) cosine: f32,
    /// Whether the text is known to be true of the image; none where nothing is known.
    pub(super) right: Option<bool>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Score {
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) order_aware_recall: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct LineStop {
    /// How much of the image is in the point: 1 at the image, 0 at the root.
    pub(super) weight: f64,
    /// None is the root itself.
    pub(super) text: Option<String>,
    /// The text's cosine with the point.
    pub(super) cosine: f32,
}

/// The texts that are known of the image.
#[derive(Debug, Serialize)]
pub(super) struct Truth {
    /// From general to specific.
    pub(super) tiers: Vec<Tier>,
    /// τ_d: Kendall's τ between tier and radius, from −1 to 1.
    pub(super) order_correlation: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Tier {
    pub(super) text: String,
    /// Which of the candidates.
    pub(super) candidate: usize,
    pub(super) radius: f64,
    /// The exterior angle to the next tier in radians; none of the last.
    pub(super) exterior_angle: Option<f64>,
    /// Cosine with the image.
    pub(super) cosine: f32,
}

/// Embeds and measures. The tiers of `truth` are among the candidates.
///
/// # Errors
/// The engine's or the tokenizer's.
pub(super) fn measure(
    checkpoint: &Checkpoint,
    clip: &Clip,
    image: &PreparedImage,
    texts: &[String],
    truth: Option<&[String]>,
    levels: usize,
) -> Result<Measured> {
    let image = pollster::block_on(clip.encode_prepared(std::slice::from_ref(image)))?.values;
    let root = pollster::block_on(clip.encode_texts(&[""], &mut |_| {}))?
        .embeddings
        .values;
    let bar = progress::bar("Candidates", "texts");
    bar.set_length(texts.len() as u64);
    let rows =
        pollster::block_on(clip.encode_texts(texts, &mut |done| bar.set_position(done as u64)))?
            .embeddings
            .values;
    bar.finish_and_clear();

    let cosines = similarities(&image, &rows, root.len())?;
    let mut placed = rows.clone();
    placed.extend_from_slice(&image);
    let map = radial_map(&placed, &root, texts.len())?;
    let mut places =
        map.points
            .iter()
            .zip(placed.chunks_exact(root.len()))
            .map(|(point, embedding)| Place {
                radius: point.radius,
                direction: point.direction,
                root_cosine: cosine(embedding, &root),
            });
    let candidates: Vec<Candidate> = texts
        .iter()
        .zip(places.by_ref())
        .zip(&cosines)
        .map(|((text, place), &image_cosine)| Candidate {
            text: text.clone(),
            place,
            image_cosine,
        })
        .collect();
    let own = places
        .next()
        .expect("the image stands after the candidates");
    Ok(Measured {
        model: facade::description(checkpoint, Some(clip))?,
        name: checkpoint.name.clone(),
        image: own,
        traversals: [RadiusKind::Euclidean, RadiusKind::Cosine]
            .into_iter()
            .map(|kind| traversal(kind, &rows, &root, &cosines, texts, truth, levels))
            .collect::<Result<_>>()?,
        line: interpolated_traversal(&image, &root, &rows, texts, levels.max(2))?
            .into_iter()
            .map(|stop| LineStop {
                weight: stop.weight,
                text: stop.candidate.map(|candidate| texts[candidate].clone()),
                cosine: stop.similarity,
            })
            .collect(),
        truth: truth
            .map(|tiers| known(tiers, &rows, &root, &candidates))
            .transpose()?,
        shown_variance: map.shown_variance,
        candidates,
    })
}

fn traversal(
    kind: RadiusKind,
    rows: &[f32],
    root: &[f32],
    cosines: &[f32],
    texts: &[String],
    truth: Option<&[String]>,
    levels: usize,
) -> Result<Traversal> {
    let radii = radii(rows, root, kind)?;
    let found = Levels::new(&radii, kind, levels)?.traverse(cosines, texts)?;
    let score = truth.map(|truth| {
        let scored = score_traversal(found.clone(), texts, truth);
        Score {
            precision: scored.precision,
            recall: scored.recall,
            order_aware_recall: scored.order_aware_recall,
        }
    });
    let steps = found
        .into_iter()
        .map(|step| Step {
            level: step.level,
            candidate: step.candidate,
            text: texts[step.candidate].clone(),
            threshold: step.threshold,
            radius: radii[step.candidate],
            cosine: step.similarity,
            right: truth.map(|truth| truth.contains(&texts[step.candidate])),
        })
        .collect();
    Ok(Traversal {
        radius: kind,
        steps,
        score,
    })
}

fn known(tiers: &[String], rows: &[f32], root: &[f32], candidates: &[Candidate]) -> Result<Truth> {
    // The tiers come from the same file as the candidates.
    let places: Vec<usize> = tiers
        .iter()
        .filter_map(|tier| candidates.iter().position(|c| c.text == *tier))
        .collect();
    let chain: Vec<f32> = places
        .iter()
        .flat_map(|&place| &rows[place * root.len()..][..root.len()])
        .copied()
        .collect();
    let geometry = chain_geometry(&chain, &[], root)?;
    Ok(Truth {
        order_correlation: geometry.order_correlation,
        tiers: places
            .into_iter()
            .enumerate()
            .map(|(tier, candidate)| Tier {
                text: candidates[candidate].text.clone(),
                candidate,
                radius: geometry.radii[tier],
                exterior_angle: geometry.exterior_angles.get(tier).copied(),
                cosine: candidates[candidate].image_cosine,
            })
            .collect(),
    })
}
