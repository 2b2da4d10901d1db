//! What the platform looks for in markdown: tables, images, mentions.

use super::error::CardError;
use serde_json::{Map, Value};

/// Checks the images in a markdown element: their keys must have been uploaded, and nothing can
/// be uploaded to the simulator.
pub(crate) fn check(element: &Map<String, Value>, path: &str) -> Result<(), CardError> {
    let content = element.get("content").and_then(Value::as_str).unwrap_or_default();
    let Some(key) = image(&without_code(content)) else { return Ok(()) };
    Err(CardError::new(200_570, path, "image key does not exist").value(key))
}

/// Counts tables: rows of dashes under a row with bars.
pub(crate) fn tables(content: &str) -> usize {
    let prose = without_code(content);
    let lines: Vec<&str> = prose.lines().collect();
    lines.windows(2).filter(|pair| pair[0].contains('|') && dashes(pair[1])).count()
}

/// Returns the ids of the people mentioned.
pub(crate) fn mentions(content: &str) -> Vec<String> {
    let prose = without_code(content);
    let starts = prose.split("<at ").skip(1);
    let ids = starts.filter_map(|rest| {
        let tag = rest.split('>').next()?;
        let value = tag.split_once("id=")?.1;
        Some(value.split_whitespace().next()?.trim_matches(['"', '\'', '/']).to_owned())
    });
    ids.filter(|id| id != "all").collect()
}

fn dashes(line: &str) -> bool {
    let line = line.trim();
    line.contains('-') && line.contains('|') && line.chars().all(|c| "|-: \t".contains(c))
}

fn image(prose: &str) -> Option<String> {
    let mut rest = prose;
    while let Some(start) = rest.find("![") {
        let escaped = rest[..start].ends_with('\\');
        rest = &rest[start + 2..];
        let Some((_, target)) = rest.split_once("](").filter(|(alt, _)| !alt.contains('\n')) else {
            continue;
        };
        if !escaped && let Some((key, _)) = target.split_once(')') {
            return Some(key.to_owned());
        }
    }
    None
}

/// Drops fenced blocks and code spans, in which nothing has a meaning.
fn without_code(content: &str) -> String {
    let mut fence: Option<String> = None;
    let mut prose = String::new();
    for line in content.lines() {
        let bare = line.trim_start();
        let mark: String = bare.chars().take_while(|c| *c == '`' || *c == '~').collect();
        match &fence {
            Some(open) if mark.starts_with(open.as_str()) && bare.trim_end() == mark => {
                fence = None
            }
            Some(_) => {}
            None if mark.len() >= 3 => fence = Some(mark),
            None => {
                prose.push_str(&without_spans(line));
                prose.push('\n');
            }
        }
    }
    prose
}

fn without_spans(line: &str) -> String {
    let mut prose = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        prose.push_str(&rest[..start]);
        let ticks = rest[start..].chars().take_while(|c| *c == '`').count();
        let after = &rest[start + ticks..];
        let Some(end) = after.find(&"`".repeat(ticks)) else {
            prose.push_str(&rest[start..]);
            return prose;
        };
        rest = &after[end + ticks..];
    }
    prose + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_counted_outside_code_only() {
        assert_eq!(tables("| a | b |\n|---|---|\n| 1 | 2 |\n\nx | y\n:-|-:\n"), 2);
        assert_eq!(tables("```\n| a |\n|---|\n```\n---\n"), 0);
    }

    #[test]
    fn images_are_found_outside_code_only() {
        assert_eq!(image(&without_code("see ![x](img_1)")), Some("img_1".to_owned()));
        assert_eq!(image(&without_code("`![x](y)` \\![x](y) ![x] (y)")), None);
        assert_eq!(image(&without_code("````\n```\n![x](y)\n````")), None);
    }

    #[test]
    fn mentions_are_found_in_every_spelling() {
        let text = "<at id=ou_1></at> <at id=\"ou_2\"></at> <at id=all></at> `<at id=ou_3>`";
        assert_eq!(mentions(text), ["ou_1", "ou_2"]);
    }
}
