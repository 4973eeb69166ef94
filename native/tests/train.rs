//! `cliprobe train` as a user runs it: starts, stops, kills and resumes.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;

/// A folder with the tiny recipe and a place for runs.
struct Workshop(tempfile::TempDir);

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recipe = include_str!("train/tiny.toml");
        std::fs::write(folder.path().join("tiny.toml"), recipe).unwrap();
        let recipe = include_str!("train/fine_tuning.toml");
        std::fs::write(folder.path().join("fine_tuning.toml"), recipe).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn recipe(&self, name: &str, change: (&str, &str)) {
        let text = std::fs::read_to_string(self.path("tiny.toml")).unwrap();
        assert!(text.contains(change.0), "{}", change.0);
        std::fs::write(self.path(name), text.replace(change.0, change.1)).unwrap();
    }

    fn train(&self, recipe: &str, run: &str, rest: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("cliprobe"));
        command
            .current_dir(self.0.path())
            .args(["train", recipe, "--out", run])
            .args(rest)
            .stderr(Stdio::piped());
        command
    }
}

/// The log without the speeds, which no two runs share.
fn log(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let mut entry: Value = serde_json::from_str(line).unwrap();
            entry.as_object_mut().unwrap().remove("samples_per_s");
            entry
        })
        .collect()
}

