//! The parts of a deployment, and whether each is as it must be.

use crate::cmd::check::{Finding, is_denied, why};
use anyhow::Context;
use poco_core::{Away, Runner};
use poco_io::app::RUNNERS;
use poco_io::config::{Config, Given};
use poco_io::port::Store;
use poco_io::queue::Sqs;
use poco_io::store::Dynamo;
use poco_io::{aws, clock, secrets};
use serde_json::Value;
use std::time::Duration;

/// How long the functions may take: one that starts cold is slower than Feishu would wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How often a job is received before it is put aside.
const TRIES: u32 = poco_io::queue::sqs::DELIVERIES;

/// How long a job is hidden once received, in seconds: longer, and a crash holds its chat up.
const HIDDEN: u64 = 30;

const DEPLOY: &str = "deploy infra/template.yaml again";
const LOOK: &str = "run this with credentials that may look at the stack";

pub(super) async fn look(config: &Config, given: &Given) -> Vec<Finding> {
    let aws = aws::connect(&config.cloud).await;
    let table = Dynamo::new(&aws, config.state.table.as_str());
    let queue = Sqs::sender(&aws, config.state.queue_url.as_str());
    let mut findings = functions(config).await;
    findings.extend(shape_of_table(&table).await);
    findings.extend(shape_of_queue(&queue, config.runner.as_str()).await);
    findings.push(secret(given, &aws).await);
    findings.extend(machines(&table).await);
    findings
}

async fn functions(config: &Config) -> Vec<Finding> {
    const NAME: &str = "functions answer";
    let Some(url) = &config.cloud.url else {
        let fix = "give --stack-outputs, or --url with the output HealthUrl";
        return vec![Finding::could_not_tell(NAME, "it is not known where they are", fix)];
    };
    let http = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none());
    let http = if is_here(url) { http.no_proxy() } else { http };
    let http = match http.build() {
        Ok(http) => http,
        Err(error) => return vec![Finding::could_not_tell(NAME, error.to_string(), "")],
    };
    let mut findings = vec![health(&http, url).await];
    for (name, path) in [
        ("events that are not signed", "/platform/feishu/events"),
        ("presses that are not signed", "/platform/feishu/card-actions"),
    ] {
        findings.push(refused(&http, name, &format!("{url}{path}")).await);
    }
    findings
}

fn is_here(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback()) || host == "localhost"
}

async fn health(http: &reqwest::Client, url: &str) -> Finding {
    const NAME: &str = "functions answer";
    const FIX: &str = "see the log of the function for events (docs/cloud.md, Is it well?)";
    let asked = async {
        let answer = http.get(format!("{url}/health")).send().await.context("ask /health")?;
        let answer = answer.error_for_status().context("ask /health")?;
        answer.json::<Value>().await.context("read what /health says")
    };
    let health = match asked.await {
        Ok(health) => health,
        Err(error) => return Finding::failed(NAME, why(&error), FIX),
    };
    let says = |name: &str| health[name].as_str().unwrap_or("?").to_owned();
    let (store, queue, delivery) = (says("state_backend"), says("queue"), says("delivery"));
    let detail = format!(
        "version {}; state in {store}, jobs through {queue}, events by {delivery}",
        says("version")
    );
    let as_it_must = [store, queue, delivery].into_iter().eq(["dynamodb", "sqs", "webhook"]);
    match (as_it_must, health["feishu"].as_bool()) {
        (true, Some(true)) => Finding::ok(NAME, detail),
        (true, _) => Finding::failed(NAME, format!("{detail}; no Feishu app"), DEPLOY),
        (false, _) => Finding::failed(NAME, detail, DEPLOY),
    }
}

/// What is not signed must be refused, or anybody could send it.
async fn refused(http: &reqwest::Client, name: &str, url: &str) -> Finding {
    let request = http.post(url).header("content-type", "application/json").body("{}");
    match request.send().await {
        Ok(answer) if answer.status().as_u16() == 401 => Finding::ok(name, "are refused"),
        Ok(answer) => {
            let detail = format!("are answered with {}, not 401", answer.status());
            Finding::failed(name, detail, "set the Encrypt Key and deploy again")
        }
        Err(error) => Finding::could_not_tell(name, why(&error.without_url().into()), ""),
    }
}

