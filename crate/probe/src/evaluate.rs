//! From embeddings to answers and metrics, as the authors of a benchmark compute them.

use serde::{Deserialize, Serialize};

use super::{Average, Chain, Classification, Oddity, ProbeSet, Probes, Retrieval};
use cliprobe_score::hierarchy::{ChainEmbeddings, HierarchyError, Mean, STEPS, TIERS, hierarcaps};
use cliprobe_score::{
    Accuracy, Choice, ClassificationScore, Classified, Estimate, Grouped, HardPositive,
    HardPositiveScore, HardPositiveSimilarities, Interval, Placement, Relevance, RetrievalScore,
    ScoreError, Square, SquareScore, TieRule, choose, classify, cosine, mean_direction,
    similarities,
};

/// Embeddings of length 1, or why there is none. Rows of one call are all of one length.
pub type Rows<'a> = [Result<&'a [f32], &'a str>];

/// Rows of pictures or captions that are compared at once: their similarities stay small.
const BLOCK: usize = 256;

/// Why a set could not be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Rows and set do not belong together.
    #[error("{set}: there are {found} rows of {what}, but {expected} {what}")]
    Rows {
        /// The set.
        set: String,
        /// `pictures` or `texts`.
        what: &'static str,
        /// How many the set has.
        expected: usize,
        /// How many rows were given.
        found: usize,
    },
    /// Every item lacks an embedding.
    #[error("{set}: none of its {items} items can be scored; the first: {why}")]
    NothingToScore {
        /// The set.
        set: String,
        /// How many items it has.
        items: usize,
        /// Why the first one was skipped.
        why: String,
    },
    /// The root of the hierarchy is missing.
    #[error("{set}: the embedding of the empty text, which is the hierarchy's root, is missing")]
    NoRoot {
        /// The set.
        set: String,
    },
    /// Numbers that cannot be scored.
    #[error("{set}, item {id}: {source}")]
    Score {
        /// The set.
        set: String,
        /// Which item, by its key, where it is known.
        id: String,
        /// What is wrong.
        source: ScoreError,
    },
    /// A hierarchy that cannot be measured.
    #[error("{set}: {source}")]
    Hierarchy {
        /// The set.
        set: String,
        /// What is wrong.
        source: HierarchyError,
    },
}

/// An item without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which one, by its key.
    pub item: String,
    /// Why.
    pub why: String,
}

/// What a model answered to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The item's key.
    pub id: String,
    /// What the benchmark groups it by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its pictures, by their places in the set.
    pub pictures: Vec<usize>,
    /// Its texts, by their places in the set; the class prompts are left out.
    pub texts: Vec<usize>,
    /// Cosines of `pictures` × `texts`, row by row; none for classification and retrieval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similarities: Vec<f32>,
    /// Which of the options is right, where there is a choice among several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<usize>,
    /// What follows from them.
    pub detail: Detail,
}

/// What follows from an item's similarities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// One option was chosen.
    Choice(Choice),
    /// Two pictures and two captions were matched.
    Square(Square),
    /// A caption, its rewording and a false one were compared.
    HardPositive(HardPositive),
    /// Texts were found for a picture at every level of the hierarchy.
    Chain(ChainAnswer),
    /// A picture was classified.
    Classified(Classified),
    /// A picture's caption was looked for.
    CaptionFound(Placement),
    /// A caption's picture was looked for.
    PictureFound(Placement),
}

/// What HierarCaps' retrieval found for a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainAnswer {
    /// The texts found, from general to specific, by their places in the set.
    pub found: Vec<usize>,
    /// The share of them that are the picture's own.
    pub precision: f64,
    /// The share of the picture's tiers that are found.
    pub recall: f64,
    /// The longest run of its own texts in the right order, over four.
    pub order_aware_recall: f64,
    /// Kendall's τ between tier and radius of its own texts.
    pub order_correlation: f64,
}