fn refusal(mut command: Command) -> String {
    let output = command.assert().failure().get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

fn wait_for_lines(run: &Path, lines: usize, child: &mut Child) {
    let start = Instant::now();
    loop {
        let text = std::fs::read_to_string(run.join("log.jsonl")).unwrap_or_default();
        if text.lines().count() >= lines {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended early");
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no step in a minute"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_run_leaves_its_recipe_log_checkpoints_and_model() {
    let shop = Workshop::new();
    shop.train("tiny.toml", "run", &[]).assert().success();
    let run = shop.path("run");

    let log = log(&run);
    let steps: Vec<u64> = log
        .iter()
        .filter(|entry| entry.get("loss").is_some())
        .map(|entry| entry["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, (1..=12).collect::<Vec<_>>());
    let evaluations: Vec<&Value> = log
        .iter()
        .filter(|entry| entry.get("evaluation").is_some())
        .collect();
    assert_eq!(evaluations.len(), 2, "at step 6 and at the end");
    assert_eq!(evaluations[1]["step"], 12);
    let scores = evaluations[1]["evaluation"].as_array().unwrap();
    assert!(
        scores
            .iter()
            .any(|score| score["set"] == "tableau/swap_attribute")
    );
    for score in scores {
        assert!(score["n"].as_u64().unwrap() > 0, "{score}");
        let main = &score["metrics"][0];
        assert!(
            (-1.0..=1.0).contains(&main["value"].as_f64().unwrap()),
            "{score}"
        );
    }
    assert_eq!(log[0]["terms"]["contrastive"], log[0]["loss"]);

    let mut checkpoints: Vec<String> = std::fs::read_dir(run.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    checkpoints.sort();
    assert_eq!(
        checkpoints,
        ["step_00000008.safetensors", "step_00000012.safetensors"]
    );
    for file in [
        "recipe.toml",
        "model/config.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "model/tokenizer_config.json",
        "model/preprocessor_config.json",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
}

#[test]
fn a_stopped_and_a_killed_run_go_on_bit_by_bit() {
    let shop = Workshop::new();
    shop.recipe("long.toml", ("steps = 12", "steps = 60"));
    shop.train("long.toml", "through", &[]).assert().success();

    // Stopped at a step between two checkpoints and not at an evaluation.
    let rest = ["--steps", "7"];
    shop.train("long.toml", "parts", &rest).assert().success();
    // Killed without warning, most likely between two checkpoints again.
    let mut child = shop
        .train("long.toml", "parts", &["--resume"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_lines(&shop.path("parts"), 20, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    shop.train("long.toml", "parts", &["--resume"])
        .assert()
        .success();

    let through = log(&shop.path("through"));
    // The first part ended at step 7 with an evaluation of its own.
    let parts: Vec<Value> = log(&shop.path("parts"))
        .into_iter()
        .filter(|entry| entry.get("loss").is_some() || entry["step"] != 7)
        .collect();
    assert_eq!(parts, through);
    let model = |run: &str| std::fs::read(shop.path(run).join("model/model.safetensors")).unwrap();
    assert!(model("parts") == model("through"), "the models differ");
}

#[test]
fn fine_tuning_goes_on_from_a_model_and_resumes_bit_by_bit() {
    let shop = Workshop::new();
    let rest = ["--steps", "2"];
    shop.train("tiny.toml", "run", &rest).assert().success();
    shop.train("fine_tuning.toml", "through", &[])
        .assert()
        .success();
    for until in ["3", "5"] {
        let mut rest = vec!["--steps", until, "--threads", until];
        if until != "3" {
            rest.push("--resume");
        }
        shop.train("fine_tuning.toml", "parts", &rest)
            .assert()
            .success();
    }
    shop.train("fine_tuning.toml", "parts", &["--resume"])
        .assert()
        .success();

    let through = log(&shop.path("through"));
    let steps = |log: &[Value]| -> Vec<Value> {
        let steps = log.iter().filter(|entry| entry.get("loss").is_some());
        steps.cloned().collect()
    };
    // Where the parts ended they were evaluated once more.
    assert_eq!(steps(&log(&shop.path("parts"))), steps(&through));
    let terms = through[0]["terms"].as_object().unwrap();
    let names: Vec<&str> = terms.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "contrastive",
            "distillation",
            "hard_positives",
            "per_image",
            "radial"
        ]
    );
    let file = |run: &str, model: &str| {
        std::fs::read(shop.path(run).join(model).join("model.safetensors")).unwrap()
    };
    assert!(file("parts", "model") == file("through", "model"));

    let best = std::fs::read_to_string(shop.path("through/best.json")).unwrap();
    let best: Value = serde_json::from_str(&best).unwrap();
    let of_step = |entry: &&Value| entry["step"] == best["step"] && entry["evaluation"].is_array();
    let evaluated = through.iter().find(of_step).unwrap();
    let sets = evaluated["evaluation"].as_array().unwrap();
    let values = sets
        .iter()
        .map(|set| set["metrics"][0]["value"].as_f64().unwrap());
    let mean = values.sum::<f64>() / sets.len() as f64;
    assert!((mean - best["value"].as_f64().unwrap()).abs() < 1e-12);
    assert!(shop.path("through/best/model.safetensors").is_file());

    // Another model in the place of the start is noticed.
    let start = shop.path("run/model/model.safetensors");
    std::fs::copy(shop.path("through/model/model.safetensors"), start).unwrap();
    let said = refusal(shop.train("fine_tuning.toml", "parts", &["--resume"]));
    assert!(said.contains("another checkpoint"), "{said}");
}

#[test]
fn what_a_recipe_asks_for_is_looked_at_before_anything_is_written() {
    let shop = Workshop::new();
    let said = refusal(shop.train("fine_tuning.toml", "other", &[]));
    assert!(said.contains("cannot start from run/model"), "{said}");
    shop.recipe(
        "sets.toml",
        ("probes = 10", "probes = 10\nsets = [\"winoground\"]"),
    );
    let said = refusal(shop.train("sets.toml", "other", &[]));
    assert!(said.contains("evaluation cannot ask winoground"), "{said}");
    assert!(!shop.path("other").exists());
}

#[cfg(unix)]
fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Reads a run's standard error until a line has `what`; the rest is read and dropped.
fn wait_for_word(child: &mut Child, what: &str) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let found = lines.any(|line| line.unwrap().contains(what));
    assert!(found, "the run ended without saying {what}");
    std::thread::spawn(move || lines.for_each(drop));
}

#[cfg(unix)]
#[test]
fn a_signal_saves_and_ends() {
    let shop = Workshop::new();
    shop.recipe("long.toml", ("steps = 12", "steps = 1000000"));
    for signal in ["INT", "TERM", "HUP"] {
        if signal == "HUP" && hang_up_is_ignored() {
            eprintln!("SKIPPED: SIGHUP is ignored here (nohup), and a run then ignores it, too");
            continue;
        }
        let mut child = shop.train("long.toml", signal, &[]).spawn().unwrap();
        wait_for_lines(&shop.path(signal), 3, &mut child);
        send(&format!("-{signal}"), &child);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}: {said}");

        let last = log(&shop.path(signal)).last().unwrap()["step"]
            .as_u64()
            .unwrap();
        assert!(
            said.contains(&format!("Stopped after step {last}")),
            "{said}"
        );
        let saved = format!("checkpoints/step_{last:08}.safetensors");
        assert!(shop.path(signal).join(saved).is_file());
    }
}

/// Whether this process, and so what it starts, ignores SIGHUP: the first bit of the mask.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

fn evaluations(log: &[Value]) -> Vec<Value> {
    let entries = log.iter().filter(|entry| entry.get("evaluation").is_some());
    entries.cloned().collect()
}

#[test]
fn an_evaluation_that_a_kill_ended_is_made_up_for() {
    let shop = Workshop::new();
    shop.recipe(
        "best.toml",
        (
            "probes = 10\n\n[checkpoint]\nevery = 4",
            "probes = 10\nbest = { set = \"tableau\" }\n\n[checkpoint]\nevery = 6",
        ),
    );
    shop.train("best.toml", "through", &[]).assert().success();
    let mut child = shop.train("best.toml", "parts", &[]).spawn().unwrap();
    wait_for_word(&mut child, "step 6: evaluating");
    child.kill().unwrap();
    child.wait().unwrap();
    // What the kill might have left half written, too.
    std::fs::write(shop.path("parts/checkpoints/.tmpAb3xYz"), "half").unwrap();
    shop.train("best.toml", "parts", &["--resume"])
        .assert()
        .success();

    assert_eq!(log(&shop.path("parts")), log(&shop.path("through")));
    for file in ["best.json", "best/best.json", "best/model.safetensors"] {
        let [parts, through] =
            ["parts", "through"].map(|run| std::fs::read(shop.path(run).join(file)).unwrap());
        assert!(parts == through, "{file} differs");
    }
    assert!(!shop.path("parts/checkpoints/.tmpAb3xYz").exists());
    assert!(!shop.path("parts/.model.new").exists());

    // A finished run has nothing left to do.
    shop.train("best.toml", "parts", &["--resume"])
        .assert()
        .success();
    assert_eq!(log(&shop.path("parts")), log(&shop.path("through")));
}

#[cfg(unix)]
#[test]
fn an_interrupt_during_an_evaluation_is_answered_and_the_evaluation_owed() {
    let shop = Workshop::new();
    // Longer than anything that answers at once.
    shop.recipe(
        "slow.toml",
        ("probes = 10", "probes = 5000\nsets = [\"tableau/noun\"]"),
    );
    let mut child = shop.train("slow.toml", "run", &[]).spawn().unwrap();
    wait_for_word(&mut child, "step 6: evaluating");
    send("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(evaluations(&log(&shop.path("run"))).is_empty());
    assert!(
        shop.path("run/checkpoints/step_00000006.safetensors")
            .is_file()
    );
    shop.train("slow.toml", "run", &["--resume", "--steps", "7"])
        .assert()
        .success();
    let steps: Vec<Value> = evaluations(&log(&shop.path("run")))
        .iter()
        .map(|entry| entry["step"].clone())
        .collect();
    assert_eq!(steps, [6, 7]);
}

#[test]
fn a_model_directory_holds_one_model() {
    let shop = Workshop::new();
    shop.train("tiny.toml", "run", &["--steps", "2"])
        .assert()
        .success();
    let open_clip = shop.path("run/model/open_clip_model.safetensors");
    assert!(open_clip.is_file());
    std::fs::write(shop.path("run/model/README.md"), "mine").unwrap();
    let mut child = shop
        .train("tiny.toml", "run", &["--resume"])
        .spawn()
        .unwrap();
    wait_for_word(&mut child, "step 6: evaluating");
    // The model of step 6 is written; OpenCLIP's of step 2 is gone with the other.
    child.kill().unwrap();
    child.wait().unwrap();
    let was_too_late = log(&shop.path("run")).last().unwrap()["step"] == 12;
    assert!(was_too_late || !open_clip.exists());
    shop.train("tiny.toml", "run", &["--resume"])
        .assert()
        .success();
    assert!(open_clip.is_file());
    let mine = std::fs::read_to_string(shop.path("run/model/README.md")).unwrap();
    assert_eq!(mine, "mine");
}

#[test]
fn of_two_runs_that_begin_together_one_is_refused() {
    let shop = Workshop::new();
    let runs: Vec<Child> = (0..2)
        .map(|_| shop.train("tiny.toml", "run", &[]).spawn().unwrap())
        .collect();
    let outputs: Vec<_> = runs
        .into_iter()
        .map(|run| run.wait_with_output().unwrap())
        .collect();
    let refused: Vec<&std::process::Output> = outputs
        .iter()
        .filter(|output| !output.status.success())
        .collect();
    assert_eq!(refused.len(), 1);
    let said = String::from_utf8_lossy(&refused[0].stderr);
    assert!(
        said.contains("another process is training") || said.contains("holds a run already"),
        "{said}"
    );
    let log = log(&shop.path("run"));
    let steps = log.iter().filter(|entry| entry.get("loss").is_some());
    assert_eq!((steps.count(), evaluations(&log).len()), (12, 2));
}

#[test]
fn commented_recipes_are_printed() {
    let shop = Workshop::new();
    for data in ["table", "webdataset", "tableau", "chains"] {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("cliprobe"));
        let output = command.args(["train", "--init", data]).output().unwrap();
        assert!(output.status.success());
        let recipe = String::from_utf8(output.stdout).unwrap();
        recipe.parse::<toml::Table>().unwrap();
    }
    std::fs::write(shop.path("empty.toml"), "seed = 1").unwrap();
    let said = refusal(shop.train("empty.toml", "run", &[]));
    for missing in [
        "steps: ",
        "start = ",
        "batch: ",
        "data: ",
        "objective: ",
        "--init",
    ] {
        assert!(said.contains(missing), "{missing}: {said}");
    }
}

#[test]
fn a_directory_holds_one_run() {
    let shop = Workshop::new();
    let rest = ["--steps", "2"];
    shop.train("tiny.toml", "run", &rest).assert().success();
    let before = log(&shop.path("run"));

    let said = refusal(shop.train("tiny.toml", "run", &[]));
    assert!(said.contains("--resume"), "{said}");
    shop.recipe("other.toml", ("seed = 7", "seed = 8"));
    let said = refusal(shop.train("other.toml", "run", &["--resume"]));
    assert!(said.contains("the recipe differs"), "{said}");
    let said = refusal(shop.train("tiny.toml", "empty", &["--resume"]));
    assert!(said.contains("no run to resume"), "{said}");
    assert_eq!(log(&shop.path("run")), before);
}

#[test]
fn two_processes_do_not_train_in_one_directory() {
    let shop = Workshop::new();
    shop.recipe("long.toml", ("steps = 12", "steps = 1000000"));
    let mut first = shop
        .train("long.toml", "run", &[])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_lines(&shop.path("run"), 1, &mut first);
    let said = refusal(shop.train("long.toml", "run", &["--resume"]));
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(said.contains("another process is training"), "{said}");
}

#[test]
fn a_wrong_recipe_is_refused_before_anything_is_written() {
    let shop = Workshop::new();
    shop.recipe("wrong.toml", ("learning_rate", "learning_rat"));
    let said = refusal(shop.train("wrong.toml", "run", &[]));
    assert!(said.contains("did you mean `learning_rate`?"), "{said}");
    assert!(said.contains("wrong.toml"), "{said}");
    assert!(!shop.path("run").exists());
}
