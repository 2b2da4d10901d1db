//! Tries every right a machine needs, and some that it must not have. Nothing is left behind but one
//! job that asks for nothing.

use super::untried;
use crate::cmd::check::{self, Finding};
use crate::home::random_hex;
use poco_core::{ChatId, Command, Runner, RunnerId};
use poco_io::config::{Config, Given};
use poco_io::port::{Job, Queue, Store};
use poco_io::queue::Sqs;
use poco_io::store::Dynamo;
use poco_io::{aws, clock, secrets};

const GRANT: &str = "attach the policy of the stack's output RunnerPolicyArn to what this machine \
                     signs in as; for another name than the stack's, deploy infra/runner.yaml";

pub(super) async fn try_all(config: &Config, given: &Given) -> Vec<Finding> {
    let aws = aws::connect(&config.cloud).await;
    let table = Dynamo::new(&aws, config.state.table.as_str());
    let queue = Sqs::of(&aws, &config.state.queue_url, &config.runner);
    let due = table.may_list_due().await;
    let look = queue.shape(config.runner.as_str()).await;
    let mut findings = vec![
        Finding::of("read documents", table.may_read().await, GRANT),
        Finding::of("write on a condition", table.may_write().await, GRANT),
        Finding::of("list documents", table.may_list().await, GRANT),
        helpful("list what is due", due, "every look for what is owed reads every chat"),
        Finding::of("read and delete parts", table.may_part().await, GRANT),
        Finding::of("receive jobs", queue.may_receive().await, GRANT),
        Finding::of("strike jobs off", queue.may_strike_off().await, GRANT),
        Finding::of("send jobs", queue.send(&nothing(&config.runner)).await, GRANT),
        helpful("look at the queue", look.map(drop), "nobody sees from here what waits in it"),
        match secrets::named(given) {
            Some(name) => Finding::of("read the secret", secrets::check(&name, &aws).await, GRANT),
            None => Finding::could_not_tell("read the secret", "none is named", "give --secret"),
        },
    ];
    findings.push(taken(&table, &config.runner).await);
    findings.push(excess(&table, &queue).await);
    findings
}

/// Without this right it works too, but not as well.
fn helpful(name: &str, done: anyhow::Result<()>, without: &str) -> Finding {
    match done {
        Ok(()) => Finding::ok(name, ""),
        Err(error) => {
            let detail = format!("it works, but {without}: {}", check::why(&error));
            Finding::could_not_tell(name, detail, GRANT)
        }
    }
}

/// A job that has a chat's debts paid, of which there are none.
fn nothing(runner: &RunnerId) -> Job {
    let (id, chat) = (format!("join-{}", random_hex::<8>()), ChatId::new("house"));
    Job { id, chat, runner: runner.clone(), command: Command::Settle }
}

/// Two machines of one name would take each other's jobs.
async fn taken(table: &Dynamo, name: &RunnerId) -> Finding {
    const NAME: &str = "nobody else has the name";
    let found = match table.get(&poco_io::app::runner_key(name)).await {
        Ok(found) => found.and_then(|it| serde_json::from_str::<Runner>(&it.body).ok()),
        Err(error) => return untried(NAME, &error, GRANT),
    };
    let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
    match found.filter(|it| it.host != here && it.away(clock::now()).is_none()) {
        None => Finding::ok(NAME, name.as_str()),
        Some(other) => Finding::failed(
            NAME,
            format!("{} on {} was heard just now", other.id, other.host),
            "give another --name, or stop the other machine",
        ),
    }
}

/// Whoever gets hold of this machine's credentials should get no more than this.
async fn excess(table: &Dynamo, queue: &Sqs) -> Finding {
    const NAME: &str = "no more rights than needed";
    let found = [
        (table.may_scan().await, "read the whole table at once"),
        (table.may_list_tables().await, "list all tables"),
        (queue.may_list_queues().await, "list all queues"),
    ];
    let found: Vec<_> = found.into_iter().filter(|(may, _)| *may).map(|(_, what)| what).collect();
    match found.is_empty() {
        true => Finding::ok(NAME, ""),
        false => Finding::could_not_tell(
            NAME,
            format!("it works, but this machine may also {}", found.join(", ")),
            "give it credentials of its own, with nothing but RunnerPolicyArn",
        ),
    }
}