impl Detail {
    /// What is right or wrong about the answer, by the names of the metrics that count it.
    pub fn marks(&self) -> Vec<(&'static str, bool)> {
        let recall = |names: [&'static str; 3], placement: &Placement| {
            let found = [1, 5, 10].map(|k| placement.among_first(k).correct);
            names.into_iter().zip(found).collect()
        };
        match self {
            Self::Choice(choice) => vec![("accuracy", choice.correct)],
            Self::Square(square) => vec![
                ("text", square.text),
                ("image", square.image),
                ("group", square.group),
            ],
            Self::HardPositive(item) => vec![
                ("original", item.original),
                (
                    "augmented",
                    item.outcome == cliprobe_score::HardPositiveOutcome::Augmented,
                ),
            ],
            Self::Chain(_) => Vec::new(),
            Self::Classified(classified) => vec![
                ("top-1", classified.placement.among_first(1).correct),
                ("top-5", classified.placement.among_first(5).correct),
            ],
            Self::CaptionFound(placement) => recall(
                [
                    "image to text R@1",
                    "image to text R@5",
                    "image to text R@10",
                ],
                placement,
            ),
            Self::PictureFound(placement) => recall(
                [
                    "text to image R@1",
                    "text to image R@5",
                    "text to image R@10",
                ],
                placement,
            ),
        }
    }
}

/// One number of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What it is, e.g. `accuracy`, `text to image R@5`.
    pub name: String,
    /// Its value; shares lie from 0 to 1.
    pub value: f64,
    /// Its 95 % interval, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// What random similarities would get, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// How many items it averages over.
    pub n: usize,
    /// How many of them the tie rule decided.
    #[serde(default)]
    pub ties: usize,
}

impl Metric {
    /// A share of items.
    pub(super) fn accuracy(name: impl Into<String>, accuracy: &Accuracy) -> Self {
        Self {
            name: name.into(),
            value: accuracy.value,
            interval: Some(accuracy.interval),
            chance: Some(accuracy.chance),
            n: accuracy.n,
            ties: accuracy.ties,
        }
    }

    /// An average of shares.
    pub(super) fn estimate(name: impl Into<String>, estimate: Estimate, n: usize) -> Self {
        Self {
            name: name.into(),
            value: estimate.value,
            interval: Some(estimate.interval),
            chance: Some(estimate.chance),
            n,
            ties: 0,
        }
    }

    fn plain(name: &str, value: f64, n: usize) -> Self {
        Self {
            name: name.to_owned(),
            value,
            interval: None,
            chance: None,
            n,
            ties: 0,
        }
    }
}

/// The full result of a set, by its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Score {
    /// Of choices, micro-averaged.
    Accuracy(Accuracy),
    /// Of choices, by group.
    Grouped(Grouped),
    /// Of squares.
    Square(SquareScore),
    /// Of hard-positive triples.
    HardPositive(HardPositiveScore),
    /// Of chains.
    Hierarchy {
        /// Mean precision of what is found for a picture.
        precision: Mean,
        /// Mean recall.
        recall: Mean,
        /// τ_d: the mean over chains of Kendall's τ between radius and tier.
        order_correlation: Mean,
        /// Mean order-aware recall, which the authors compute and do not report.
        order_aware_recall: Mean,
        /// The number of levels.
        steps: usize,
    },
    /// Of classification.
    Classification(ClassificationScore),
    /// Of retrieval.
    Retrieval {
        /// Captions found for pictures.
        image_to_text: RetrievalScore,
        /// Pictures found for captions.
        text_to_image: RetrievalScore,
    },
}

/// What a model can do, by one set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The set's name.
    pub set: String,
    /// How ties were decided.
    pub ties: TieRule,
    /// How many items the set has.
    pub items: usize,
    /// How many of them have an answer.
    pub scored: usize,
    /// The others.
    pub skipped: Vec<Skipped>,
    /// What is odd about the set's file.
    pub oddities: Vec<Oddity>,
    /// The numbers, for a table; the benchmark's main one first.
    pub metrics: Vec<Metric>,
    /// The numbers with all that belongs to them.
    pub score: Score,
    /// Item by item.
    pub answers: Vec<Answer>,
}

