//! The traversals as tables that fit into a terminal of 100 columns.

use std::collections::BTreeSet;

use cliprobe::hierarchy::RadiusKind;

use super::Question;
use super::measure::{Measured, Score, Step, Traversal};

const COLUMNS: usize = 100;

pub(super) fn print(question: &Question<'_>, answers: &[Measured]) {
    println!(
        "{}: {} texts from {}, {} levels",
        fit(&question.image, 32),
        question.candidates.texts.len(),
        fit(&question.candidates.source, 38),
        question.levels
    );
    for answer in answers {
        println!(
            "{}: the image at radius {:.4}, cosine with the root {:.4}",
            fit(&answer.name, 40),
            answer.image.radius,
            answer.image.root_cosine
        );
    }
    match answers {
        [one] => alone(one),
        both => beside(both),
    }
    for answer in answers {
        line(answer, answers.len() > 1);
    }
    if let Some((row, _)) = question.truth {
        for answer in answers {
            truth(answer, row, answers.len() > 1);
        }
    }
}

/// What a traversal goes by.
pub(super) fn distance(kind: RadiusKind) -> &'static str {
    match kind {
        RadiusKind::Euclidean => "distance ‖e − r‖",
        RadiusKind::Cosine => "distance 1 − e·r",
    }
}

fn alone(answer: &Measured) {
    for traversal in &answer.traversals {
        println!(
            "\nFrom general to specific, by {}",
            distance(traversal.radius)
        );
        println!("level  radius  cosine     text");
        for step in &traversal.steps {
            println!(
                "{:5}  {:6.4}  {:6.3}  {}  {}",
                step.level,
                step.radius,
                step.cosine,
                mark(step),
                fit(&step.text, COLUMNS - 26)
            );
        }
        if let Some(score) = traversal.score {
            println!("{}", told(score));
        }
    }
}

/// Two ladders, level by level.
fn beside(answers: &[Measured]) {
    const WIDTH: usize = (COLUMNS - 5) / 2 - 2;
    const TEXT: usize = WIDTH - 11;
    for at in 0..answers[0].traversals.len() {
        let ladders: Vec<&Traversal> = answers.iter().map(|a| &a.traversals[at]).collect();
        println!(
            "\nFrom general to specific, by {}; each text with its cosine",
            distance(ladders[0].radius)
        );
        let names = answers
            .iter()
            .map(|a| format!("  {:WIDTH$}", fit(&a.name, WIDTH)));
        println!(
            "{}",
            format!("level{}", names.collect::<String>()).trim_end()
        );
        let levels: BTreeSet<usize> = ladders
            .iter()
            .flat_map(|ladder| ladder.steps.iter().map(|step| step.level))
            .collect();
        for level in levels {
            let cells = ladders.iter().map(|ladder| {
                let step = ladder.steps.iter().find(|step| step.level == level);
                step.map_or(" ".repeat(WIDTH + 2), |step| {
                    let text = fit(&step.text, TEXT);
                    format!("  {:6.3}  {}  {text:TEXT$}", step.cosine, mark(step))
                })
            });
            println!(
                "{}",
                format!("{level:5}{}", cells.collect::<String>()).trim_end()
            );
        }
        for (answer, ladder) in answers.iter().zip(ladders) {
            if let Some(score) = ladder.score {
                println!("{}: {}", fit(&answer.name, 30), told(score));
            }
        }
    }
}

fn line(answer: &Measured, named: bool) {
    println!(
        "\nIn a straight line from the image to the root{}",
        of(answer, named)
    );
    println!("weight  cosine  text");
    for stop in &answer.line {
        println!(
            "{:6.3}  {:6.3}  {}",
            stop.weight,
            stop.cosine,
            fit(stop.text.as_deref().unwrap_or("(the root)"), COLUMNS - 16)
        );
    }
}

fn truth(answer: &Measured, row: &str, named: bool) {
    let Some(truth) = &answer.truth else { return };
    println!(
        "\nKnown of the image (row {row}){}: τ_d {:.2}",
        of(answer, named),
        truth.order_correlation
    );
    println!("radius  cosine  angle to the next  text");
    for tier in &truth.tiers {
        let angle = tier.exterior_angle.map_or("–".to_owned(), |angle| {
            format!("{:.1}°", angle.to_degrees())
        });
        println!(
            "{:6.4}  {:6.3}  {angle:>17}  {}",
            tier.radius,
            tier.cosine,
            fit(&tier.text, COLUMNS - 35)
        );
    }
}

fn of(answer: &Measured, named: bool) -> String {
    if named {
        format!(", {}", fit(&answer.name, 40))
    } else {
        String::new()
    }
}

/// A star stands before what is known of the image.
fn mark(step: &Step) -> char {
    if step.right == Some(true) { '*' } else { ' ' }
}

pub(super) fn told(score: Score) -> String {
    format!(
        "precision {:.2}, recall {:.2}, order-aware recall {:.2}",
        score.precision, score.recall, score.order_aware_recall
    )
}

/// A text of at most so many characters.
fn fit(text: &str, most: usize) -> String {
    let one_line = text.replace(['\n', '\r', '\t'], " ");
    if one_line.chars().count() <= most {
        return one_line;
    }
    let kept: String = one_line.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(fit("a naïve café", 12), "a naïve café");
        assert_eq!(fit("a naïve café", 9), "a naïve…");
        assert_eq!(fit("a\nb", 5), "a b");
    }
}
