//! A map of texts around the root: distances to scale, directions by a projection.

use std::f64::consts::PI;

use maud::{Markup, html};

use super::Thumbnail;

/// Half the side of the drawing, in its own units; as in the page (`web/hierarchy/map-layout.ts`).
const HALF: f64 = 320.0;
/// Where the image stands.
const RIM: f64 = 288.0;
/// Where the largest radius stands: inside the rim, with room for the thumbnail.
const EDGE: f64 = 250.0;
/// Rings, at most.
const RINGS: f64 = 5.0;
/// The thumbnail's longer side.
const THUMBNAIL: f64 = 48.0;

/// Between a dot and its text; a line's height, and what is below and above its middle; a letter's width.
const GAP: f64 = 10.0;
const LINE: f64 = 14.0;
const MIDDLE: f64 = 4.0;
const LETTER: f64 = 6.5;

/// Where something stands.
#[derive(Clone, Copy)]
pub(crate) struct Polar {
    pub(crate) radius: f64,
    /// In radians, anticlockwise from the right.
    pub(crate) direction: f64,
}

/// A text on the map.
pub(crate) struct RadialDot {
    pub(crate) at: Polar,
    /// What is shown while the pointer rests on it.
    pub(crate) title: String,
    /// Written beside it; none of the many.
    pub(crate) label: Option<String>,
}

/// A line from a general text to a specific one.
pub(crate) struct RadialEdge {
    pub(crate) from: Polar,
    pub(crate) to: Polar,
    /// The exterior angle, from 0 to π: it decides the colour.
    pub(crate) angle: f64,
}

/// Draws a map whose largest radius is `reach`.
pub(crate) fn radial(
    title: &str,
    dots: &[RadialDot],
    edges: &[RadialEdge],
    image: (Polar, &Thumbnail),
    reach: f64,
) -> Markup {
    let scale = |radius: f64| EDGE * radius / reach.max(f64::MIN_POSITIVE);
    let place = |at: Polar| spot(scale(at.radius), at.direction);
    let (own, thumbnail) = image;
    let (image_x, image_y) = place(own);
    let (rim_x, rim_y) = spot(RIM, own.direction);
    let shrink = THUMBNAIL / f64::from(thumbnail.width.max(thumbnail.height).max(1));
    let (width, height) = (
        f64::from(thumbnail.width) * shrink,
        f64::from(thumbnail.height) * shrink,
    );
    html! {
        svg.chart viewBox={ (-HALF) " " (-HALF) " " (2.0 * HALF) " " (2.0 * HALF) }
            width=(2.0 * HALF) height=(2.0 * HALF) role="img"
            aria-label={ (title) ". The tables have the same numbers." } {
            @for ring in rings(reach) {
                circle.grid r=(number(scale(ring))) fill="none" {}
                text.axis x="3" y=(number(-scale(ring) - 3.0)) { (shown(ring)) }
            }
            circle.root r="4" { title { "the root: the empty text" } }
            line.ray x1=(number(image_x)) y1=(number(image_y)) x2=(number(rim_x)) y2=(number(rim_y)) {}
            @for dot in dots.iter().filter(|dot| dot.label.is_none()) {
                @let (x, y) = place(dot.at);
                circle.many cx=(number(x)) cy=(number(y)) r="2" { title { (dot.title) } }
            }
            @for edge in edges {
                @let ((x1, y1), (x2, y2)) = (place(edge.from), place(edge.to));
                line.edge x1=(number(x1)) y1=(number(y1)) x2=(number(x2)) y2=(number(y2))
                    style={ "stroke: color-mix(in oklab, var(--right), var(--wrong) " (percent(edge.angle)) "%)" } {}
            }
            @for dot in dots.iter().filter(|dot| dot.label.is_some()) {
                @let (x, y) = place(dot.at);
                circle.dot cx=(number(x)) cy=(number(y)) r="4" { title { (dot.title) } }
            }
            @for label in labels(dots.iter().filter_map(|dot| Some((place(dot.at), dot.label.as_deref()?)))) {
                line.leader x1=(number(label.of.0)) y1=(number(label.of.1))
                    x2=(number(label.x)) y2=(number(label.y - MIDDLE)) {}
                text.label x=(number(label.x)) y=(number(label.y))
                    text-anchor=(if label.leftwards { "end" } else { "start" }) { (label.text) }
            }
            circle.dot.image cx=(number(image_x)) cy=(number(image_y)) r="5" { title { "the image" } }
            image href=(thumbnail.address) width=(number(width)) height=(number(height))
                x=(number((rim_x - width / 2.0).clamp(-HALF, HALF - width)))
                y=(number((rim_y - height / 2.0).clamp(-HALF, HALF - height))) {}
        }
    }
}

