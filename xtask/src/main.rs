//! Tasks of this workspace: builds the wasm module and the page, serves them, runs every test.
#![allow(clippy::print_stdout, clippy::print_stderr)] // it speaks to a person

mod page;
mod sysroot;
mod tools;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Tasks of the cliprobe workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the wasm module (web/wasm/) and the page (dist/)
    Build {
        /// Quick to build, slow to run: no link-time optimisation, no wasm-opt, names kept
        #[arg(long)]
        dev: bool,
        /// Only the wasm module, not the page
        #[arg(long)]
        wasm_only: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let sh = tools::shell()?;
    match task {
        Task::Build { dev, wasm_only } => {
            let flavour = if dev {
                wasm::Flavour::Dev
            } else {
                wasm::Flavour::Optimised
            };
            wasm::build(&sh, flavour, wasm::Warnings::Allowed)?;
            if !wasm_only {
                page::build(&sh)?;
            }
            Ok(())
        }
    }
}
