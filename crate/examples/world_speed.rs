//! How fast scenes are sampled and drawn on one core:
//! `cargo run --example world_speed -- [PIXELS]` (default 64).
#![allow(clippy::print_stdout)] // it speaks to a person

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use cliprobe::world::{Scene, SceneParams, Split, dense_caption, draw};

const SCENES: u64 = 5_000;

fn main() -> Result<(), Box<dyn Error>> {
    let side: u32 = std::env::args()
        .nth(1)
        .map_or(Ok(64), |pixels| pixels.parse())?;
    for count in 1..=3 {
        let params = SceneParams::exactly(count);
        let start = Instant::now();
        let scenes: Vec<Scene> = (0..SCENES)
            .map(|index| Scene::sample(Split::Training.seed(index), &params))
            .collect();
        let sampled = start.elapsed();
        let start = Instant::now();
        for scene in &scenes {
            black_box(dense_caption(scene, &mut scene.caption_rng()).to_string());
        }
        let captioned = start.elapsed();
        let start = Instant::now();
        for scene in &scenes {
            black_box(draw(scene, side)?);
        }
        let drawn = start.elapsed();
        let rate = |time: std::time::Duration| SCENES as f64 / time.as_secs_f64();
        println!(
            "{count} things, {side} px: {:.0} sampled, {:.0} captioned, {:.0} drawn a second",
            rate(sampled),
            rate(captioned),
            rate(drawn)
        );
    }
    Ok(())
}
