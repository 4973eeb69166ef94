//! The answers that a model got most wrong, with what it was shown.

use std::cmp::Ordering;

use cliprobe::probe::{Answer, Detail, Picture, ProbeSet};
use maud::{Markup, html};

use super::results::SetResult;
use super::thumbnails::Thumbnails;

/// How far an answer is from being right, as a number below or at 0; none if it is right. Only
/// answers of one kind compare.
fn shortfall(detail: &Detail) -> Option<f64> {
    match detail {
        Detail::Choice(choice) => {
            (!choice.correct).then(|| f64::from(choice.margin.unwrap_or(0.0)))
        }
        Detail::Square(square) => {
            (!square.group).then(|| f64::from(square.text_margin.min(square.image_margin)))
        }
        Detail::HardPositive(item) => detail
            .marks()
            .iter()
            .any(|&(mark, right)| mark == "augmented" && !right)
            .then(|| f64::from(item.caption_margin.min(item.positive_margin))),
        Detail::Chain(chain) => (chain.recall < 1.0)
            .then(|| chain.recall - 1.0 + (chain.order_correlation - 1.0) / 100.0),
        Detail::Classified(classified) => {
            (classified.placement.rank > 0).then(|| -(classified.placement.rank as f64))
        }
        Detail::CaptionFound(placement) | Detail::PictureFound(placement) => (placement.rank > 0)
            .then(|| -(placement.rank as f64) / placement.candidates.max(1) as f64),
        _ => None,
    }
}

/// The worst answers of a set, the worst first, and how many are wrong in all.
pub(super) fn worst(answers: &[Answer], most: usize) -> (Vec<&Answer>, usize) {
    let mut wrong: Vec<(f64, &Answer)> = answers
        .iter()
        .filter_map(|answer| Some((shortfall(&answer.detail)?, answer)))
        .collect();
    let all = wrong.len();
    wrong.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
    wrong.truncate(most);
    (wrong.into_iter().map(|(_, answer)| answer).collect(), all)
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

#[cfg(test)]
mod tests {
    use cliprobe::score::Choice;

    use super::*;

    fn choice(id: &str, margin: f32) -> Answer {
        Answer {
            id: id.to_owned(),
            group: String::new(),
            pictures: vec![0],
            texts: vec![0, 1],
            similarities: vec![margin, 0.0],
            right: Some(0),
            detail: Detail::Choice(Choice {
                chosen: usize::from(margin <= 0.0),
                correct: margin > 0.0,
                tied: margin == 0.0,
                margin: Some(margin),
                options: 2,
            }),
        }
    }

    #[test]
    fn the_worst_come_first_and_right_ones_never() {
        let answers = [
            choice("a", -0.1),
            choice("b", 0.2),
            choice("c", -0.3),
            choice("d", 0.0),
        ];
        let (worst, all) = worst(&answers, 2);
        let ids: Vec<&str> = worst.iter().map(|answer| answer.id.as_str()).collect();
        assert_eq!((ids, all), (vec!["c", "a"], 3));
    }
}
