//! The log file: when it is full it steps aside, and the oldest goes.

use super::append_private;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The size beyond which a log file is full.
const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// How many full files are kept beside the current one.
const KEPT_MAX: u32 = 4;

/// Writes behind the end of a file; full ones become `.1`, `.2` and so on.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl RotatingFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, BYTES_MAX)
    }

    fn with_limit(path: &Path, limit: u64) -> io::Result<Self> {
        let file = append_private(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, limit })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..KEPT_MAX).rev() {
            let _ = std::fs::rename(self.kept(number), self.kept(number + 1));
        }
        std::fs::rename(&self.path, self.kept(1))?;
        self.file = append_private(&self.path)?;
        self.size = 0;
        Ok(())
    }

    fn kept(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size + line.len() as u64 > self.limit {
            // A log that is too long is better than one that is lost.
            let _ = self.rotate();
        }
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_files_step_aside_and_the_oldest_goes() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("poco.log");
        let mut log = RotatingFile::with_limit(&path, 10)?;
        for number in 0..14 {
            log.write_all(format!("line {number:02}\n").as_bytes())?;
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name));
        assert_eq!(read("poco.log")?, "line 13\n");
        assert_eq!(read("poco.log.1")?, "line 12\n");
        assert_eq!(read("poco.log.4")?, "line 09\n");
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 5);
        Ok(())
    }
}
