//! The answers that a model got most wrong, with what it was shown.

use cliprobe::probe::{Answer, Detail, Evaluation, Filter, Gallery, Picture, ProbeSet};
use maud::{Markup, html};

use super::thumbnails::Thumbnails;
use cliprobe::probe::results::SetResult;

/// The worst answers of a set, the worst first, and how many are wrong in all.
pub(super) fn worst(evaluation: &Evaluation, most: usize) -> (Vec<&Answer>, usize) {
    let wrong = Gallery::new(evaluation).places(evaluation, Filter::Wrong);
    let answers = wrong.iter().take(most);
    (
        answers.map(|&place| &evaluation.answers[place]).collect(),
        wrong.len(),
    )
}

/// Shows them with pictures, captions and cosines.
pub(super) fn gallery(
    result: &SetResult,
    set: &ProbeSet,
    answers: &[&Answer],
    thumbnails: &Thumbnails<'_>,
) -> Markup {
    html! {
        ul.gallery {
            @for answer in answers {
                li {
                    div { @for &place in &answer.pictures {
                        (picture(&set.pictures[place], &result.pictures[place], thumbnails))
                    } }
                    div { strong { "Item " (answer.id) } " " span.quiet { (answer.group) } }
                    (outcome(result, answer))
                }
            }
        }
    }
}

fn picture(picture: &Picture, label: &str, thumbnails: &Thumbnails<'_>) -> Markup {
    html! {
        @match thumbnails.of(picture) {
            Some(thumbnail) => img src=(thumbnail.address) width=(thumbnail.width)
                height=(thumbnail.height) alt=(label) title=(label);,
            None => span.quiet { "(" (label) ")" },
        }
    }
}

fn outcome(result: &SetResult, answer: &Answer) -> Markup {
    let text = |place: usize| result.texts[place].as_str();
    match &answer.detail {
        Detail::Choice(choice) => html! {
            @if answer.texts.len() == 1 { p { "“" (text(answer.texts[0])) "”" } }
            ul {
                @for (option, similarity) in answer.similarities.iter().enumerate() {
                    @let name = if answer.texts.len() == 1 {
                        result.pictures[answer.pictures[option]].as_str()
                    } else {
                        text(answer.texts[option])
                    };
                    (line(*similarity, name, verdict(answer.right == Some(option), choice.chosen == option)))
                }
            }
        },
        Detail::Square(_) => html! {
            ul {
                @for (number, &similarity) in answer.similarities.iter().enumerate() {
                    @let (row, column) = (number / 2, number % 2);
                    @let name = format!("picture {}, “{}”", row + 1, text(answer.texts[column]));
                    (line(similarity, &name, if row == column { "belongs" } else { "" }))
                }
            }
        },
        Detail::HardPositive(_) => html! {
            ul {
                @for (&similarity, (&place, role)) in answer.similarities.iter()
                    .zip(answer.texts.iter().zip(["right", "right, reworded", "wrong"])) {
                    (line(similarity, text(place), role))
                }
            }
        },
        Detail::Chain(chain) => html! {
            ul {
                li { span.right { "own: " } @for &place in &answer.texts { "→ " (text(place)) " " } }
                li { span.wrong { "found: " } @for &place in &chain.found {
                    "→ "
                    @if answer.texts.contains(&place) { span.right { (text(place)) " (own)" } }
                    @else { (text(place)) }
                    " "
                } }
            }
        },
        Detail::Classified(classified) => html! {
            p { "Its class stands at place " (classified.placement.rank + 1) " of "
                (classified.placement.candidates) "." }
        },
        Detail::CaptionFound(placement) => html! {
            p { "Its first own caption stands at place " (placement.rank + 1) " of "
                (placement.candidates) "." }
        },
        Detail::PictureFound(placement) => html! {
            @for &place in &answer.texts { p { "“" (text(place)) "”" } }
            p { "Its picture stands at place " (placement.rank + 1) " of " (placement.candidates) "." }
        },
        _ => html! {},
    }
}

fn verdict(is_right: bool, is_chosen: bool) -> &'static str {
    match (is_right, is_chosen) {
        (true, true) => "right, chosen",
        (true, false) => "right",
        (false, true) => "wrong, chosen",
        (false, false) => "wrong",
    }
}

/// A cosine, what it is of, and what that is.
fn line(similarity: f32, name: &str, role: &str) -> Markup {
    let class = match role {
        "" => "quiet",
        role if role.starts_with("wrong") => "wrong",
        _ => "right",
    };
    html! {
        li {
            span.cosine { (format!("{similarity:.4}").replace('-', "−")) } " " (name) " "
            @if !role.is_empty() { strong class=(class) { "(" (role) ")" } }
        }
    }
}
