//! Plain means over sets, and means of such means, as papers print them.

use crate::{Evaluation, Metric, Summary};
use cliprobe_score::{Estimate, ScoreError};

/// What is averaged.
enum Part {
    /// A metric of a set.
    Of(String, String),
    /// The mean of several, each weighing the same.
    Mean(Vec<Self>),
}

use Part::Mean;

fn accuracy(set: impl Into<String>) -> Part {
    Part::Of(set.into(), "accuracy".to_owned())
}

fn mean<T>(items: impl IntoIterator<Item = T>, part: impl FnMut(T) -> Part) -> Part {
    Mean(items.into_iter().map(part).collect())
}

/// Every average of this form, by benchmark.
///
/// # Errors
/// None in practice: an average of which a part is missing is left out.
pub(crate) fn means(evaluations: &[Evaluation]) -> Result<Vec<Summary>, ScoreError> {
    let benchmarks = [
        ("What's Up", "whatsup/", whatsup()),
        ("VALSE", "valse/", valse()),
        ("SPEC", "spec/", spec()),
        ("CREPE", "crepe/productivity/", crepe()),
        ("VL-CheckList", "vl-checklist/", vl_checklist()),
        ("EqBen", "eqben", eqben()),
    ];
    let mut summaries = Vec::new();
    for (name, prefix, averages) in benchmarks {
        let mut metrics = Vec::new();
        for (metric, part) in averages {
            if let Some((estimate, n)) = estimate(name, &part, evaluations)? {
                metrics.push(Metric::estimate(metric, estimate, n));
            }
        }
        if !metrics.is_empty() {
            let sets = evaluations.iter().map(|evaluation| &evaluation.set);
            summaries.push(Summary {
                name: name.to_owned(),
                sets: sets
                    .filter(|set| set.starts_with(prefix))
                    .cloned()
                    .collect(),
                metrics,
            });
        }
    }
    Ok(summaries)
}

/// The value of a part and its items; none if a set of it is missing.
fn estimate(
    what: &str,
    part: &Part,
    evaluations: &[Evaluation],
) -> Result<Option<(Estimate, usize)>, ScoreError> {
    match part {
        Part::Of(set, name) => {
            let evaluation = evaluations.iter().find(|evaluation| evaluation.set == *set);
            let metric = evaluation
                .and_then(|evaluation| evaluation.metrics.iter().find(|m| m.name == *name));
            Ok(metric.and_then(|metric| {
                let estimate = Estimate {
                    value: metric.value,
                    interval: metric.interval?,
                    chance: metric.chance?,
                };
                Some((estimate, metric.n))
            }))
        }
        Mean(parts) => {
            let (mut estimates, mut items) = (Vec::new(), 0);
            for part in parts {
                let Some((estimate, n)) = estimate(what, part, evaluations)? else {
                    return Ok(None);
                };
                estimates.push(estimate);
                items += n;
            }
            Ok(Some((Estimate::mean(what, estimates)?, items)))
        }
    }
}

/// Table 1 of the paper has the mean of each pair of lists; vl_compo's "whatsup" is their mean.
fn whatsup() -> Vec<(&'static str, Part)> {
    let pair =
        |first: &str, second: &str| mean([first, second], |set| accuracy(format!("whatsup/{set}")));
    let controlled = || pair("a", "b");
    let coco = || pair("coco-one", "coco-two");
    let gqa = || pair("gqa-one", "gqa-two");
    vec![
        ("A and B", controlled()),
        ("COCO", coco()),
        ("GQA", gqa()),
        ("mean of the three", Mean(vec![controlled(), coco(), gqa()])),
    ]
}

/// The paper's mean is over the eleven pieces, vl_compo's over the seven phenomena.
fn valse() -> Vec<(&'static str, Part)> {
    let phenomena: [&[&str]; 7] = [
        &["existence"],
        &["plurals"],
        &[
            "counting-hard",
            "counting-small-quant",
            "counting-adversarial",
        ],
        &["relations"],
        &["action-replacement", "actant-swap"],
        &["coreference-standard", "coreference-hard"],
        &["foil-it"],
    ];
    let piece = |piece: &&str| accuracy(format!("valse/{piece}"));
    vec![
        ("mean of pieces", mean(phenomena.concat().iter(), piece)),
        (
            "mean of phenomena",
            mean(phenomena, |pieces| mean(pieces, piece)),
        ),
    ]
}

