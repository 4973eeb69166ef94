//! `cliprobe world`: scenes of the generated world as files.

mod export;
mod sample;

use anyhow::Result;
use clap::{Args, Subcommand};
use cliprobe::world::Image;

/// Write scenes of the generated world Tableau as files
#[derive(Debug, Args)]
pub(crate) struct WorldArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Sample(sample::SampleArgs),
    Export(Box<export::ExportArgs>), // much larger than the other
}

pub(crate) fn run(args: &WorldArgs) -> Result<()> {
    match &args.action {
        Action::Sample(args) => sample::run(args),
        Action::Export(args) => export::run(args),
    }
}

/// An image as the bytes of a PNG file.
pub(crate) fn encode_png(image: &Image) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width, image.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&image.data)?;
    Ok(bytes)
}
