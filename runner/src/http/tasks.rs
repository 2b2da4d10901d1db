//! Tasks over HTTP: one, or a page of them.

use super::{Fail, Http, task_json};
use axum::Json;
use axum::extract::{Path, Query, State};
use poco_core::TaskId;
use poco_io::app::TaskPage;
use serde::Deserialize;
use serde_json::{Value, json};

/// How many tasks a page has if nobody says.
const LIMIT: usize = 50;

/// The most tasks a page has.
const LIMIT_MAX: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    /// The last task of the page before.
    before: Option<String>,
}

/// Lists tasks, newest first. The first page begins with those at work. `next` names the page
/// behind this one, as `?before=…`; null if there is none.
pub(super) async fn list(
    State(http): State<Http>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Fail> {
    let Query(page) = page.map_err(|error| Fail::wrong(error.body_text()))?;
    let limit = page.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Fail::wrong(format!("limit is a number from 1 to {LIMIT_MAX}.")));
    }
    let before = page.before.map(TaskId::new);
    let mut tasks: Vec<TaskPage> = match &before {
        Some(_) => vec![],
        None => at_work(&http).await?,
    };
    let over = http.app.tasks_over(before.as_ref(), limit).await?;
    let next = (over.len() == limit).then(|| over.last().map(|it| it.task().id.clone())).flatten();
    tasks.extend(over);
    let mut list = vec![];
    for task in &tasks {
        list.push(task_json::whole(&http, task).await?);
    }
    Ok(Json(json!({ "tasks": list, "next": next })))
}

async fn at_work(http: &Http) -> anyhow::Result<Vec<TaskPage>> {
    let mut tasks = http.app.at_work().await?;
    tasks.sort_by(|one, other| other.1.id.cmp(&one.1.id));
    Ok(tasks.into_iter().map(|(chat, task)| TaskPage::AtWork { chat, task }).collect())
}

pub(super) async fn one(
    State(http): State<Http>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fail> {
    let task = find(&http, &id).await?;
    Ok(Json(task_json::whole(&http, &task).await?))
}

pub(super) async fn find(http: &Http, id: &str) -> Result<TaskPage, Fail> {
    let task = http.app.task(&TaskId::new(id)).await?;
    task.ok_or_else(|| Fail::missing(format!("There is no task {id}.")))
}
