//! What the Feishu app is known by, kept in AWS Secrets Manager or as a parameter of SSM, and not in
//! an environment, which shows in consoles and dumps.

mod parameter;

use crate::config::{Given, Source, key};
use crate::keyring::{Keeper, Keys};
use crate::secret::Secret;
use anyhow::{Context, anyhow};
use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Map, Value};
use std::fmt;

/// Names the secret: by an ARN of either service, by a path of SSM, or by its name.
const NAME: &str = "POCO_SECRET_ARN";

/// The fields of the secret, which is a JSON object, and the settings they are.
const FIELDS: [(&str, &str); 3] = [
    (APP_SECRET, "POCO_FEISHU_APP_SECRET"),
    (ENCRYPT_KEY, "POCO_FEISHU_ENCRYPT_KEY"),
    (VERIFICATION_TOKEN, "POCO_FEISHU_VERIFICATION_TOKEN"),
];
const APP_SECRET: &str = "app_secret";
const ENCRYPT_KEY: &str = "encrypt_key";
const VERIFICATION_TOKEN: &str = "verification_token";

/// A secret, and which of its fields count here.
#[derive(Clone)]
pub struct Vault {
    aws: SdkConfig,
    name: String,
    /// What was given otherwise stands.
    fields: Vec<&'static str>,
}

/// Which secret is named, if any.
pub fn named(given: &Given) -> Option<String> {
    let (name, _) = value(given, NAME);
    Some(name).filter(|name| !name.is_empty())
}

fn value(given: &Given, name: &str) -> (String, Source) {
    given.value(key(name).expect("every name used here is in the table"))
}

/// Fills in what the secret holds, if one is named. What was given otherwise stands.
pub async fn reveal(given: &mut Given, aws: &SdkConfig) -> anyhow::Result<Option<Vault>> {
    let Some(name) = named(given) else { return Ok(None) };
    let is_open = |name: &str| value(given, name).1 == Source::Default;
    let fields = FIELDS.iter().filter(|(_, name)| is_open(name)).map(|(field, _)| *field);
    let vault = Vault { aws: aws.clone(), fields: fields.collect(), name };
    let secret = vault.open().await?;
    for (field, name) in FIELDS {
        if let Some(text) = vault.field(&secret, field) {
            given.reveal(name, text.to_owned());
        }
    }
    Ok(Some(vault))
}

/// Reads a secret by its name, to see whether that can be done. What it holds is not told.
pub async fn check(name: &str, aws: &SdkConfig) -> anyhow::Result<()> {
    let (aws, name) = (aws.clone(), name.to_owned());
    let vault = Vault { aws, name, fields: FIELDS.map(|(field, _)| field).to_vec() };
    let secret = vault.open().await?;
    let found = vault.field(&secret, APP_SECRET).is_some_and(|it| !it.trim().is_empty());
    found.then_some(()).with_context(|| format!("{} has no {APP_SECRET} in it", vault.name))
}

impl Vault {
    async fn open(&self) -> anyhow::Result<Map<String, Value>> {
        let name = &self.name;
        let text = match is_parameter(name) {
            true => parameter::read(&self.aws, name).await,
            false => self.secret().await,
        };
        let text = text.with_context(|| format!("get the secret {name}"))?;
        read(&text).with_context(|| format!("read the secret {name}"))
    }

    async fn secret(&self) -> anyhow::Result<String> {
        let client = aws_sdk_secretsmanager::Client::new(&self.aws);
        let got = client.get_secret_value().secret_id(&self.name).send().await?;
        Ok(got.secret_string.unwrap_or_default())
    }

    fn field<'a>(&self, secret: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
        self.fields.contains(&field).then(|| secret.get(field)?.as_str()).flatten()
    }
}

#[async_trait]
impl Keeper for Vault {
    async fn read(&self, old: &Keys) -> anyhow::Result<Keys> {
        let secret = self.open().await?;
        let new = |field| self.field(&secret, field).map(|text| Secret::new(text.trim()));
        Ok(Keys {
            app_secret: new(APP_SECRET).unwrap_or_else(|| old.app_secret.clone()),
            encrypt_key: new(ENCRYPT_KEY).or_else(|| old.encrypt_key.clone()),
            verification_token: new(VERIFICATION_TOKEN).or_else(|| old.verification_token.clone()),
        })
    }
}

/// Whether this names a parameter of SSM.
fn is_parameter(name: &str) -> bool {
    let service = name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(1));
    service == Some("ssm") || name.starts_with('/')
}

fn read(secret: &str) -> anyhow::Result<Map<String, Value>> {
    // The error's own words may hold a piece of it.
    let secret: Value = serde_json::from_str(secret).map_err(|_| anyhow!("it is not JSON"))?;
    match secret {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(anyhow!("it is no JSON object"))
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_secret_is_not_shown() {
        for odd in ["", "hunter2", "[\"hunter2\"]", "{\"app_secret\": hunter2"] {
            let error = format!("{:#}", read(odd).unwrap_err());
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_name_says_which_service_keeps_it() {
        for parameter in ["/poco/feishu", "arn:aws-cn:ssm:cn-north-1:1:parameter/poco"] {
            assert!(is_parameter(parameter), "{parameter}");
        }
        for secret in ["poco", "arn:aws:secretsmanager:eu-central-1:1:secret:/poco-x"] {
            assert!(!is_parameter(secret), "{secret}");
        }
    }
}
