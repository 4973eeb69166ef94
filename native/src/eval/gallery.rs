//! The answers that a model got most wrong, with what it was shown: whatever the kind of question.

use cliprobe::probe::{Evaluation, Filter, Gallery, ProbeSet, ShownAnswer, ShownImage, ShownText};
use maud::{Markup, html};

use super::thumbnails::Thumbnails;

/// The worst answers of a set.
pub(super) struct Worst {
    /// The worst first.
    pub(super) shown: Vec<ShownAnswer>,
    /// How many are wrong in all.
    pub(super) wrong: usize,
    /// How many answers that are not shown are as bad as the last one shown.
    pub(super) as_bad: usize,
}

/// The `most` worst answers of a set.
pub(super) fn worst(evaluation: &Evaluation, set: &ProbeSet, most: usize) -> Worst {
    let gallery = Gallery::new(evaluation);
    let (wrong, shown) = gallery.page(set, evaluation, Filter::Wrong, 0, most);
    Worst {
        as_bad: gallery.as_bad(evaluation, Filter::Wrong, shown.len()),
        shown,
        wrong,
    }
}

/// Shows them with images, captions and cosines.
pub(super) fn gallery(
    set: &ProbeSet,
    answers: &[ShownAnswer],
    thumbnails: &Thumbnails<'_>,
) -> Markup {
    html! {
        ul.gallery {
            @for answer in answers {
                li {
                    div { @for shown in &answer.images { (image(shown, set, thumbnails)) } }
                    div { strong { "Item " (answer.id) } " " span.quiet { (answer.group) } }
                    ul { @for shown in &answer.texts { (text(shown, answer.images.len())) } }
                    @if let Some(note) = &answer.note { p { (note) } }
                    @if answer.tied { p.quiet { "A tie decided." } }
                }
            }
        }
    }
}

fn image(shown: &ShownImage, set: &ProbeSet, thumbnails: &Thumbnails<'_>) -> Markup {
    let thumbnail = thumbnails.of(&set.images[shown.index]);
    html! {
        figure {
            @match thumbnail {
                Some(thumbnail) => img src=(thumbnail.address) width=(thumbnail.width)
                    height=(thumbnail.height) alt=(shown.label) title=(shown.label);,
                None => span.quiet { "(" (shown.label) ")" },
            }
            @if let Some(right) = shown.right { figcaption { (verdict(right)) } }
        }
    }
}

/// A text with its cosine, or one for each of several images.
fn text(shown: &ShownText, images: usize) -> Markup {
    let cosines: Vec<String> = shown
        .cosines
        .iter()
        .map(|cosine| format!("{cosine:.4}").replace('-', "−"))
        .collect();
    html! {
        li {
            @if !cosines.is_empty() {
                span.cosine title=[(images > 1).then_some("with each image, in their order")] {
                    (cosines.join(" · "))
                }
                " "
            }
            (shown.text)
            @if let Some(right) = shown.right { " " (verdict(right)) }
        }
    }
}

fn verdict(right: bool) -> Markup {
    let word = if right { "right" } else { "wrong" };
    html! { strong class=(word) { "(" (word) ")" } }
}
