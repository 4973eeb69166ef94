//! `cliprobe serve` as a browser meets it: started on a free port, asked over a plain socket.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

const WASM: &[u8] = b"\0asm\x01\0\0\0 and some more";

/// A page with a file of each kind, a folder without an index, and a file outside that stays secret.
fn page() -> TempDir {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("dist");
    fs::create_dir_all(root.join("assets")).unwrap();
    fs::create_dir_all(root.join("models")).unwrap();
    fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    fs::write(
        root.join("index.html"),
        "<!doctype html><title>page</title>",
    )
    .unwrap();
    fs::write(root.join("assets/module.wasm"), WASM).unwrap();
    fs::write(root.join("assets/worker.js"), "export {};").unwrap();
    fs::write(root.join("models/models.json"), "[]").unwrap();
    fs::write(root.join("models/default.gguf"), "GGUF of the page").unwrap();
    outside
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(root: &Path, more: &[&str]) -> Self {
        let mut process = command(root, more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("http://")
            .and_then(|url| url.strip_suffix('/'));
        let address = address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        Self { process, address }
    }

    fn get(&self, path: &str) -> Response {
        self.request("GET", path, "")
    }

    fn request(&self, method: &str, path: &str, headers: &str) -> Response {
        self.request_as(&self.address, method, path, headers)
    }

    /// Sends the path as it is: a client library would tidy `..` away.
    fn request_as(&self, host: &str, method: &str, path: &str, headers: &str) -> Response {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Response::parse(&bytes)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended by itself
        let _ = self.process.wait();
    }
}

fn command(root: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cliprobe"));
    command
        .arg("serve")
        .arg("--root")
        .arg(root)
        .args(["--port", "0"])
        .args(more);
    command
}

struct Response {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[test]
fn every_response_isolates_the_page_and_only_hashed_names_are_kept_for_good() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    let for_good = "public, max-age=31536000, immutable";
    for (path, kept) in [
        ("/", "no-cache"),
        ("/assets/module.wasm", for_good),
        ("/assets/nothing-here.js", "no-cache"),
        ("/models/models.json", "no-cache"),
        ("/nothing-here", "no-cache"),
    ] {
        let response = server.get(path);
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", kept),
        ] {
            assert_eq!(response.header(name), value, "{name} of {path}");
        }
        let policy = response.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
}

#[test]
fn the_embedded_probe_alone_can_be_framed_and_by_this_machine_alone() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    let policy = |path: &str| {
        server
            .get(path)
            .header("content-security-policy")
            .to_owned()
    };
    let embedded = policy("/?embed");
    assert!(
        embedded.ends_with("frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"),
        "{embedded}"
    );
    assert!(!embedded.contains("'none' http"), "{embedded}");
    for path in ["/", "/?embedded", "/?x&embed"] {
        assert!(policy(path).ends_with("frame-ancestors 'none'"), "{path}");
    }
}

#[test]
fn files_arrive_whole_with_their_type() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    for (path, mime, body) in [
        ("/", "text/html", &b"<!doctype html><title>page</title>"[..]),
        (
            "/index.html?query",
            "text/html",
            b"<!doctype html><title>page</title>",
        ),
        ("/assets/module.wasm", "application/wasm", WASM),
        ("/assets/worker.js", "text/javascript", b"export {};"),
        ("/models/models.json", "application/json", b"[]"),
        (
            "/models/default.gguf",
            "application/octet-stream",
            b"GGUF of the page",
        ),
    ] {
        let response = server.get(path);
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("content-type"), mime, "{path}");
        assert_eq!(response.body, body, "{path}");
    }
    let head = server.request("HEAD", "/assets/module.wasm", "");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, &*WASM.len().to_string())
    );
    assert!(head.body.is_empty());
}

#[test]
fn a_range_is_answered_with_that_part() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    let part = server.request("GET", "/assets/module.wasm", "Range: bytes=4-7\r\n");
    assert_eq!(part.status, 206);
    assert_eq!(
        part.header("content-range"),
        format!("bytes 4-7/{}", WASM.len())
    );
    assert_eq!(part.body, WASM[4..8]);
    let beyond = server.request("GET", "/assets/module.wasm", "Range: bytes=900-\r\n");
    assert_eq!(beyond.status, 416);
}

#[test]
fn what_is_not_there_is_plainly_not_found_and_no_folder_is_listed() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    for path in [
        "/nothing-here",
        "/assets/",
        "/models/",
        "/models/other.gguf",
    ] {
        let response = server.get(path);
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(
            response.header("content-type"),
            "text/plain; charset=utf-8",
            "{path}"
        );
        assert_eq!(response.body, b"not found\n", "{path}");
    }
    assert_eq!(
        server
            .request("POST", "/index.html", "Content-Length: 0\r\n")
            .status,
        405
    );
}

#[test]
fn nothing_outside_the_folder_can_be_reached() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//../secret.txt",
    ] {
        let response = server.get(path);
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.body, b"not found\n", "{path}");
    }
    let absolute = page.path().join("secret.txt");
    assert_eq!(server.get(&format!("/{}", absolute.display())).status, 404);
}

