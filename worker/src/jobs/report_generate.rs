//! `report.generate`.

use super::Handler;
use crate::{
    outcome::Failure,
    report::{leftovers, make, rows, tell},
    runner::Resources,
};
use gotong_queue::Job;
use gotong_shared::{db::models::Report, jobs::ReportGenerate, reports::ReportState};
use serde_json::{Value, json};

impl Handler for ReportGenerate {
    /// An attempt writes under keys of its own, and the report's row takes the first that comes to its end: so there is one
    /// report, however many attempts died or ran side by side, and the next attempt removes what they have left.
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let report = rows::begin(resources, job, &self).await?;
        leftovers::clear(resources, report.id, report.object_key.as_deref()).await?;
        if report.state != ReportState::Queued.as_str() {
            return Ok(Some(told(&report)));
        }
        let source = rows::source(resources, &report).await?;
        let made = make::make(job, resources, &report, &source).await?;
        let letter = tell::letter(resources, &report, &source, &made).await?;
        if !rows::finish(resources, &report, &made, letter).await? {
            leftovers::remove(resources, made.object_key).await?;
            return Err(Failure::Cancel("the report was made or removed by somebody else".into()));
        }
        Ok(Some(json!({
            "report_id": report.id,
            "rows": made.written.rows,
            "truncated": made.written.truncated.is_some(),
            "bytes": made.written.bytes,
            "sha256": hex::encode(made.written.sha256),
            "empty": made.object_key.is_none(),
        })))
    }
}

/// What an earlier attempt has made.
fn told(report: &Report) -> Value {
    json!({
        "report_id": report.id,
        "rows": report.row_count,
        "truncated": report.truncated,
        "bytes": report.byte_size,
        "sha256": report.sha256.as_ref().map(hex::encode),
        "empty": report.state == ReportState::Empty.as_str(),
    })
}
