//! What was looked at, one line each: well, failed, or could not be told.

use crate::out::Out;
use serde::Serialize;

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    pub(crate) detail: String,
    /// What to do about it; empty if there is nothing to do.
    pub(crate) fix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Ok,
    Failed,
    /// Who asks may not see it, or it could not be reached.
    CouldNotTell,
}

impl Finding {
    pub(crate) fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, detail, "")
    }

    pub(crate) fn failed(
        name: impl Into<String>,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(name, Verdict::Failed, detail, fix)
    }

    pub(crate) fn could_not_tell(
        name: impl Into<String>,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(name, Verdict::CouldNotTell, detail, fix)
    }

    /// Well if it was done, failed if not.
    pub(crate) fn of(name: &str, done: anyhow::Result<()>, fix: &str) -> Self {
        match done {
            Ok(()) => Self::ok(name, ""),
            Err(error) => Self::failed(name, why(&error), fix),
        }
    }

    fn new(
        name: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), verdict, detail: detail.into(), fix: fix.into() }
    }

    fn print(&self, out: Out) -> std::io::Result<()> {
        let word = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Failed => "FAILED",
            Verdict::CouldNotTell => "could not tell",
        };
        out.line(format!("  {word:<15} {:<34} {}", self.name, self.detail).trim_end())?;
        if self.fix.is_empty() { Ok(()) } else { out.line(&format!("{:18}fix: {}", "", self.fix)) }
    }
}

/// Prints all that was found.
pub(crate) fn print(out: Out, findings: &[Finding]) -> std::io::Result<()> {
    findings.iter().try_for_each(|finding| finding.print(out))
}

pub(crate) fn has_failed(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.verdict == Verdict::Failed)
}

/// Says why in one line. AWS's errors tell themselves by their code and their words.
pub(crate) fn why(error: &anyhow::Error) -> String {
    let mut said: Vec<String> = vec![];
    for cause in error.chain() {
        let cause = cause.to_string();
        if cause != "service error" && !said.iter().any(|before| before.contains(&cause)) {
            said.push(cause);
        }
    }
    let line = said.join(": ").split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WHY_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The longest reason that is printed, in characters.
const WHY_CHARS: usize = 300;

/// Whether AWS refused because of a missing right.
#[cfg(feature = "cloud")]
pub(crate) fn is_denied(error: &anyhow::Error) -> bool {
    let words = format!("{error:?}");
    ["AccessDenied", "not authorized", "UnauthorizedOperation"].iter().any(|it| words.contains(it))
}