fn spec() -> Vec<(&'static str, Part)> {
    let subsets = [
        "absolute_size",
        "relative_size",
        "absolute_spatial",
        "relative_spatial",
        "existence",
        "count",
    ];
    let direction = |way: &str| mean(subsets, |subset| accuracy(format!("spec/{subset}/{way}")));
    vec![
        ("image to text", direction("image-to-text")),
        ("text to image", direction("text-to-image")),
    ]
}

/// vl_compo's "crepe": the mean of the three R@1.
fn crepe() -> Vec<(&'static str, Part)> {
    let negatives = ["atom", "swap", "negate"];
    vec![(
        "productivity, mean of the three",
        mean(negatives, |kind| {
            accuracy(format!("crepe/productivity/{kind}"))
        }),
    )]
}

/// As vl_compo: over the lists of one source, then over sources, then over types.
fn vl_checklist() -> Vec<(&'static str, Part)> {
    let set = |list: String| accuracy(format!("vl-checklist/{list}"));
    let object = |part: &str| {
        let sources: [&[&str]; 3] = [
            &["hake_obj"],
            &["swig_agent", "swig_destination", "swig_item", "swig_tool"],
            &["vg_obj", "vg_subj"],
        ];
        mean(sources, |lists| {
            mean(lists, |list| set(format!("object/{part}/{list}")))
        })
    };
    let attribute = |what: &str| {
        // Colours come from Visual Genome alone.
        let sources: &[&str] = if what == "color" {
            &["vg"]
        } else {
            &["vg", "vaw"]
        };
        mean(sources, |source| set(format!("attribute/{source}/{what}")))
    };
    let action = || {
        mean(["vg", "swig"], |source| {
            set(format!("relation/{source}/action"))
        })
    };
    let spatial = || set("relation/vg/spatial".to_owned());
    let objects = || {
        let of =
            |what: &str, parts: [&str; 3]| mean(parts, |part| object(&format!("{what}/{part}")));
        Mean(vec![
            of("location", ["center", "mid", "margin"]),
            of("size", ["large", "medium", "small"]),
        ])
    };
    let attributes = || mean(["action", "color", "material", "size", "state"], attribute);
    let relations = || Mean(vec![action(), spatial()]);
    vec![
        ("total", Mean(vec![objects(), attributes(), relations()])),
        ("object", objects()),
        ("attribute", attributes()),
        ("relation", relations()),
        ("object, location, center", object("location/center")),
        ("object, location, mid", object("location/mid")),
        ("object, location, margin", object("location/margin")),
        ("object, size, large", object("size/large")),
        ("object, size, medium", object("size/medium")),
        ("object, size, small", object("size/small")),
        ("attribute, action", attribute("action")),
        ("attribute, color", attribute("color")),
        ("attribute, material", attribute("material")),
        ("attribute, size", attribute("size")),
        ("attribute, state", attribute("state")),
        ("relation, action", action()),
        ("relation, spatial", spatial()),
    ]
}

