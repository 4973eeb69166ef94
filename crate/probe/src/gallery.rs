//! Answers as a person looks at them: the worst first, each with what was shown, what was said of
//! it and what would have been right.

use serde::{Deserialize, Serialize};

use crate::evaluation::{Answer, Evaluation};
use crate::set::{Image, ProbeSet};

/// Which answers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// All of them.
    All,
    /// Those that at least one metric counts as wrong.
    Wrong,
    /// Those that every metric counts as right.
    Right,
    /// Those that the tie rule decided.
    Tied,
}

/// An image of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownImage {
    /// Its place in the set.
    pub index: usize,
    /// What to call it.
    pub label: String,
    /// Whether it is the one asked for, where images are chosen among.
    pub right: Option<bool>,
    /// The scene as JSON, where it is one of the generated world.
    pub scene: Option<String>,
}

/// A text of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownText {
    /// The text.
    pub text: String,
    /// Whether it is true of the image, where that is known and there is one image.
    pub right: Option<bool>,
    /// Its cosines with the images, in their order; none where they were not kept.
    pub cosines: Vec<f32>,
}

/// An answer with all that is needed to understand it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownAnswer {
    /// The item's key.
    pub id: String,
    /// What the benchmark groups it by; empty where it does not.
    pub group: String,
    /// What was shown.
    pub images: Vec<ShownImage>,
    /// What it was compared with.
    pub texts: Vec<ShownText>,
    /// What is right or wrong, by the names of the metrics that count it.
    pub marks: Vec<(String, bool)>,
    /// The right similarity minus the best wrong one, of the comparison that went worst.
    pub margin: Option<f32>,
    /// Whether the tie rule decided.
    pub tied: bool,
    /// What is not seen in the texts: a rank, or the share of a chain that was found.
    pub note: Option<String>,
}

/// Answers of an evaluation in the order they are looked at: by margin from the worst, and those
/// without one by what they got.
pub struct Gallery {
    /// Places of answers, in that order.
    order: Vec<usize>,
}

impl Gallery {
    /// Puts the answers of a set in order.
    pub fn new(evaluation: &Evaluation) -> Self {
        let answers = evaluation.answers.iter();
        let badness: Vec<f64> = answers
            .map(|answer| answer.detail.form().badness())
            .collect();
        let mut order: Vec<usize> = (0..evaluation.answers.len()).collect();
        order.sort_by(|&a, &b| badness[b].total_cmp(&badness[a]).then(a.cmp(&b)));
        Self { order }
    }

    /// Places of the answers that pass the filter, the worst first.
    pub fn places(&self, evaluation: &Evaluation, filter: Filter) -> Vec<usize> {
        let passes = |&place: &usize| passes(&evaluation.answers[place], filter);
        self.order.iter().copied().filter(passes).collect()
    }

    /// How many of the answers that pass the filter stand behind the first `shown` only by their order in
    /// the file: they are as bad as the last of those.
    pub fn as_bad(&self, evaluation: &Evaluation, filter: Filter, shown: usize) -> usize {
        let passing = self.places(evaluation, filter);
        let badness = |&place: &usize| evaluation.answers[place].detail.form().badness();
        let last = shown.checked_sub(1).and_then(|last| passing.get(last));
        last.map(badness).map_or(0, |last| {
            let behind = passing.iter().skip(shown);
            behind.filter(|place| badness(place) >= last).count()
        })
    }

    /// How many answers pass the filter, and those from `offset` on, at most `limit`.
    pub fn page(
        &self,
        set: &ProbeSet,
        evaluation: &Evaluation,
        filter: Filter,
        offset: usize,
        limit: usize,
    ) -> (usize, Vec<ShownAnswer>) {
        let passing = self.places(evaluation, filter);
        let shown = passing.iter().skip(offset).take(limit);
        let shown = shown
            .map(|&place| show(set, &evaluation.answers[place]))
            .collect();
        (passing.len(), shown)
    }
}

fn passes(answer: &Answer, filter: Filter) -> bool {
    let form = answer.detail.form();
    match filter {
        Filter::All => true,
        Filter::Wrong => !form.is_right(),
        Filter::Right => form.is_right(),
        Filter::Tied => form.is_tied(),
    }
}

