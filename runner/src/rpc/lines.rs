//! One message per line, over a child's standard input and output.

use super::{Sink, Source, Transport};
use anyhow::{Context, ensure};
use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

/// The longest line that is read. A picture or a whole file may be in one.
const LINE_BYTES_MAX: usize = 32 << 20;

/// Reads lines of a bounded length.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn of(source: R) -> Self {
        Self { reader: BufReader::new(source), line: vec![] }
    }

    /// Returns the next line, or `None` at the end. Cancel safe.
    pub(crate) async fn next_line(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            let chunk = self.reader.fill_buf().await.context("read a line")?;
            if chunk.is_empty() && self.line.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let is_whole = end.is_some() || chunk.is_empty();
            let length = end.unwrap_or(chunk.len());
            let is_short = self.line.len() + length <= LINE_BYTES_MAX;
            ensure!(is_short, "a line is longer than {} MiB", LINE_BYTES_MAX >> 20);
            self.line.extend_from_slice(&chunk[..length]);
            self.reader.consume(length + usize::from(end.is_some()));
            if is_whole {
                let line = String::from_utf8(std::mem::take(&mut self.line));
                return line.map(Some).context("a line is no text");
            }
        }
    }
}

pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
}

impl Transport for Pipes {
    fn split(self: Box<Self>) -> (Box<dyn Source>, Box<dyn Sink>) {
        (Box::new(Reader(Lines::of(self.stdout))), Box::new(Writer(self.stdin)))
    }
}

struct Reader(Lines<ChildStdout>);

#[async_trait]
impl Source for Reader {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        self.0.next_line().await
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn lines_are_read_whole_but_for_one_without_an_end() {
        let mut lines = Lines::of("one\r\n\ntwo".as_bytes());
        for line in [Some("one\r"), Some(""), Some("two"), None] {
            assert_eq!(lines.next_line().await.unwrap().as_deref(), line);
        }
        let mut endless = Lines::of(tokio::io::repeat(b'x'));
        let error = endless.next_line().await.unwrap_err().to_string();
        assert!(error.contains("longer than 32 MiB"), "{error}");
        let longest = tokio::io::repeat(b'x').take(LINE_BYTES_MAX as u64);
        let line = Lines::of(longest).next_line().await.unwrap().unwrap();
        assert_eq!(line.len(), LINE_BYTES_MAX);
    }
}
