//! One message per line, over a child's standard input and output.

use super::{Sink, Source, Transport};
use anyhow::Context;
use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout};

pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
}

impl Transport for Pipes {
    fn split(self: Box<Self>) -> (Box<dyn Source>, Box<dyn Sink>) {
        (Box::new(Reader(BufReader::new(self.stdout).lines())), Box::new(Writer(self.stdin)))
    }
}

struct Reader(Lines<BufReader<ChildStdout>>);

#[async_trait]
impl Source for Reader {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        self.0.next_line().await.context("read a line")
    }
}

struct Writer(ChildStdin);

#[async_trait]
impl Sink for Writer {
    async fn send(&mut self, mut message: String) -> anyhow::Result<()> {
        message.push('\n');
        self.0.write_all(message.as_bytes()).await.context("write a line")?;
        self.0.flush().await.context("flush a line")
    }
}