fn show(set: &ProbeSet, answer: &Answer) -> ShownAnswer {
    let form = answer.detail.form();
    let asked = answer.images.len();
    let (images, texts) = set.probes.questions().shown(answer);
    let image = |(place, &index): (usize, &usize)| ShownImage {
        index,
        label: set.images[index].label(),
        right: answer
            .right
            .filter(|_| asked > 1)
            .map(|correct| correct == place),
        scene: match &set.images[index] {
            Image::Scene(scene) => serde_json::to_string(scene).ok(),
            Image::File { .. } => None,
        },
    };
    let text = |(place, &index): (usize, &usize)| ShownText {
        text: set.texts[index].clone(),
        right: form.is_true(place, asked, answer.right),
        cosines: answer
            .similarities
            .chunks_exact(answer.texts.len().max(1))
            .map(|row| row[place])
            .collect(),
    };
    let marks = form.marks().into_iter();
    ShownAnswer {
        id: answer.id.clone(),
        group: answer.group.clone(),
        images: images.iter().enumerate().map(image).collect(),
        texts: texts.iter().enumerate().map(text).collect(),
        marks: marks
            .map(|(name, right)| (name.to_owned(), right))
            .collect(),
        margin: form.margin(None),
        tied: form.is_tied(),
        note: set.probes.questions().note(set, answer),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{evaluate, read_json};

    const SET: &str = r#"{"format": "cliprobe-probes", "version": 1, "kind": "caption_choice",
        "name": "mine", "items": [
        {"id": "same", "image": "a.png", "captions": ["right", "wrong"], "correct": 0},
        {"id": "same", "image": "b.png", "captions": ["wrong", "right"], "correct": 1},
        {"id": "gone", "image": "c.png", "captions": ["right", "wrong"], "correct": 0},
        {"id": "last", "image": "d.png", "captions": ["wrong", "right"], "correct": 0}]}"#;

    /// Texts `right` and `wrong` are the axes; `c.png` is missing.
    fn evaluated() -> (ProbeSet, Evaluation) {
        let set = read_json(SET).unwrap();
        let images: [Result<&[f32], &str>; 4] = [
            Ok(&[0.8, 0.6]),
            Ok(&[0.6, 0.8]),
            Err("c.png is not there"),
            Ok(&[1.0, 0.0]),
        ];
        let texts: [Result<&[f32], &str>; 2] = [Ok(&[1.0, 0.0]), Ok(&[0.0, 1.0])];
        let evaluation = evaluate(&set, &images, &texts, None, None).unwrap();
        (set, evaluation)
    }

    #[test]
    fn the_worst_comes_first_with_what_would_have_been_right() {
        let (set, evaluation) = evaluated();
        let gallery = Gallery::new(&evaluation);
        let (total, shown) = gallery.page(&set, &evaluation, Filter::Wrong, 0, 10);
        assert_eq!(total, 2);
        // d.png looks like `right`, but its file calls `wrong` the right one.
        assert_eq!(shown[0].id, "last");
        assert_eq!(shown[0].margin, Some(-1.0));
        assert_eq!(shown[0].texts[0].text, "wrong");
        assert_eq!(shown[0].texts[0].right, Some(true));
        assert_eq!(shown[0].texts[0].cosines, [0.0]);
        assert_eq!(shown[1].images[0].label, "b.png");
        assert_eq!(shown[1].texts[1].right, Some(true));
        assert_eq!(shown[1].marks, [("accuracy".to_owned(), false)]);
    }

    #[test]
    fn pages_and_filters_share_the_answers() {
        let (set, evaluation) = evaluated();
        let gallery = Gallery::new(&evaluation);
        let page = |filter, offset, limit| gallery.page(&set, &evaluation, filter, offset, limit);
        assert_eq!(page(Filter::All, 0, 2).1.len(), 2);
        assert_eq!(page(Filter::All, 2, 2).1.len(), 1);
        assert_eq!(page(Filter::All, 9, 2), (3, Vec::new()));
        let (right, shown) = page(Filter::Right, 0, 10);
        assert_eq!((right, shown[0].images[0].label.as_str()), (1, "a.png"));
        assert_eq!(page(Filter::Tied, 0, 10).0, 0);
        // The worst answers are worse than the next: none is shown for its place in the file alone.
        assert_eq!(gallery.as_bad(&evaluation, Filter::All, 1), 0);
        assert_eq!(gallery.as_bad(&evaluation, Filter::All, 0), 0);
    }
}
