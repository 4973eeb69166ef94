//! The answer as a page: a map for each model, and the tables.

use maud::{Markup, html};

use super::Question;
use super::measure::{Candidate, Measured, Place, Traversal};
use super::table::{distance, told};
use crate::html::{Polar, RadialDot, RadialEdge, Thumbnail, page, radial, table, text};

pub(super) fn report(
    question: &Question<'_>,
    answers: &[Measured],
    thumbnail: &Thumbnail,
) -> String {
    // One scale for all maps, so that distances compare.
    let reach = answers
        .iter()
        .flat_map(|answer| {
            answer
                .candidates
                .iter()
                .map(|candidate| candidate.place.radius)
                .chain([answer.image.radius])
        })
        .fold(0.0, f64::max);
    let body = html! {
        p.quiet { "Made by cliprobe " (env!("CARGO_PKG_VERSION")) " with " (question.candidates.texts.len())
            " texts from " (question.candidates.source) " and " (question.levels) " levels. The root is the
            embedding of the empty text. On the map the distance from the middle is ‖e − r‖, to scale; the
            direction is a projection, the first two principal components of the texts' unit directions from
            the root, so neighbours on the map need not be neighbours in the model." }
        @for answer in answers {
            h2 { (answer.name) }
            p.hash { "SHA-256 " (answer.model["sha256"].as_str().unwrap_or_default()) }
            p { "The plane shows " (format!("{:.0}", 100.0 * answer.shown_variance))
                " % of the directions' variance. The image's radius is "
                (format!("{:.4}", answer.image.radius)) "." }
            (map(answer, thumbnail, reach))
            @for traversal in &answer.traversals { (ladder(traversal)) }
            (line(answer))
            (truth(answer))
            details {
                summary { "All " (answer.candidates.len()) " texts" }
                (all(answer))
            }
        }
    };
    page(&format!("The hierarchy around {}", question.image), &body)
}

fn map(answer: &Measured, thumbnail: &Thumbnail, reach: f64) -> Markup {
    let walked: Vec<usize> = answer.traversals[0]
        .steps
        .iter()
        .map(|step| step.candidate)
        .collect();
    let known: Vec<usize> = answer
        .truth
        .iter()
        .flat_map(|truth| truth.tiers.iter().map(|tier| tier.candidate))
        .collect();
    let dots: Vec<RadialDot> = answer
        .candidates
        .iter()
        .enumerate()
        .map(|(index, candidate)| RadialDot {
            at: polar(candidate.place),
            title: described(candidate),
            label: (walked.contains(&index) || known.contains(&index))
                .then(|| shortened(&candidate.text)),
        })
        .collect();
    let edges: Vec<RadialEdge> = answer
        .truth
        .iter()
        .flat_map(|truth| truth.tiers.windows(2))
        .filter_map(|pair| {
            let at = |tier: usize| polar(answer.candidates[pair[tier].candidate].place);
            Some(RadialEdge {
                from: at(0),
                to: at(1),
                angle: pair[0].exterior_angle?,
            })
        })
        .collect();
    radial(
        &format!("Radial map of {}", answer.name),
        &dots,
        &edges,
        (polar(answer.image), thumbnail),
        reach,
    )
}

fn polar(place: Place) -> Polar {
    Polar {
        radius: place.radius,
        direction: place.direction,
    }
}

fn described(candidate: &Candidate) -> String {
    format!(
        "{}: radius {:.4}, cosine with the image {:.3}",
        candidate.text, candidate.place.radius, candidate.image_cosine
    )
}

/// A text that leaves room for others on the map.
fn shortened(text: &str) -> String {
    const MOST: usize = 32;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MOST - 1).collect();
    format!("{}…", kept.trim_end())
}

fn ladder(traversal: &Traversal) -> Markup {
    let rows: Vec<Vec<Markup>> = traversal
        .steps
        .iter()
        .map(|step| {
            vec![
                text(&step.text),
                text(step.level.to_string()),
                text(format!("{:.4}", step.radius)),
                text(format!("{:.3}", step.cosine)),
                match step.right {
                    Some(true) => html! { span.right { "yes" } },
                    Some(false) => text("no"),
                    None => text("–"),
                },
            ]
        })
        .collect();
    html! {
        (table(
            &format!("From general to specific, by {}", distance(traversal.radius)),
            &["Text", "Level", "Radius", "Cosine with the image", "Known of the image"],
            &[1, 2, 3],
            &rows,
        ))
        @if let Some(score) = traversal.score { p { (told(score)) } }
    }
}

fn line(answer: &Measured) -> Markup {
    let rows: Vec<Vec<Markup>> = answer
        .line
        .iter()
        .map(|stop| {
            vec![
                text(stop.text.as_deref().unwrap_or("(the root)")),
                text(format!("{:.3}", stop.weight)),
                text(format!("{:.3}", stop.cosine)),
            ]
        })
        .collect();
    table(
        "In a straight line from the image to the root",
        &[
            "Nearest text",
            "Share of the image",
            "Cosine with the point",
        ],
        &[1, 2],
        &rows,
    )
}

fn truth(answer: &Measured) -> Markup {
    let Some(truth) = &answer.truth else {
        return html! {};
    };
    let rows: Vec<Vec<Markup>> = truth
        .tiers
        .iter()
        .map(|tier| {
            vec![
                text(&tier.text),
                text(format!("{:.4}", tier.radius)),
                text(format!("{:.3}", tier.cosine)),
                text(
                    tier.exterior_angle
                        .map_or("–".to_owned(), |a| format!("{:.1}°", a.to_degrees())),
                ),
            ]
        })
        .collect();
    html! {
        (table(
            "Known of the image, from general to specific",
            &["Text", "Radius", "Cosine with the image", "Exterior angle to the next"],
            &[1, 2, 3],
            &rows,
        ))
        p { "Order correlation τ_d of this image: " (format!("{:.2}", truth.order_correlation)) "." }
    }
}

fn all(answer: &Measured) -> Markup {
    let mut sorted: Vec<&Candidate> = answer.candidates.iter().collect();
    sorted.sort_by(|a, b| a.place.radius.total_cmp(&b.place.radius));
    let rows: Vec<Vec<Markup>> = sorted
        .into_iter()
        .map(|candidate| {
            vec![
                text(&candidate.text),
                text(format!("{:.4}", candidate.place.radius)),
                text(format!("{:.1}°", candidate.place.direction.to_degrees())),
                text(format!("{:.3}", candidate.place.root_cosine)),
                text(format!("{:.3}", candidate.image_cosine)),
            ]
        })
        .collect();
    table(
        "Every text, from the root outwards",
        &[
            "Text",
            "Radius",
            "Direction",
            "Cosine with the root",
            "Cosine with the image",
        ],
        &[1, 2, 3, 4],
        &rows,
    )
}
