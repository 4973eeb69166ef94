//! `cliprobe serve`: the page on this machine, with the headers that a static host would send.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use crate::page_model;
use anyhow::{Context, Result, bail, ensure};
use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use clap::Args;
use tokio::net::TcpListener;
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

/// Sent with every response.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    // These two isolate the page, which browsers ask for before they share memory between threads.
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
    // No other site may read a person's model from this address.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// Kept, but asked about each time: a rebuilt page or another model shows at once.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Of files whose names carry a hash of their content. The browser also keeps the compiled module.
const NEVER_CHANGES: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Serve the page to a browser on this machine
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Folder of the built page
    #[arg(long, value_name = "DIR", default_value = "dist")]
    root: PathBuf,
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// GGUF file that the page offers instead of its own models
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Serves until Ctrl-C. Prints the page's address once it answers there.
///
/// # Errors
/// When there is no page in the folder, the model cannot be read, or the port is taken.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    let app = app(&args.root, args.model.as_deref())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = bind(args.port).await?;
        announce(listener.local_addr()?)?;
        tokio::select! {
            served = axum::serve(listener, app) => served.context("the server stopped"),
            // Ends downloads too: a browser would otherwise hold the command open.
            interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C"),
        }
    })
}

fn app(root: &Path, model: Option<&Path>) -> Result<Router> {
    ensure!(
        root.join("index.html").is_file(),
        "there is no page in {}: build it with `cargo xtask build`, or name its folder with --root",
        root.display()
    );
    let mut app = Router::new();
    if let Some(model) = model {
        let name = model.file_stem().unwrap_or_default().to_string_lossy();
        let entry = page_model::describe(model, &name, page_model::DEFAULT)?;
        let list = serde_json::to_string(&[entry])?;
        let json = [(header::CONTENT_TYPE, "application/json")];
        app = app
            .route("/models/models.json", get(async move || (json, list)))
            .route_service("/models/default.gguf", ServeFile::new(model));
    }
    // A folder without an index.html is "not found": nothing is ever listed.
    let folder = |path: &Path| ServeDir::new(path).fallback(get(not_found));
    let assets = Router::new()
        .fallback_service(folder(&root.join("assets")))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            |response: &Response| response.status().is_success().then_some(NEVER_CHANGES),
        ));
    app = app
        .nest("/assets", assets)
        .fallback_service(folder(root))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            ASK_AGAIN,
        ));
    for (name, value) in HEADERS {
        app = app.layer(SetResponseHeaderLayer::overriding(name, value));
    }
    Ok(app)
}

async fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, "not found\n")
}

/// Listens for this machine alone.
async fn bind(port: u16) -> Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!("port {port} is in use: choose another with --port, or --port 0 for any free one")
        }
        bound => bound.with_context(|| format!("cannot listen on port {port}")),
    }
}

/// The one line on standard output, for a person and for whatever started the command.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "http://{address}/")?;
    out.flush()
}
