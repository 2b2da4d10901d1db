//! Looks at folders of this machine that people name. They may go no further than the roots the
//! operator set, whatever links are on the way.

use poco_core::Text;
use poco_core::setup::{FOLDERS_SHOWN, Folder, FolderQuery};
use poco_core::words::{agent as words, setup};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most entries of one folder that are read: beyond them it is no folder to choose from.
const ENTRIES_MAX: usize = 20_000;

/// The folders that people may have agents work in, and all in them.
#[derive(Clone, Debug)]
pub(crate) struct Roots(Arc<[PathBuf]>);

impl Roots {
    pub(crate) fn new(roots: Vec<PathBuf>) -> Self {
        Self(roots.into())
    }

    /// Returns the full path of a folder that can be worked in, or says what is wrong with it.
    pub(crate) fn look(&self, named: &str) -> Result<String, Text> {
        self.find(named).map(|(_, text)| text)
    }

    /// Lists the folders in a folder.
    pub(crate) fn browse(&self, query: &FolderQuery) -> Result<Folder, Text> {
        let (path, text) = self.find(&query.path)?;
        let unusable = |error| words::folder_unusable(&query.path, error);
        let filter = query.filter.to_lowercase();
        let wanted = |name: &str| {
            (query.hidden || !name.starts_with('.'))
                && (filter.is_empty() || name.to_lowercase().contains(&filter))
                && !name.chars().any(char::is_control)
        };
        let entries = std::fs::read_dir(&path).map_err(unusable)?.take(ENTRIES_MAX).flatten();
        // A link counts if it leads to a folder; where it leads is seen when it is opened.
        let folders = entries.filter(|entry| match entry.file_type() {
            Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
            Ok(kind) => kind.is_dir(),
            Err(_) => false,
        });
        let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| wanted(name)).collect();
        names.sort_by_cached_key(|name| (name.to_lowercase(), name.clone()));
        let pages = names.len().div_ceil(FOLDERS_SHOWN).max(1);
        let page = query.page.min(pages - 1);
        let names = names.into_iter().skip(page * FOLDERS_SHOWN).take(FOLDERS_SHOWN).collect();
        let parent = path.parent().filter(|parent| self.holds(parent));
        let parent = parent.and_then(Path::to_str).map(str::to_owned);
        let query = FolderQuery { path: text, page, ..query.clone() };
        Ok(Folder { query, parent, names, pages })
    }

    fn find(&self, named: &str) -> Result<(PathBuf, String), Text> {
        let path = expand(named.trim())?;
        let full = path.canonicalize().map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                return words::folder_missing(named);
            }
            words::folder_unusable(named, error)
        });
        // Whether there is anything outside the roots is not told either.
        let full = match full {
            Ok(full) if self.holds(&full) => full,
            Err(missing) if self.0.iter().any(|root| path.starts_with(root)) => {
                return Err(missing);
            }
            Ok(_) | Err(_) => {
                let roots: Vec<_> = self.0.iter().map(|it| it.display().to_string()).collect();
                return Err(setup::outside(named, roots.join(", ")));
            }
        };
        if !full.is_dir() {
            return Err(words::not_a_folder(named));
        }
        let text = full.to_str().ok_or_else(|| words::not_text(named))?.to_owned();
        Ok((full, text))
    }

    /// Whether a path, its links resolved, lies in one of the roots.
    fn holds(&self, full: &Path) -> bool {
        let roots = self.0.iter().filter_map(|root| root.canonicalize().ok());
        roots.into_iter().any(|root| full.starts_with(root))
    }
}

fn expand(named: &str) -> Result<PathBuf, Text> {
    if named.chars().any(char::is_control) {
        return Err(words::no_line_breaks());
    }
    let path = match named.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = std::env::home_dir().ok_or_else(words::no_home)?;
            home.join(rest.trim_start_matches('/'))
        }
        Some(_) | None => Path::new(named).to_owned(),
    };
    if !path.is_absolute() {
        return Err(words::not_full(named));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::Lang;
    use std::os::unix::fs::symlink;

    fn wrong<T>(result: Result<T, Text>) -> String {
        match result {
            Ok(_) => panic!("it was taken"),
            Err(wrong) => wrong.of(Lang::En).to_owned(),
        }
    }

    fn at(path: &Path) -> FolderQuery {
        FolderQuery { path: path.to_str().unwrap().to_owned(), ..FolderQuery::default() }
    }

    #[test]
    fn folders_are_looked_at_as_people_name_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let roots = Roots::new(vec![dir.path().to_owned()]);
        let look = |named: &str| roots.look(named);
        let full = dir.path().canonicalize().unwrap();
        assert_eq!(look(&format!(" {path}/./ ")), Ok(full.to_str().unwrap().to_owned()));
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(wrong(look(file.to_str().unwrap())).contains("not a folder"));
        assert!(wrong(look(&format!("{path}/none"))).contains("There is no folder"));
        assert!(wrong(look("src")).contains("full path"));
        assert!(wrong(look("")).contains("full path"));
        assert!(wrong(look("/tmp\n/x")).contains("line breaks"));
    }

    #[test]
    fn nobody_gets_out_of_the_roots() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::fs::create_dir(dir.path().join("rooted")).unwrap();
        symlink(other.path(), root.join("link")).unwrap();
        symlink(root.join("in"), root.join("inner")).unwrap();
        let roots = Roots::new(vec![root.clone()]);
        let look = |path: &Path| roots.look(path.to_str().unwrap());
        assert!(look(&root).is_ok() && look(&root.join("in")).is_ok());
        assert!(look(&root.join("inner")).unwrap().ends_with("/in"), "a link inside is resolved");
        for out in [
            root.join("link"),
            root.join("in/../.."),
            dir.path().join("rooted"),
            dir.path().join("nothing"),
            PathBuf::from("/"),
            PathBuf::from("/etc"),
        ] {
            assert!(wrong(look(&out)).contains("POCO_WORKDIR_ROOTS"), "{out:?}");
            assert!(wrong(roots.browse(&at(&out))).contains("POCO_WORKDIR_ROOTS"), "{out:?}");
        }
        assert_eq!(roots.browse(&at(&root)).unwrap().parent, None, "no way up and out");
        assert!(roots.browse(&at(&root.join("in"))).unwrap().parent.is_some());
    }

    #[test]
    fn folders_are_listed_in_pages_and_by_a_part_of_their_name() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..FOLDERS_SHOWN + 5 {
            std::fs::create_dir(dir.path().join(format!("Dir{n:02}"))).unwrap();
        }
        std::fs::create_dir(dir.path().join(".hidden")).unwrap();
        std::fs::write(dir.path().join("Dir-file"), "").unwrap();
        let roots = Roots::new(vec![dir.path().to_owned()]);
        let first = roots.browse(&at(dir.path())).unwrap();
        assert_eq!((first.names.len(), first.pages, first.query.page), (FOLDERS_SHOWN, 2, 0));
        assert_eq!(first.names[0], "Dir00");
        let last = roots.browse(&FolderQuery { page: 99, ..at(dir.path()) }).unwrap();
        assert_eq!((last.names.len(), last.query.page), (5, 1));
        let some = FolderQuery { filter: "dIR0".into(), ..at(dir.path()) };
        assert_eq!(roots.browse(&some).unwrap().names.len(), 10);
        let hidden = FolderQuery { hidden: true, filter: "hid".into(), ..at(dir.path()) };
        assert_eq!(roots.browse(&hidden).unwrap().names, [".hidden"]);
    }
}
