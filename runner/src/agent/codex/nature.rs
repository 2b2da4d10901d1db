//! Which kinds of thing codex wants leave for, by its own fields.

use super::notes::Patch;
use poco_core::{Danger, Nature};
use serde_json::Value;

/// Says what is known of a request by codex's own fields.
pub(super) fn of(method: &str, params: &Value, patch: Option<&Patch>) -> Nature {
    let (new, network, delete) = (Nature::default(), Danger::Network, Danger::Delete);
    match method {
        "item/commandExecution/requestApproval" => of_command(params),
        "item/fileChange/requestApproval" => {
            let new = new.is_not(network);
            let kinds = patch.map(|patch| patch.kinds.as_slice()).unwrap_or_default();
            let is = |known: &[&str], kind: &String| known.contains(&kind.as_str());
            let deletes = kinds.iter().any(|kind| is(&["delete", "move"], kind));
            let keeps = !kinds.is_empty() && kinds.iter().all(|kind| is(&["add", "update"], kind));
            match (deletes || params["grantRoot"].is_string(), keeps) {
                (true, _) => new.is(delete),
                (false, true) => new.is_not(delete),
                (false, false) => new,
            }
        }
        "item/permissions/requestApproval" => of_rights(&params["permissions"]),
        _ => new,
    }
}

fn of_command(params: &Value) -> Nature {
    let more = of_rights(&params["additionalPermissions"]);
    let mut nature = Nature { is: more.is, ..Nature::default() };
    if params["networkApprovalContext"].is_object() {
        nature = nature.is(Danger::Network);
        if params["command"].as_str().is_none() {
            // It is about the way to a host and nothing else.
            nature = nature.is_not(Danger::Delete);
        }
    }
    let actions = params["commandActions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reads = |it: &Value| matches!(it["type"].as_str(), Some("read" | "listFiles" | "search"));
    let command = params["command"].as_str().unwrap_or_default();
    if !actions.is_empty() && actions.iter().all(reads) && !does_more(command) {
        nature = nature.is_not(Danger::Network).is_not(Danger::Delete);
    }
    nature
}

/// What codex calls looking may be told to do more than that.
fn does_more(command: &str) -> bool {
    let marks =
        ["$(", "`", ">", "<(", "exec", "delete", "-ok", "-x", "-X", "--pre", "xargs", "tee"];
    marks.iter().any(|mark| command.contains(mark))
}

/// Says what a set of rights is leave for. Leave to write is leave to delete.
fn of_rights(rights: &Value) -> Nature {
    let (new, network, delete) = (Nature::default(), Danger::Network, Danger::Delete);
    let Some(all) = rights.as_object() else { return new };
    let files = &rights["fileSystem"];
    let has = |right: &str| files[right].as_array().is_some_and(|it| !it.is_empty());
    let new = if rights["network"]["enabled"] == true { new.is(network) } else { new };
    let new = if has("write") { new.is(delete) } else { new };
    let known = |name: &String| matches!(name.as_str(), "network" | "fileSystem");
    let of_files = files.as_object().is_none_or(|it| {
        it.iter().all(|(name, of)| matches!(name.as_str(), "read" | "write") || of.is_null())
    });
    // Where there is something that is not known, nothing is ruled out.
    if all.iter().all(|(name, of)| known(name) || of.is_null()) && of_files {
        return new.is_not(network).is_not(delete);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kinds(method: &str, params: &Value, patch: Option<&Patch>) -> (Vec<Danger>, Vec<Danger>) {
        let Nature { is, is_not, leave } =
            of(&format!("item/{method}/requestApproval"), params, patch);
        assert!(!leave);
        (is.into_iter().collect(), is_not.into_iter().collect())
    }

    const NETWORK: Danger = Danger::Network;
    const DELETE: Danger = Danger::Delete;

    #[test]
    fn codex_says_what_kind_of_leave_it_wants() {
        let looks = json!([{ "type": "read" }, { "type": "search" }]);
        let runs = json!([{ "type": "read" }, { "type": "unknown" }]);
        let host = json!({ "host": "example.com", "protocol": "https" });
        for (method, params, is, is_not) in [
            ("commandExecution", json!({ "command": "x" }), vec![], vec![]),
            (
                "commandExecution",
                json!({ "command": "rg x", "commandActions": looks }),
                vec![],
                vec![NETWORK, DELETE],
            ),
            ("commandExecution", json!({ "command": "x", "commandActions": runs }), vec![], vec![]),
            (
                "commandExecution",
                json!({ "command": "find . -delete", "commandActions": looks }),
                vec![],
                vec![],
            ),
            (
                "commandExecution",
                json!({ "command": "fd . -x rm", "commandActions": looks }),
                vec![],
                vec![],
            ),
            (
                "commandExecution",
                json!({ "networkApprovalContext": host }),
                vec![NETWORK],
                vec![DELETE],
            ),
            (
                "commandExecution",
                json!({ "command": "make", "networkApprovalContext": host }),
                vec![NETWORK],
                vec![],
            ),
            (
                "commandExecution",
                json!({ "command": "make", "additionalPermissions": { "network": { "enabled": true } } }),
                vec![NETWORK],
                vec![],
            ),
            (
                "commandExecution",
                json!({ "command": "rg x", "commandActions": looks,
                    "additionalPermissions": { "fileSystem": { "write": ["/srv"] } } }),
                vec![DELETE],
                vec![NETWORK],
            ),
            (
                "permissions",
                json!({ "permissions": { "network": { "enabled": true } } }),
                vec![NETWORK],
                vec![DELETE],
            ),
            (
                "permissions",
                json!({ "permissions": { "network": null, "fileSystem": { "read": ["/srv"] } } }),
                vec![],
                vec![NETWORK, DELETE],
            ),
            (
                "permissions",
                json!({ "permissions": { "fileSystem": { "write": ["/srv"] } } }),
                vec![DELETE],
                vec![NETWORK],
            ),
            (
                "permissions",
                json!({ "permissions": { "fileSystem": { "entries": [{ "path": "/" }] } } }),
                vec![],
                vec![],
            ),
            ("permissions", json!({ "permissions": { "kernel": true } }), vec![], vec![]),
            ("permissions", json!({}), vec![], vec![]),
        ] {
            assert_eq!(kinds(method, &params, None), (is, is_not), "{method} {params}");
        }
    }

    #[test]
    fn a_change_says_what_becomes_of_each_file() {
        let patch = |kinds: &[&str]| Patch {
            diff: String::new(),
            files: vec![],
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        };
        for (of, is, is_not) in [
            (&["add", "update"][..], vec![], vec![NETWORK, DELETE]),
            (&["add", "delete"], vec![DELETE], vec![NETWORK]),
            (&["move"], vec![DELETE], vec![NETWORK]),
            (&["add", "?"], vec![], vec![NETWORK]),
            (&[], vec![], vec![NETWORK]),
        ] {
            let found = kinds("fileChange", &json!({}), Some(&patch(of)));
            assert_eq!(found, (is, is_not), "{of:?}");
        }
        assert_eq!(kinds("fileChange", &json!({}), None).1, [NETWORK], "the change is lost");
        let root = json!({ "grantRoot": "/srv" });
        assert_eq!(kinds("fileChange", &root, Some(&patch(&["add"]))).0, [DELETE]);
    }
}
