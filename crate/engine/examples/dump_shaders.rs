//! Writes the WGSL of every kernel as the device gets it: `dump_shaders DIR`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: dump_shaders DIR")?;
    std::fs::create_dir_all(&directory)?;
    for (name, source) in cliprobe_engine::gpu::shader_sources() {
        let file = Path::new(&directory).join(format!("{name}.wgsl"));
        std::fs::write(&file, source)?;
        println!("{}", file.display());
    }
    Ok(())
}
