//! Asks the chat platform at once whether it knows the app, so that a typo is told where it was made.

use super::Refusal;
use poco_io::config::Feishu;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the platform may take for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Returns the name of the app's bot, or says what is wrong with the app and what to do.
pub(crate) async fn check(feishu: &Feishu) -> Result<String, Refusal> {
    let http = client(feishu).map_err(|error| no_answer(feishu, error))?;
    let url = |path: &str| format!("{}/open-apis/{path}", feishu.base_url);
    let login = json!({ "app_id": feishu.app_id, "app_secret": feishu.app_secret.expose() });
    let token = http.post(url("auth/v3/tenant_access_token/internal")).json(&login);
    let token = ask(feishu, token).await?;
    let token = token["tenant_access_token"].as_str().unwrap_or_default();
    let bot = ask(feishu, http.get(url("bot/v3/info")).bearer_auth(token)).await?;
    let bot = &bot["bot"];
    if bot["open_id"].as_str().is_none_or(str::is_empty) {
        let next = "add the bot ability in the developer console and publish a version";
        return Err(Refusal::new("the Feishu app has no bot", next));
    }
    Ok(bot["app_name"].as_str().unwrap_or("the bot").to_owned())
}

fn client(feishu: &Feishu) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none());
    let host = reqwest::Url::parse(&feishu.base_url).ok();
    let host = host.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    if here { builder.no_proxy().build() } else { builder.build() }
}

async fn ask(feishu: &Feishu, request: reqwest::RequestBuilder) -> Result<Value, Refusal> {
    let answer = match request.send().await {
        Ok(answer) => answer.json::<Value>().await,
        Err(error) => Err(error),
    };
    let answer = answer.map_err(|error| no_answer(feishu, error))?;
    match answer["code"].as_i64() {
        Some(0) => Ok(answer),
        code => {
            let words = answer["msg"].as_str().unwrap_or("no reason given");
            let code = code.map_or("none".to_owned(), |code| code.to_string());
            let what = format!("Feishu does not accept the app: {words} (code {code})");
            let next = "copy App ID and App Secret again from the app's page \"Credentials & \
                        Basic Info\"; for Lark, set POCO_FEISHU_API_BASE_URL";
            Err(Refusal::new(what, next))
        }
    }
}

fn no_answer(feishu: &Feishu, error: reqwest::Error) -> Refusal {
    let error = anyhow::Error::from(error.without_url());
    let what = format!("{} gave no answer: {error:#}", feishu.base_url);
    Refusal::new(what, "see to the network or proxy, or save unchecked with --no-check")
}
