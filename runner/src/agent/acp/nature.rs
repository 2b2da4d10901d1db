//! Which kinds of thing an agent wants leave for, by what it calls the tool.

use agent_client_protocol_schema::v1::{ToolCall, ToolCallContent, ToolKind};
use poco_core::{Danger, Nature};

/// Says what is known of a tool call by its kind and by what it brings. Of a command nothing is, nor
/// of a kind that may be anything.
pub(super) fn of(call: &ToolCall) -> Nature {
    let (new, network, delete) = (Nature::default(), Danger::Network, Danger::Delete);
    let empties = |content: &ToolCallContent| match content {
        ToolCallContent::Diff(diff) => {
            diff.new_text.is_empty() && diff.old_text.as_ref().is_some_and(|old| !old.is_empty())
        }
        ToolCallContent::Content(_) | ToolCallContent::Terminal(_) | _ => false,
    };
    let is_diff = |content: &ToolCallContent| matches!(content, ToolCallContent::Diff(_));
    match call.kind {
        ToolKind::Delete => new.is(delete).is_not(network),
        // What is there where something is moved to is gone then.
        ToolKind::Move => new.is(delete).is_not(network),
        ToolKind::Fetch => new.is(network).is_not(delete),
        ToolKind::Edit if call.content.iter().any(empties) => new.is(delete).is_not(network),
        ToolKind::Edit if call.content.iter().any(is_diff) => new.is_not(network).is_not(delete),
        ToolKind::Edit => new.is_not(network),
        // It may be far away what is read or searched.
        ToolKind::Read | ToolKind::Search => new.is_not(delete),
        ToolKind::Think => new.is_not(network).is_not(delete),
        ToolKind::Execute | ToolKind::SwitchMode | ToolKind::Other | _ => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_call_is_of_a_kind_by_what_the_agent_calls_it() {
        let (network, delete) = (Danger::Network, Danger::Delete);
        let diff = |old: Value, new: &str| json!([{ "type": "diff", "path": "/w/a", "oldText": old, "newText": new }]);
        for (kind, content, is, is_not) in [
            ("execute", json!([]), vec![], vec![]),
            ("delete", json!([]), vec![delete], vec![network]),
            ("move", json!([]), vec![delete], vec![network]),
            ("fetch", json!([]), vec![network], vec![delete]),
            ("edit", diff(json!("a"), "b"), vec![], vec![network, delete]),
            ("edit", diff(json!("a"), ""), vec![delete], vec![network]),
            ("edit", diff(Value::Null, ""), vec![], vec![network, delete]),
            ("edit", json!([]), vec![], vec![network]),
            ("read", json!([]), vec![], vec![delete]),
            ("search", json!([]), vec![], vec![delete]),
            ("think", json!([]), vec![], vec![network, delete]),
            ("switch_mode", json!([]), vec![], vec![]),
            ("other", json!([]), vec![], vec![]),
        ] {
            let call = json!({ "toolCallId": "c", "title": "x", "kind": kind, "content": content });
            let call: ToolCall = serde_json::from_value(call).unwrap();
            let nature = of(&call);
            let of = |kinds: &std::collections::BTreeSet<Danger>| {
                kinds.iter().copied().collect::<Vec<_>>()
            };
            assert_eq!((of(&nature.is), of(&nature.is_not)), (is, is_not), "{kind}");
        }
    }
}