#[test]
fn only_this_machines_own_names_are_answered() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    let port = server.address.rsplit(':').next().unwrap();
    for own in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
        for host in [own.to_owned(), format!("{own}:{port}"), format!("{own}:9")] {
            let response = server.request_as(&host, "GET", "/", "");
            assert_eq!(response.status, 200, "{host}");
        }
    }
    // A foreign name may lead to this address too.
    for host in [
        format!("attacker.example:{port}"),
        "localhost.attacker.example".to_owned(),
        "127.0.0.1.attacker.example".to_owned(),
        "localhost@attacker.example".to_owned(),
        "192.168.0.7".to_owned(),
        String::new(),
    ] {
        for path in ["/", "/models/default.gguf"] {
            let response = server.request_as(&host, "GET", path, "");
            assert_eq!(response.status, 421, "{host} {path}");
            assert!(!response.body.starts_with(b"GGUF"), "{host}");
        }
    }
    let absolute = server.get("http://attacker.example/models/default.gguf");
    assert_eq!(absolute.status, 421);
}

#[test]
fn what_is_too_long_for_the_system_is_not_found() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    for length in [256, 5_000, 60_000] {
        let long = "a".repeat(length);
        for path in [
            format!("/{long}"),
            format!("/assets/{}", "b/".repeat(length / 2)),
        ] {
            assert_eq!(server.get(&path).status, 404, "{length}");
        }
    }
    let status = server.get(&format!("/{}", "a".repeat(70_000))).status;
    assert!(status == 414 || status == 431, "{status}");
}

#[test]
fn hidden_files_are_not_served() {
    let page = page();
    let root = page.path().join("dist");
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(root.join(".env"), "secret").unwrap();
    fs::write(root.join(".git/config"), "secret").unwrap();
    fs::write(root.join("assets/.map"), "secret").unwrap();
    let server = Server::start(&root, &[]);
    for path in ["/.env", "/%2eenv", "/.git/config", "/assets/.map"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
#[cfg(unix)]
fn links_lead_nowhere_outside_the_folder() {
    use std::os::unix::fs::symlink;
    let page = page();
    let root = page.path().join("dist");
    symlink(page.path().join("secret.txt"), root.join("link.txt")).unwrap();
    symlink(page.path(), root.join("out")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink(root.join("index.html"), root.join("inside.html")).unwrap();
    // The folder itself may be named by a link.
    let linked = page.path().join("linked");
    symlink(&root, &linked).unwrap();
    for root in [&root, &linked] {
        let server = Server::start(root, &[]);
        for path in ["/link.txt", "/out/secret.txt", "/out/", "/loop"] {
            let response = server.get(path);
            assert_eq!(response.status, 404, "{path}");
            assert_eq!(response.body, b"not found\n", "{path}");
        }
        assert_eq!(server.get("/inside.html").status, 200);
    }
}

#[test]
#[cfg(unix)]
fn a_named_pipe_holds_nobody_up() {
    let page = page();
    let root = page.path().join("dist");
    let made = Command::new("mkfifo").arg(root.join("pipe")).status();
    assert!(made.unwrap().success());
    let server = Server::start(&root, &[]);
    assert_eq!(server.get("/pipe").status, 404);
    assert_eq!(server.request("HEAD", "/pipe", "").status, 404);
}

#[test]
fn a_part_is_sent_only_of_the_file_that_the_client_knows() {
    let page = page();
    let server = Server::start(&page.path().join("dist"), &[]);
    let whole = server.get("/assets/module.wasm");
    let (tag, date) = (whole.header("etag"), whole.header("last-modified"));
    assert!(!tag.is_empty() && !date.is_empty());
    let part = |condition: &str| {
        let headers = format!("Range: bytes=4-7\r\nIf-Range: {condition}\r\n");
        server.request("GET", "/assets/module.wasm", &headers)
    };
    for same in [tag, date] {
        let response = part(same);
        assert_eq!((response.status, &*response.body), (206, &WASM[4..8]));
    }
    for other in [
        "\"another\"",
        &format!("W/{tag}"),
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        let response = part(other);
        assert_eq!((response.status, &*response.body), (200, WASM), "{other}");
    }
}

#[test]
fn a_model_of_ones_own_takes_the_default_models_place() {
    let page = page();
    let model = page.path().join("mine.gguf");
    fs::write(&model, "GGUF of mine").unwrap();
    let server = Server::start(
        &page.path().join("dist"),
        &["--model", model.to_str().unwrap()],
    );
    assert_eq!(server.get("/models/default.gguf").body, b"GGUF of mine");
    let list: serde_json::Value =
        serde_json::from_slice(&server.get("/models/models.json").body).unwrap();
    assert_eq!(
        list,
        serde_json::json!([{
            "name": "mine",
            "file": "default.gguf",
            "bytes": 12,
            // printf 'GGUF of mine' | sha256sum
            "sha256": "56dde09e903a1011a63f09015238583a10bcd75f435448574249a4ab6243b080",
        }])
    );
}

/// Runs a command that should fail at once; returns what it says on standard error.
fn failure(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(
        output.stdout.is_empty(),
        "no address where nothing is served"
    );
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_mistake_gets_a_sentence_that_says_what_to_do() {
    let page = page();
    let root = page.path().join("dist");

    let said = failure(command(&page.path().join("nowhere"), &[]));
    assert!(
        said.contains("cargo xtask build") && said.contains("--root"),
        "{said}"
    );

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_cliprobe"));
    serve
        .arg("serve")
        .arg("--root")
        .arg(&root)
        .args(["--port", &port]);
    let said = failure(serve);
    assert!(said.contains(&port) && said.contains("--port 0"), "{said}");

    let said = failure(command(&root, &["--model", "no-such.gguf"]));
    assert!(said.contains("no-such.gguf"), "{said}");

    let not_gguf = root.join("index.html");
    let said = failure(command(&root, &["--model", not_gguf.to_str().unwrap()]));
    assert!(said.contains("is not a GGUF file"), "{said}");
}
