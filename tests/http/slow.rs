//! Clients that take their time, or too much room, are let go; the others are answered meanwhile.

use crate::kit::{Answer, PATIENCE, Poco, Request};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

fn begin(poco: &Poco, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(poco.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

#[test]
fn slow_clients_are_let_go() {
    let poco = Poco::start();
    let heads: Vec<_> =
        (0..50).map(|_| begin(&poco, b"GET /tasks HTTP/1.1\r\nhost: loc")).collect();
    let silent: Vec<_> = (0..50).map(|_| begin(&poco, b"")).collect();
    let head = "POST /demo/command HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let body = begin(&poco, head.as_bytes());
    assert_eq!(poco.get("/tasks")["next"], json!(null));
    Answer::read(body).refuses(408);
    for mut stream in heads.into_iter().chain(silent) {
        let mut answer = vec![];
        // Whether it hears why or only that it is over, the connection ends.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{answer:?}");
    }
}

#[test]
fn what_is_too_large_is_not_taken() {
    let mut poco = Poco::start();
    let text = "x".repeat(300 * 1024);
    poco.ask(&Request::post("/demo/command", &json!({ "text": text }))).refuses(413);
    poco.ask(&Request::raw("/demo/card-actions", vec![b' '; 3 * 1024 * 1024])).refuses(413);
    let many = (0..200).fold(Request::get("/tasks"), |it, n| it.header(&format!("x-{n}"), "y"));
    assert_eq!(poco.ask(&many).status, 431);
    let long = Request::get("/tasks").header("x-long", &"y".repeat(100 * 1024));
    let mut stream = begin(&poco, b"");
    // It may be gone before all of this is said.
    let _ = stream.write_all(format!("{long:?}").repeat(3).as_bytes());
    let _ = stream.read_to_end(&mut vec![]);
    // A prompt has a limit of its own, which is told.
    let answer = poco.say(&format!("/run {}", "x".repeat(30 * 1024)));
    assert!(answer["response_text"].as_str().unwrap().contains("24 KB"), "{answer}");
    assert!(poco.is_alive());
}
