//! All steps of an evaluation, for a caller who can wait.

use std::rc::Rc;

use cliprobe_probe::ProbeSet;
use cliprobe_probe::results::{Run, SourceFile};
use cliprobe_score::TieRule;

use crate::cache::Cache;
use crate::job::{Error, Job, Model};
use crate::plan::{Plan, Shown};
use crate::{finish, parallel, score};

/// Texts that are embedded between two looks at the cache and the progress.
const TEXTS_AT_ONCE: usize = 256;

/// A set to be asked, and where it was read.
pub struct Question {
    /// The questions.
    pub set: ProbeSet,
    /// The files that they come from.
    pub files: Vec<SourceFile>,
}

/// The image files at hand, by the numbers that the plan has.
pub trait ImageFiles: Sync {
    /// The bytes of a file.
    ///
    /// # Errors
    /// The sentence that says why it cannot be read.
    fn read(&self, file: usize) -> Result<Vec<u8>, String>;
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Images are embedded.
    Images,
    /// Texts are embedded.
    Texts,
    /// Sets are scored.
    Sets,
}

/// How far an evaluation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How many of them are done.
    pub done: usize,
    /// Of how many.
    pub all: usize,
}

/// Embeds what the questions need with one model and scores them. `plan` is that of the questions'
/// sets, `description` what the result says of the model, `caches` those of images and of texts.
/// A set that cannot be scored is named in the result.
///
/// # Errors
/// The engine's, or no set that can be scored.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one thing that only the caller has"
)]
pub async fn run(
    questions: &[Question],
    plan: &Rc<Plan>,
    files: &dyn ImageFiles,
    model: Model<'_>,
    description: serde_json::Value,
    caches: (&mut dyn Cache, &mut dyn Cache),
    ties: Option<TieRule>,
    clock: &dyn Fn() -> f64,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Run, Error> {
    let (images, texts) = caches;
    let mut job = Job::new(Rc::clone(plan));
    let started = clock();

    let wanted = &plan.images;
    let places: Vec<usize> = (0..wanted.len()).collect();
    let mut tell = |stage, done, all| on_progress(Progress { stage, done, all });
    tell(Stage::Images, 0, places.len());
    let mut done = 0;
    for chunk in places.chunks(model.batch.max(1) * parallel::width()) {
        let given = parallel::map(chunk, |&place| {
            let bytes = match wanted[place].shown {
                Shown::File { file, .. } => files.read(file),
                Shown::Scene(_) | Shown::Missing { .. } => Ok(Vec::new()),
            };
            (place, bytes)
        });
        job.embed_images(model, images, given).await?;
        done += chunk.len();
        tell(Stage::Images, done, places.len());
    }
    let after_images = clock();

    let sets: Vec<&ProbeSet> = questions.iter().map(|question| &question.set).collect();
    job.plan_texts(&sets);
    loop {
        let (all, done) = job.texts();
        tell(Stage::Texts, done, all);
        if done == all {
            break;
        }
        job.embed_texts(model.clip, texts, TEXTS_AT_ONCE).await?;
    }
    let after_texts = clock();

    let (mut scored, mut unscored) = (Vec::new(), Vec::new());
    for (number, question) in questions.iter().enumerate() {
        tell(Stage::Sets, number, questions.len());
        let rows = job.rows(number, images, texts);
        match score(&question.set, &question.files, &rows, ties, clock) {
            Ok(result) => scored.push(result),
            Err(error) => unscored.push(error.to_string()),
        }
    }
    tell(Stage::Sets, questions.len(), questions.len());

    let mut encoding = job.encoding();
    encoding.images.seconds = after_images - started;
    encoding.texts.seconds = after_texts - after_images;
    encoding.seconds = after_texts - started;
    finish(description, Some(encoding), scored, unscored)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Memory, SetRows};
    use cliprobe_clip::Checkpoint;
    use cliprobe_clip::checkpoint::Overrides;
    use cliprobe_engine::clip::Clip;
    use cliprobe_probe::tableau;
    use cliprobe_world::{Combination, ProbeKind};

    struct NoFiles;

    impl ImageFiles for NoFiles {
        fn read(&self, file: usize) -> Result<Vec<u8>, String> {
            Err(format!("there is no file {file}"))
        }
    }

    fn clip() -> Clip {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/default.gguf");
        let checkpoint = Checkpoint::open(Path::new(path), &Overrides::default()).unwrap();
        Clip::on_cpu(&checkpoint, &mut |_, _| {}).unwrap()
    }

    /// A choice, and chains, which need the root.
    fn questions() -> (Vec<Question>, Rc<Plan>) {
        let set = |kind| tableau(kind, Combination::Seen, 0, 5).unwrap();
        let mut sets = [set(ProbeKind::SwapAttribute), set(ProbeKind::Chain)];
        let plan = Plan::new(&mut sets, &mut |name| Err(format!("{name} is not there")));
        let question = |set| Question {
            set,
            files: Vec::new(),
        };
        (sets.map(question).into(), Rc::new(plan))
    }

    #[test]
    fn steps_of_any_size_give_what_the_whole_gives() {
        let (questions, plan) = questions();
        let clip = clip();
        let model = Model {
            clip: &clip,
            batch: 4,
            unletterbox: false,
        };
        let (mut images, mut texts) = (Memory::default(), Memory::default());
        let mut told = Vec::new();
        let whole = pollster::block_on(run(
            &questions,
            &plan,
            &NoFiles,
            model,
            serde_json::json!({"name": "default"}),
            (&mut images, &mut texts),
            None,
            &|| 0.0,
            &mut |progress| told.push(progress),
        ))
        .unwrap();
        assert_eq!(whole.sets.len(), 2);
        let last = told.last().unwrap();
        assert_eq!((last.stage, last.done, last.all), (Stage::Sets, 2, 2));
        let encoding = whole.encoding.as_ref().unwrap();
        // Two questions may show the same drawing.
        let counts = encoding.images;
        assert_eq!((counts.distinct, counts.failed), (plan.images.len(), 0));
        assert_eq!(counts.computed + counts.known, counts.distinct);

        let (mut images, mut texts) = (Memory::default(), Memory::default());
        let mut job = Job::new(Rc::clone(&plan));
        let sets: Vec<&ProbeSet> = questions.iter().map(|question| &question.set).collect();
        job.plan_texts(&sets);
        // Texts before images, three and one at a time.
        while job.texts().1 < job.texts().0 {
            pollster::block_on(job.embed_texts(&clip, &mut texts, 3)).unwrap();
        }
        for place in (0..plan.images.len()).rev() {
            let given = vec![(place, Ok(Vec::new()))];
            pollster::block_on(job.embed_images(model, &mut images, given)).unwrap();
        }
        for (number, expected) in whole.sets.iter().enumerate() {
            let rows: SetRows<'_> = job.rows(number, &images, &texts);
            let result = score(&questions[number].set, &[], &rows, None, &|| 0.0).unwrap();
            assert_eq!(result.evaluation.metrics, expected.evaluation.metrics);
            assert_eq!(result.truncated, expected.truncated);
        }
        // What is known is not computed again.
        let again = pollster::block_on(run(
            &questions,
            &plan,
            &NoFiles,
            model,
            serde_json::Value::Null,
            (&mut images, &mut texts),
            None,
            &|| 0.0,
            &mut |_| {},
        ))
        .unwrap();
        let encoding = again.encoding.unwrap();
        assert_eq!((encoding.images.computed, encoding.texts.computed), (0, 0));
        assert_eq!(encoding.images.known, encoding.images.distinct);
    }
}
