//! The schedules that the platform brings along. Each is an ordinary row that belongs to no workspace: administrators
//! see and edit it, and what they change stays.

use crate::runner::PassError;
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_shared::{
    db::schema::schedules,
    jobs::{
        BackupCopyMedia, BackupCreate, BackupPrune, Contract, MaintenanceDropPartitions, MaintenancePruneHistory,
        MaintenancePruneKeys, MaintenancePruneReports, MaintenancePurgeMedia, MaintenanceSweepStorage, ReportGenerate,
        SearchAudit, SearchPrune,
    },
    reports::data_sets::WEEKLY,
    schedule::Timetable,
    search::PORTFOLIO,
};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// A recurring job that the platform brings along: its name, expression in UTC, kind and payload.
struct BuiltIn {
    name: &'static str,
    expression: &'static str,
    kind: &'static str,
    payload: serde_json::Value,
}

fn all() -> [BuiltIn; 12] {
    let seconds = |time: Duration| time.as_secs();
    [
        BuiltIn {
            name: "drop-partitions",
            expression: "7 3 * * *",
            kind: MaintenanceDropPartitions::KIND,
            payload: json!({}),
        },
        BuiltIn {
            name: "prune-history",
            expression: "*/10 * * * *",
            kind: MaintenancePruneHistory::KIND,
            payload: json!({ "ticks_kept_s": seconds(MaintenancePruneHistory::USUAL_TICKS_KEPT) }),
        },
        BuiltIn {
            name: "prune-keys",
            expression: "5/10 * * * *",
            kind: MaintenancePruneKeys::KIND,
            payload: json!({}),
        },
        BuiltIn {
            name: "purge-deleted-media",
            expression: "17 * * * *",
            kind: MaintenancePurgeMedia::KIND,
            payload: json!({ "grace_s": seconds(MaintenancePurgeMedia::USUAL_GRACE) }),
        },
        BuiltIn {
            name: "sweep-storage",
            expression: "37 4 * * *",
            kind: MaintenanceSweepStorage::KIND,
            payload: json!({ "grace_s": seconds(MaintenanceSweepStorage::USUAL_GRACE) }),
        },
        BuiltIn {
            name: "audit-search",
            expression: "47 2 * * *",
            kind: SearchAudit::KIND,
            payload: json!({ "index": PORTFOLIO, "settle_s": seconds(SearchAudit::USUAL_SETTLE) }),
        },
        BuiltIn {
            name: "prune-reports",
            expression: "47 * * * *",
            kind: MaintenancePruneReports::KIND,
            payload: json!({}),
        },
        BuiltIn {
            name: "weekly-report",
            expression: "0 5 * * 1",
            kind: ReportGenerate::KIND,
            payload: json!({ "data_set": WEEKLY, "period": "last_week", "format": "pdf", "keep_days": 90 }),
        },
        BuiltIn {
            name: "daily-backup",
            expression: "13 1 * * *",
            kind: BackupCreate::KIND,
            payload: json!({ "verify": true }),
        },
        BuiltIn { name: "prune-backups", expression: "13 5 * * *", kind: BackupPrune::KIND, payload: json!({}) },
        BuiltIn { name: "copy-media", expression: "43 1 * * *", kind: BackupCopyMedia::KIND, payload: json!({}) },
        BuiltIn { name: "prune-search", expression: "27 * * * *", kind: SearchPrune::KIND, payload: json!({}) },
    ]
}

/// Adds those that are not there yet.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn add(connection: &mut AsyncPgConnection) -> Result<(), PassError> {
    let now: DateTime<Utc> = diesel::select(diesel::dsl::now.into_sql::<Timestamptz>()).get_result(connection).await?;
    for each in all() {
        let Some(next) = next_after(each.expression, now) else { continue };
        let row = (
            schedules::id.eq(Uuid::now_v7()),
            schedules::name.eq(each.name),
            schedules::expression.eq(each.expression),
            schedules::kind.eq(each.kind),
            schedules::payload.eq(each.payload),
            // A run that comes on the heels of the last has nothing to do.
            schedules::overlap.eq("skip"),
            schedules::next_run_at.eq(next),
        );
        diesel::insert_into(schedules::table).values(row).on_conflict_do_nothing().execute(connection).await?;
    }
    Ok(())
}

fn next_after(expression: &str, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Timetable::utc(expression.parse().ok()?).next_after(time).map(|run| run.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_schedule_fires_and_fits_its_kind() {
        for each in all() {
            assert!(next_after(each.expression, Utc::now()).is_some(), "{}", each.name);
            gotong_shared::jobs::kind(each.kind).unwrap().check(&each.payload).unwrap();
        }
    }
}
