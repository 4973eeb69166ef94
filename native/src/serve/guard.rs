//! Checks that every request passes before a file is looked for.

use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, ETAG, HOST, IF_RANGE, LAST_MODIFIED, RANGE};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Answers only who asks for this machine by one of its own names. A foreign page could otherwise let its
/// own name lead here (DNS rebinding) and read a person's model as if it were its own file.
pub(super) async fn refuse_foreign_hosts(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST);
    let host: Option<Authority> = host.and_then(|host| host.to_str().ok()?.parse().ok());
    let by_header = host.as_ref().is_some_and(is_this_machine);
    let by_address = request.uri().authority().is_none_or(is_this_machine);
    if by_header && by_address {
        next.run(request).await
    } else {
        let why = "this server answers at http://127.0.0.1 and http://localhost only\n";
        (StatusCode::MISDIRECTED_REQUEST, why).into_response()
    }
}

/// With any port: a tunnel leads here from another.
fn is_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(host))
}

/// Lets pages of this machine frame `?embed`, the probe that is made for it; nothing else is framed.
pub(super) async fn let_local_pages_embed(request: Request, next: Next) -> Response {
    let is_embedded = request.uri().query() == Some("embed");
    let mut response = next.run(request).await;
    let policy = response.headers().get(CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|policy| policy.to_str().ok());
    if let (true, Some(policy)) = (is_embedded, policy) {
        let open = policy.replace(
            "frame-ancestors 'none'",
            "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*",
        );
        if let Ok(open) = HeaderValue::from_str(&open) {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, open);
        }
    }
    response
}

/// Keeps `If-Range` (RFC 9110, 13.1.5), which tower-http passes by: a part is sent only of the file that
/// the client has the rest of, else the whole file.
pub(super) async fn keep_if_range(mut request: Request, next: Next) -> Response {
    let condition = request.headers_mut().remove(IF_RANGE);
    if let (Some(condition), true) = (condition, request.headers().contains_key(RANGE)) {
        let mut question = Request::default();
        *question.method_mut() = Method::HEAD;
        *question.uri_mut() = request.uri().clone();
        let current = next.clone().run(question).await;
        let is_current = [ETAG, LAST_MODIFIED]
            .iter()
            .any(|name| current.headers().get(name) == Some(&condition));
        if !is_current {
            request.headers_mut().remove(RANGE);
        }
    }
    next.run(request).await
}
