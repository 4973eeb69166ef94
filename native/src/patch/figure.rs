//! The trade-off of a sweep as a drawing.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::trade_off::{Point, Sweep, aim_words};
use cliprobe::probe::Aim;

const SIZE: u32 = 460;
const TEXT: (&str, i32) = ("sans-serif", 14);
/// Height of the names above the curves, in pixels.
const NAMES: u32 = 44;
/// A letter of the text on average; an SVG's viewer chooses the font.
const LETTER: i32 = 7;
/// Told apart by all kinds of colour vision (Okabe and Ito, 2008).
const COLOURS: [(Aim, RGBColor); 4] = [
    (Aim::Composition, RGBColor(0, 114, 178)),
    (Aim::ZeroShot, RGBColor(213, 94, 0)),
    (Aim::Retrieval, RGBColor(0, 158, 115)),
    (Aim::Hierarchy, RGBColor(204, 121, 167)),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws every aim against α, and beside it composition against each of the others.
pub(super) fn draw(sweep: &Sweep) -> Result<String> {
    let has = |aim: Aim| sweep.points.iter().any(|point| value(point, aim).is_some());
    let aims: Vec<(Aim, RGBColor)> = COLOURS.into_iter().filter(|(aim, _)| has(*aim)).collect();
    let beside: Vec<(Aim, RGBColor)> = aims
        .iter()
        .copied()
        .filter(|(aim, _)| *aim != Aim::Composition && has(Aim::Composition))
        .collect();
    let panels = 1 + beside.len();
    let mut svg = String::new();
    {
        let root =
            SVGBackend::with_string(&mut svg, (SIZE * panels as u32, SIZE)).into_drawing_area();
        paint(&root, sweep, &aims, &beside).map_err(|error| anyhow!("the figure: {error}"))?;
    }
    Ok(svg)
}

fn value(point: &Point, aim: Aim) -> Option<f64> {
    let mut aims = point.aims.iter();
    aims.find(|(known, _)| *known == aim)
        .map(|(_, value)| 100.0 * value)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn paint(
    root: &Area<'_>,
    sweep: &Sweep,
    aims: &[(Aim, RGBColor)],
    beside: &[(Aim, RGBColor)],
) -> Drawn {
    root.fill(&WHITE)?;
    let panels = root.split_evenly((1, 1 + beside.len()));
    along(&panels[0], sweep, aims)?;
    for (panel, (aim, colour)) in panels[1..].iter().zip(beside) {
        plane(panel, sweep, *aim, *colour)?;
    }
    root.present()?;
    Ok(())
}

/// Every aim against α.
fn along(area: &Area<'_>, sweep: &Sweep, aims: &[(Aim, RGBColor)]) -> Drawn {
    let curves: Vec<(Aim, RGBColor, Vec<_>)> = aims
        .iter()
        .map(|&(aim, colour)| {
            let points = sweep.points.iter();
            let curve = points.filter_map(|point| Some((point.alpha, value(point, aim)?)));
            (aim, colour, curve.collect())
        })
        .collect();
    let (names, area) = area.split_vertically(NAMES);
    let (mut left, mut top) = (16, 10);
    for (aim, colour, _) in &curves {
        let words = aim_words(*aim);
        let width = LETTER * (words.chars().count() as i32 + 3);
        if left + width > SIZE as i32 {
            (left, top) = (16, top + 17);
        }
        let style = TEXT.into_font().color(colour);
        names.draw(&Text::new(words, (left, top), style))?;
        left += width;
    }
    let x = extent(sweep.points.iter().map(|point| point.alpha), 0.02);
    let heights = curves
        .iter()
        .flat_map(|(.., curve)| curve.iter().map(|(_, y)| *y));
    let y = extent(heights, 0.05);
    let x_title = "α, from the base (0) to the fine-tuned model (1)";
    let mut chart = empty_chart(&area, (x, x_title), (y, "per cent"))?;
    chart.draw_series(DashedLineSeries::new(
        [(sweep.marked, y.0), (sweep.marked, y.1)],
        4,
        4,
        BLACK.mix(0.6).into(),
    ))?;
    let above = TextStyle::from(TEXT.into_font()).pos(Pos::new(HPos::Center, VPos::Bottom));
    let marked = format!("α = {}", sweep.marked);
    chart.draw_series([Text::new(marked, (sweep.marked, y.1), above)])?;
    for (_, colour, curve) in curves {
        chart.draw_series(LineSeries::new(
            curve.iter().copied(),
            colour.stroke_width(2),
        ))?;
        chart.draw_series(
            curve
                .iter()
                .map(|&point| Circle::new(point, 3, colour.filled())),
        )?;
    }
    Ok(())
}

/// Composition against another aim, α along the curve.
fn plane(area: &Area<'_>, sweep: &Sweep, aim: Aim, colour: RGBColor) -> Drawn {
    let points: Vec<(f64, f64, f64)> = sweep
        .points
        .iter()
        .filter_map(|point| {
            Some((
                point.alpha,
                value(point, aim)?,
                value(point, Aim::Composition)?,
            ))
        })
        .collect();
    let x = extent(points.iter().map(|point| point.1), 0.12);
    let y = extent(points.iter().map(|point| point.2), 0.12);
    let x_title = format!("{}, per cent", aim_words(aim));
    let mut chart = empty_chart(area, (x, &x_title), (y, "composition, per cent"))?;
    let places = points.iter().map(|&(_, x, y)| (x, y));
    chart.draw_series(LineSeries::new(places, colour.mix(0.5).stroke_width(2)))?;
    for (number, &(alpha, px, py)) in points.iter().enumerate() {
        let marked = alpha == sweep.marked;
        let size = if marked { 7 } else { 3 };
        chart.draw_series([Circle::new((px, py), size, colour.filled())])?;
        if marked || number == 0 || number + 1 == points.len() {
            let style =
                TextStyle::from(TEXT.into_font()).pos(Pos::new(roomy_side(px, x), VPos::Bottom));
            let gap = 0.02 * (y.1 - y.0);
            chart.draw_series([Text::new(format!(" α = {alpha} "), (px, py + gap), style)])?;
        }
    }
    Ok(())
}

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Axes, each from its least to its largest value and with its title, and their grid.
fn empty_chart<'a>(
    area: &Area<'a>,
    (x, x_title): ((f64, f64), &str),
    (y, y_title): ((f64, f64), &str),
) -> Result<Chart<'a>, Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(46)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .x_desc(x_title)
        .y_desc(y_title)
        .label_style(TEXT)
        .draw()?;
    Ok(chart)
}

/// Where a text begins or ends at `x`, so that it has room between the chart's sides.
fn roomy_side(x: f64, sides: (f64, f64)) -> HPos {
    if x > (sides.0 + sides.1) / 2.0 {
        HPos::Right
    } else {
        HPos::Left
    }
}

/// The smallest and the largest value, with a part of their distance added on both sides.
fn extent(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return (0.0, 1.0);
    }
    let margin = ((high - low) * margin).max(0.01);
    (low - margin, high + margin)
}
