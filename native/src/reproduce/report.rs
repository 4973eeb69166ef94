//! The experiment's tables and findings as Markdown.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use cliprobe::probe::results::Run;
use cliprobe::score::Difference;

use super::arms::ArmName;
use super::findings::{CLAIMS, together};
use super::measures::{Combinations, MEASURES, Measure};

/// The models of one seed, in the arms' order.
pub(super) struct Seed {
    pub(super) number: u64,
    pub(super) runs: Vec<Run>,
}

impl Seed {
    fn run(&self, arm: ArmName) -> Result<&Run> {
        self.runs
            .get(arm as usize)
            .with_context(|| format!("seed {} has no {}", self.number, arm.word()))
    }
}

/// The whole report on models that were asked `items` of each set, after trainings of `scale` times the
/// recipes' steps.
pub(super) fn markdown(seeds: &[Seed], items: u32, scale: f64) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "{} seed(s), {} items a set, steps × {}. Values in per cent; ± is half the 95 % interval over the items of one seed, the mean over seeds where there are several.\n",
        seeds.len(),
        items,
        scale
    )?;
    for (title, combinations) in [
        ("Combinations that training shows", Combinations::Seen),
        ("Combinations held out from training", Combinations::HeldOut),
    ] {
        writeln!(text, "## {title}\n")?;
        table(&mut text, seeds, combinations)?;
    }
    writeln!(text, "## The claims\n")?;
    writeln!(
        text,
        "A claim holds if the whole 95 % interval agrees with it, for every seed. It does not hold if the whole interval disagrees with it. Otherwise it is undecided. The claims and their tests were written before the numbers were known.\n"
    )?;
    for (title, combinations) in [
        ("seen", Combinations::Seen),
        ("held out", Combinations::HeldOut),
    ] {
        writeln!(text, "### Combinations {title}\n")?;
        claims(&mut text, seeds, combinations)?;
    }
    Ok(text)
}

fn table(text: &mut String, seeds: &[Seed], combinations: Combinations) -> Result<()> {
    write!(text, "| |")?;
    for arm in ArmName::ALL {
        write!(text, " {} |", arm.word())?;
    }
    writeln!(text, " chance |")?;
    writeln!(text, "|---|{}", "---:|".repeat(ArmName::ALL.len() + 1))?;
    for measure in MEASURES {
        write!(text, "| {} |", measure.name)?;
        for arm in ArmName::ALL {
            write!(text, " {} |", cell(seeds, measure, arm, combinations)?)?;
        }
        let chance = measure
            .chance
            .map(|chance| format!("{:.1}", 100.0 * chance));
        writeln!(text, " {} |", chance.unwrap_or_default())?;
    }
    writeln!(text)?;
    Ok(())
}

/// “87.5 ± 1.2”.
fn cell(
    seeds: &[Seed],
    measure: &Measure,
    arm: ArmName,
    combinations: Combinations,
) -> Result<String> {
    let values = seeds
        .iter()
        .map(|seed| measure.value(seed.run(arm)?, combinations))
        .collect::<Result<Vec<_>>>()?;
    let (value, half) = mean(&values);
    Ok(format!("{:.1} ± {:.1}", 100.0 * value, 100.0 * half))
}

/// The mean of values, and of half their intervals' lengths.
fn mean(values: &[Difference]) -> (f64, f64) {
    let n = values.len() as f64;
    let value = values.iter().map(|d| d.value).sum::<f64>() / n;
    let half = values
        .iter()
        .map(|d| (d.interval.high - d.interval.low) / 2.0)
        .sum::<f64>();
    (value, half / n)
}

fn claims(text: &mut String, seeds: &[Seed], combinations: Combinations) -> Result<()> {
    writeln!(text, "| claim | of | test | difference | verdict |")?;
    writeln!(text, "|---|---|---|---:|---|")?;
    for claim in CLAIMS {
        let findings = seeds
            .iter()
            .map(|seed| claim.decide(|arm| seed.run(arm), combinations))
            .collect::<Result<Vec<_>>>()?;
        let differences: Vec<Difference> = findings.iter().map(|f| f.difference).collect();
        let (value, half) = mean(&differences);
        writeln!(
            text,
            "| {} | {} | {} | {:+.1} ± {:.1} | {} |",
            claim.says,
            claim.source,
            claim.test(),
            100.0 * value,
            100.0 * half,
            together(findings.iter().map(|f| f.verdict)).word()
        )?;
    }
    writeln!(text)?;
    Ok(())
}
