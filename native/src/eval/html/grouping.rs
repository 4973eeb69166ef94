//! The sets of a run by benchmark, with the averages over them.

use cliprobe::probe::results::{Run, SetResult};
use cliprobe::probe::{BENCHMARKS, Metric};

/// The sets of a benchmark and the averages over them.
pub(super) struct Section<'a> {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) sets: Vec<&'a SetResult>,
    /// Each set's and average's name and metrics.
    pub(super) rows: Vec<(&'a str, &'a [Metric])>,
}

fn benchmark_of(set: &str) -> &str {
    set.split('/').next().unwrap_or(set)
}

/// The sections of a run, one for each benchmark, in the order of the run. Averages over several benchmarks come last.
pub(super) fn sections(run: &Run) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for set in &run.sets {
        let name = set.evaluation.set.as_str();
        let key = benchmark_of(name);
        let place = sections
            .iter()
            .position(|s| s.key == key)
            .unwrap_or_else(|| {
                let known = BENCHMARKS.iter().find(|b| b.name == key);
                sections.push(Section {
                    key: key.to_owned(),
                    title: match (known, key) {
                        (Some(benchmark), _) => benchmark.title.to_owned(),
                        (None, "tableau") => "Tableau".to_owned(),
                        (None, _) => key.to_owned(),
                    },
                    sets: Vec::new(),
                    rows: Vec::new(),
                });
                sections.len() - 1
            });
        sections[place].sets.push(set);
        sections[place].rows.push((name, &set.evaluation.metrics));
    }
    let mut averages = Vec::new();
    for summary in &run.summaries {
        let mut keys: Vec<&str> = summary.sets.iter().map(|set| benchmark_of(set)).collect();
        keys.dedup();
        let row = (summary.name.as_str(), summary.metrics.as_slice());
        match (
            keys.as_slice(),
            sections
                .iter_mut()
                .find(|s| keys.first() == Some(&s.key.as_str())),
        ) {
            ([_], Some(section)) => section.rows.push(row),
            _ => averages.push(row),
        }
    }
    if !averages.is_empty() {
        sections.push(Section {
            key: "averages".to_owned(),
            title: "Averages over benchmarks".to_owned(),
            sets: Vec::new(),
            rows: averages,
        });
    }
    sections
}
