//! Every check of the workspace, in the order that fails soonest.

use std::{env, time::Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::{
    page, tools,
    wasm::{self, Flavour, Warnings},
};

/// One check. They run in this order.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Step {
    /// Rust sources are formatted
    Fmt,
    /// Clippy on every target of the workspace
    Clippy,
    /// Rust tests
    Rust,
    /// Training by several processes, where Open MPI is installed
    Mpi,
    /// Rust documentation
    Doc,
    /// The wasm module, without warnings (the page's sources are checked against its types)
    Module,
    /// Front-end lints and format
    Lint,
    /// Front-end types
    Check,
    /// Front-end unit tests
    Unit,
    /// The page's build
    Page,
    /// Tests of the built page in Chromium
    Browser,
}

/// How a step that did not fail ended.
enum Verdict {
    Passed,
    /// What it needs is not on this machine.
    Skipped(&'static str),
}

impl Step {
    /// Takes seconds once built, so that it can run at every turn of the work.
    fn is_fast(self) -> bool {
        !matches!(self, Self::Mpi | Self::Doc | Self::Page | Self::Browser)
    }

    fn run(self, sh: &Shell) -> Result<Verdict> {
        match self {
            Self::Fmt => cmd!(sh, "cargo fmt --all --check").run()?,
            Self::Clippy => {
                let deny = ["-D", "warnings"];
                cmd!(
                    sh,
                    "cargo clippy --workspace --all-targets --locked -- {deny...}"
                )
                .run()?;
            }
            Self::Rust => {
                // Apart, for cargo unites the features of what it builds at once: this finds the
                // dependencies of the tasks and of the command as `cargo xtask serve` built them.
                cmd!(sh, "cargo test --package xtask --profile xtask --locked").run()?;
                tools::vulkan(sh);
                // Mesa complains of a missing one in every test, and then does without.
                let runtime_dir = tempfile::tempdir()?;
                let _runtime_dir = env::var_os("XDG_RUNTIME_DIR")
                    .is_none()
                    .then(|| sh.push_env("XDG_RUNTIME_DIR", runtime_dir.path()));
                cmd!(sh, "cargo test --workspace --exclude xtask --locked").run()?;
            }
            Self::Mpi => match tools::missing_for_mpi() {
                Some(missing) => return Ok(Verdict::Skipped(missing)),
                None => {
                    let features = ["--features", "cliprobe-cli/mpi"];
                    cmd!(
                        sh,
                        "cargo test --workspace --exclude xtask --locked {features...} --test mpi"
                    )
                    .run()?;
                }
            },
            Self::Doc => cmd!(sh, "cargo doc --workspace --no-deps --locked")
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()?,
            Self::Module => wasm::build(sh, Flavour::Optimised, Warnings::Denied)?,
            Self::Lint => page::npm_run(sh, "lint", &[])?,
            Self::Check => page::npm_run(sh, "check", &[])?,
            Self::Unit => page::npm_run(sh, "test", &[])?,
            Self::Page => page::build(sh)?,
            Self::Browser => page::test_in_browser(sh)?,
        }
        Ok(Verdict::Passed)
    }
}

/// Runs these steps, or all of them (without the slow ones if `fast`); stops at the first that fails.
pub(crate) fn run(sh: &Shell, steps: &[Step], fast: bool) -> Result<()> {
    let asked = |step: &&Step| {
        if steps.is_empty() {
            !fast || step.is_fast()
        } else {
            steps.contains(step)
        }
    };
    let mut summary = Vec::new();
    let mut outcome = Ok(());
    for step in Step::value_variants().iter().filter(asked) {
        let name = step
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned());
        if outcome.is_err() {
            summary.push(format!("{name:8}        -  not run"));
            continue;
        }
        println!("\n==== {name}");
        let started = Instant::now();
        let verdict = step.run(sh).with_context(|| format!("{name} failed"));
        let words = match &verdict {
            Ok(Verdict::Passed) => "ok".to_owned(),
            Ok(Verdict::Skipped(missing)) => format!("SKIPPED: {missing}"),
            Err(_) => "FAILED".to_owned(),
        };
        outcome = verdict.map(drop);
        summary.push(format!(
            "{name:8} {:7.1}s  {words}",
            started.elapsed().as_secs_f32()
        ));
    }
    println!("\n==== summary\n{}", summary.join("\n"));
    outcome
}
