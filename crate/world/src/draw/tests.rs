#![allow(clippy::unwrap_used)]

use super::super::body::{Body, body};
use super::super::sample::SceneParams;
use super::super::scene::{Host, MAX_SHADE};
use super::super::vocabulary::{Category, Colour, Ground, Noun, Pattern, Size};
use super::*;

const SIDE_PIXELS: u32 = 200;

/// One thing in the middle, upright, on a ground without texture.
fn alone(noun: Noun) -> Scene {
    let mut scene = Scene::sample(0, &SceneParams::exactly(1));
    scene.style = Style::Flat;
    scene.ground = Ground::Sand;
    let thing = &mut scene.things[0];
    (thing.noun, thing.colour, thing.shade) = (noun, Colour::Blue, 0);
    (thing.x, thing.y, thing.radius) = (500, 500, 400);
    (thing.turn, thing.mirrored, thing.moving) = (0, false, false);
    thing.pattern = Pattern::Plain;
    scene
}

fn pixels(scene: &Scene) -> Vec<[u8; 3]> {
    let image = draw(scene, SIDE_PIXELS).unwrap();
    image.data.as_chunks::<3>().0.to_vec()
}

/// Which pixels of the scene are not its bare ground.
fn covered(scene: &Scene) -> Vec<bool> {
    let bare = Scene {
        things: Vec::new(),
        ..scene.clone()
    };
    let pairs = pixels(scene).into_iter().zip(pixels(&bare));
    pairs.map(|(pixel, ground)| pixel != ground).collect()
}

/// Whether the thing that [`alone`] draws covers this place of its figure.
fn is_covered(covered: &[bool], x: i32, y: i32) -> bool {
    let pixel = |along: i32| ((500 + 4 * along) * SIDE_PIXELS as i32 / SIDE) as usize;
    covered[pixel(y) * SIDE_PIXELS as usize + pixel(x)]
}

