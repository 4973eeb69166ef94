//! The page's wasm module: cargo, then wasm-bindgen.
//!
//! There is no wasm-opt. After LLVM's link-time optimisation its `-O3` took 70 seconds of a
//! processor for 0.9 % of the gzipped size, and nothing became faster (encoding texts, an image,
//! drawing a scene; binaryen 132).

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;
use xshell::Shell;

use crate::{
    sysroot::{TARGET, WasmToolchain},
    workspace,
};

/// What a visitor waits for before anything works; models come on top.
const MAX_GZIPPED_BYTES: u64 = 2_500_000;

/// How the module is built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavour {
    /// As it is shipped.
    Optimised,
    /// Quick to build, with names in its stack traces.
    Dev,
}

/// What the compiler's warnings about this crate do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Warnings {
    /// They are printed.
    Allowed,
    /// They fail the build. The native build cannot see what is compiled for wasm32 alone.
    Denied,
}

/// Builds `web/wasm/`: `cliprobe.js`, `cliprobe_bg.wasm` and their types.
pub(crate) fn build(sh: &Shell, flavour: Flavour, warnings: Warnings) -> Result<()> {
    let compiled = compile(sh, flavour, warnings)?;
    let out = workspace::root().join("web/wasm");
    let key = key(&compiled, flavour)?;
    let stamp = out.join(".built-from");
    if fs::read_to_string(&stamp).is_ok_and(|built_from| built_from == key) {
        return Ok(());
    }
    fs::create_dir_all(workspace::root().join("web"))?;
    // In the same folder, so that the rename crosses no file systems and nobody sees half a module.
    let work = tempfile::Builder::new()
        .prefix(".wasm-")
        .tempdir_in(workspace::root().join("web"))?;
    bind(&compiled, work.path(), flavour)?;
    if flavour == Flavour::Optimised {
        check_size(&work.path().join("cliprobe_bg.wasm"))?;
    }
    fs::write(work.path().join(".built-from"), key)?;
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::rename(work.keep(), &out).with_context(|| format!("cannot create {}", out.display()))
}

/// Whether the module in `web/wasm/` was built as it is shipped.
pub(crate) fn is_as_shipped() -> bool {
    let stamp = workspace::root().join("web/wasm/.built-from");
    let flavour = format!(" {:?}\n", Flavour::Optimised);
    fs::read_to_string(stamp).is_ok_and(|built_from| built_from.ends_with(&flavour))
}

/// Compiles the library to a bare wasm module; returns its path.
fn compile(sh: &Shell, flavour: Flavour, warnings: Warnings) -> Result<PathBuf> {
    // Its own target folder: another cargo may work there, and neither waits for the other's lock.
    let target_dir = workspace::target_dir().join("web");
    let (profile, folder) = match flavour {
        Flavour::Optimised => ("wasm", "wasm"),
        Flavour::Dev => ("dev", "debug"),
    };
    // `rustc`, not `build`: cargo skips link-time optimisation for a library that is an rlib as well.
    let mut cargo = WasmToolchain::find(sh)?
        .cargo(
            sh,
            &[
                "rustc",
                "--locked",
                "-p",
                "cliprobe-wasm",
                "--lib",
                "--crate-type",
                "cdylib",
            ],
        )
        .args(["--profile", profile])
        .arg("--target-dir")
        .arg(&target_dir);
    if warnings == Warnings::Denied {
        cargo = cargo.args(["--", "-D", "warnings"]); // reaches this crate only, so dependencies are kept
    }
    cargo.run()?;
    Ok(target_dir
        .join(TARGET)
        .join(folder)
        .join("cliprobe_wasm.wasm"))
}

/// What the finished module depends on.
fn key(compiled: &Path, flavour: Flavour) -> Result<String> {
    let module =
        fs::read(compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    Ok(format!(
        "{} {flavour:?}\n",
        workspace::hex(&Sha256::digest(module))
    ))
}

fn bind(compiled: &Path, out: &Path, flavour: Flavour) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .out_name("cliprobe")
        .web(true)?
        .typescript(true)
        .omit_default_module_path(false)
        .keep_debug(flavour == Flavour::Dev)
        .remove_name_section(flavour == Flavour::Optimised)
        .remove_producers_section(flavour == Flavour::Optimised)
        .generate(out)
        .context("wasm-bindgen failed")
}

fn check_size(module: &Path) -> Result<()> {
    let bytes = fs::read(module)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    let gzipped = encoder.finish()?.len() as u64;
    println!(
        "{}: {} bytes, {gzipped} gzipped",
        module.file_name().unwrap_or_default().display(),
        bytes.len()
    );
    ensure!(
        gzipped <= MAX_GZIPPED_BYTES,
        "the module is {gzipped} bytes gzipped, more than {MAX_GZIPPED_BYTES}: find what grew (twiggy top), or raise the limit in xtask/src/wasm.rs"
    );
    Ok(())
}
