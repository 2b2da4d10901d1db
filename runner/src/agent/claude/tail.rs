//! Reads the lines of a file that somebody else writes.

use serde_json::Value;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// The longest line; of a longer one nothing is told.
const LINE_BYTES_MAX: usize = 64 << 20;

pub(super) struct Tail {
    file: File,
    buffer: Vec<u8>,
    /// Up to here there is no end of a line in the buffer.
    searched: usize,
    /// The line at hand is too long.
    skipping: bool,
}

impl Tail {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self { file, buffer: vec![], searched: 0, skipping: false })
    }

    /// Returns the next whole line that is a JSON value, if it is there by now.
    pub(super) fn next(&mut self) -> io::Result<Option<Value>> {
        loop {
            let found = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
            if let Some(at) = found {
                let rest = self.buffer.split_off(self.searched + at + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                self.searched = 0;
                let skipped = std::mem::take(&mut self.skipping);
                match serde_json::from_slice(&line) {
                    Ok(value) if !skipped => return Ok(Some(value)),
                    Ok(_) | Err(_) => continue,
                }
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LINE_BYTES_MAX {
                self.buffer.clear();
                (self.searched, self.skipping) = (0, true);
            }
            let mut piece = vec![0; READ_BYTES];
            let count = self.file.read(&mut piece)?;
            if count == 0 {
                return Ok(None);
            }
            self.buffer.extend_from_slice(&piece[..count]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_line_counts_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = File::create(&path).unwrap();
        let mut tail = Tail::open(&path).unwrap();
        file.write_all(b"{\"a\":").unwrap();
        assert!(tail.next().unwrap().is_none());
        file.write_all(b"1}\nno json\n{\"a\":2}\n{").unwrap();
        assert_eq!(tail.next().unwrap().unwrap()["a"], 1);
        assert_eq!(tail.next().unwrap().unwrap()["a"], 2);
        assert!(tail.next().unwrap().is_none());
    }
}