#[test]
fn bodies_say_what_figures_fill() {
    let mut wrong = Vec::new();
    for &noun in Noun::ALL {
        let figure = figure(noun);
        let bounds = figure.back.iter().chain(&figure.front).map(|layer| {
            let bounds = layer.path.compute_tight_bounds().unwrap();
            [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()]
        });
        let union = bounds
            .reduce(|a, b| {
                [
                    a[0].min(b[0]),
                    a[1].min(b[1]),
                    a[2].max(b[2]),
                    a[3].max(b[3]),
                ]
            })
            .unwrap();
        let said = body(noun).bounds;
        let said = [said.left, said.top, said.right, said.bottom];
        let differs = |(a, b): (f32, i32)| (a - b as f32).abs() > 1.0;
        if union.into_iter().zip(said).any(differs) {
            wrong.push((noun, union.map(f32::round), said));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_figure_fills_its_box_in_one_direction_and_stays_inside() {
    for &noun in Noun::ALL {
        let bounds = body(noun).bounds;
        let extent = (bounds.right - bounds.left).max(bounds.bottom - bounds.top);
        assert!((180..=200).contains(&extent), "{noun:?}: {extent}");
        let ends = [bounds.left, bounds.top, bounds.right, bounds.bottom];
        assert!(
            ends.iter().all(|end| end.abs() <= 100),
            "{noun:?}: {ends:?}"
        );
    }
}

#[test]
fn what_a_body_offers_lies_on_the_figure() {
    for &noun in Noun::ALL {
        let covered = covered(&alone(noun));
        let Body {
            top,
            seat,
            hand,
            hollow,
            ..
        } = body(noun);
        if let Some(top) = top {
            assert!(top.right - top.left >= 60, "{noun:?}: {top:?}");
            for x in [top.left, (top.left + top.right) / 2, top.right] {
                assert!(is_covered(&covered, x, top.y + 4), "{noun:?} at {x}");
            }
        }
        if let Some(seat) = seat {
            assert!(is_covered(&covered, seat.x, seat.y), "{noun:?}: {seat:?}");
        }
        if let Some(hand) = hand {
            assert!(is_covered(&covered, hand.x, hand.y), "{noun:?}: {hand:?}");
        }
        if let Some(hollow) = hollow {
            assert!(hollow.left < hollow.right && hollow.top < hollow.bottom);
            for x in [hollow.left, hollow.right] {
                assert!(is_covered(&covered, x, hollow.bottom), "{noun:?} at {x}");
            }
        }
        let category = noun.category();
        assert_eq!(hand.is_some(), category == Category::Person, "{noun:?}");
        assert_eq!(
            hollow.is_some(),
            category == Category::Container,
            "{noun:?}"
        );
    }
}

#[test]
fn patterns_show_and_only_inside_the_figure() {
    for &noun in Noun::ALL {
        for size in Size::ALL {
            let mut scene = alone(noun);
            scene.things[0].radius = size.radii().0;
            scene.things[0].size = *size;
            let (inside, plain) = (covered(&scene), pixels(&scene));
            let area = inside.iter().filter(|&&inside| inside).count();
            for &pattern in Pattern::ALL {
                scene.things[0].pattern = pattern;
                let pairs = plain.iter().zip(pixels(&scene)).zip(&inside);
                let mut changed = 0;
                for ((before, after), &inside) in pairs {
                    assert!(*before == after || inside, "{noun:?} {pattern:?}");
                    changed += usize::from(*before != after);
                }
                if pattern == Pattern::Plain {
                    assert_eq!(changed, 0);
                } else {
                    assert!(
                        changed * 10 > area,
                        "{noun:?} {pattern:?} {size:?}: {changed} of {area}"
                    );
                }
            }
        }
    }
}

#[test]
fn mirrored_is_mirrored() {
    for &noun in Noun::ALL {
        for &pattern in Pattern::ALL {
            let mut scene = alone(noun);
            scene.things[0].pattern = pattern;
            scene.things[0].moving = true;
            let straight = pixels(&scene);
            scene.things[0].mirrored = true;
            let mirrored = pixels(&scene);
            let rows = straight
                .chunks(SIDE_PIXELS as usize)
                .zip(mirrored.chunks(SIDE_PIXELS as usize));
            let differing = rows
                .flat_map(|(a, b)| a.iter().zip(b.iter().rev()))
                .filter(|(a, b)| (0..3).any(|channel| a[channel].abs_diff(b[channel]) > 100))
                .count();
            // Samples on a line may fall to either side of it.
            assert!(differing < 40, "{noun:?} {pattern:?}: {differing}");
            if body(noun).directed {
                assert_ne!(straight, mirrored, "{noun:?}");
            }
        }
    }
}

#[test]
fn a_content_shows_over_the_rim_and_not_through_the_front() {
    let mut scene = alone(Noun::Box);
    let empty = pixels(&scene);
    let mut apple = alone(Noun::Apple).things.remove(0);
    (apple.colour, apple.radius) = (Colour::Red, 200);
    scene.things.push(apple);
    let mut changed = |hold| {
        scene.things[1].host = Some(Host { thing: 0, hold });
        let pairs = pixels(&scene).into_iter().zip(&empty);
        let changed: Vec<bool> = pairs.map(|(after, before)| after != *before).collect();
        // Above the rim, and on the front wall.
        [-30, 20].map(|y| is_covered(&changed, 0, y))
    };
    assert_eq!(changed(Hold::Inside), [true, false]);
    assert_eq!(changed(Hold::On), [true, true]);
}

#[test]
fn every_style_is_another_image_of_the_same_scene() {
    let mut scene = alone(Noun::Castle);
    let images: Vec<_> = Style::ALL
        .iter()
        .map(|&style| {
            scene.style = style;
            pixels(&scene)
        })
        .collect();
    for (index, a) in images.iter().enumerate() {
        for b in &images[..index] {
            let differing = a.iter().zip(b).filter(|(a, b)| a != b).count();
            assert!(
                differing * 8 > a.len(),
                "{:?}: {differing}",
                Style::ALL[index]
            );
        }
    }
}

/// CIE L*a*b* of an sRGB colour (D65), whose Euclidean distance is how different two colours
/// look: 2.3 is just noticeable.
fn lab(rgb: palette::Rgb) -> [f64; 3] {
    let linear = rgb.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    let [red, green, blue] = linear;
    let x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047;
    let y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883;
    let [x, y, z] = [x, y, z].map(|t: f64| {
        if t > 0.008856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn difference(a: palette::Rgb, b: palette::Rgb) -> f64 {
    let (a, b) = (lab(a), lab(b));
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

/// No shade of one colour is nearer to a shade of another than this.
const COLOURS_APART: f64 = 20.0;

/// No outline is nearer to a ground than this, so that no thing is lost on it.
const OUTLINE_FROM_GROUND: f64 = 20.0;

#[test]
fn colours_are_told_apart_in_every_shade_and_style() {
    for &style in Style::ALL {
        let shades = |colour| {
            let shades = (-MAX_SHADE..=MAX_SHADE).step_by(6);
            shades.map(move |shade| Palette::of(colour, shade, style).tone(Tone::Base))
        };
        for &a in Colour::ALL {
            for &b in Colour::ALL {
                for (one, other) in shades(a).flat_map(|one| shades(b).map(move |o| (one, o))) {
                    let apart = difference(one, other);
                    assert!(
                        a == b || apart > COLOURS_APART,
                        "{style:?}: {a:?} {one:?} and {b:?} {other:?}: {apart}"
                    );
                }
            }
        }
    }
}

#[test]
fn outlines_are_seen_on_every_ground() {
    for &style in Style::ALL.iter().filter(|&&style| style != Style::Flat) {
        for &colour in Colour::ALL {
            for &ground in Ground::ALL {
                let outline = Palette::of(colour, 12, style).tone(Tone::Outline);
                let apart = difference(outline, ground::colours(ground, style).0);
                assert!(
                    apart > OUTLINE_FROM_GROUND,
                    "{style:?}: {colour:?} on {ground:?}: {apart}"
                );
            }
        }
    }
}
