//! The files of one PoCo: its folder, its lock, and who runs on it.

mod instance;
mod lock;
mod log;

pub use instance::Instance;
pub use lock::{Holder, Lock};
pub use log::RotatingFile;

use anyhow::Context;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folder of PoCo's files (`POCO_HOME`).
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

/// Who runs on a home.
#[derive(Debug)]
pub enum Running {
    Nobody,
    Instance(Instance),
    /// A process that has not said yet where it listens.
    Starting {
        pid: u32,
    },
    /// A process that can't be seen from here, such as one in another container.
    Elsewhere,
}

impl Home {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("poco.log")
    }

    pub fn lock(&self) -> PathBuf {
        self.0.join("poco.lock")
    }

    pub fn instance_file(&self) -> PathBuf {
        self.0.join("instance.json")
    }

    /// Names this home on this host, now and after a restart. A copy of it elsewhere is another.
    pub fn machine(&self) -> anyhow::Result<String> {
        let path = self.0.join("machine");
        let id = match std::fs::read_to_string(&path) {
            Ok(id) if !id.trim().is_empty() => id.trim().to_owned(),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("read {}", path.display()));
            }
            Ok(_) | Err(_) => {
                let id = random_hex::<8>();
                write_private(&path, &id)?;
                id
            }
        };
        Ok(format!("{id}@{}", rustix::system::uname().nodename().to_string_lossy()))
    }

    /// Makes the folder, for its owner only.
    pub fn prepare(&self) -> anyhow::Result<()> {
        private_folder(&self.0)?;
        // The Python PoCo left it open to all. A folder of another name may serve others too.
        if self.0.file_name().is_some_and(|name| name == ".poco") {
            set_mode(&self.0, 0o700)?;
        }
        Ok(())
    }

    /// Says who runs here. The kernel tells who holds the lock, so that no file has to be believed.
    pub fn running(&self) -> anyhow::Result<Running> {
        let path = self.lock();
        let holder = Lock::holder(&path).with_context(|| format!("look at {}", path.display()))?;
        Ok(match holder {
            Holder::Nobody => Running::Nobody,
            Holder::Elsewhere => Running::Elsewhere,
            Holder::Process(pid) => match Instance::read(self).filter(|found| found.pid == pid) {
                Some(instance) => Running::Instance(instance),
                None => Running::Starting { pid },
            },
        })
    }
}

/// Makes a folder and those above it, for its owner only, whatever the umask.
pub fn private_folder(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("make the folder {}", path.display()))?;
    set_mode(path, 0o700)
}

/// Puts a file in place at once and whole, for its owner only, whatever the umask.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    // Somebody may keep the real file elsewhere, behind a link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().context("name a file")?;
    private_folder(folder)?;
    let draft = folder.join(format!(".{}.tmp", random_hex::<8>()));
    let written = write_draft(&draft, text).and_then(|()| std::fs::rename(&draft, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.with_context(|| format!("write {}", path.display()))
}

fn write_draft(draft: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Opens a file to write behind its end, for its owner only, whatever the umask.
pub fn append_private(path: &Path) -> std::io::Result<std::fs::File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Returns `N` random bytes in hexadecimal.
pub fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn set_mode(path: &Path, mode: u32) -> anyhow::Result<()> {
    match std::fs::set_permissions(path, Permissions::from_mode(mode)) {
        // Somebody else's folder that we may use is theirs to protect.
        Err(error) if error.kind() != ErrorKind::PermissionDenied => {
            Err(error).with_context(|| format!("protect {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