/// Scores a set. `pictures` and `texts` have a row for each of the set's, `root` is the embedding of
/// the empty text, `ties` overrides the authors' rule where the kind has one.
///
/// # Errors
/// Rows that do not fit the set, a set of which nothing can be scored, embeddings that are not
/// finite.
pub fn evaluate(
    set: &ProbeSet,
    pictures: &Rows<'_>,
    texts: &Rows<'_>,
    root: Option<&[f32]>,
    ties: Option<TieRule>,
) -> Result<Evaluation, EvaluateError> {
    for (what, expected, found) in [
        ("pictures", set.pictures.len(), pictures.len()),
        ("texts", set.texts.len(), texts.len()),
    ] {
        if expected != found {
            return Err(EvaluateError::Rows {
                set: set.name.clone(),
                what,
                expected,
                found,
            });
        }
    }
    let run = Run {
        set,
        pictures,
        texts,
        ties: ties.unwrap_or(set.protocol.ties),
        skipped: Vec::new(),
        answers: Vec::new(),
    };
    match &set.probes {
        Probes::CaptionChoice(items) => run.choices(items.iter().map(|item| Question {
            id: &item.id,
            group: &item.group,
            pictures: std::slice::from_ref(&item.picture),
            texts: &item.captions,
            correct: item.correct,
        })),
        Probes::PictureChoice(items) => run.choices(items.iter().map(|item| Question {
            id: &item.id,
            group: &item.group,
            pictures: &item.pictures,
            texts: std::slice::from_ref(&item.caption),
            correct: item.correct,
        })),
        Probes::Square(items) => run.squares(items),
        Probes::HardPositive(items) => run.hard_positives(items),
        Probes::Chain(chains) => run.chains(chains, root),
        Probes::Classification(classification) => run.classification(classification),
        Probes::Retrieval(retrieval) => run.retrieval(retrieval),
    }
}

/// A choice among captions or among pictures.
struct Question<'a> {
    id: &'a str,
    group: &'a str,
    pictures: &'a [usize],
    texts: &'a [usize],
    correct: usize,
}

/// A set being scored.
struct Run<'a> {
    set: &'a ProbeSet,
    pictures: &'a Rows<'a>,
    texts: &'a Rows<'a>,
    ties: TieRule,
    skipped: Vec<Skipped>,
    answers: Vec<Answer>,
}

