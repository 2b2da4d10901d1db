//! What the Feishu app is known by, kept in AWS Secrets Manager and not in an environment, which
//! shows in consoles and dumps.

use crate::config::Environment;
use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use serde_json::Value;

/// Names the secret, by its ARN.
const ARN: &str = "POCO_SECRET_ARN";

/// The fields of the secret, which is a JSON object, and the settings they are.
const FIELDS: [(&str, &str); 3] = [
    ("app_secret", "POCO_FEISHU_APP_SECRET"),
    ("encrypt_key", "POCO_FEISHU_ENCRYPT_KEY"),
    ("verification_token", "POCO_FEISHU_VERIFICATION_TOKEN"),
];

/// Fills in what the secret holds, if one is named. What was given otherwise stands.
pub async fn reveal(environment: Environment, aws: &SdkConfig) -> anyhow::Result<Environment> {
    let Some(arn) = environment.get(ARN).filter(|arn| !arn.is_empty()) else {
        return Ok(environment);
    };
    let get = aws_sdk_secretsmanager::Client::new(aws).get_secret_value().secret_id(arn);
    let got = get.send().await.with_context(|| format!("get the secret {arn}"))?;
    fill(&environment, got.secret_string().unwrap_or_default())
        .with_context(|| format!("read the secret {arn}"))
}

fn fill(environment: &Environment, secret: &str) -> anyhow::Result<Environment> {
    // The error's own words may hold a piece of it.
    let secret: Value = serde_json::from_str(secret).map_err(|_| anyhow!("it is not JSON"))?;
    let fields = secret.as_object().context("it is no JSON object")?;
    let given = |name: &str| environment.get(name).is_some_and(|value| !value.trim().is_empty());
    let found = FIELDS.iter().filter(|(_, name)| !given(name)).filter_map(|(field, name)| {
        let text = fields.get(*field)?.as_str()?;
        Some((*name, text))
    });
    Ok(found.fold(environment.clone(), |filled, (name, text)| filled.with(name, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_stands_and_what_is_no_secret_is_not_shown() {
        let given = Environment::default().with("POCO_FEISHU_ENCRYPT_KEY", "mine");
        let secret = r#"{"app_secret":"s","encrypt_key":"theirs","verification_token":7}"#;
        let filled = fill(&given, secret).unwrap();
        assert_eq!(filled.get("POCO_FEISHU_APP_SECRET"), Some("s"));
        assert_eq!(filled.get("POCO_FEISHU_ENCRYPT_KEY"), Some("mine"));
        assert_eq!(filled.get("POCO_FEISHU_VERIFICATION_TOKEN"), None);
        for odd in ["", "hunter2", "[\"hunter2\"]", "{\"app_secret\": hunter2"] {
            let error = format!("{:#}", fill(&given, odd).unwrap_err());
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
