//! Words why a turn failed, and what to do.

use super::super::End;
use serde_json::Value;

/// The longest reason in Claude Code's own words, in characters.
const REASON_CHARS_MAX: usize = 400;

/// Says how a turn ended, by its `result`. Success with an error is none.
pub(super) fn end(result: &Value) -> End {
    let broken = result["terminal_reason"].as_str().is_some_and(|it| it.starts_with("aborted"));
    if broken {
        return End::Lost { reason: "Somebody else interrupted the turn.".to_owned() };
    }
    if result["is_error"] == false && result["subtype"] == "success" {
        return End::Completed;
    }
    End::Failed { reason: reason(result) }
}

fn reason(result: &Value) -> String {
    let said = result["result"].as_str().unwrap_or_default();
    let errors = result["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let said = if said.is_empty() { errors.collect::<Vec<_>>().join(" ") } else { said.to_owned() };
    let said = short(&said);
    let status = result["api_error_status"].as_u64();
    match (result["subtype"].as_str().unwrap_or_default(), status) {
        ("error_max_turns", _) => "Claude Code took as many steps as it may. Ask it to go on.".to_owned(),
        ("error_max_budget_usd", _) => "Claude Code has spent what it may.".to_owned(),
        (_, Some(401 | 403)) => format!(
            "The model does not accept who is logged in. Run `claude` on the machine and enter \
             `/login`, then try again. ({said})"
        ),
        (_, Some(429)) => format!("The model takes no more for now. Try again later. ({said})"),
        (_, Some(500..)) => format!("The model has trouble. Try again in a while. ({said})"),
        _ if said.contains("Please run /login") => {
            "Claude Code is not logged in. Run `claude` on the machine and enter `/login`, then try \
             again."
                .to_owned()
        }
        _ if said.is_empty() => "Claude Code failed without saying why.".to_owned(),
        _ => format!("Claude Code failed: {said}"),
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
        assert!(reason.contains("not logged in"), "{reason}");
        let result = json!({ "subtype": "success", "is_error": false, "result": "hi" });
        assert_eq!(end(&result), End::Completed);
        assert!(matches!(end(&json!({})), End::Failed { .. }));
    }
}