/// A text beside its dot.
struct Label<'a> {
    /// The dot's place.
    of: (f64, f64),
    /// Where the text begins, or ends where it goes leftwards; the line that it stands on.
    x: f64,
    y: f64,
    leftwards: bool,
    text: &'a str,
}

impl Label<'_> {
    fn sides(&self) -> (f64, f64) {
        let width = LETTER * self.text.chars().count() as f64;
        if self.leftwards {
            (self.x - width, self.x)
        } else {
            (self.x, self.x + width)
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let ((left, right), (others_left, others_right)) = (self.sides(), other.sides());
        left < others_right && others_left < right && (self.y - other.y).abs() < LINE
    }
}

/// Texts go towards the middle of the drawing, where there is room; one that would cover another goes
/// below it.
fn labels<'a>(dots: impl Iterator<Item = ((f64, f64), &'a str)>) -> Vec<Label<'a>> {
    let mut wanted: Vec<Label<'a>> = dots
        .map(|(of, text)| {
            let leftwards = of.0 > 0.0;
            Label {
                of,
                x: of.0 + if leftwards { -GAP } else { GAP },
                y: of.1 + MIDDLE,
                leftwards,
                text,
            }
        })
        .collect();
    wanted.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut placed: Vec<Label<'a>> = Vec::new();
    for mut label in wanted {
        // Each push goes below a text that is placed, so it ends.
        while let Some(other) = placed.iter().find(|other| label.covers(other)) {
            label.y = other.y + LINE;
        }
        placed.push(label);
    }
    placed
}

fn spot(distance: f64, direction: f64) -> (f64, f64) {
    (distance * direction.cos(), -distance * direction.sin())
}

/// Round radii up to the largest.
fn rings(reach: f64) -> Vec<f64> {
    if reach <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf((reach / RINGS).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| reach / step <= RINGS)
        .unwrap_or(reach);
    (1..=(reach / step) as usize)
        .map(|ring| ring as f64 * step)
        .collect()
}

fn shown(radius: f64) -> String {
    let text = format!("{radius:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// The share of the way from 0 to π.
fn percent(angle: f64) -> u32 {
    (100.0 * angle.clamp(0.0, PI) / PI).round() as u32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_round_and_few() {
        let written = |reach| rings(reach).into_iter().map(shown).collect::<Vec<_>>();
        assert_eq!(written(1.3), ["0.5", "1"]);
        assert_eq!(written(0.95), ["0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(written(0.0), Vec::<String>::new());
    }

    #[test]
    fn texts_do_not_cover_one_another() {
        let dots = [(-10.0, 0.0), (-12.0, 1.0), (-11.0, 5.0), (-300.0, 2.0)];
        let found = labels(
            dots.into_iter()
                .zip(["a cat", "a rabbit", "a fruit", "far"]),
        );
        assert_eq!(found.len(), 4);
        for (index, label) in found.iter().enumerate() {
            assert!(found[..index].iter().all(|other| !label.covers(other)));
        }
        let far = found.iter().find(|label| label.text == "far").unwrap();
        assert_eq!(far.y, 2.0 + MIDDLE);
    }

    #[test]
    fn directions_go_anticlockwise_from_the_right() {
        let (x, y) = spot(2.0, PI / 2.0);
        assert!(x.abs() < 1e-12);
        assert_eq!(y, -2.0);
        assert_eq!(percent(PI), 100);
        assert_eq!(percent(PI / 2.0), 50);
    }
}
