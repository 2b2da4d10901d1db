//! The device flow: an app is made by a person who follows a link.

use super::Feishu;
use anyhow::{Context, ensure};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::GzDecoder;
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::time::{Duration, Instant};

/// How the flow runs.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Seconds a client waits between two polls.
    pub interval: u64,
    pub expires_in: u64,
    /// How long such a second is.
    pub second: Duration,
    /// The app and the person are Lark's.
    pub lark: bool,
    /// How apps are handed over.
    pub methods: Vec<String>,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            interval: 5,
            expires_in: 600,
            second: Duration::from_secs(1),
            lark: false,
            methods: vec!["client_secret".to_owned()],
        }
    }
}

/// What a person says to the page behind the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Yes,
    No,
}

/// What the app is to be, as the page shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    pub name: Option<String>,
    pub scopes: Vec<String>,
    pub events: Vec<String>,
    pub callbacks: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Begun {
    user_code: String,
    at: Instant,
    polled: Option<Instant>,
    interval: u64,
    verdict: Option<(Consent, String)>,
    /// The credentials were handed over; they are once.
    over: bool,
}

/// The routes of the accounts' host; `lark` are those of Lark's.
pub(crate) fn routes(lark: bool) -> Router<Feishu> {
    let answer = move |feishu: Shared<Feishu>, headers: HeaderMap, body: String| async move {
        answer(&feishu.0, &headers, &body, lark)
    };
    Router::new().route("/oauth/v1/app/registration", post(answer))
}

fn answer(feishu: &Feishu, headers: &HeaderMap, body: &str, lark: bool) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| !kind.starts_with("application/x-www-form-urlencoded")) {
        return refuse(feishu, "invalid_request", "the body is no form");
    }
    let form = format!("http://form/?{body}");
    let Ok(form) = Url::parse(&form) else {
        return refuse(feishu, "invalid_request", "the form can't be read");
    };
    let form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    match field("action") {
        "init" => {
            let methods = feishu.look(|state| state.options.flow.methods.clone());
            Json(json!({ "supported_auth_methods": methods })).into_response()
        }
        "begin" => {
            let wants = field("request_user_info").split(' ').any(|it| it == "open_id");
            if field("archetype") != "PersonalAgent" || field("auth_method") != "client_secret" {
                return refuse(feishu, "invalid_request", "a wrong archetype or auth_method");
            }
            if !wants {
                return refuse(feishu, "invalid_request", "who agrees is not asked for");
            }
            Json(begin(feishu)).into_response()
        }
        "poll" => poll(feishu, field("device_code"), lark),
        _ => refuse(feishu, "invalid_request", "an unknown action"),
    }
}

fn begin(feishu: &Feishu) -> Value {
    feishu.change(|state| {
        let device_code = state.id("dev_");
        let user_code = format!("ABCD-{:04}", state.count());
        let flow = state.options.flow.clone();
        let begun = Begun {
            user_code: user_code.clone(),
            at: Instant::now(),
            polled: None,
            interval: flow.interval,
            verdict: None,
            over: false,
        };
        state.registrations.insert(device_code.clone(), begun);
        let page = "https://open.feishu.cn/page/launcher";
        json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "interval": flow.interval,
            "expires_in": flow.expires_in,
        })
    })
}

fn poll(feishu: &Feishu, device_code: &str, on_lark: bool) -> Response {
    let said = feishu.change(|state| {
        let flow = state.options.flow.clone();
        let app = (state.options.app_id.clone(), state.options.app_secret.clone());
        let seconds = |count: u64| flow.second * u32::try_from(count).unwrap_or(u32::MAX);
        let begun = state.registrations.get_mut(device_code).ok_or("invalid_grant")?;
        if begun.over {
            return Err("invalid_grant");
        }
        if begun.at.elapsed() >= seconds(flow.expires_in) {
            return Err("expired_token");
        }
        let last = begun.polled.replace(Instant::now());
        // A little grace for clocks that tick differently.
        let least = seconds(begun.interval).mul_f64(0.8);
        if last.is_some_and(|last| last.elapsed() < least) {
            begun.interval += 5;
            return Err("slow_down");
        }
        let Some((consent, open_id)) = begun.verdict.clone() else {
            return Err("authorization_pending");
        };
        if consent == Consent::No {
            return Err("access_denied");
        }
        let brand = if flow.lark { "lark" } else { "feishu" };
        let user = json!({ "open_id": open_id, "tenant_brand": brand });
        if flow.lark && !on_lark {
            return Ok(json!({ "user_info": user }));
        }
        begun.over = true;
        Ok(json!({ "client_id": app.0, "client_secret": app.1, "user_info": user }))
    });
    match said {
        Ok(said) => Json(said).into_response(),
        Err("invalid_grant") => refuse(feishu, "invalid_grant", "an unknown device code"),
        Err("slow_down") => refuse(feishu, "slow_down", "a poll came too early"),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
    }
}

