//! Models of the Hugging Face hub by name, from a hub that this test plays.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assert_cmd::Command;
use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/tiny_a_quickgelu")
}

/// Files of the models `acme/tiny` and, without weights, `acme/none`.
fn files(model: &str) -> Option<Vec<String>> {
    let names = fs::read_dir(golden()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    match model {
        "tiny" => Some(names.collect()),
        "none" => Some(names.filter(|name| !name.contains("model.")).collect()),
        _ => None,
    }
}

async fn info(UrlPath((model, _revision)): UrlPath<(String, String)>) -> Response {
    let Some(names) = files(&model) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let siblings: Vec<_> = names
        .iter()
        .map(|name| json!({ "rfilename": name }))
        .collect();
    let listed = json!({ "sha": COMMIT, "siblings": siblings });
    listed.to_string().into_response()
}

/// As the hub answers for a file: with its commit and tag, in parts where they are asked for.
async fn file(
    State(asked): State<Arc<AtomicUsize>>,
    UrlPath((_model, _revision, name)): UrlPath<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    asked.fetch_add(1, Ordering::Relaxed);
    let bytes = fs::read(golden().join(&name)).unwrap();
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let (start, end) = match range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) {
        Some((start, end)) => {
            let start: usize = start.parse().unwrap();
            let end = end.parse().map_or(bytes.len(), |end: usize| end + 1);
            (start, end.min(bytes.len()))
        }
        None => (0, bytes.len()),
    };
    let said = [
        (HeaderName::from_static("x-repo-commit"), COMMIT.to_owned()),
        (header::ETAG, format!("\"{name}\"")),
        (
            header::CONTENT_RANGE,
            format!("bytes {start}-{}/{}", end - 1, bytes.len()),
        ),
    ];
    (
        StatusCode::PARTIAL_CONTENT,
        said,
        bytes[start..end].to_vec(),
    )
        .into_response()
}

/// A hub on this machine; gone when it is dropped.
struct Hub {
    endpoint: String,
    asked: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

impl Hub {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let routes = Router::new()
            .route("/api/models/acme/{model}/revision/{revision}", get(info))
            .route("/acme/{model}/resolve/{revision}/{name}", get(file))
            .with_state(Arc::clone(&asked));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            endpoint,
            asked,
            _runtime: runtime,
        }
    }
}

/// `cliprobe inspect NAME` with a hub and a folder of caches.
fn inspect(name: &str, endpoint: &str, home: &Path, offline: bool) -> Command {
    let mut command = Command::cargo_bin("cliprobe").unwrap();
    command
        .args(["inspect", name])
        .env("HF_ENDPOINT", endpoint)
        .env("HF_HOME", home)
        .env_remove("HF_HUB_CACHE")
        .env("HF_HUB_OFFLINE", if offline { "1" } else { "0" });
    command
}

fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_model_is_fetched_once_and_then_found_in_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let hub = Hub::start();
    let endpoint = hub.endpoint.clone();
    let fetched = inspect("acme/tiny", &endpoint, home.path(), false);
    let fetched = { fetched }.assert().success().get_output().stdout.clone();
    let snapshot = format!("hub/models--acme--tiny/snapshots/{COMMIT}/model.safetensors");
    let snapshot = fs::read(home.path().join(snapshot)).unwrap();
    assert!(snapshot == fs::read(golden().join("model.safetensors")).unwrap());
    assert!(hub.asked.load(Ordering::Relaxed) > 2);
    drop(hub);

    for offline in [false, true] {
        let again = inspect("hf-hub:acme/tiny", &endpoint, home.path(), offline);
        let again = { again }.assert().success().get_output().stdout.clone();
        assert_eq!(again, fetched);
    }
}

#[test]
fn what_cannot_be_had_is_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let hub = Hub::start();
    let said = |name, offline| refusal(inspect(name, &hub.endpoint, home.path(), offline));
    let unknown = said("acme/unknown", false);
    assert!(
        unknown.contains("acme/unknown is no path here") && unknown.contains("404"),
        "{unknown}"
    );
    let none = said("acme/none", false);
    assert!(
        none.contains("no CLIP") && none.contains("config.json"),
        "{none}"
    );
    let offline = said("acme/tiny", true);
    assert!(offline.contains("HF_HUB_OFFLINE"), "{offline}");
    assert_eq!(hub.asked.load(Ordering::Relaxed), 0);
    let path = said("./missing.gguf", false);
    assert!(!path.contains("Hugging Face hub"), "{path}");
}