/// vl_compo's "eqben": the mean of five group scores, Kubric's three averaged first.
fn eqben() -> Vec<(&'static str, Part)> {
    let group = |part: &str| Part::Of("eqben".to_owned(), format!("{part}: group"));
    let kubric = ["eqbenkubric_loc", "eqbenkubric_cnt", "eqbenkubric_attr"];
    let mut parts: Vec<Part> = ["eqbenag", "eqbenyoucook2", "eqbengebc", "eqbensd"]
        .map(group)
        .into();
    parts.push(mean(kubric, group));
    vec![("group, mean of the five", Mean(parts))]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::published::published;
    use crate::{BENCHMARKS, Score};
    use cliprobe_score::{Accuracy, Outcome, TieRule};

    fn evaluation(set: &str, metrics: Vec<Metric>) -> Evaluation {
        let outcome = Outcome {
            correct: true,
            tied: false,
            chance: 0.5,
        };
        Evaluation {
            set: set.to_owned(),
            ties: TieRule::Strict,
            items: 1,
            scored: 1,
            skipped: Vec::new(),
            warnings: Vec::new(),
            metrics,
            score: Score::Accuracy(Accuracy::count(set, [outcome], TieRule::Strict).unwrap()),
            answers: Vec::new(),
        }
    }

    /// An accuracy of a set in per cent, of ten thousand items.
    fn share(name: &str, percent: f64) -> Metric {
        let correct = (percent * 100.0).round() as usize;
        let outcomes = (0..10_000).map(|item| Outcome {
            correct: item < correct,
            tied: false,
            chance: 0.5,
        });
        Metric::accuracy(
            name,
            &Accuracy::count(name, outcomes, TieRule::Strict).unwrap(),
        )
    }

    fn value(evaluations: &[Evaluation], summary: &str, metric: &str) -> f64 {
        let means = means(evaluations).unwrap();
        let summary = means.iter().find(|s| s.name == summary).unwrap();
        100.0
            * summary
                .metrics
                .iter()
                .find(|m| m.name == metric)
                .unwrap()
                .value
    }

    /// vl_compo's averages of OpenAI's B/32 follow from its columns, as the fact sheet has them.
    #[test]
    fn vl_compo_s_averages_follow_from_its_columns() {
        let sets: Vec<Evaluation> = BENCHMARKS
            .iter()
            .flat_map(|benchmark| benchmark.sources)
            .filter_map(|source| {
                let mut known = published(source.set, "accuracy");
                let of = known.find(|p| p.model == "CLIP ViT-B/32")?;
                Some(evaluation(
                    source.set,
                    vec![share("accuracy", 100.0 * of.value)],
                ))
            })
            .collect();
        let close = |summary: &str, metric: &str, expected: f64| {
            let value = value(&sets, summary, metric);
            assert!(
                (value - expected).abs() < 0.02,
                "{summary} {metric}: {value}"
            );
        };
        close("What's Up", "mean of the three", 41.46);
        close("VALSE", "mean of phenomena", 67.53);
        close("SPEC", "image to text", 33.39);
        close("SPEC", "text to image", 30.55);
        let groups = published("eqben", "eqbenag: group").count();
        assert_eq!(groups, 3);
        let parts = [
            "eqbenag",
            "eqbenyoucook2",
            "eqbengebc",
            "eqbensd",
            "eqbenkubric_loc",
            "eqbenkubric_cnt",
            "eqbenkubric_attr",
        ];
        let metrics = parts.map(|part| {
            let name = format!("{part}: group");
            let mut known = published("eqben", &name);
            let of = known.find(|p| p.model == "CLIP ViT-B/32").unwrap();
            share(&name, 100.0 * of.value)
        });
        let eqben = [evaluation("eqben", metrics.into())];
        let mean = value(&eqben, "EqBen", "group, mean of the five");
        assert!((mean - 26.49).abs() < 0.02, "{mean}");
    }

    #[test]
    fn vl_checklist_weighs_sources_and_types_alike() {
        let lists = BENCHMARKS
            .iter()
            .find(|b| b.name == "vl-checklist")
            .unwrap();
        // The four lists of SWiG's agents and such count as one source.
        let of = |set: &str| if set.contains("/swig_") { 90.0 } else { 60.0 };
        let sets: Vec<Evaluation> = lists
            .sources
            .iter()
            .map(|source| evaluation(source.set, vec![share("accuracy", of(source.set))]))
            .collect();
        assert_eq!(sets.len(), 54);
        let at = |metric: &str| value(&sets, "VL-CheckList", metric);
        assert!((at("object, size, small") - 70.0).abs() < 1e-9);
        assert!((at("object") - 70.0).abs() < 1e-9);
        assert!((at("attribute") - 60.0).abs() < 1e-9);
        assert!((at("total") - (70.0 + 60.0 + 60.0) / 3.0).abs() < 1e-9);
        // Without one list, what it belongs to is not averaged.
        let most = means(&sets[1..]).unwrap();
        let names: Vec<&str> = most[0].metrics.iter().map(|m| m.name.as_str()).collect();
        assert!(
            !names.contains(&"total") && names.contains(&"object"),
            "{names:?}"
        );
    }
}
