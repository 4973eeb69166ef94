//! Draws the generated world for a person to look at:
//! `cargo run --example contact_sheet -p cliprobe-world -- FILE.png [PIXELS]` writes every noun in every colour,
//! sizes and patterns in turn, then sampled scenes in all styles, each PIXELS (default 96) wide.

use std::error::Error;

use cliprobe_world::{
    Colour, Image, Noun, Pattern, SIDE, Scene, SceneParams, Size, Split, Style, Thing, draw,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file?")?;
    let side: u32 = arguments.next().map_or(Ok(96), |pixels| pixels.parse())?;

    let mut scenes: Vec<Scene> = Vec::new();
    for (row, &noun) in Noun::ALL.iter().enumerate() {
        for (column, &colour) in Colour::ALL.iter().enumerate() {
            let mut scene = Scene::sample(column as u64, &SceneParams::exactly(1));
            let size = Size::ALL[column % Size::ALL.len()];
            scene.things = vec![Thing {
                noun,
                colour,
                pattern: Pattern::ALL[(row + column) % Pattern::ALL.len()],
                size,
                x: SIDE / 2,
                y: SIDE / 2,
                radius: size.radii().1,
                ..scene.things[0].clone()
            }];
            scenes.push(scene);
        }
    }
    let mut seeds = (0..).map(|index| Split::Exhibition.seed(index));
    for &style in Style::ALL {
        let params = SceneParams {
            style,
            ..SceneParams::default()
        };
        let sampled = seeds.by_ref().map(|seed| Scene::sample(seed, &params));
        scenes.extend(sampled.take(10 * Colour::ALL.len()));
    }

    let columns = 2 * Colour::ALL.len() as u32;
    let rows = (scenes.len() as u32).div_ceil(columns);
    let row_bytes = (columns * side * 3) as usize;
    let mut sheet = vec![0; row_bytes * (rows * side) as usize];
    for (index, scene) in scenes.iter().enumerate() {
        let Image { width, data, .. } = draw(scene, side)?;
        let tile_bytes = width as usize * 3;
        let (column, row) = (index % columns as usize, index / columns as usize);
        for (y, pixels) in data.chunks_exact(tile_bytes).enumerate() {
            let start = (row * side as usize + y) * row_bytes + column * tile_bytes;
            sheet[start..start + tile_bytes].copy_from_slice(pixels);
        }
    }
    let mut encoder = png::Encoder::new(std::fs::File::create(file)?, columns * side, rows * side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&sheet)?;
    Ok(())
}
