//! Words why a turn failed, and what to do.

use super::super::End;
use poco_core::Text;
use poco_core::words::agent as words;
use serde_json::Value;

/// The longest reason in Claude Code's own words, in characters.
const REASON_CHARS_MAX: usize = 400;

/// Says how a turn ended, by its `result`. Success with an error is none.
pub(super) fn end(result: &Value) -> End {
    let broken = result["terminal_reason"].as_str().is_some_and(|it| it.starts_with("aborted"));
    if broken {
        return End::Lost { reason: words::somebody_else() };
    }
    if result["is_error"] == false && result["subtype"] == "success" {
        return End::Completed;
    }
    End::Failed { reason: reason(result) }
}

fn reason(result: &Value) -> Text {
    let said = result["result"].as_str().unwrap_or_default();
    let errors = result["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let said = if said.is_empty() { errors.collect::<Vec<_>>().join(" ") } else { said.to_owned() };
    let said = short(&said);
    let status = result["api_error_status"].as_u64();
    match (result["subtype"].as_str().unwrap_or_default(), status) {
        ("error_max_turns", _) => words::claude_max_turns(),
        ("error_max_budget_usd", _) => words::claude_budget(),
        (_, Some(401 | 403)) => words::with_detail(words::claude_login(), &said),
        (_, Some(429)) => words::with_detail(words::model_busy(), &said),
        (_, Some(500..)) => words::with_detail(words::model_trouble(), &said),
        _ if said.contains("Please run /login") => words::claude_logged_out(),
        _ if said.is_empty() => words::claude_failed_silently(),
        _ => words::claude_failed(said),
    }
}

fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn success_with_an_error_is_a_failure() {
        let said = "Not logged in · Please run /login";
        let result = json!({ "subtype": "success", "is_error": true, "result": said });
        let End::Failed { reason } = end(&result) else { panic!("not failed") };
        assert_eq!(reason, words::claude_logged_out());
        let result = json!({ "subtype": "success", "is_error": false, "result": "hi" });
        assert_eq!(end(&result), End::Completed);
        assert!(matches!(end(&json!({})), End::Failed { .. }));
    }
}
