//! Tasks over HTTP: one, or a page of them.

use super::{Fail, Http, demo, given, task_json};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use poco_core::TaskId;
use poco_io::app::TaskPage;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cmp::Reverse;

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

/// Lists tasks, newest first. The first page begins with those that are not over, which the limit
/// does not count; for those alone every room is read. `next` names the page behind this one, as
/// `?before=…`; null if there is none.
pub(super) async fn list(
    State(http): State<Http>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Fail> {
    let Query(page) = page.map_err(|error| Fail::wrong(error.body_text()))?;
    let limit = page.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Fail::wrong(format!("limit is a number from 1 to {LIMIT_MAX}.")));
    }
    let before = page.before.map(TaskId::new);
    let mut tasks = match &before {
        Some(_) => vec![],
        None => http.app.in_rooms().await?,
    };
    let over = http.app.tasks_over(before.as_ref(), limit).await?;
    let next = (over.len() == limit).then(|| over.last().map(|it| it.task().id.clone())).flatten();
    // One that ended just now is listed once, in its place: that may be on a later page.
    let is_later = |task: &TaskPage| next.as_ref().is_some_and(|next| task.task().id < *next);
    let is_over = |task: &TaskPage| task.outcome().is_some();
    let listed = |task: &TaskPage| over.iter().any(|it| it.task().id == task.task().id);
    tasks.retain(|task| !(listed(task) || is_over(task) && is_later(task)));
    tasks.extend(over);
    tasks.sort_by_key(|task| (is_over(task), Reverse(task.task().id.clone())));
    Ok(Json(json!({ "tasks": task_json::all(&http, &tasks).await?, "next": next })))
}

pub(super) async fn one(
    State(http): State<Http>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Fail> {
    let task = find(&http, &TaskId::new(given::name(path)?)).await?;
    Ok(Json(task_json::whole(&http, &task).await?))
}

pub(super) async fn find(http: &Http, id: &TaskId) -> Result<TaskPage, Fail> {
    let task = http.app.task(id).await?;
    task.ok_or_else(|| Fail::missing(demo::unknown(id)))
}
