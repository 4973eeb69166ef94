//! The `cliprobe` command.
#![allow(clippy::print_stdout, clippy::print_stderr)] // it speaks to a person

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use cliprobe_files::{archive, model_directory, python_list};

mod caption;
mod caption_order;
mod compare;
mod embed;
mod eval;
mod html;
mod hub;
mod inspect;
mod model;
mod output;
mod page_model;
mod patch;
mod pictures;
mod pixels;
mod probes;
mod progress;
mod quantity;
mod quantize;
mod reproduce;
mod score;
mod serve;
mod tensor_file;
mod texts;
mod tile_memory;
mod tokens;
mod train;
mod world;

/// A laboratory for one question: does this CLIP understand how words combine?
///
/// Exit codes: 0 done, 1 failed (one sentence on standard error says why), 2 wrong usage,
/// 3 done but for inputs that were skipped and named.
#[derive(Debug, Parser)]
#[command(name = "cliprobe", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::InspectArgs),
    Tokens(tokens::TokensArgs),
    Pixels(pixels::PixelsArgs),
    Embed(embed::EmbedArgs),
    Eval(Box<eval::EvalArgs>), // much larger than the others
    Compare(compare::CompareArgs),
    Probes(probes::ProbesArgs),
    Score(score::ScoreArgs),
    Quantize(quantize::QuantizeArgs),
    Patch(Box<patch::PatchArgs>),
    Caption(caption::CaptionArgs),
    World(world::WorldArgs),
    Serve(serve::ServeArgs),
    Train(train::TrainArgs),
    Reproduce(reproduce::ReproduceArgs),
}

fn main() -> ExitCode {
    let done = |result: anyhow::Result<()>| result.map(|()| ExitCode::SUCCESS);
    let result = match Cli::parse().command {
        Command::Inspect(args) => done(inspect::run(&args)),
        Command::Tokens(args) => done(tokens::run(&args)),
        Command::Pixels(args) => done(pixels::run(&args)),
        Command::Embed(args) => embed::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Probes(args) => done(probes::run(&args)),
        Command::Score(args) => done(score::run(&args)),
        Command::Quantize(args) => done(quantize::run(&args)),
        Command::Patch(args) => patch::run(&args),
        Command::Caption(args) => caption::run(&args),
        Command::World(args) => done(world::run(&args)),
        Command::Serve(args) => done(serve::run(&args)),
        Command::Train(args) => train::run(&args),
        Command::Reproduce(args) => reproduce::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cliprobe: {error:#}");
        ExitCode::FAILURE
    })
}
