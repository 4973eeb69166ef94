//! The `cliprobe` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[macro_use]
mod console; // first: its macros are for all that follow

use cliprobe_files::{model_directory, python_list};

mod bench;
mod caption;
mod caption_order;
mod compare;
mod convert;
mod embed;
mod eval;
mod hierarchy;
mod html;
mod hub;
mod images;
mod inspect;
mod model;
mod output;
mod page_model;
mod patch;
mod pixels;
mod probes;
mod progress;
mod quantity;
mod quantize;
mod replay;
mod reproduce;
mod score;
mod serve;
mod tensor_file;
mod texts;
mod tile_memory;
mod tokens;
mod train;
mod world;

/// Test what a CLIP model understands of language: how words combine, and which words are more general
///
/// Exit codes: 0: done. 1: failed; a sentence on standard error says why. 2: wrong usage. 3: done, but some inputs
/// could not be read; they were skipped and named.
#[derive(Debug, Parser)]
#[command(
    name = "cliprobe",
    version,
    after_help = "Start with:
  cliprobe score openai/clip-vit-base-patch32 --image cat.jpg \"a cat on a table\" \"a table on a cat\"
  cliprobe eval tableau --model models/default.gguf
`cliprobe COMMAND --help` shows examples of each."
)]
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
    Hierarchy(hierarchy::HierarchyArgs),
    Convert(convert::ConvertArgs),
    Quantize(quantize::QuantizeArgs),
    Patch(Box<patch::PatchArgs>),
    Caption(caption::CaptionArgs),
    World(world::WorldArgs),
    Serve(serve::ServeArgs),
    Train(train::TrainArgs),
    Reproduce(reproduce::ReproduceArgs),
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    quiet_wayland();
    let code = match Cli::try_parse() {
        Ok(cli) => run(cli.command).unwrap_or_else(|error| {
            eprintln!("cliprobe: {error:#}");
            ExitCode::FAILURE
        }),
        // Wrong usage, or a wish for help.
        Err(message) if message.use_stderr() => message.exit(),
        Err(help) => {
            console::printed(help.print());
            ExitCode::SUCCESS
        }
    };
    match console::finish() {
        Ok(()) => code,
        Err(error) => {
            eprintln!("cliprobe: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Gives Wayland's library a folder to look for a display in, where the system names none. Mesa's
/// Vulkan layer asks it, and it would print an error about the variable for every GPU command.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the environment can be changed no other way")]
fn quiet_wayland() {
    let known = std::env::var_os("XDG_RUNTIME_DIR");
    if known.is_none_or(|folder| !std::path::Path::new(&folder).is_absolute()) {
        // SAFETY: `main` calls this first, before any other thread could read the environment.
        unsafe { std::env::set_var("XDG_RUNTIME_DIR", "/nonexistent") };
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = |result: anyhow::Result<()>| result.map(|()| ExitCode::SUCCESS);
    match command {
        Command::Inspect(args) => done(inspect::run(&args)),
        Command::Tokens(args) => done(tokens::run(&args)),
        Command::Pixels(args) => pixels::run(&args),
        Command::Embed(args) => embed::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Probes(args) => done(probes::run(&args)),
        Command::Score(args) => done(score::run(&args)),
        Command::Hierarchy(args) => done(hierarchy::run(&args)),
        Command::Convert(args) => done(convert::run(&args)),
        Command::Quantize(args) => done(quantize::run(&args)),
        Command::Patch(args) => patch::run(&args),
        Command::Caption(args) => caption::run(&args),
        Command::World(args) => done(world::run(&args)),
        Command::Serve(args) => done(serve::run(&args)),
        Command::Train(args) => train::run(&args),
        Command::Reproduce(args) => reproduce::run(&args),
    }
}
