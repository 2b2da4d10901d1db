//! The line to the server that can be cut: what was on its way may have been done or not.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How a receiver says for how long others must not have what it received, and the same in fewer
/// seconds: so that tests need not wait for what a killed process held.
const HIDDEN: [&[u8]; 2] = [br#""VisibilityTimeout":30"#, br#""VisibilityTimeout": 3"#];

/// How it says for how long it waits, and the same in fewer seconds: the emulator goes on waiting
/// for one that was killed, and hands it what comes.
const WAIT: [&[u8]; 2] = [br#""WaitTimeSeconds":20"#, br#""WaitTimeSeconds": 2"#];

/// What a receiver is told of how often others had a job: in a hurry that is not what it would be.
const RECEIVES: &[u8] = b"ApproximateReceiveCount";

/// A way to a server on this machine.
#[derive(Debug)]
pub struct Line {
    url: String,
    open: Arc<Mutex<JoinSet<()>>>,
}

impl Line {
    /// Opens one to a server; it serves until the runtime ends. `hurried` has jobs that were
    /// received and not heard of again come back after three seconds, not thirty.
    pub async fn to(url: &str, hurried: bool) -> Self {
        let server = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let open = Arc::<Mutex<JoinSet<()>>>::default();
        let calls = open.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let mut calls = calls.lock().unwrap();
                while calls.try_join_next().is_some() {}
                calls.spawn(pass(caller, server.clone(), hurried));
            }
        });
        Self { url, open }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts all connections there are; new ones can be made at once.
    pub fn cut(&self) {
        self.open.lock().unwrap().abort_all();
    }
}

async fn pass(caller: TcpStream, server: String, hurried: bool) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((mut from, mut back), (mut answers, mut to)) = (caller.into_split(), server.into_split());
    let there = copy(&mut from, &mut to, |bytes| {
        replace(bytes, WAIT);
        if hurried {
            replace(bytes, HIDDEN);
        }
    });
    let back = copy(&mut answers, &mut back, |bytes| {
        if hurried {
            count_anew(bytes);
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
    change: impl Fn(&mut [u8]),
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        change(&mut buffer[..count]);
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Makes every job look as if it had come for the first time.
fn count_anew(bytes: &mut [u8]) {
    let Some(at) = bytes.windows(RECEIVES.len()).position(|it| it == RECEIVES) else { return };
    let digits = bytes[at..].iter_mut().skip_while(|it| !it.is_ascii_digit());
    let mut digits: Vec<_> = digits.take_while(|it| it.is_ascii_digit()).collect();
    digits.iter_mut().for_each(|digit| **digit = b'0');
    if let Some(last) = digits.last_mut() {
        **last = b'1';
    }
}

/// Puts one text in the place of another, which is as long.
fn replace(bytes: &mut [u8], [old, new]: [&[u8]; 2]) {
    if let Some(at) = bytes.windows(old.len()).position(|it| it == old) {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
}
