//! Who may use which routes. Closed by default: this machine, or whoever has the token.

use super::{Fail, Http};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use poco_io::secret::Secret;
use std::net::SocketAddr;

/// Headers that proxies add. Behind one, everybody seems to come from this machine.
const FORWARDED: [&str; 5] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Lets this machine in, and whoever has `POCO_HTTP_TOKEN`; never a web page.
pub(super) async fn visitors(
    State(http): State<Http>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let token = http.config.http.token.as_ref();
    match admit(token, peer, &request) {
        Ok(()) => next.run(request).await,
        Err(fail) => fail.into_response(),
    }
}

/// Lets in whoever can read the instance file.
pub(super) async fn operator(
    State(http): State<Http>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let known =
        peer.ip().to_canonical().is_loopback() && bears(&http.admin.token, request.headers());
    if known {
        return next.run(request).await;
    }
    Fail(StatusCode::UNAUTHORIZED, "This is for the `poco` command.".to_owned()).into_response()
}

fn admit(token: Option<&Secret>, peer: SocketAddr, request: &Request) -> Result<(), Fail> {
    let headers = request.headers();
    known(token, peer, headers)?;
    if request.method() == Method::POST && has_body(headers) && !is_json(headers) {
        return Err(Fail::wrong("Send JSON, with `Content-Type: application/json`."));
    }
    Ok(())
}

/// Says whether somebody may see what is told to visitors only.
pub(super) fn known(
    token: Option<&Secret>,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<(), Fail> {
    // A browser says where a page is from; no page has business here, whatever it knows.
    if from_page(headers) {
        return Err(Fail(StatusCode::UNAUTHORIZED, "Web pages may not use this.".to_owned()));
    }
    match token {
        Some(token) if bears(token, headers) => {}
        Some(_) => {
            let detail = "Send the token of POCO_HTTP_TOKEN as `Authorization: Bearer …`.";
            return Err(Fail(StatusCode::UNAUTHORIZED, detail.to_owned()));
        }
        None => local(peer, headers)?,
    }
    Ok(())
}

fn local(peer: SocketAddr, headers: &HeaderMap) -> Result<(), Fail> {
    // One that serves both kinds of addresses sees the old kind written as the new.
    let is_here = peer.ip().to_canonical().is_loopback();
    if !is_here || FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        let detail = "Only this machine may use this. Set POCO_HTTP_TOKEN to let others in.";
        return Err(Fail(StatusCode::UNAUTHORIZED, detail.to_owned()));
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !names_this_machine(host) {
        // A name somebody pointed at this machine: DNS rebinding.
        let detail = "Use this machine's own name: localhost, 127.0.0.1 or [::1].";
        return Err(Fail(StatusCode::UNAUTHORIZED, detail.to_owned()));
    }
    Ok(())
}

fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn from_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    let elsewhere = site.is_some_and(|site| site != b"none" && site != b"same-origin");
    elsewhere || headers.get_all(ORIGIN).iter().any(|it| !same_origin(it.as_bytes(), headers))
}

fn same_origin(origin: &[u8], headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map(|host| host.as_bytes()).unwrap_or_default();
    origin.strip_prefix(b"http://").is_some_and(|origin| origin == host)
}

fn bears(token: &Secret, headers: &HeaderMap) -> bool {
    let sent = headers.get(AUTHORIZATION).and_then(|sent| sent.to_str().ok());
    sent.and_then(|sent| sent.strip_prefix("Bearer ")).is_some_and(|sent| token.matches(sent))
}

/// An empty form says that it is one, too.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get("content-length").and_then(|length| length.to_str().ok());
    headers.contains_key("transfer-encoding")
        || headers.contains_key(CONTENT_TYPE)
        || length.is_some_and(|length| length != "0")
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(headers: &[(&str, &str)]) -> Request {
        let request = axum::http::Request::builder().method("POST").uri("/demo/command");
        let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
        request.body(Body::from("{}")).unwrap()
    }

    fn may(token: Option<&str>, peer: &str, headers: &[(&str, &str)]) -> bool {
        let token = token.map(Secret::new);
        admit(token.as_ref(), peer.parse().unwrap(), &asked(headers)).is_ok()
    }

    #[test]
    fn without_a_token_only_this_machine_gets_in() {
        let json = ("content-type", "application/json");
        let (home, away) = ("127.0.0.1:5", "192.0.2.1:5");
        assert!(may(None, home, &[("host", "localhost:8000"), json]));
        assert!(may(None, "[::1]:5", &[("host", "[::1]:8000"), json]));
        assert!(!may(None, away, &[("host", "localhost:8000"), json]));
        assert!(!may(None, home, &[("host", "evil.example:8000"), json]));
        assert!(!may(None, home, &[json]));
        assert!(may(None, "[::ffff:127.0.0.1]:5", &[("host", "localhost:8000"), json]));
        let proxied = ("x-forwarded-for", "192.0.2.1");
        assert!(!may(None, home, &[("host", "127.0.0.1:8000"), proxied, json]));
    }

    #[test]
    fn no_web_page_gets_in() {
        let host = ("host", "localhost:8000");
        let page = ("origin", "https://evil.example");
        assert!(!may(None, "127.0.0.1:5", &[host, page]));
        assert!(!may(None, "127.0.0.1:5", &[host, ("origin", "null")]));
        assert!(may(None, "127.0.0.1:5", &[host, ("origin", "http://localhost:8000")]));
        assert!(!may(None, "127.0.0.1:5", &[host, ("sec-fetch-site", "cross-site")]));
        let form = [host, ("content-length", "2"), ("content-type", "text/plain")];
        assert!(!may(None, "127.0.0.1:5", &form));
    }

    #[test]
    fn with_a_token_everybody_needs_it() {
        let sent = ("authorization", "Bearer correct-horse");
        assert!(may(Some("correct-horse"), "192.0.2.1:5", &[("host", "poco.example"), sent]));
        assert!(!may(Some("correct-horse"), "127.0.0.1:5", &[("host", "localhost")]));
        assert!(!may(Some("other"), "192.0.2.1:5", &[("host", "poco.example"), sent]));
    }
}
