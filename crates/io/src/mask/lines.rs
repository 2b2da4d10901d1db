//! A place to write lines to, a log say, that no secret reaches.

use super::Mask;
use std::fmt;
use std::io::{self, Write};

/// Masks what is written, a line at a time.
pub struct Lines<W> {
    inner: W,
    mask: Mask,
}

impl Mask {
    /// Masks the lines that go to `inner`. Each must be written at once, as a log does it.
    pub fn lines<W: Write>(&self, inner: W) -> Lines<W> {
        Lines { inner, mask: self.clone() }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let masked = self.mask.text(&String::from_utf8_lossy(line));
        self.inner.write_all(masked.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("mask", &self.mask).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_without_secrets() -> io::Result<()> {
        let (mask, mut log) = (Mask::default(), vec![]);
        mask.learn([("API_KEY".to_owned(), "a-\"secret\"-1".to_owned())]);
        mask.lines(&mut log).write_all(b"it failed: a-\"secret\"-1\n")?;
        mask.lines(&mut log).write_all(b"{\"message\": \"a-\\\"secret\\\"-1\"}\n")?;
        let expected = "it failed: \u{2022}\u{2022}\u{2022}(API_KEY)\n\
                        {\"message\": \"\u{2022}\u{2022}\u{2022}(API_KEY)\"}\n";
        assert_eq!(String::from_utf8_lossy(&log), expected);
        Ok(())
    }
}
