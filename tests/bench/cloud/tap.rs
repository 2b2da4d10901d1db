//! A way to AWS that notes which calls were made, and when.

use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How a request names its operation.
const TARGET: &[u8] = b"x-amz-target: ";

/// What an answer holds that brings a job.
const JOB: &[u8] = b"ReceiptHandle";

/// A call that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// It brought a job.
    pub(crate) job: bool,
}

/// A proxy in front of a server on this machine.
#[derive(Debug)]
pub(crate) struct Tap {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Tap {
    /// Opens one; it serves until the runtime ends.
    pub(crate) async fn to(url: &str) -> Self {
        let server = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let noted = calls.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                caller.set_nodelay(true).unwrap();
                tokio::spawn(pass(caller, server.clone(), noted.clone()));
            }
        });
        Self { url, calls }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the calls that began since then, in the order of their answers.
    pub(crate) fn since(&self, then: Instant) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.ended >= then).cloned().collect()
    }
}

/// What was asked for last on a connection: one at a time is under way there.
type Asked = Mutex<Option<(String, Instant)>>;

async fn pass(caller: TcpStream, server: String, calls: Arc<Mutex<Vec<Call>>>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    server.set_nodelay(true).unwrap();
    let ((mut from, mut back), (mut answers, mut to)) = (caller.into_split(), server.into_split());
    let asked = Asked::default();
    let there = copy(&mut from, &mut to, |bytes| {
        if let Some(operation) = operation(bytes) {
            *asked.lock().unwrap() = Some((operation, Instant::now()));
        }
    });
    let back = copy(&mut answers, &mut back, |bytes| {
        let (mut calls, job) = (calls.lock().unwrap(), holds(bytes, JOB));
        match asked.lock().unwrap().take() {
            Some((operation, began)) => {
                calls.push(Call { operation, began, ended: Instant::now(), job });
            }
            // The rest of an answer.
            None if job => {
                let receive = |call: &&mut Call| call.operation == "ReceiveMessage";
                if let Some(call) = calls.iter_mut().rev().find(receive) {
                    call.job = true;
                }
            }
            None => {}
        }
    });
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    look: impl Fn(&[u8]),
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        look(&buffer[..count]);
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

fn operation(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(TARGET.len()).position(|it| it.eq_ignore_ascii_case(TARGET))?;
    let rest = &bytes[at + TARGET.len()..];
    let name = rest.split(|byte| *byte == b'\r').next()?;
    let name = String::from_utf8_lossy(name);
    Some(name.rsplit('.').next()?.to_owned())
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|it| it == word)
}
