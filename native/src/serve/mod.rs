//! `cliprobe serve`: the page on this machine, with the headers that a static host would send.

mod folder;
mod guard;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use clap::Args;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{console, page_model};
use folder::Folder;

/// What the page may do, as vite.config.ts writes it into the page itself. As a header it also holds for
/// the page's worker, and it can forbid other sites to frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    connect-src 'self' https:; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// How long a client may take to send a request, or to send nothing between two.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Sent with every response.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
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
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    ),
    // The address holds what a person asks.
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

/// Kept, but asked about each time: a rebuilt page or another model shows at once.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The header of files whose names carry a hash of their content. The browser also keeps the compiled module.
const NEVER_CHANGES: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Serve the page to a browser on this machine
///
/// Runs until Ctrl-C, and answers requests to 127.0.0.1 and localhost only. Hidden files, and links that lead out of
/// the folder, are not served.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe serve --model my-clip.gguf")]
pub(crate) struct ServeArgs {
    /// Folder of the built page (`cargo xtask build` writes dist)
    #[arg(long, value_name = "DIR", default_value = "dist")]
    root: PathBuf,
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// GGUF file that the page offers in place of its own models
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Serves until Ctrl-C. Prints the page's address once it answers there.
///
/// # Errors
/// When there is no page in the folder, the model cannot be read, or the port is taken.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    let app = app(&args.root, args.model.as_deref())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(async {
        let listener = bind(args.port).await?;
        announce(listener.local_addr()?)?;
        tokio::select! {
            () = answer(listener, app, REQUEST_TIMEOUT) => Ok(()),
            // Ends downloads too: a browser would otherwise hold the command open.
            interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C"),
        }
    });
    runtime.shutdown_background(); // waits for no slow disk
    result
}

/// Answers for ever. A client that begins a request and does not end it in time is cut off.
async fn answer(mut listener: TcpListener, app: Router, timeout: Duration) {
    loop {
        let (stream, _) = Listener::accept(&mut listener).await; // tries again where it fails
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(timeout)
                .serve_connection(TokioIo::new(stream), service);
            drop(connection.await); // a client that goes away is nobody's error
        });
    }
}

fn app(root: &Path, model: Option<&Path>) -> Result<Router> {
    ensure!(
        root.join("index.html").is_file(),
        "there is no page in {}: build it with `cargo xtask build`, or name its folder with --root",
        root.display()
    );
    let files = Folder::new(root).with_context(|| root.display().to_string())?;
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
    let folder = |path: &Path| ServeDir::with_backend(path, files.clone()).fallback(get(not_found));
    let assets = Router::new()
        .fallback_service(folder(&files.root().join("assets")))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            |response: &Response| response.status().is_success().then_some(NEVER_CHANGES),
        ));
    app = app
        .nest("/assets", assets)
        .fallback_service(folder(files.root()))
        .layer(from_fn(guard::keep_if_range))
        .layer(from_fn(guard::refuse_foreign_hosts))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            ASK_AGAIN,
        ));
    for (name, value) in HEADERS {
        app = app.layer(SetResponseHeaderLayer::overriding(name, value));
    }
    Ok(app.layer(from_fn(guard::let_local_pages_embed)))
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
fn announce(address: SocketAddr) -> Result<()> {
    println!("http://{address}/");
    console::finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[test]
    fn the_header_allows_what_the_page_itself_says() {
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../vite.config.ts");
        let config = std::fs::read_to_string(config).unwrap();
        let (_, list) = config
            .split_once("const CONTENT_SECURITY_POLICY = [")
            .unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let directives: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(
            CONTENT_SECURITY_POLICY,
            format!("{}; frame-ancestors 'none'", directives.join("; "))
        );
    }

    #[tokio::test]
    async fn a_request_that_does_not_end_is_cut_off() {
        let listener = bind(0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let timeout = Duration::from_millis(50);
        let server = tokio::spawn(answer(listener, Router::new(), timeout));
        for begun in ["", "GET / HT"] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(begun.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            // Ends only when the server closes; an abrupt end is one too.
            drop(client.read_to_end(&mut rest).await);
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "{begun:?}");
        }
        server.abort();
    }
}
