//! The grounds: a pale, slightly varying colour and a texture that names it, seen from a view
//! that varies with the scene's seed: a little turned, nearer or further, with a paler distance
//! above or none.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{FillRule, LineCap, Paint, Path, PathBuilder, PixmapMut, Rect, Stroke, Transform};

use super::super::scene::{SIDE, Scene, Stream};
use super::super::vocabulary::{Ground, Style};
use super::palette::{Rgb, mix, opaque, paint};

/// Textures cover this much beyond the image, for views that are turned or far away.
const BEYOND: i32 = 160;

/// Fills the canvas.
pub(super) fn cover(canvas: &mut PixmapMut<'_>, scene: &Scene) {
    let mut rng = Stream::Ground.of(scene.seed);
    let (base, mark) = colours(scene.ground, scene.style);
    let darker = rng.random_range(0..6);
    let base = base.map(|channel| channel.saturating_sub(darker));
    let horizon = rng.random_range(-60..120);
    let view = View {
        scale: canvas.width() as f32 / SIDE as f32,
        turn: rng.random_range(-5..=5) as f32,
        nearness: rng.random_range(85..=120) as f32 / 100.0,
    };
    canvas.fill(opaque(base));
    let mut texture = Texture {
        canvas,
        view,
        base,
        mark,
    };
    if scene.style != Style::Flat {
        match scene.ground {
            Ground::Sand => ripples(&mut texture, &mut rng),
            Ground::Snow => drifts(&mut texture, &mut rng),
            Ground::Stone => slabs(&mut texture, &mut rng),
            Ground::Grass => tufts(&mut texture, &mut rng),
            Ground::Water => waves(&mut texture, &mut rng),
            Ground::Wood => planks(&mut texture, &mut rng),
        }
    }
    texture.distance(horizon);
}

/// The colour of a ground, and that of the marks on it.
pub(super) fn colours(ground: Ground, style: Style) -> (Rgb, Rgb) {
    let (base, mark) = match ground {
        Ground::Sand => ([240, 222, 178], [150, 108, 44]),
        Ground::Snow => ([232, 240, 250], [96, 146, 214]),
        Ground::Stone => ([184, 186, 190], [66, 68, 76]),
        Ground::Grass => ([196, 226, 164], [62, 120, 34]),
        Ground::Water => ([176, 214, 238], [40, 104, 168]),
        Ground::Wood => ([230, 196, 154], [112, 66, 26]),
    };
    match style {
        Style::Everyday | Style::Flat => (base, mark),
        Style::Pastel => (
            mix(base, [255, 255, 255], 40),
            mix(mark, [255, 255, 255], 20),
        ),
        Style::Night => (mix(base, [12, 16, 46], 66), mix(base, [190, 200, 240], 40)),
        Style::Sketch => (mix(base, [252, 250, 245], 78), mix(mark, [40, 40, 44], 20)),
    }
}

/// How a scene's ground is looked at.
#[derive(Clone, Copy)]
struct View {
    /// Samples in a thousandth of the image's side.
    scale: f32,
    /// Degrees clockwise.
    turn: f32,
    /// How large its texture looks.
    nearness: f32,
}

impl View {
    fn placed(self) -> Transform {
        let middle = SIDE as f32 / 2.0;
        Transform::from_translate(-middle, -middle)
            .post_scale(self.nearness, self.nearness)
            .post_rotate(self.turn)
            .post_translate(middle, middle)
            .post_scale(self.scale, self.scale)
    }
}

struct Texture<'c, 'p> {
    canvas: &'c mut PixmapMut<'p>,
    view: View,
    base: Rgb,
    mark: Rgb,
}

impl Texture<'_, '_> {
    /// Paint that is `percent` of the way from the ground to its marks.
    fn shade(&self, percent: i32) -> Paint<'static> {
        paint(mix(self.base, self.mark, percent))
    }

    fn fill(&mut self, path: PathBuilder, percent: i32) {
        if let Some(path) = path.finish() {
            self.fill_path(&path, percent);
        }
    }

    fn fill_path(&mut self, path: &Path, percent: i32) {
        let (shade, placed) = (self.shade(percent), self.view.placed());
        self.canvas
            .fill_path(path, &shade, FillRule::Winding, placed, None);
    }

    fn stroke(&mut self, path: PathBuilder, width: f32, percent: i32) {
        let stroke = Stroke {
            width,
            line_cap: LineCap::Butt,
            ..Stroke::default()
        };
        if let Some(outline) = path.finish().and_then(|path| path.stroke(&stroke, 1.0)) {
            self.fill_path(&outline, percent);
        }
    }

    /// Small marks, anywhere.
    fn dots(
        &mut self,
        rng: &mut ChaCha8Rng,
        count: usize,
        radii: std::ops::Range<i32>,
        percent: i32,
    ) {
        let mut path = PathBuilder::new();
        for _ in 0..count {
            let (x, y) = anywhere(rng);
            let radius = rng.random_range(radii.clone()) as f32;
            // Four sides look as round as a circle at this size, and are drawn in half the time.
            path.move_to(x - radius, y);
            path.line_to(x, y - radius);
            path.line_to(x + radius, y);
            path.line_to(x, y + radius);
            path.close();
        }
        self.fill(path, percent);
    }

    /// A paler, bare strip from the top edge to the horizon, if that is in the image.
    fn distance(&mut self, horizon: i32) {
        let far = Rect::from_ltrb(0.0, 0.0, SIDE as f32, horizon as f32);
        if let Some(far) = far.filter(|far| far.height() > 0.0) {
            let pale = paint(mix(self.base, [255, 255, 255], 30));
            let placed = Transform::from_scale(self.view.scale, self.view.scale);
            self.canvas.fill_rect(far, &pale, placed, None);
        }
    }
}

