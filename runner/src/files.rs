//! What goes with a prompt: fetched before the task starts, into a folder of its own, and cleared
//! away by age.

mod place;
mod wrap;

use place::Place;
use poco_core::words::file as words;
use poco_core::{Attachment, Enclosed, FILES_MAX, Media, Missing, PICTURE, Quote, TaskId, Text};
use poco_io::port::{ChatError, Files, Said};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};

/// The largest file, and all files of one prompt together, in bytes.
const FILE_BYTES_MAX: usize = 30 * 1024 * 1024;
const ALL_BYTES_MAX: usize = 60 * 1024 * 1024;

/// How long fetching everything may take: less than a queue waits for whoever is at a job.
const ALL_WITHIN: Duration = Duration::from_secs(100);

/// How long fetched files are kept: a conversation may come back to them.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How often those that are older are cleared away.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);

/// A prompt with all that goes with it.
pub(crate) use wrap::wrap;

/// Where files go, and where they come from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Enclosures {
    root: PathBuf,
    source: Option<Arc<dyn Files>>,
}

/// All that goes with a prompt, on this machine.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Gathered {
    pub(crate) files: Vec<Fetched>,
    pub(crate) quotes: Vec<String>,
}

/// A file as it lies here.
#[derive(Debug, PartialEq)]
pub(crate) struct Fetched {
    pub(crate) path: PathBuf,
    pub(crate) bytes: usize,
    /// An agent can look at it.
    pub(crate) is_picture: bool,
}

/// Why not everything could be gathered.
pub(crate) enum Ungathered {
    /// These could not be had.
    Missing(Vec<Missing>),
    /// This machine can't keep them.
    Broken(std::io::Error),
}

impl Enclosures {
    /// Keeps files in a folder of `home`.
    pub(crate) fn new(home: &Path, source: Option<Arc<dyn Files>>) -> Self {
        Self { root: home.join("files"), source }
    }

    pub(crate) fn source(&self) -> Option<&Arc<dyn Files>> {
        self.source.as_ref()
    }

    /// Fetches everything, or says what is missing.
    pub(crate) async fn gather(
        &self,
        task: &TaskId,
        enclosed: &Enclosed,
    ) -> Result<Gathered, Ungathered> {
        let mut gathered = Gathered::default();
        if enclosed.is_empty() {
            return Ok(gathered);
        }
        let Some(source) = &self.source else {
            return Err(Ungathered::Missing(all_missing(enclosed)));
        };
        let (mut files, mut missing) = (enclosed.files.clone(), vec![]);
        let late = || ChatError::Refused(words::too_slow());
        let deadline = Instant::now() + ALL_WITHIN;
        for quote in &enclosed.quotes {
            let read = timeout_at(deadline, source.read(&quote.message)).await;
            match read.unwrap_or_else(|_| Err(late())) {
                Ok(said) => gathered.quotes.extend(quoted(said, &mut files)),
                Err(error) => missing.push(unread(quote, error)),
            }
        }
        files.truncate(FILES_MAX);
        let place = Place::make(&self.root, task).map_err(Ungathered::Broken)?;
        let mut room = ALL_BYTES_MAX;
        for (at, file) in files.iter().enumerate() {
            let limit = room.min(FILE_BYTES_MAX);
            let fetched = timeout_at(deadline, source.fetch(file, limit)).await;
            match fetched.unwrap_or_else(|_| Err(late())) {
                Ok(bytes) => {
                    room -= bytes.len().min(room);
                    let fetched = place.put(at + 1, file, bytes).await;
                    gathered.files.push(fetched.map_err(Ungathered::Broken)?);
                }
                Err(error) => missing.push(unfetched(file, error)),
            }
        }
        if missing.is_empty() { Ok(gathered) } else { Err(Ungathered::Missing(missing)) }
    }

    /// Clears away what is older than it is kept, now and every hour.
    pub(crate) async fn tidy(self) {
        loop {
            let root = self.root.clone();
            let cleared =
                tokio::task::spawn_blocking(move || place::clear(&root, SystemTime::now(), KEPT));
            match cleared.await {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(count)) => tracing::info!(count, "old files were cleared away"),
                Ok(Err(error)) => tracing::warn!("old files could not be cleared away: {error}"),
            }
            tokio::time::sleep(TIDY_EVERY).await;
        }
    }
}

/// Takes the text of a quoted message or bundle; the files of a message go with the others.
fn quoted(said: Vec<Said>, files: &mut Vec<Attachment>) -> Option<String> {
    let mut texts = vec![];
    for said in said {
        texts.extend(Some(said.text).filter(|text| !text.trim().is_empty()));
        files.extend(said.files);
    }
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn all_missing(enclosed: &Enclosed) -> Vec<Missing> {
    let unset = || ChatError::Refused(words::unset());
    let files = enclosed.files.iter().map(|file| unfetched(file, unset()));
    files.chain(enclosed.quotes.iter().map(|quote| unread(quote, unset()))).collect()
}

fn unfetched(file: &Attachment, error: ChatError) -> Missing {
    let name = match file.name.as_str() {
        PICTURE => words::picture(),
        name => Text::verbatim(name),
    };
    Missing { key: file.key.clone(), name, why: told(error) }
}

fn unread(quote: &Quote, error: ChatError) -> Missing {
    let name = if quote.bundle { words::forwarded() } else { words::quoted() };
    Missing { key: quote.message.to_string(), name, why: told(error) }
}

fn told(error: ChatError) -> Text {
    match error {
        ChatError::Later(error) => Text::verbatim(format!("{error:#}")),
        ChatError::Gone(why) | ChatError::Refused(why) => why,
    }
}

/// Says what a picture is by its first bytes, if agents can look at it.
pub(crate) fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("png"),
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        [b'G', b'I', b'F', b'8', ..] => Some("gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        _ => None,
    }
}

/// Whether an agent is shown a file rather than told of it.
fn is_shown(file: &Attachment, bytes: &[u8]) -> bool {
    let named = file.name.rsplit_once('.').map(|(_, it)| it.to_ascii_lowercase());
    let is_named = matches!(named.as_deref(), Some("png" | "jpg" | "jpeg" | "gif" | "webp"));
    (file.media == Media::Picture || is_named) && picture(bytes).is_some()
}
