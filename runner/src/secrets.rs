//! The secrets of a project: what is in the files where people keep them.

use poco_io::mask::worth;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How deep such files are looked for, and in how many entries.
const DEPTH_MAX: usize = 3;
const ENTRIES_MAX: usize = 3_000;

/// The most files that are read, and the most of each, in bytes.
const FILES_MAX: usize = 64;
const FILE_BYTES_MAX: u64 = 128 * 1024;

/// Folders of other people's files, or of too many.
const SKIPPED: &[&str] =
    &["node_modules", "target", "vendor", "dist", "build", "venv", "__pycache__"];

/// How a file is read.
#[derive(Clone, Copy)]
enum Kind {
    Settings,
    Netrc,
    Pem,
}

/// Returns the secrets of a project, with their names.
pub(crate) fn of_project(workdir: &str) -> Vec<(String, String)> {
    let (mut found, mut left) = (vec![], (ENTRIES_MAX, FILES_MAX));
    look(Path::new(workdir), 0, &mut left, &mut found);
    found
}

/// Goes through a folder and those in it, no deeper than it is worth. Links are not followed.
fn look(folder: &Path, depth: usize, left: &mut (usize, usize), found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut folders = vec![];
    for entry in entries.flatten() {
        if left.0 == 0 || left.1 == 0 {
            return;
        }
        left.0 -= 1;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if !SKIPPED.contains(&name) && depth < DEPTH_MAX {
                folders.push(entry.path());
            }
        } else if let Some(how) = read_as(name, folder) {
            left.1 -= 1;
            found.extend(read(&entry.path(), name, how));
        }
    }
    folders.iter().for_each(|folder| look(folder, depth + 1, left, found));
}

/// Says how a file is read, if it is one that holds secrets.
fn read_as(name: &str, folder: &Path) -> Option<Kind> {
    let lower = name.to_lowercase();
    let stem = lower.trim_start_matches('.').split('.').next().unwrap_or_default();
    let ending = lower.rsplit_once('.').map(|(_, it)| it).unwrap_or_default();
    let in_git = folder.file_name().is_some_and(|it| it == ".git");
    match (stem, ending) {
        ("netrc" | "_netrc", _) => Some(Kind::Netrc),
        (_, "pem" | "key") => Some(Kind::Pem),
        (_, "pub") => None,
        ("id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519", _) => Some(Kind::Pem),
        (
            "env" | "npmrc" | "yarnrc" | "pypirc" | "git-credentials" | "credentials" | "secrets",
            _,
        ) => Some(Kind::Settings),
        ("service-account" | "serviceaccount", "json") => Some(Kind::Settings),
        (_, "env") => Some(Kind::Settings),
        ("config", _) if in_git => Some(Kind::Settings),
        _ => None,
    }
}

fn read(path: &Path, name: &str, how: Kind) -> Vec<(String, String)> {
    // A link may lead to something that is no file.
    if !path.metadata().is_ok_and(|about| about.is_file()) {
        return vec![];
    }
    let mut text = vec![];
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut text));
    if read.is_err() {
        return vec![];
    }
    let text = String::from_utf8_lossy(&text);
    match how {
        Kind::Settings => worth::in_settings(&text),
        Kind::Netrc => worth::in_netrc(&text),
        Kind::Pem => worth::in_pem(name, &text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_where_people_keep_them() {
        let dir = tempfile::tempdir().unwrap();
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkt\n-----END OPENSSH PRIVATE KEY-----\n";
        for (path, text) in [
            (".env", "API_KEY=from-dotenv-1\nPORT=8000\nDEBUG=true\n"),
            ("app/.env.local", "DB_PASSWORD=from-local-2\n"),
            (".npmrc", "//r.example.com/:_authToken=from-npmrc-3\n"),
            (".netrc", "machine x login y password from-netrc-4\n"),
            ("deploy/id_ed25519", key),
            ("deploy/id_ed25519.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ann"),
            (".git/config", "url = https://x:from-git-55@example.com/a.git\n"),
            ("node_modules/a/.env", "API_KEY=not-looked-at\n"),
            ("main.rs", "let api_key = \"not-a-key-file\";"),
        ] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = of_project(dir.path().to_str().unwrap());
        let mut values: Vec<_> = found.iter().map(|(_, value)| value.as_str()).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(
            values,
            [
                "b3BlbnNzaC1rZXkt",
                "from-dotenv-1",
                "from-git-55",
                "from-local-2",
                "from-netrc-4",
                "from-npmrc-3"
            ]
        );
        assert_eq!(of_project("/nowhere"), []);
    }
}
