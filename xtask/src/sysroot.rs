//! A wasm32 standard library: the active toolchain's, or one built once from Debian's packages.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use xshell::{Cmd, Shell, cmd};

use crate::{tools, workspace};

/// The target of everything that runs in the page.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's Rust for the web: compiler, cargo, the standard library's source, linker.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";
const DEBIAN_STD_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";

/// SIMD has been in every browser since 2023 and is worth a factor of three to the kernels.
const CODEGEN: [&str; 2] = ["-C", "target-feature=+simd128"];

/// Which cargo, compiler and standard library build for wasm32.
pub(crate) enum WasmToolchain {
    /// The active toolchain, which has the target.
    Active,
    /// Debian's packages with the sysroot that was built from them.
    Debian {
        /// Folder that holds `lib/rustlib/wasm32-unknown-unknown`.
        sysroot: PathBuf,
    },
}

impl WasmToolchain {
    /// Finds a toolchain that can build for wasm32, or makes one.
    ///
    /// What is there goes before what must be fetched: the active toolchain's target; Debian's
    /// packages; `rustup target add`, unless the environment says `CLIPROBE_WASM_TOOLCHAIN=debian`;
    /// Debian's packages by apt-get, when that needs no asking.
    ///
    /// # Errors
    /// Names both ways of getting the target when none of them worked.
    pub(crate) fn find(sh: &Shell) -> Result<Self> {
        if active_has_target(sh)? {
            return Ok(Self::Active);
        }
        if !debian_packages_present() {
            let rustup = env::var_os("CLIPROBE_WASM_TOOLCHAIN").is_none_or(|way| way != "debian");
            if rustup
                && cmd!(sh, "rustup target add {TARGET}").run().is_ok()
                && active_has_target(sh)?
            {
                return Ok(Self::Active);
            }
            tools::apt_install(sh, &DEBIAN_PACKAGES).with_context(|| {
                format!(
                    "no standard library for {TARGET}: run `rustup target add {TARGET}`, \
                     or on Debian `apt-get install {}`",
                    DEBIAN_PACKAGES.join(" ")
                )
            })?;
        }
        let sysroot = debian_sysroot(sh)
            .with_context(|| format!("cannot build {TARGET}'s standard library"))?;
        Ok(Self::Debian { sysroot })
    }

    /// `cargo <args>`, compiling for wasm32 with this toolchain.
    pub(crate) fn cargo<'sh>(&self, sh: &'sh Shell, args: &[&str]) -> Cmd<'sh> {
        let mut flags: Vec<OsString> = CODEGEN.iter().map(OsString::from).collect();
        let cargo = match self {
            Self::Active => cmd!(sh, "cargo {args...} --target {TARGET}"),
            Self::Debian { sysroot } => {
                flags.extend(["--sysroot".into(), sysroot.into()]);
                debian_cargo(sh, args)
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
            }
        };
        // The encoded form wins over RUSTFLAGS, which a person sets for the host's processor.
        workspace::as_called(cargo).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f".as_ref()))
    }
}

fn active_has_target(sh: &Shell) -> Result<bool> {
    let libdir = cmd!(sh, "rustc --print target-libdir --target {TARGET}")
        .quiet()
        .read()?;
    let Ok(entries) = fs::read_dir(libdir) else {
        return Ok(false);
    };
    Ok(entries
        .flatten()
        .any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"libstd-")))
}

fn debian_cargo<'sh>(sh: &'sh Shell, args: &[&str]) -> Cmd<'sh> {
    cmd!(sh, "{DEBIAN_CARGO} {args...} --target {TARGET}")
        .env("RUSTC", DEBIAN_RUSTC)
        // `cargo xtask` points it at the other toolchain's libraries.
        .env_remove("LD_LIBRARY_PATH")
}

fn debian_packages_present() -> bool {
    [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LINKER, DEBIAN_STD_SOURCE]
        .into_iter()
        .all(|path| Path::new(path).exists())
}

/// Debian ships the standard library as source: builds it once for each compiler version.
fn debian_sysroot(sh: &Shell) -> Result<PathBuf> {
    let compiler = cmd!(sh, "{DEBIAN_RUSTC} -vV")
        .env_remove("LD_LIBRARY_PATH")
        .quiet()
        .read()?;
    let release = compiler
        .lines()
        .find_map(|line| line.strip_prefix("release: "));
    let release = release.context("rustc does not tell its release")?;
    let flags = std_flags();
    // Cargo sees the sysroot's name, not what is in it: another compiler or flag needs another name.
    let made_by = workspace::hex(&Sha256::digest(format!("{compiler}\n{flags:?}")));
    let cache = workspace::cache_dir()?;
    let sysroot = cache.join(format!("wasm-sysroot-{release}-{}", &made_by[..8]));
    if sysroot.exists() {
        return Ok(sysroot);
    }
    eprintln!("building rustc {release}'s standard library for {TARGET}, once");
    let work = tempfile::tempdir_in(&cache)?;
    let built = build_std(sh, work.path(), &flags)?;
    match fs::rename(&built, &sysroot) {
        Err(_) if sysroot.exists() => {} // another build was faster
        renamed => renamed.with_context(|| format!("cannot create {}", sysroot.display()))?,
    }
    Ok(sysroot)
}

/// How the standard library is compiled.
fn std_flags() -> Vec<&'static str> {
    // Cargo leaves the bitcode out; link-time optimisation of what is built on it wants it.
    [&CODEGEN[..], &["-C", "embed-bitcode=yes"]].concat()
}

/// Compiles std by way of an empty crate, and lays its libraries out as a sysroot in `work`.
fn build_std(sh: &Shell, work: &Path, flags: &[&str]) -> Result<PathBuf> {
    let empty = work.join("empty");
    fs::create_dir_all(empty.join("src"))?;
    fs::write(empty.join("src/lib.rs"), "")?;
    fs::write(
        empty.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n",
    )?;
    let manifest = empty.join("Cargo.toml");
    let target_dir = work.join("target");
    debian_cargo(
        sh,
        &["build", "--release", "-Z", "build-std=std,panic_abort"],
    )
    .arg("--manifest-path")
    .arg(manifest)
    .arg("--target-dir")
    .arg(&target_dir)
    .env("RUSTC_BOOTSTRAP", "1") // -Z on a stable compiler
    .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
    .run()?;
    let sysroot = work.join("sysroot");
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&libraries)?;
    let mut std_found = false;
    for entry in fs::read_dir(target_dir.join(TARGET).join("release/deps"))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            std_found |= name.starts_with("libstd-");
            fs::copy(entry.path(), libraries.join(&*name))?;
        }
    }
    ensure!(
        std_found,
        "cargo built no standard library: is rust-web-src of the same version as rustc-web?"
    );
    Ok(sysroot)
}
