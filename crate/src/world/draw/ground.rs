//! The grounds: a pale, slightly varying colour and a texture that names it.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, FillRule, LineCap, PathBuilder, PixmapMut, Rect, Stroke, Transform};

use super::super::scene::{SIDE, Scene, Stream};
use super::super::vocabulary::Ground;
use super::palette::{Rgb, mix, paint};

/// Fills the canvas.
pub(super) fn cover(canvas: &mut PixmapMut<'_>, scene: &Scene) {
    let mut rng = Stream::Ground.of(scene.seed);
    let scale = canvas.width() as f32 / SIDE as f32;
    let placed = Transform::from_scale(scale, scale);
    let base = match scene.ground {
        Ground::Sand => [238, 220, 178],
        Ground::Snow => [246, 249, 253],
        Ground::Stone => [182, 184, 188],
        Ground::Grass => [196, 226, 168],
        Ground::Water => [176, 214, 236],
        Ground::Wood => [226, 196, 156],
    };
    let [red, green, blue] = base.map(|channel: u8| channel.saturating_sub(rng.random_range(0..6)));
    canvas.fill(Color::from_rgba8(red, green, blue, 255));
    match scene.ground {
        Ground::Sand | Ground::Grass | Ground::Water => ripples(canvas, &mut rng, base, placed),
        Ground::Snow => drifts(canvas, &mut rng, base, placed),
        Ground::Stone | Ground::Wood => slabs(canvas, &mut rng, base, placed),
    }
}

/// Sand: wavy lines across, and a few grains.
fn ripples(canvas: &mut PixmapMut<'_>, rng: &mut ChaCha8Rng, base: Rgb, placed: Transform) {
    let shadow = paint(mix(base, [150, 110, 50], 22));
    let stroke = Stroke {
        width: 9.0,
        line_cap: LineCap::Round,
        ..Stroke::default()
    };
    for row in 0..7 {
        let y = (row * 150 + rng.random_range(20..110)) as f32;
        let x = rng.random_range(-100..500) as f32;
        let mut path = PathBuilder::new();
        path.move_to(x, y);
        for wave in 0..3 {
            let start = x + (wave * 140) as f32;
            path.quad_to(start + 35.0, y - 32.0, start + 70.0, y);
            path.quad_to(start + 105.0, y + 32.0, start + 140.0, y);
        }
        if let Some(path) = path.finish() {
            canvas.stroke_path(&path, &shadow, &stroke, placed, None);
        }
    }
    dots(canvas, rng, mix(base, [150, 110, 50], 34), 14, 5..9, placed);
}

/// Snow: bluish hollows and flakes.
fn drifts(canvas: &mut PixmapMut<'_>, rng: &mut ChaCha8Rng, base: Rgb, placed: Transform) {
    let hollow = paint(mix(base, [120, 165, 220], 14));
    for _ in 0..5 {
        let (x, y) = (rng.random_range(-50..1000), rng.random_range(0..1000));
        let (width, height) = (rng.random_range(150..380), rng.random_range(30..70));
        let oval = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32)
            .and_then(PathBuilder::from_oval);
        if let Some(oval) = oval {
            canvas.fill_path(&oval, &hollow, FillRule::Winding, placed, None);
        }
    }
    dots(
        canvas,
        rng,
        mix(base, [110, 155, 215], 36),
        12,
        8..14,
        placed,
    );
}

/// Stone: the joints between slabs.
fn slabs(canvas: &mut PixmapMut<'_>, rng: &mut ChaCha8Rng, base: Rgb, placed: Transform) {
    let joint = paint(mix(base, [90, 92, 98], 38));
    let stroke = Stroke {
        width: 10.0,
        ..Stroke::default()
    };
    let mut path = PathBuilder::new();
    let height = rng.random_range(220..300);
    let mut top = -rng.random_range(0..height);
    while top < SIDE {
        path.move_to(0.0, top as f32);
        path.line_to(SIDE as f32, top as f32);
        let mut x = rng.random_range(60..340);
        while x < SIDE {
            path.move_to(x as f32, top as f32);
            path.line_to(x as f32, (top + height) as f32);
            x += rng.random_range(280..420);
        }
        top += height;
    }
    if let Some(path) = path.finish() {
        canvas.stroke_path(&path, &joint, &stroke, placed, None);
    }
}

fn dots(
    canvas: &mut PixmapMut<'_>,
    rng: &mut ChaCha8Rng,
    colour: Rgb,
    count: usize,
    radii: std::ops::Range<i32>,
    placed: Transform,
) {
    let mut path = PathBuilder::new();
    for _ in 0..count {
        let (x, y) = (rng.random_range(0..SIDE), rng.random_range(0..SIDE));
        path.push_circle(x as f32, y as f32, rng.random_range(radii.clone()) as f32);
    }
    if let Some(path) = path.finish() {
        canvas.fill_path(&path, &paint(colour), FillRule::Winding, placed, None);
    }
}
