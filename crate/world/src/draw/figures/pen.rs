//! How the parts of a figure are written down, and the fills that they become.

use svgtypes::{SimplePathSegment, SimplifyingPathParser};
use tiny_skia::{LineCap, LineJoin, Path, PathBuilder, Stroke};

use super::super::palette::Tone;

/// Width of the outline around a figure's parts, of which the outer half shows.
const OUTLINE: f32 = 12.0;

/// One fill of a figure.
#[derive(Clone, Debug)]
pub(in super::super) struct Layer {
    pub(in super::super) tone: Tone,
    pub(in super::super) path: Path,
}

/// How a part's path is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pen {
    /// Outlined, then filled: sub-paths that overlap become one body with one outline.
    Body,
    /// Filled.
    Fill,
    /// Stroked, with this width.
    Line(f32),
    /// Stroked with this width, outlined.
    Limb(f32),
}

/// A tone, a pen, SVG path data.
pub(super) type Part = (Tone, Pen, &'static str);

/// The fills of a part, from back to front.
pub(super) fn layers(&(tone, pen, data): &Part) -> Vec<Layer> {
    let path = parse(data).expect("the figures' path data is valid");
    let layer = |tone, path| Layer { tone, path };
    match pen {
        Pen::Body => vec![
            layer(Tone::Outline, stroked(&path, OUTLINE)),
            layer(tone, path),
        ],
        Pen::Fill => vec![layer(tone, path)],
        Pen::Line(width) => vec![layer(tone, stroked(&path, width))],
        Pen::Limb(width) => vec![
            layer(Tone::Outline, stroked(&path, width + OUTLINE)),
            layer(tone, stroked(&path, width)),
        ],
    }
}

/// The area of a line of this width.
pub(super) fn line(data: &str, width: f32) -> Path {
    stroked(
        &parse(data).expect("the figures' path data is valid"),
        width,
    )
}

/// The area that a round pen of this width covers along the path.
fn stroked(path: &Path, width: f32) -> Path {
    let stroke = Stroke {
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    path.stroke(&stroke, 1.0)
        .expect("a path with an extent has an outline")
}

/// `None` unless the data is a path with an extent.
fn parse(data: &str) -> Option<Path> {
    let mut path = PathBuilder::new();
    for segment in SimplifyingPathParser::from(data) {
        match segment.ok()? {
            SimplePathSegment::MoveTo { x, y } => path.move_to(x as f32, y as f32),
            SimplePathSegment::LineTo { x, y } => path.line_to(x as f32, y as f32),
            SimplePathSegment::Quadratic { x1, y1, x, y } => {
                path.quad_to(x1 as f32, y1 as f32, x as f32, y as f32);
            }
            SimplePathSegment::CurveTo {
                x1,
                y1,
                x2,
                y2,
                x,
                y,
            } => path.cubic_to(
                x1 as f32, y1 as f32, x2 as f32, y2 as f32, x as f32, y as f32,
            ),
            SimplePathSegment::ClosePath => path.close(),
        }
    }
    path.finish()
}