impl Run<'_> {
    /// Cosines of an item's pictures × texts; `None`, and a note, where an embedding is missing.
    fn cosines(&mut self, id: &str, pictures: &[usize], texts: &[usize]) -> Option<Vec<f32>> {
        let rows = pictures.iter().map(|&i| self.pictures[i]);
        let missing = rows
            .chain(texts.iter().map(|&i| self.texts[i]))
            .find_map(Result::err);
        if let Some(why) = missing {
            self.skip(id, why);
            return None;
        }
        let row = |rows: &Rows<'_>, index: usize| rows[index].map_or(Vec::new(), <[f32]>::to_vec);
        let texts: Vec<Vec<f32>> = texts.iter().map(|&i| row(self.texts, i)).collect();
        Some(
            pictures
                .iter()
                .flat_map(|&i| {
                    let picture = row(self.pictures, i);
                    texts
                        .iter()
                        .map(move |text| cosine(&picture, text))
                        .collect::<Vec<_>>()
                })
                .collect(),
        )
    }

    fn skip(&mut self, id: &str, why: &str) {
        self.skipped.push(Skipped {
            item: id.to_owned(),
            why: why.to_owned(),
        });
    }

    fn wrong(&self, id: &str) -> impl FnOnce(ScoreError) -> EvaluateError + use<> {
        let (set, id) = (self.set.name.clone(), id.to_owned());
        move |source| EvaluateError::Score { set, id, source }
    }

    fn finish(
        self,
        scored: usize,
        metrics: Vec<Metric>,
        score: Score,
    ) -> Result<Evaluation, EvaluateError> {
        Ok(Evaluation {
            set: self.set.name.clone(),
            ties: self.ties,
            items: self.set.probes.len(),
            scored,
            skipped: self.skipped,
            oddities: self.set.oddities.clone(),
            metrics,
            score,
            answers: self.answers,
        })
    }

    /// An error if there is no answer at all.
    fn check_scored(&self, scored: usize) -> Result<(), EvaluateError> {
        if scored > 0 {
            return Ok(());
        }
        Err(EvaluateError::NothingToScore {
            set: self.set.name.clone(),
            items: self.set.probes.len(),
            why: self.skipped.first().map_or_else(
                || "there are none".to_owned(),
                |skipped| skipped.why.clone(),
            ),
        })
    }

    fn choices<'q>(
        mut self,
        questions: impl Iterator<Item = Question<'q>>,
    ) -> Result<Evaluation, EvaluateError> {
        let mut outcomes = Vec::new();
        for (number, question) in questions.enumerate() {
            let Some(similarities) = self.cosines(question.id, question.pictures, question.texts)
            else {
                continue;
            };
            let choice = choose(number, &similarities, question.correct, &[], self.ties)
                .map_err(self.wrong(question.id))?;
            outcomes.push((question.group.to_owned(), choice.outcome()));
            self.answers.push(Answer {
                id: question.id.to_owned(),
                group: question.group.to_owned(),
                pictures: question.pictures.to_vec(),
                texts: question.texts.to_vec(),
                similarities,
                right: Some(question.correct),
                detail: Detail::Choice(choice),
            });
        }
        self.check_scored(outcomes.len())?;
        let scored = outcomes.len();
        let name = self.set.name.clone();
        match &self.set.protocol.average {
            Average::Micro => {
                let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
                let accuracy =
                    Accuracy::count(&name, outcomes, self.ties).map_err(self.wrong("all"))?;
                let metrics = vec![Metric::accuracy("accuracy", &accuracy)];
                self.finish(scored, metrics, Score::Accuracy(accuracy))
            }
            Average::MacroOverGroups { at_least, except } => {
                let counts = |group: &cliprobe_score::Group| {
                    group.accuracy.n >= *at_least && !except.contains(&group.name)
                };
                let grouped =
                    Grouped::new(&name, outcomes, self.ties, counts).map_err(self.wrong("all"))?;
                let mut metrics = vec![
                    Metric::estimate(
                        "macro accuracy",
                        grouped.macro_average,
                        grouped.micro_average.n,
                    ),
                    Metric::accuracy("micro accuracy", &grouped.micro_average),
                ];
                if grouped.groups.len() <= 10 {
                    let groups = grouped.groups.iter();
                    metrics.extend(groups.map(|g| Metric::accuracy(&g.name, &g.accuracy)));
                }
                self.finish(scored, metrics, Score::Grouped(grouped))
            }
        }
    }

    fn squares(mut self, items: &[super::Square]) -> Result<Evaluation, EvaluateError> {
        let mut squares = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let Some(similarities) = self.cosines(&item.id, &item.pictures, &item.captions) else {
                continue;
            };
            let [s00, s10, s01, s11] = similarities[..] else {
                continue; // two pictures × two captions are four
            };
            let square =
                Square::new(number, [[s00, s01], [s10, s11]]).map_err(self.wrong(&item.id))?;
            squares.push(square);
            self.answers.push(Answer {
                id: item.id.clone(),
                group: item.group.clone(),
                pictures: item.pictures.to_vec(),
                texts: item.captions.to_vec(),
                similarities,
                right: None,
                detail: Detail::Square(square),
            });
        }
        self.check_scored(squares.len())?;
        self.ties = TieRule::Strict;
        let score = SquareScore::new(&squares).map_err(self.wrong("all"))?;
        let metrics = vec![
            Metric::accuracy("text", &score.text),
            Metric::accuracy("image", &score.image),
            Metric::accuracy("group", &score.group),
        ];
        self.finish(squares.len(), metrics, Score::Square(score))
    }

    fn hard_positives(
        mut self,
        items: &[super::HardPositiveTriple],
    ) -> Result<Evaluation, EvaluateError> {
        let mut triples = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let texts = [item.caption, item.positive, item.negative];
            let Some(similarities) = self.cosines(&item.id, &[item.picture], &texts) else {
                continue;
            };
            let [caption, positive, negative] = similarities[..] else {
                continue; // one picture × three captions are three
            };
            let triple = HardPositive::new(
                number,
                HardPositiveSimilarities {
                    caption,
                    positive,
                    negative,
                    original_negative: negative,
                },
            )
            .map_err(self.wrong(&item.id))?;
            triples.push(triple);
            self.answers.push(Answer {
                id: item.id.clone(),
                group: item.group.clone(),
                pictures: vec![item.picture],
                texts: texts.to_vec(),
                similarities,
                right: None,
                detail: Detail::HardPositive(triple),
            });
        }
        self.check_scored(triples.len())?;
        self.ties = TieRule::Strict;
        let score = HardPositiveScore::new(&triples).map_err(self.wrong("all"))?;
        let n = triples.len();
        let metrics = vec![
            Metric::accuracy("augmented", &score.augmented),
            Metric::accuracy("original", &score.original),
            Metric::estimate("brittleness", score.brittleness, n),
            Metric::accuracy("hard positive alone", &score.modified),
            Metric::plain("mean |c − p|", score.mean_gap, n),
        ];
        self.finish(n, metrics, Score::HardPositive(score))
    }

    /// Every chain is a candidate for every picture, also a chain whose own picture is missing.
    fn chains(
        mut self,
        chains: &[Chain],
        root: Option<&[f32]>,
    ) -> Result<Evaluation, EvaluateError> {
        let Some(root) = root else {
            return Err(EvaluateError::NoRoot {
                set: self.set.name.clone(),
            });
        };
        let mut texts = Vec::with_capacity(chains.len() * TIERS * root.len());
        let mut captions = Vec::with_capacity(chains.len() * TIERS);
        for chain in chains {
            for &tier in &chain.tiers {
                captions.push(self.set.texts[tier].as_str());
                texts.extend_from_slice(self.texts[tier].map_err(|why| {
                    EvaluateError::NothingToScore {
                        set: self.set.name.clone(),
                        items: chains.len(),
                        why: format!("all chains are needed, but {}: {why}", chain.id),
                    }
                })?);
            }
        }
        let (mut pictures, mut of_chain) = (Vec::new(), Vec::new());
        for (number, chain) in chains.iter().enumerate() {
            match self.pictures[chain.picture] {
                Ok(row) => {
                    pictures.extend_from_slice(row);
                    of_chain.push(number);
                }
                Err(why) => self.skip(&chain.id, why),
            }
        }
        self.check_scored(of_chain.len())?;
        let embeddings = ChainEmbeddings {
            pictures: &pictures,
            texts: &texts,
            root,
        };
        let result = hierarcaps(embeddings, &captions, &of_chain, STEPS).map_err(|source| {
            EvaluateError::Hierarchy {
                set: self.set.name.clone(),
                source,
            }
        })?;
        for (&number, found) in of_chain.iter().zip(result.pictures) {
            let chain = &chains[number];
            let text = |candidate: usize| chains[candidate / TIERS].tiers[candidate % TIERS];
            self.answers.push(Answer {
                id: chain.id.clone(),
                group: String::new(),
                pictures: vec![chain.picture],
                texts: chain.tiers.to_vec(),
                similarities: Vec::new(),
                right: None,
                detail: Detail::Chain(ChainAnswer {
                    found: found
                        .steps
                        .iter()
                        .map(|step| text(step.candidate))
                        .collect(),
                    precision: found.precision,
                    recall: found.recall,
                    order_aware_recall: found.order_aware_recall,
                    order_correlation: result.chain_correlations[number],
                }),
            });
        }
        let metrics = [
            ("recall", result.recall),
            ("precision", result.precision),
            ("order correlation τ_d", result.order_correlation),
            ("order-aware recall", result.order_aware_recall),
        ]
        .map(|(name, mean)| Metric {
            interval: Some(mean.interval),
            ..Metric::plain(name, mean.value, mean.n)
        });
        let score = Score::Hierarchy {
            precision: result.precision,
            recall: result.recall,
            order_correlation: result.order_correlation,
            order_aware_recall: result.order_aware_recall,
            steps: result.steps,
        };
        self.finish(of_chain.len(), metrics.to_vec(), score)
    }

    fn classification(
        mut self,
        classification: &Classification,
    ) -> Result<Evaluation, EvaluateError> {
        let mut weights = Vec::new();
        let mut dim = 0;
        for (class, prompts) in classification.prompts.iter().enumerate() {
            let name = &classification.classes[class];
            let mut rows = Vec::new();
            for &prompt in prompts {
                match self.texts[prompt] {
                    Ok(row) => {
                        dim = row.len();
                        rows.extend_from_slice(row);
                    }
                    Err(why) => {
                        return Err(EvaluateError::NothingToScore {
                            set: self.set.name.clone(),
                            items: classification.labelled.len(),
                            why: format!("class {name}: {why}"),
                        });
                    }
                }
            }
            weights.extend(mean_direction(&rows, dim).map_err(self.wrong(name))?);
        }
        let classes = classification.classes.len();
        let mut classified = Vec::new();
        for (block, labelled) in classification.labelled.chunks(BLOCK).enumerate() {
            let mut rows = Vec::new();
            let mut present = Vec::new();
            for (place, &(picture, class)) in labelled.iter().enumerate() {
                match self.pictures[picture] {
                    Ok(row) => {
                        rows.extend_from_slice(row);
                        present.push((block * BLOCK + place, picture, class));
                    }
                    Err(why) => self.skip(&self.set.pictures[picture].label(), why),
                }
            }
            let matrix = similarities(&rows, &weights, dim).map_err(self.wrong("all"))?;
            for (row, (number, picture, class)) in matrix.chunks_exact(classes.max(1)).zip(present)
            {
                let label = self.set.pictures[picture].label();
                let answer = classify(number, row, class, self.ties).map_err(self.wrong(&label))?;
                classified.push(answer);
                self.answers.push(Answer {
                    id: number.to_string(),
                    group: classification.classes[class].clone(),
                    pictures: vec![picture],
                    texts: Vec::new(),
                    similarities: Vec::new(),
                    right: None,
                    detail: Detail::Classified(answer),
                });
            }
        }
        self.check_scored(classified.len())?;
        let score = ClassificationScore::new(&classified, self.ties).map_err(self.wrong("all"))?;
        let metrics = vec![
            Metric::accuracy("top-1", &score.top1),
            Metric::accuracy("top-5", &score.top5),
            Metric::estimate(
                "mean per-class recall",
                score.mean_per_class_recall,
                classified.len(),
            ),
        ];
        self.finish(classified.len(), metrics, Score::Classification(score))
    }

    fn retrieval(mut self, retrieval: &Retrieval) -> Result<Evaluation, EvaluateError> {
        // What has no embedding can be neither query nor candidate.
        let mut place_of_picture = vec![None; retrieval.pictures.len()];
        let (mut pictures, mut picture_rows) = (Vec::new(), Vec::new());
        for (place, &picture) in retrieval.pictures.iter().enumerate() {
            match self.pictures[picture] {
                Ok(row) => {
                    place_of_picture[place] = Some(pictures.len());
                    pictures.push(picture);
                    picture_rows.extend_from_slice(row);
                }
                Err(why) => self.skip(&self.set.pictures[picture].label(), why),
            }
        }
        let (mut captions, mut caption_rows, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for (&caption, &place) in retrieval.captions.iter().zip(&retrieval.picture_of) {
            let Some(picture) = place_of_picture[place] else {
                continue; // its picture's note stands for it
            };
            match self.texts[caption] {
                Ok(row) => {
                    pairs.push((picture, captions.len()));
                    captions.push(caption);
                    caption_rows.extend_from_slice(row);
                }
                Err(why) => self.skip(&self.set.texts[caption].clone(), why),
            }
        }
        self.check_scored(captions.len())?;
        let dim = caption_rows.len() / captions.len().max(1);
        let to_captions =
            Relevance::new(pictures.len(), captions.len(), pairs).map_err(self.wrong("all"))?;
        let to_pictures = to_captions.transposed();
        let place = |relevance: &Relevance, queries: &[f32], candidates: &[f32]| {
            let mut placements = Vec::new();
            for (block, rows) in queries.chunks(BLOCK * dim.max(1)).enumerate() {
                let matrix = similarities(rows, candidates, dim)?;
                placements.extend(relevance.place_block(block * BLOCK, &matrix, self.ties)?);
            }
            Ok(placements)
        };
        let found_captions =
            place(&to_captions, &picture_rows, &caption_rows).map_err(self.wrong("all"))?;
        let found_pictures =
            place(&to_pictures, &caption_rows, &picture_rows).map_err(self.wrong("all"))?;
        for (&picture, placement) in pictures.iter().zip(&found_captions) {
            let Some(placement) = *placement else {
                continue;
            };
            self.answers.push(Answer {
                id: format!("picture {picture}"),
                group: String::new(),
                pictures: vec![picture],
                texts: Vec::new(),
                similarities: Vec::new(),
                right: None,
                detail: Detail::CaptionFound(placement),
            });
        }
        for (number, (&caption, placement)) in captions.iter().zip(&found_pictures).enumerate() {
            let Some(placement) = *placement else {
                continue;
            };
            self.answers.push(Answer {
                id: format!("caption {number}"),
                group: String::new(),
                pictures: Vec::new(),
                texts: vec![caption],
                similarities: Vec::new(),
                right: None,
                detail: Detail::PictureFound(placement),
            });
        }
        let score = |placements: &[Option<Placement>]| {
            RetrievalScore::new(placements, self.ties).map_err(self.wrong("all"))
        };
        let (image_to_text, text_to_image) = (score(&found_captions)?, score(&found_pictures)?);
        let mut metrics = Vec::new();
        for (direction, score) in [
            ("image to text", &image_to_text),
            ("text to image", &text_to_image),
        ] {
            for at in &score.recall {
                metrics.push(Metric::accuracy(
                    format!("{direction} R@{}", at.k),
                    &at.recall,
                ));
            }
        }
        self.finish(
            captions.len(),
            metrics,
            Score::Retrieval {
                image_to_text,
                text_to_image,
            },
        )
    }
}
