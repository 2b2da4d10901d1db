//! What counts as a secret: not everything that is set is one, and `true` or `8000` must stay
//! readable.

use super::SECRET_BYTES_MIN;
use crate::config::Config;
use std::collections::BTreeSet;

/// What a name of a secret ends with, word by word.
const WORDS: &[&str] = &[
    "key",
    "keys",
    "token",
    "tokens",
    "secret",
    "secrets",
    "password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "dsn",
    "pat",
];

/// Names whose values look like secrets and are none.
const PLAIN: &[&str] = &[
    "commit",
    "sha",
    "rev",
    "revision",
    "version",
    "hash",
    "digest",
    "checksum",
    "integrity",
    "id",
];

/// The longest plain word that is no secret unless its name ends as one of a password, in bytes.
const WORD_BYTES: usize = 12;

/// The least kinds of characters in a secret.
const KINDS_MIN: usize = 4;

/// From what length on a value may be a secret by its looks, in bytes, and how mixed it must be, in
/// bits for a character.
const RANDOM_BYTES_MIN: usize = 20;
const RANDOM_BITS_MIN: f64 = 3.5;

/// Returns the secrets of the settings and of an environment.
pub fn of_process(
    config: &Config,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    let environment = environment.into_iter().flat_map(|(name, value)| named(&name, &value));
    of_settings(config).into_iter().chain(environment).collect()
}

/// Returns the secrets of the settings.
pub fn of_settings(config: &Config) -> Vec<(String, String)> {
    let feishu = &config.feishu;
    let set = [
        ("POCO_FEISHU_APP_SECRET", Some(&feishu.app_secret)),
        ("POCO_FEISHU_VERIFICATION_TOKEN", feishu.verification_token.as_ref()),
        ("POCO_FEISHU_ENCRYPT_KEY", feishu.encrypt_key.as_ref()),
        ("POCO_HTTP_TOKEN", config.http.token.as_ref()),
    ];
    let set = set.into_iter().filter_map(|(name, secret)| {
        Some((name.to_owned(), secret?.expose().to_owned())).filter(|(_, it)| !it.is_empty())
    });
    set.collect()
}

/// Returns what is set in this process's environment, as far as it is text.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Returns the secrets in a value that is called so.
pub fn named(name: &str, value: &str) -> Vec<(String, String)> {
    let value = value.trim();
    if value.contains("://") {
        return in_address(value).map(|secret| (name.to_owned(), secret)).into_iter().collect();
    }
    let is_one = is_secret_name(name) && is_mixed(name, value);
    if is_one { vec![(name.to_owned(), value.to_owned())] } else { vec![] }
}

/// Returns the secrets of a file of settings: lines such as `NAME=value`, `name: value` and
/// `"name": "value"`. There a value counts by its looks too.
pub fn in_settings(text: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    for line in text.lines() {
        let line = line.trim().trim_start_matches("export ").trim_start_matches(['{', ',']);
        if let Some(secret) = in_address(line) {
            found.push((String::new(), secret));
        }
        // The name in an npmrc begins with an address.
        let Some((name, value)) = line.split_once('=').or_else(|| line.split_once(": ")) else {
            continue;
        };
        let name = name.trim().trim_matches(['"', '\'']);
        let value = unquoted(value.trim().trim_end_matches(','));
        let secrets = named(name, value);
        let random = secrets.is_empty() && is_random(name, value);
        found.extend(secrets);
        found.extend(random.then(|| (name.to_owned(), value.to_owned())));
    }
    found
}

/// Returns the passwords of a netrc.
pub fn in_netrc(text: &str) -> Vec<(String, String)> {
    let words: Vec<_> = text.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "password");
    pairs.map(|pair| ("password".to_owned(), pair[1].to_owned())).collect()
}

/// Returns the private keys of a PEM file; what it says openly is no secret.
pub fn in_pem(name: &str, text: &str) -> Vec<(String, String)> {
    let (mut found, mut inside) = (vec![], false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("-----BEGIN") {
            inside = line.contains("PRIVATE KEY");
        } else if line.starts_with("-----END") {
            inside = false;
        } else if inside && !line.contains(": ") && line.len() >= SECRET_BYTES_MIN {
            found.push((name.to_owned(), line.to_owned()));
        }
    }
    found
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote) {
            return inside.split(quote).next().unwrap_or_default();
        }
    }
    // What follows is a comment.
    value.split(" #").next().unwrap_or_default().trim()
}

/// Returns what an address holds before its `@`.
fn in_address(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let host = rest.split(['/', ' ', '"', '\'', '?']).next()?;
    let (user, _) = host.rsplit_once('@')?;
    let secret = user.split_once(':').map_or(user, |(_, password)| password);
    let is_one = secret.len() >= SECRET_BYTES_MIN && kinds(secret) >= KINDS_MIN;
    // A bare name of somebody is none.
    let is_one = is_one && (user.contains(':') || secret.len() >= RANDOM_BYTES_MIN);
    is_one.then(|| secret.to_owned())
}

fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| {
        WORDS.contains(&word.as_str())
            || ["key", "token", "secret", "password"].iter().any(|it| word.ends_with(it))
    })
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = 'A';
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("there is a first").push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value under the name of a secret can be one.
fn is_mixed(name: &str, value: &str) -> bool {
    let is_path = value.starts_with(['/', '~', '.', '$']) && !value.contains(['=', '+']);
    if value.len() < SECRET_BYTES_MIN || is_path || kinds(value) < KINDS_MIN {
        return false;
    }
    let is_word =
        value.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'));
    let ends = words(name).last().is_some_and(|word| WORDS.contains(&word.as_str()));
    ends || !is_word || value.len() > WORD_BYTES
}

/// Whether a value looks like nobody would have thought of it.
fn is_random(name: &str, value: &str) -> bool {
    let plain = words(name).last().is_some_and(|word| PLAIN.contains(&word.as_str()));
    let of = |kind: fn(&u8) -> bool| value.bytes().any(|byte| kind(&byte));
    let fits = value.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'.')
    });
    !plain
        && fits
        && value.len() >= RANDOM_BYTES_MIN
        && !value.starts_with(['/', '.'])
        && of(u8::is_ascii_digit)
        && of(u8::is_ascii_alphabetic)
        && bits(value) >= RANDOM_BITS_MIN
}

fn kinds(value: &str) -> usize {
    value.chars().collect::<BTreeSet<_>>().len()
}

/// How much each character of a value tells, in bits.
fn bits(value: &str) -> f64 {
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let share = |byte: u8| {
        let count = value.bytes().filter(|it| *it == byte).count();
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / length
    };
    let different: BTreeSet<_> = value.bytes().collect();
    different.into_iter().map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(found: &[(String, String)]) -> Vec<&str> {
        found.iter().map(|(_, value)| value.as_str()).collect()
    }

    #[test]
    fn what_is_plain_is_no_secret() {
        for (name, value) in [
            ("PORT", "8000"),
            ("DEBUG", "true"),
            ("API_KEY", "true"),
            ("API_KEY", "aaaaaaaaaaaa"),
            ("TOKEN_MODE", "disabled"),
            ("KEY_FILE", "/home/ann/.ssh/id_rsa"),
            ("SSH_AUTH_SOCK", "/tmp/ssh-XXXX/agent.1234"),
            ("PATH", "/usr/bin:/bin"),
            ("KEYBOARD_LAYOUT", "us-international"),
            ("DATABASE_URL", "postgres://localhost:5432/app"),
            ("REPO_TOKEN_URL", "https://ann@example.com/x"),
        ] {
            assert_eq!(named(name, value), [], "{name}={value}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for (name, value) in [
            ("OPENAI_API_KEY", "sk-proj-a1B2c3D4"),
            ("db_password", "changeme"),
            ("clientSecret", "Xy12Zw34Qr56"),
            ("//registry.npmjs.org/:_authToken", "npm_abcdef123456"),
        ] {
            assert_eq!(values(&named(name, value)), [value], "{name}");
        }
        let url = named("DATABASE_URL", "postgres://ann:s3cretPw!@db.example.com/app");
        assert_eq!(values(&url), ["s3cretPw!"]);
    }

    #[test]
    fn files_are_read_as_people_write_them() {
        let dotenv = "# a comment\nexport API_KEY=\"k3y-with-quotes\" # why\nPORT=8000\n\
                      WEBHOOK=8f14e45fceea167a5a36dedd4bea2543\nGIT_SHA=da39a3ee5e6b4b0d3255bfef95601890\n";
        assert_eq!(
            values(&in_settings(dotenv)),
            ["k3y-with-quotes", "8f14e45fceea167a5a36dedd4bea2543"]
        );
        let json = "{\n  \"private_key_id\": \"x\",\n  \"client_secret\": \"GOCSPX-12345678\",\n}";
        assert_eq!(values(&in_settings(json)), ["GOCSPX-12345678"]);
        let config = "[remote]\n\turl = https://ann:ghp_0123456789ab@example.com/a.git\n";
        assert!(values(&in_settings(config)).contains(&"ghp_0123456789ab"));
        let netrc = "machine x\n login ann\n password pw-123456\n";
        assert_eq!(values(&in_netrc(netrc)), ["pw-123456"]);
        let pem = "-----BEGIN CERTIFICATE-----\nMIIBpublic00\n-----END CERTIFICATE-----\n\
                   -----BEGIN PRIVATE KEY-----\nMIIEsecret00\n-----END PRIVATE KEY-----\n";
        assert_eq!(values(&in_pem("a.pem", pem)), ["MIIEsecret00"]);
    }
}
