//! `poco config --list`: what holds, and where it comes from.

use crate::cmd::Refusal;
use crate::out::{Out, complain};
use poco_io::config::{Given, Shown};
use serde_json::{Value, json};

pub(super) fn run(given: &Given, out: Out) -> anyhow::Result<u8> {
    let list = given.list();
    let width = list.iter().map(|shown| shown.value.chars().count().min(40)).max().unwrap_or(0);
    for Shown { key, value, source } in &list {
        let value = if value.is_empty() { "-" } else { value };
        let (name, source) = (out.strong(&format!("{:<32}", key.name)), source.as_str());
        out.line(&format!("{name} {value:<width$}  {source:<12} {}", key.help))?;
    }
    let judged = given.judge();
    let (mistakes, warnings) = match &judged {
        Ok(config) => (vec![], config.warnings.clone()),
        Err(mistakes) => (mistakes.0.iter().map(ToString::to_string).collect::<Vec<_>>(), vec![]),
    };
    warnings.iter().for_each(|warning| complain(&format!("Note: {warning}")));
    if mistakes.is_empty() || out.json {
        out.value(&json!({
            "ok": mistakes.is_empty(), "path": given.file_path,
            "settings": list.iter().map(setting).collect::<Vec<_>>(),
            "mistakes": mistakes, "warnings": warnings,
        }))?;
        return Ok(u8::from(!mistakes.is_empty()));
    }
    judged.map(|_| 0).map_err(|mistakes| Refusal::from(mistakes).into())
}

fn setting(shown: &Shown) -> Value {
    let Shown { key, value, source } = shown;
    let source = source.as_str();
    json!({
        "name": key.name, "section": key.section, "value": value, "source": source,
        "default": key.default, "secret": key.secret, "help": key.help,
    })
}
