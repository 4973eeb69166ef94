//! A chart of points by two differences, with their intervals.

use cliprobe::score::Difference;
use maud::{Markup, html};

const SIDE: f64 = 380.0;
const MARGIN: f64 = 56.0;

/// A model between two aims.
pub(crate) struct Point {
    pub(crate) label: String,
    pub(crate) x: Difference,
    pub(crate) y: Difference,
    /// Whether no other point is better in one aim and not worse in the other.
    pub(crate) on_front: bool,
}

/// Draws points around the origin, which is the model that all are compared with.
pub(crate) fn plane(title: &str, x_name: &str, y_name: &str, points: &[Point]) -> Markup {
    let (reach_x, reach_y) = (
        reach(points.iter().map(|p| p.x)),
        reach(points.iter().map(|p| p.y)),
    );
    let along = |value: f64, reach: f64| (value.clamp(-reach, reach) + reach) / (2.0 * reach);
    let x = |value: f64| MARGIN + SIDE * along(value, reach_x);
    let y = |value: f64| MARGIN + SIDE * (1.0 - along(value, reach_y));
    let points_of = |value: f64| format!("{:+.1}", 100.0 * value).replace('-', "−");
    let (near, far) = (MARGIN, MARGIN + SIDE);
    html! {
        svg.chart viewBox={ "0 0 " (SIDE + 2.0 * MARGIN + 120.0) " " (SIDE + 2.0 * MARGIN) }
            width=(SIDE + 2.0 * MARGIN + 120.0) height=(SIDE + 2.0 * MARGIN) role="img" aria-label={
                (title) ". "
                @for p in points {
                    (p.label) ": " (points_of(p.x.value)) " points in " (x_name) ", "
                    (points_of(p.y.value)) " in " (y_name) "; "
                }
                "the table beside it has the same numbers."
            } {
            rect.grid x=(near) y=(near) width=(SIDE) height=(SIDE) {}
            line.zero x1=(x(0.0)) x2=(x(0.0)) y1=(near) y2=(far) {}
            line.zero x1=(near) x2=(far) y1=(y(0.0)) y2=(y(0.0)) {}
            @for tick in [-1.0, -0.5, 0.0, 0.5, 1.0] {
                text.axis x=(x(tick * reach_x)) y=(far + 15.0) text-anchor="middle" {
                    (points_of(tick * reach_x))
                }
                text.axis x=(near - 6.0) y=(y(tick * reach_y) + 3.0) text-anchor="end" {
                    (points_of(tick * reach_y))
                }
            }
            text.label x=((near + far) / 2.0) y=(far + 36.0) text-anchor="middle" { (x_name) ", points" }
            text.label transform={ "translate(14 " ((near + far) / 2.0) ") rotate(-90)" } text-anchor="middle" {
                (y_name) ", points"
            }
            @for p in points {
                line.interval x1=(x(p.x.interval.low)) x2=(x(p.x.interval.high)) y1=(y(p.y.value)) y2=(y(p.y.value)) {}
                line.interval x1=(x(p.x.value)) x2=(x(p.x.value)) y1=(y(p.y.interval.low)) y2=(y(p.y.interval.high)) {}
                circle class=(if p.on_front { "dot" } else { "dot dominated" }) cx=(x(p.x.value)) cy=(y(p.y.value)) r="5" {}
                text.label x=(x(p.x.value) + 8.0) y=(y(p.y.value) - 7.0) { (p.label) }
            }
        }
    }
}

/// Half the length of an axis that holds these differences, in whole steps of 5 points so that it
/// bears round numbers.
fn reach(differences: impl Iterator<Item = Difference>) -> f64 {
    let ends = differences.flat_map(|d| [d.interval.low, d.interval.high, d.value]);
    let most = ends.fold(0.05_f64, |most, end| most.max(end.abs()));
    (most * 20.0).ceil() / 20.0
}
