//! How long it takes from the start of the process until `/health` answers.

use crate::stage::Stage;
use crate::{past, stats};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STARTS: usize = 15;

pub(crate) async fn run() {
    let mut times = vec![];
    for _ in 0..STARTS {
        let mut stage = past::stage().await;
        for key in ["POCO_FEISHU_APP_ID", "POCO_FEISHU_APP_SECRET"] {
            stage.unset(key);
        }
        times.push(start(&stage).await);
    }
    stats::tell("an empty home, no Feishu", times);
    let mut times = vec![];
    for _ in 0..STARTS {
        times.push(start(&past::stage().await).await);
    }
    stats::tell("an empty home, with Feishu", times);
    let (stage, group) = past::begun().await;
    again(&stage, "1 past task").await;
    let database = stage.home().join("poco.db");
    past::tasks(&database, 0..100_000);
    again(&stage, "100,000 past tasks").await;
    let chats: Vec<_> = (0..1_000).map(|n| format!("oc_past_{n}")).collect();
    past::projects(&database, &group, &chats);
    again(&stage, "100,000 past tasks and 1,000 chats").await;
}

async fn again(stage: &Stage, what: &str) {
    let mut times = vec![];
    for _ in 0..STARTS {
        times.push(start(stage).await);
    }
    stats::tell(what, times);
}

async fn start(stage: &Stage) -> Duration {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let began = Instant::now();
    let mut poco = stage
        .command(&["start", "--local", "--foreground", "--port", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while !answers(port).await {
        assert!(began.elapsed() < crate::stage::WITHIN, "PoCo does not answer");
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let took = began.elapsed();
    poco.kill().await.unwrap();
    took
}

async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return false;
    };
    let ask =
        format!("GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let asked = stream.write_all(ask.as_bytes()).await;
    asked.is_ok()
        && stream.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
