//! Against an independent transcription of the authors' code, and against naive scans.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use safetensors::SafeTensors;
use serde_json::Value;

use super::*;

/// The golden chains, made by `tests/golden/make_hierarchy.py`.
struct Golden {
    root: Vec<f32>,
    texts: Vec<f32>,
    images: Vec<f32>,
    chains: Vec<usize>,
    captions: Vec<String>,
    expected: Value,
}

impl Golden {
    fn read() -> Self {
        let tensors = SafeTensors::deserialize(include_bytes!(
            "../../../../tests/golden/hierarchy/chains.safetensors"
        ))
        .unwrap();
        let floats = |name: &str| -> Vec<f32> {
            let data = tensors.tensor(name).unwrap().data().to_vec();
            data.chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                .collect()
        };
        let chains = tensors.tensor("chains").unwrap();
        let expected: Value = serde_json::from_slice(include_bytes!(
            "../../../../tests/golden/hierarchy/expected.json"
        ))
        .unwrap();
        let captions: Vec<Vec<String>> =
            serde_json::from_value(expected["captions"].clone()).unwrap();
        Self {
            root: floats("root"),
            texts: floats("texts"),
            images: floats("images"),
            chains: chains
                .data()
                .chunks_exact(8)
                .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as usize)
                .collect(),
            captions: captions.concat(),
            expected,
        }
    }

    fn embeddings(&self) -> ChainEmbeddings<'_> {
        ChainEmbeddings {
            images: &self.images,
            texts: &self.texts,
            root: &self.root,
        }
    }

    fn width(&self) -> usize {
        self.root.len()
    }

    fn text(&self, index: usize) -> &[f32] {
        &self.texts[index * self.width()..][..self.width()]
    }

    /// Distinct texts in the order of their first occurrence, and their embeddings.
    fn distinct(&self) -> (Vec<String>, Vec<f32>) {
        let (mut texts, mut embeddings) = (Vec::<String>::new(), Vec::new());
        for (index, caption) in self.captions.iter().enumerate() {
            if !texts.contains(caption) {
                texts.push(caption.clone());
                embeddings.extend_from_slice(self.text(index));
            }
        }
        (texts, embeddings)
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn indices(value: &Value) -> Vec<i64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn hierarcaps_as_the_authors_compute_it() {
    let golden = Golden::read();
    for expected in golden.expected["retrieval"].as_array().unwrap() {
        let steps = number(&expected["steps"]) as usize;
        let ours =
            hierarcaps(golden.embeddings(), &golden.captions, &golden.chains, steps).unwrap();
        assert_eq!(ours.steps, steps);
        assert!(close(ours.precision.value, number(&expected["precision"])));
        assert!(close(ours.recall.value, number(&expected["recall"])));
        assert!(close(
            ours.order_correlation.value,
            number(&expected["order_correlation"])
        ));
        let taus = expected["chain_correlations"].as_array().unwrap();
        assert_eq!(taus.len(), ours.chain_correlations.len());
        for (ours, tau) in ours.chain_correlations.iter().zip(taus) {
            assert!(close(*ours, number(tau)));
        }
        let images = expected["images"].as_array().unwrap();
        assert_eq!(images.len(), ours.images.len());
        let mut order_aware = 0.0;
        for (ours, expected) in ours.images.iter().zip(images) {
            let found: Vec<i64> = ours.steps.iter().map(|s| s.candidate as i64).collect();
            assert_eq!(found, indices(&expected["candidates"]));
            assert!(close(ours.precision, number(&expected["precision"])));
            assert!(close(ours.recall, number(&expected["recall"])));
            let run = number(&expected["order_aware_recall"]);
            assert!(close(ours.order_aware_recall, run));
            order_aware += run / images.len() as f64;
        }
        assert!(close(ours.order_aware_recall.value, order_aware));
    }
}

#[test]
fn qualitative_chains_as_the_authors_compute_them() {
    let golden = Golden::read();
    let expected = &golden.expected["qualitative"];
    let (texts, embeddings) = golden.distinct();
    assert_eq!(
        texts,
        serde_json::from_value::<Vec<String>>(expected["texts"].clone()).unwrap()
    );
    let kind = RadiusKind::Cosine;
    let radii = radii(&embeddings, &golden.root, kind).unwrap();
    let levels = Levels::new(&radii, kind, 50).unwrap();
    let width = golden.width();
    for (image, path) in golden
        .images
        .chunks_exact(width)
        .zip(expected["paths"].as_array().unwrap())
    {
        let similarities = crate::similarities(image, &embeddings, width).unwrap();
        let steps = levels.traverse(&similarities, &texts).unwrap();
        let found: Vec<i64> = steps.iter().map(|s| s.candidate as i64).collect();
        assert_eq!(found, indices(path));
        assert!(steps.is_sorted_by(|a, b| a.level < b.level && a.threshold < b.threshold));
        assert!(steps.is_sorted_by(|a, b| a.similarity <= b.similarity));
    }
}

#[test]
fn straight_traversals_as_meru_walks_them() {
    let golden = Golden::read();
    let expected = &golden.expected["interpolated"];
    let (texts, embeddings) = golden.distinct();
    for (image, path) in golden
        .images
        .chunks_exact(golden.width())
        .zip(expected["paths"].as_array().unwrap())
    {
        let stops = interpolated_traversal(image, &golden.root, &embeddings, &texts, 50).unwrap();
        let found: Vec<i64> = stops
            .iter()
            .map(|stop| stop.candidate.map_or(-1, |candidate| candidate as i64))
            .collect();
        assert_eq!(found, indices(path));
        assert_eq!(stops[0].weight, 1.0);
        assert_eq!(stops.last().unwrap().candidate, None);
    }
}

#[test]
fn exterior_angles_as_in_the_papers_formula() {
    let golden = Golden::read();
    for (chain, angles) in golden.expected["exterior_angles"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        for (tier, angle) in angles.as_array().unwrap().iter().enumerate() {
            let at = chain * TIERS + tier;
            let ours = exterior_angle(&golden.root, golden.text(at), golden.text(at + 1)).unwrap();
            assert!((ours - number(angle)).abs() < 1e-6);
        }
    }
}

#[test]
fn angles_and_radii_of_a_plane() {
    use std::f64::consts::{FRAC_PI_2, PI};

    let (root, general) = ([0.0, 0.0], [1.0, 0.0]);
    let angle = |specific: [f32; 2]| exterior_angle(&root, &general, &specific).unwrap();
    // acos is steep at 1: ε = 1e-8 of each side is 2e-4 of an angle there.
    assert!(angle([2.0, 0.0]) < 3e-4);
    assert!((angle([1.0, 1.0]) - FRAC_PI_2).abs() < 1e-7);
    assert!((angle([2.0, 1.0]) - FRAC_PI_2 / 2.0).abs() < 1e-7);
    assert!((angle([0.5, 0.0]) - PI).abs() < 3e-4);
    // No side, no evidence, and no NaN.
    assert_eq!(angle(general), FRAC_PI_2);
    assert_eq!(
        exterior_angle(&general, &general, &root).unwrap(),
        FRAC_PI_2
    );

    let (a, b) = ([0.6f32, 0.8], [1.0f32, 0.0]);
    let euclidean = radius(&a, &b, RadiusKind::Euclidean).unwrap();
    let cosine = radius(&a, &b, RadiusKind::Cosine).unwrap();
    assert!((euclidean - 0.8f64.sqrt()).abs() < 1e-7);
    assert!((cosine - euclidean * euclidean / 2.0).abs() < 1e-7);
    for kind in [RadiusKind::Euclidean, RadiusKind::Cosine] {
        assert!(radius(&a, &b[..1], kind).is_err());
        assert_eq!(radius(&b, &b, kind).unwrap(), 0.0);
    }
}

proptest! {
    #[test]
    fn levels_find_what_a_scan_of_every_ball_finds(
        candidates in vec((0u8..6, 0u8..4, 0u8..9), 1..40),
        steps in 1usize..20,
        euclidean in any::<bool>(),
    ) {
        let kind = if euclidean { RadiusKind::Euclidean } else { RadiusKind::Cosine };
        let radii: Vec<f64> = candidates.iter().map(|c| 0.5 + f64::from(c.0) * 0.1).collect();
        let similarities: Vec<f32> = candidates.iter().map(|c| f32::from(c.1) * 0.1).collect();
        let texts: Vec<String> = candidates.iter().map(|c| format!("text {}", c.2)).collect();
        let levels = Levels::new(&radii, kind, steps).unwrap();

        // PyTorch holds Euclidean radii in f32, and so compares.
        let held = |x: f64| if euclidean { f64::from(x as f32) } else { x };
        let radii: Vec<f64> = radii.into_iter().map(held).collect();
        let (low, high) = (
            radii.iter().copied().fold(f64::MAX, f64::min),
            radii.iter().copied().fold(f64::MIN, f64::max),
        );
        let mut naive = Vec::new();
        for level in 0..steps {
            let step = (high - low) / (steps.max(2) - 1) as f64;
            let mut threshold = low + level as f64 * step;
            if level > 0 && level + 1 == steps {
                threshold = high;
            }
            let mut best: Option<usize> = None;
            for candidate in 0..radii.len() {
                let inside = radii[candidate] <= held(threshold);
                if inside && best.is_none_or(|b| similarities[candidate] > similarities[b]) {
                    best = Some(candidate);
                }
            }
            naive.push(best.unwrap());
        }
        prop_assert_eq!(&levels.nearest(&similarities).unwrap(), &naive);

        let mut path: Vec<usize> = Vec::new();
        for &candidate in &naive {
            if path.last().is_none_or(|&last| texts[last] != texts[candidate]) {
                path.push(candidate);
            }
        }
        let traversal = levels.traverse(&similarities, &texts).unwrap();
        prop_assert_eq!(traversal.iter().map(|s| s.candidate).collect::<Vec<_>>(), path);
        for step in &traversal {
            prop_assert_eq!(step.candidate, naive[step.level]);
            prop_assert_eq!(step.threshold, levels.thresholds()[step.level]);
            prop_assert!(step.level == 0 || texts[naive[step.level - 1]] != texts[step.candidate]);
        }
    }

    /// Ties without, τ-b between radius and tier; with them the order of the tiers.
    #[test]
    fn order_correlation_is_kendalls(radii in [0u8..4, 0..4, 0..4, 0..4]) {
        // Texts on a line through the root, so that the radius is what was drawn.
        let texts: Vec<f32> = radii.iter().map(|&r| 0.125 * f32::from(r)).collect();
        let captions = ["a", "b", "c", "d"];
        let embeddings = ChainEmbeddings { images: &[1.0], texts: &texts, root: &[0.0] };
        let ours = hierarcaps(embeddings, &captions, &[0], STEPS).unwrap();
        let mut sum = 0;
        for i in 0..4 {
            for j in i + 1..4 {
                sum += if radii[i] <= radii[j] { 1 } else { -1 };
            }
        }
        prop_assert!(close(ours.order_correlation.value, f64::from(sum) / 6.0));
        prop_assert_eq!(ours.order_correlation.n, 1);
    }
}

#[test]
fn order_counts_only_for_the_order_aware() {
    // On a line away from the root, the image at the end: the farther, the more alike.
    let score = |radii: [f32; 4]| {
        let captions = ["a", "b", "c", "d"];
        let embeddings = ChainEmbeddings {
            images: &[1.0],
            texts: &radii,
            root: &[0.0],
        };
        let image = hierarcaps(embeddings, &captions, &[0], STEPS)
            .unwrap()
            .images
            .remove(0);
        (image.precision, image.recall, image.order_aware_recall)
    };
    assert_eq!(score([0.1, 0.2, 0.3, 0.4]), (1.0, 1.0, 1.0));
    assert_eq!(score([0.1, 0.2, 0.4, 0.3]), (1.0, 1.0, 0.75));
    assert_eq!(score([0.4, 0.3, 0.2, 0.1]), (1.0, 1.0, 0.25));
}

#[test]
fn a_text_that_is_repeated_or_in_two_chains_counts_once() {
    let captions = ["thing", "b", "c", "d", "thing", "x", "y", "z"];
    // Chain 1 has the nearer copy of the shared text; all else is beyond and never as like.
    let texts = [0.2f32, 0.1, 0.1, 0.1, 0.15, 0.1, 0.1, 0.1];
    let embeddings = ChainEmbeddings {
        images: &[1.0, 1.0],
        texts: &texts,
        root: &[0.0],
    };
    let score = hierarcaps(embeddings, &captions, &[0, 1], STEPS).unwrap();
    // First “b”, the first of equals; then “thing” by way of chain 1, its copy in chain 0 is no
    // new step.
    for image in &score.images {
        let found: Vec<usize> = image.steps.iter().map(|s| s.candidate).collect();
        assert_eq!(found, [1, 4]);
    }
    assert_eq!(score.images[0].precision, 1.0);
    assert_eq!(score.images[0].recall, 0.5);
    assert_eq!(score.images[1].precision, 0.5);
    assert_eq!(score.images[1].recall, 0.25);
    assert!(close(score.recall.value, 0.375));
    assert!(score.recall.interval.low < 0.375 && score.recall.interval.high > 0.375);
}

#[test]
fn what_is_wrong_is_named() {
    let captions = ["a", "b", "c", "d"];
    let texts = [0.1f32, 0.2, 0.3, 0.4];
    let good = ChainEmbeddings {
        images: &[1.0],
        texts: &texts,
        root: &[0.0],
    };
    let error = |embeddings, captions: &[&str], chains: &[usize], steps| {
        hierarcaps(embeddings, captions, chains, steps).unwrap_err()
    };
    assert!(matches!(
        error(good, &captions[..3], &[0], 50),
        HierarchyError::Length {
            expected: 4,
            found: 3,
            ..
        }
    ));
    assert!(matches!(
        error(good, &captions, &[0, 0], 50),
        HierarchyError::Length { .. }
    ));
    assert!(matches!(
        error(good, &captions, &[1], 50),
        HierarchyError::NoSuchChain {
            image: 0,
            chain: 1,
            chains: 1
        }
    ));
    for steps in [0, usize::MAX] {
        assert!(matches!(
            error(good, &captions, &[0], steps),
            HierarchyError::Steps { .. }
        ));
    }
    for (captions, chains) in [(&captions[..0], &[0][..]), (&captions[..], &[])] {
        assert!(matches!(
            error(good, captions, chains, 50),
            HierarchyError::Empty { .. }
        ));
    }
    let rootless = ChainEmbeddings { root: &[], ..good };
    assert!(matches!(
        error(rootless, &captions, &[0], 50),
        HierarchyError::Empty { .. }
    ));
    let nan = [0.1, f32::NAN, 0.3, 0.4];
    let texts_nan = ChainEmbeddings {
        texts: &nan,
        ..good
    };
    assert!(matches!(
        error(texts_nan, &captions, &[0], 50),
        HierarchyError::NotFinite { row: 1, .. }
    ));
    let image_nan = ChainEmbeddings {
        images: &[f32::NAN],
        ..good
    };
    assert!(matches!(
        error(image_nan, &captions, &[0], 50),
        HierarchyError::NotFinite { row: 0, .. }
    ));

    let walk = |image: &[f32], candidates: &[f32], steps| {
        interpolated_traversal(image, &[1.0, 0.0], candidates, &["a"], steps)
    };
    assert!(matches!(
        walk(&[0.0, 1.0], &[1.0, 0.0], 1),
        Err(HierarchyError::Steps { .. })
    ));
    assert!(matches!(
        walk(&[0.0], &[1.0, 0.0], 9),
        Err(HierarchyError::Length { .. })
    ));
    assert!(matches!(
        walk(&[0.0, 1.0], &[1.0], 9),
        Err(HierarchyError::Length { .. })
    ));
    assert!(matches!(
        walk(&[0.0, 1.0], &[f32::NAN, 0.0], 9),
        Err(HierarchyError::NotFinite { row: 0, .. })
    ));
    // Opposite: the middle has no direction, the rest has.
    let stops = walk(&[-1.0, 0.0], &[-1.0, 0.0], 3).unwrap();
    let found: Vec<Option<usize>> = stops.iter().map(|stop| stop.candidate).collect();
    assert_eq!(found, [Some(0), None]);
}