/// Refuses what a client that keeps to the flow never asks.
fn refuse(feishu: &Feishu, error: &str, why: &str) -> Response {
    feishu.change(|state| state.complain(format!("device flow: {why}")));
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": why })))
        .into_response()
}

impl Feishu {
    /// Returns the address of Lark's accounts; those of Feishu are at [`Feishu::url`].
    pub fn lark_accounts(&self) -> &str {
        &self.0.lark
    }

    /// Asks the client for more patience than it was told to have.
    pub fn slow_down(&self) {
        self.change(|state| {
            let polled = Some(Instant::now() + Duration::from_secs(3_600));
            state.registrations.values_mut().for_each(|begun| begun.polled = polled);
        });
    }

    /// Follows a link as a person does; the page is strict about what is in it.
    ///
    /// # Errors
    /// If the page would refuse the link.
    pub fn follow(&self, user: &str, link: &str, consent: Consent) -> anyhow::Result<Wanted> {
        let link = Url::parse(link).context("read the link")?;
        let mut fields: BTreeMap<String, String> = link.query_pairs().into_owned().collect();
        ensure!(fields.len() == link.query_pairs().count(), "a field is there twice");
        let mut take = |name: &str| fields.remove(name);
        let user_code = take("user_code").context("the link names no code")?;
        ensure!(take("from").as_deref() == Some("sdk"), "from is not sdk");
        ensure!(take("tp").as_deref() == Some("sdk"), "tp is not sdk");
        ensure!(take("source").is_some_and(|source| !source.is_empty()), "there is no source");
        let create_only = take("createOnly");
        ensure!(
            create_only.is_none_or(|it| it == "true"),
            "createOnly is neither left out nor true"
        );
        let (name, addons) = (take("name"), take("addons"));
        take("desc");
        ensure!(fields.is_empty(), "the page knows no {fields:?}");
        let mut wanted = match addons {
            Some(addons) => unpack(&addons).context("read the addons")?,
            None => Wanted::default(),
        };
        wanted.name = name;
        self.change(|state| {
            let open_id = state.user(user)?.open_id.clone();
            let mut begun = state.registrations.values_mut();
            let begun = begun.find(|begun| begun.user_code == user_code);
            begun.context("the code is unknown")?.verdict = Some((consent, open_id));
            anyhow::Ok(())
        })?;
        Ok(wanted)
    }

    /// Returns what is known of the flows, for tests that look whether one is under way.
    pub fn flows(&self) -> usize {
        self.look(|state| state.registrations.len())
    }
}

fn unpack(addons: &str) -> anyhow::Result<Wanted> {
    let packed = URL_SAFE_NO_PAD.decode(addons).context("base64url without padding")?;
    let mut text = String::new();
    GzDecoder::new(&packed[..]).read_to_string(&mut text).context("gzip")?;
    let wanted: Value = serde_json::from_str(&text).context("JSON")?;
    let known = |value: &Value, names: &[&str]| {
        let fields = value.as_object().context("an object")?;
        let odd = fields.keys().find(|name| !names.contains(&name.as_str()));
        ensure!(odd.is_none(), "there is no field {odd:?}");
        Ok(())
    };
    known(&wanted, &["preset", "scopes", "events", "callbacks"])?;
    known(&wanted["scopes"], &["tenant", "user"])?;
    known(&wanted["events"], &["items"])?;
    known(&wanted["events"]["items"], &["tenant", "user"])?;
    known(&wanted["callbacks"], &["items"])?;
    let list = |value: &Value| -> anyhow::Result<Vec<String>> {
        let values = value.as_array().context("a list")?.iter();
        values.map(|it| it.as_str().map(str::to_owned).context("a text")).collect()
    };
    Ok(Wanted {
        name: None,
        scopes: list(&wanted["scopes"]["tenant"])?,
        events: list(&wanted["events"]["items"]["tenant"])?,
        callbacks: list(&wanted["callbacks"]["items"])?,
    })
}
