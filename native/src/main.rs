//! The `cliprobe` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod train;

/// A laboratory for one question: does this CLIP understand how words combine?
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::TrainArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Train(args) => train::train(&args),
    }
}