async fn shape_of_table(table: &Dynamo) -> Vec<Finding> {
    const NAME: &str = "table";
    let shape = match table.shape().await {
        Ok(shape) => shape,
        Err(error) if is_denied(&error) => {
            return vec![Finding::could_not_tell(NAME, "it may not be looked at", LOOK)];
        }
        Err(error) => return vec![Finding::failed(NAME, why(&error), "see POCO_STATE_TABLE")],
    };
    let line = |name: &str, is: bool, fix: &str| match is {
        true => Finding::ok(name, ""),
        false => Finding::failed(name, "it is not", fix),
    };
    vec![
        line("table has the right keys", shape.keys, DEPLOY),
        line(
            "table forgets by itself",
            shape.forgets,
            "turn time to live on for the attribute `expires`",
        ),
        line("table can be put back", shape.recovers, "turn point-in-time recovery on"),
    ]
}

async fn shape_of_queue(queue: &Sqs, runner: &str) -> Vec<Finding> {
    let name = format!("queue of {runner}");
    let shape = match queue.shape(runner).await {
        Ok(shape) => shape,
        Err(error) if is_denied(&error) => {
            return vec![Finding::could_not_tell(name, "it may not be looked at", LOOK)];
        }
        Err(error) => {
            let fix = "see POCO_QUEUE_URL; a further machine needs infra/runner.yaml";
            return vec![Finding::failed(name, why(&error), fix)];
        }
    };
    let wrong = [
        (!shape.fifo, "it is not FIFO".to_owned()),
        (shape.tries != TRIES, format!("jobs are put aside after {} tries", shape.tries)),
        (shape.hidden != HIDDEN, format!("jobs are hidden for {} s", shape.hidden)),
    ];
    let wrong: Vec<_> = wrong.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
    let mut findings = vec![match wrong.is_empty() {
        true => Finding::ok(name, format!("FIFO, {TRIES} tries; {} jobs in it", shape.waiting)),
        false => Finding::failed(name, wrong.join(", "), DEPLOY),
    }];
    if let Some(aside) = &shape.aside {
        findings.push(aside_of(queue, runner, aside).await);
    }
    findings
}

async fn aside_of(queue: &Sqs, runner: &str, url: &str) -> Finding {
    let name = format!("jobs of {runner} put aside");
    match queue.depth(url).await {
        Ok(0) => Finding::ok(name, "none"),
        Ok(count) => Finding::failed(
            name,
            format!("{count}, in {url}"),
            "their tasks' cards say why; once seen to, purge that queue",
        ),
        Err(error) if is_denied(&error) => {
            Finding::could_not_tell(name, "they may not be counted", LOOK)
        }
        Err(error) => Finding::could_not_tell(name, why(&error), LOOK),
    }
}

async fn secret(given: &Given, aws: &aws_config::SdkConfig) -> Finding {
    const NAME: &str = "secret of the app";
    let Some(name) = secrets::named(given) else {
        return Finding::could_not_tell(NAME, "none is named", "give --stack-outputs");
    };
    match secrets::check(&name, aws).await {
        Ok(()) => Finding::ok(NAME, "can be read"),
        Err(error) if is_denied(&error) => {
            Finding::could_not_tell(NAME, "it may not be read", LOOK)
        }
        Err(error) => Finding::failed(NAME, why(&error), "see POCO_SECRET_ARN"),
    }
}

async fn machines(table: &Dynamo) -> Vec<Finding> {
    const NAME: &str = "machines";
    let heard = async {
        let mut runners: Vec<Runner> = vec![];
        for key in table.keys(RUNNERS, None).await? {
            let document = table.get(&key).await?;
            let read = document.map(|it| serde_json::from_str(&it.body)).transpose();
            runners.extend(read.with_context(|| format!("read {key}"))?);
        }
        anyhow::Ok(runners)
    };
    match heard.await {
        Ok(runners) if runners.is_empty() => {
            let fix = "poco runner join, then poco runner start, on a machine";
            vec![Finding::failed(NAME, "none was ever heard", fix)]
        }
        Ok(runners) => runners.iter().map(machine).collect(),
        Err(error) if is_denied(&error) => {
            vec![Finding::could_not_tell(NAME, "what they say may not be read", LOOK)]
        }
        Err(error) => vec![Finding::could_not_tell(NAME, why(&error), LOOK)],
    }
}

fn machine(runner: &Runner) -> Finding {
    let name = format!("machine {}", runner.id);
    let Runner { host, version, turns, seats, .. } = runner;
    let is = format!("{host}, version {version}, {turns} of {seats} seats taken");
    match runner.away(clock::now()) {
        None => Finding::ok(name, is),
        Some(Away::Draining) => Finding::ok(name, format!("{is}; draining: takes nothing new")),
        Some(Away::Asleep { minutes }) => Finding::failed(
            name,
            format!("{host}, not heard for {minutes} min or more"),
            "wake it, or poco runner start there",
        ),
    }
}
