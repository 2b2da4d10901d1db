//! The environment agents are started in: that of PoCo, without what PoCo itself signs in with.

use poco_io::config::Config;
use poco_io::mask::{SECRET_BYTES_MIN, worth};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// PoCo's own settings begin so; none is an agent's business.
const OURS: &str = "POCO_";

/// What every AWS tool reads begins so: on a machine of the cloud it opens the table, the queues and
/// the secret of PoCo.
const AWS: &str = "AWS_";

/// What an agent finds in its environment.
#[derive(Clone, Default)]
pub struct Surroundings {
    variables: BTreeMap<OsString, OsString>,
    /// Names of variables that were kept back, and may be let through.
    withheld: Vec<String>,
    /// Names that were let through although they are kept back as a rule.
    passed: Vec<String>,
}

impl Surroundings {
    /// Takes this process's environment.
    pub fn of_process(config: &Config) -> Self {
        let secrets: Vec<_> = worth::of_settings(config).into_iter().map(|(_, it)| it).collect();
        Self::of(std::env::vars_os(), &config.agents.variables, &secrets)
    }

    /// Takes an environment: without PoCo's settings, without those of AWS that are not in `passed`,
    /// and without whatever holds one of `secrets`.
    pub fn of(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        passed: &[String],
        secrets: &[String],
    ) -> Self {
        let mut surroundings = Self { passed: passed.to_vec(), ..Self::default() };
        for (name, value) in environment {
            let text = name.to_string_lossy();
            if text.starts_with(OURS) || holds_any(&value, secrets) {
                continue;
            }
            if text.starts_with(AWS) && !passed.iter().any(|it| *it == *text) {
                surroundings.withheld.push(text.into_owned());
                continue;
            }
            surroundings.variables.insert(name, value);
        }
        surroundings.withheld.sort();
        surroundings
    }

    /// Names what is kept back because it is of AWS.
    pub(crate) fn withheld(&self) -> &[String] {
        &self.withheld
    }

    /// Names what was let through although it is of AWS.
    pub(super) fn passed(&self) -> &[String] {
        &self.passed
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.variables.remove(OsStr::new(name));
    }

    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

/// Whoever starts PoCo may have called a secret of it what they like.
fn holds_any(value: &OsStr, secrets: &[String]) -> bool {
    let value = value.to_string_lossy();
    secrets.iter().any(|it| it.len() >= SECRET_BYTES_MIN && value.contains(it.as_str()))
}

/// Names only: the rest may be secret.
impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], passed: &[&str], secrets: &[&str]) -> Surroundings {
        let own = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let variables = variables.iter().map(|it| (it.0.into(), it.1.into()));
        Surroundings::of(variables, &own(passed), &own(secrets))
    }

    fn names(surroundings: &Surroundings) -> Vec<String> {
        surroundings.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_poco_signs_in_with_is_kept_back() {
        let variables = [
            ("PATH", "/bin"),
            ("POCO_FEISHU_APP_SECRET", "x"),
            ("POCO_NEW", "x"),
            ("AWS_SECRET_ACCESS_KEY", "k"),
            ("AWS_PROFILE", "poco"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2"),
            ("BOT", "it is app-secret-1, mind you"),
            ("SHORT", "dev"),
            ("ANTHROPIC_API_KEY", "theirs"),
        ];
        let kept = of(&variables, &[], &["app-secret-1", "dev", ""]);
        assert_eq!(names(&kept), ["ANTHROPIC_API_KEY", "PATH", "SHORT"]);
        let withheld =
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"];
        assert_eq!(kept.withheld(), withheld);
    }

    #[test]
    fn what_is_named_is_let_through_unless_it_is_pocos_own() {
        let variables =
            [("AWS_PROFILE", "bedrock"), ("AWS_REGION", "eu"), ("POCO_HTTP_TOKEN", "x")];
        let passed = of(&variables, &["AWS_PROFILE", "POCO_HTTP_TOKEN"], &[]);
        assert_eq!(names(&passed), ["AWS_PROFILE"]);
        assert_eq!(passed.withheld(), ["AWS_REGION"]);
        let secret = of(&variables, &["AWS_PROFILE"], &["bedrock1", "bedrock"]);
        assert_eq!(names(&secret), ["AWS_PROFILE"], "what is too short to be one is none");
        let secret = of(&[("AWS_X", "bedrock1")], &["AWS_X"], &["bedrock1"]);
        assert!(names(&secret).is_empty(), "a secret of PoCo is never let through");
    }

    #[test]
    fn values_are_not_seen_when_it_is_printed() {
        let text = format!("{:?}", of(&[("ANTHROPIC_API_KEY", "theirs")], &[], &[]));
        assert!(text.contains("ANTHROPIC_API_KEY") && !text.contains("theirs"), "{text}");
    }
}
