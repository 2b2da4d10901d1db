//! All of it in the cloud: Feishu calls functions, they keep state in `DynamoDB` and send jobs
//! through SQS, and a machine runs the real codex. Every story of `tests/e2e` is played here too,
//! on a stage that differs in its place alone.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "../e2e/approvals.rs"]
mod approvals;
#[path = "../e2e/flows.rs"]
mod flows;
#[path = "../e2e/found.rs"]
mod found;
#[path = "../e2e/history.rs"]
mod history;
mod kill;
#[path = "../e2e/life.rs"]
mod life;
mod machines;
#[path = "../e2e/pairing.rs"]
mod pairing;
#[path = "../e2e/people.rs"]
mod people;
mod place;
#[path = "../e2e/projects.rs"]
mod projects;
#[path = "../e2e/queue.rs"]
mod queue;
#[path = "../e2e/stage.rs"]
mod stage;
#[path = "../e2e/strangers.rs"]
mod strangers;
