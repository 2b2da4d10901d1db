//! Jobs in the SQLite file: kept there, and handed out from memory.

use super::Line;
use super::line::number;
use crate::port::{Delivery, Job, Queue};
use crate::store::{Connection, Sqlite};
use anyhow::{Context, anyhow};
use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the id of a job that is done is known, in milliseconds, from when it was sent. As long
/// as a delivery of the event that caused it: what was struck off in between must not come again.
const KNOWN: u64 = 10 * 60 * 60 * 1_000;

/// Puts the jobs that are not done into line.
pub(crate) fn load(file: &Connection, line: &Line) -> anyhow::Result<()> {
    let mut jobs =
        file.prepare("SELECT number, body, tries FROM job WHERE NOT done ORDER BY number")?;
    let rows = jobs.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for row in rows {
        let (number, body, tries): (u64, String, u32) = row.context("read the jobs")?;
        let job =
            serde_json::from_str(&body).with_context(|| format!("unreadable job {number}"))?;
        line.add(number, job, tries);
    }
    Ok(())
}

#[async_trait]
impl Queue for Sqlite {
    async fn send(&self, job: &Job) -> anyhow::Result<()> {
        let (id, body, at) = (job.id.clone(), serde_json::to_string(job)?, now()?);
        let (line, job) = (Arc::clone(&self.line), job.clone());
        let insert = move |file: &Connection| {
            file.prepare_cached(
                "INSERT INTO job (id, body, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING \
                 RETURNING number",
            )?
            .query_row(params![id, body, at], |row| row.get(0))
            .optional()
        };
        let add = move |number: &Option<u64>| {
            if let Some(number) = *number {
                line.add(number, job, 0);
            }
        };
        self.writer.run_then(insert, add).await?;
        Ok(())
    }

    async fn receive(&self) -> anyhow::Result<Vec<Delivery>> {
        let received = self.line.receive().await;
        for delivery in &received {
            let (number, tries) = (number(delivery), delivery.tries);
            // Not waited for: that a job was received need not survive, how often it was may.
            self.writer.run_later(move |file| {
                let update = "UPDATE job SET tries = ?2 WHERE number = ?1";
                file.prepare_cached(update)?.execute(params![number, tries]).map(|_| ())
            });
        }
        Ok(received)
    }

    async fn done(&self, delivery: &Delivery) -> anyhow::Result<()> {
        let number = number(delivery).ok_or_else(|| anyhow!("a receipt of another queue"))?;
        let (line, oldest) = (Arc::clone(&self.line), now()?.saturating_sub(KNOWN));
        let strike = move |file: &Connection| {
            file.prepare_cached("UPDATE job SET done = 1, body = '' WHERE number = ?1")?
                .execute([number])?;
            file.prepare_cached("DELETE FROM job WHERE done AND at < ?1")?.execute([oldest])
        };
        self.writer.run_then(strike, move |_| line.remove(number)).await?;
        Ok(())
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()> {
        self.line.retry(delivery, after);
        Ok(())
    }
}

fn now() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?;
    Ok(u64::try_from(since.as_millis())?)
}