fn anywhere(rng: &mut ChaCha8Rng) -> (f32, f32) {
    let mut along = || rng.random_range(-BEYOND..SIDE + BEYOND) as f32;
    (along(), along())
}

/// Sand: wavy lines across, and a few grains.
fn ripples(texture: &mut Texture<'_, '_>, rng: &mut ChaCha8Rng) {
    let mut path = PathBuilder::new();
    for row in 0..8 {
        let y = (row * 150 - BEYOND + rng.random_range(20..130)) as f32;
        let x = rng.random_range(-100..600) as f32;
        path.move_to(x, y);
        for wave in 0..3 {
            let start = x + (wave * 140) as f32;
            path.quad_to(start + 35.0, y - 32.0, start + 70.0, y);
            path.quad_to(start + 105.0, y + 32.0, start + 140.0, y);
        }
    }
    texture.stroke(path, 9.0, 24);
    texture.dots(rng, 22, 6..11, 36);
}

/// Snow: bluish hollows and flakes.
fn drifts(texture: &mut Texture<'_, '_>, rng: &mut ChaCha8Rng) {
    let mut path = PathBuilder::new();
    for _ in 0..7 {
        let (x, y) = anywhere(rng);
        let (width, height) = (rng.random_range(75..190), rng.random_range(15..36));
        let (width, height) = (width as f32, height as f32);
        path.move_to(x - width, y);
        path.quad_to(x, y - height, x + width, y);
        path.quad_to(x, y + height, x - width, y);
        path.close();
    }
    texture.fill(path, 16);
    texture.dots(rng, 18, 9..15, 34);
}

/// Stone: the joints between slabs.
fn slabs(texture: &mut Texture<'_, '_>, rng: &mut ChaCha8Rng) {
    let mut path = PathBuilder::new();
    let height = rng.random_range(220..300);
    let mut top = -BEYOND - rng.random_range(0..height);
    while top < SIDE + BEYOND {
        path.move_to(-BEYOND as f32, top as f32);
        path.line_to((SIDE + BEYOND) as f32, top as f32);
        let mut x = rng.random_range(-BEYOND..200);
        while x < SIDE + BEYOND {
            path.move_to(x as f32, top as f32);
            path.line_to(x as f32, (top + height) as f32);
            x += rng.random_range(280..420);
        }
        top += height;
    }
    texture.stroke(path, 10.0, 30);
}

/// Grass: tufts of blades.
fn tufts(texture: &mut Texture<'_, '_>, rng: &mut ChaCha8Rng) {
    let mut path = PathBuilder::new();
    for _ in 0..30 {
        let (x, y) = anywhere(rng);
        let height = rng.random_range(44..70) as f32;
        for lean in [-30.0, 2.0, 32.0] {
            path.move_to(x - 9.0, y);
            path.line_to(x + lean, y - height + lean.abs() / 2.0);
            path.line_to(x + 9.0, y);
            path.close();
        }
    }
    texture.fill(path, 38);
}

/// Water: short crests in rows.
fn waves(texture: &mut Texture<'_, '_>, rng: &mut ChaCha8Rng) {
    let mut path = PathBuilder::new();
    for row in 0..11 {
        let y = (row * 120 - BEYOND + rng.random_range(0..40)) as f32;
        let mut x = -BEYOND - rng.random_range(0..240);
        while x < SIDE + BEYOND {
            let left = x as f32;
            path.move_to(left, y);
            path.quad_to(left + 35.0, y + 36.0, left + 70.0, y);
            path.quad_to(left + 105.0, y + 36.0, left + 140.0, y);
            x += rng.random_range(260..460);
        }
    }
    texture.stroke(path, 10.0, 26);
}

/// Wood: planks with staggered ends, and grain.
fn planks(texture: &mut Texture<'_, '_>, rng: &mut ChaCha8Rng) {
    let (mut joints, mut grain) = (PathBuilder::new(), PathBuilder::new());
    let height = rng.random_range(120..160);
    let mut top = -BEYOND - rng.random_range(0..height);
    while top < SIDE + BEYOND {
        joints.move_to(-BEYOND as f32, top as f32);
        joints.line_to((SIDE + BEYOND) as f32, top as f32);
        let mut x = rng.random_range(-BEYOND..300);
        while x < SIDE + BEYOND {
            joints.move_to(x as f32, top as f32);
            joints.line_to(x as f32, (top + height) as f32);
            let y = (top + rng.random_range(30..height - 30)) as f32;
            let left = (x + rng.random_range(30..120)) as f32;
            grain.move_to(left, y);
            grain.quad_to(left + 70.0, y - 16.0, left + 150.0, y);
            x += rng.random_range(420..640);
        }
        top += height;
    }
    texture.stroke(grain, 7.0, 20);
    texture.stroke(joints, 8.0, 42);
}
