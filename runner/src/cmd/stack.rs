//! What a deployed stack says of itself, as `aws cloudformation describe-stacks` prints it.

use super::Refusal;
use anyhow::Context;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The longest answer that is read, in bytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Outputs and parameters by name; an output counts before a parameter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack(BTreeMap<String, String>);

impl Stack {
    /// Reads a file, or standard input for `-`. It may be the whole answer, one stack of it, or only
    /// its list of outputs.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let read = |from: &mut dyn Read| {
            let mut text = String::new();
            from.take(BYTES_MAX).read_to_string(&mut text).map(|_| text)
        };
        let text = match path == Path::new("-") {
            true => read(&mut std::io::stdin().lock()),
            false => std::fs::File::open(path).and_then(|mut file| read(&mut file)),
        };
        let text = text.with_context(|| format!("read the stack's outputs from {name}"))?;
        Self::parse(&text).ok_or_else(|| {
            let next = "aws cloudformation describe-stacks --stack-name poco | poco runner join \
                        --stack-outputs -";
            Refusal::new(format!("{name} holds no outputs of a stack"), next).into()
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let root: Value = serde_json::from_str(text).ok()?;
        let stack = root.pointer("/Stacks/0").unwrap_or(&root);
        let outputs = stack.get("Outputs").unwrap_or(stack).as_array()?;
        let parameters = stack.get("Parameters").and_then(Value::as_array);
        let named = |kind: &str, it: &Value| {
            let text = |field: &str| it.get(format!("{kind}{field}"))?.as_str().map(str::to_owned);
            Some((text("Key")?, text("Value")?))
        };
        let parameters = parameters.into_iter().flatten().filter_map(|it| named("Parameter", it));
        // What may not be seen is given as stars.
        let parameters = parameters.filter(|(_, value)| !value.starts_with("****"));
        let outputs = outputs.iter().filter_map(|it| named("Output", it));
        let all: BTreeMap<_, _> = parameters.chain(outputs).collect();
        (!all.is_empty()).then_some(Self(all))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_answer_or_only_its_outputs_will_do() {
        let outputs = r#"[{"OutputKey":"TableName","OutputValue":"t"}]"#;
        let parameters = r#"[{"ParameterKey":"FeishuAppId","ParameterValue":"cli_a"},
            {"ParameterKey":"FeishuAppSecret","ParameterValue":"****"}]"#;
        let whole = format!(r#"{{"Stacks":[{{"Outputs":{outputs},"Parameters":{parameters}}}]}}"#);
        let stack = Stack::parse(&whole).unwrap();
        assert_eq!((stack.get("TableName"), stack.get("FeishuAppId")), (Some("t"), Some("cli_a")));
        assert_eq!(stack.get("FeishuAppSecret"), None);
        assert_eq!(Stack::parse(outputs).unwrap().get("TableName"), Some("t"));
        for odd in ["", "{}", "[]", "{\"Stacks\":[]}", "not json"] {
            assert!(Stack::parse(odd).is_none(), "{odd}");
        }
    }
}
