//! The schedules that the platform brings along. Each is an ordinary row that belongs to no workspace: administrators
//! see and edit it, and what they change stays.

use crate::runner::PassError;
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_shared::{
    db::schema::schedules,
    jobs::{Contract, MaintenancePurgeMedia},
    schedule::Timetable,
};
use uuid::Uuid;

/// A recurring job that the platform brings along: its name, expression in UTC, kind and payload.
struct BuiltIn {
    name: &'static str,
    expression: &'static str,
    kind: &'static str,
    payload: serde_json::Value,
}

fn all() -> [BuiltIn; 1] {
    let grace_s = MaintenancePurgeMedia::USUAL_GRACE.as_secs();
    [BuiltIn {
        name: "purge-deleted-media",
        expression: "17 * * * *",
        kind: MaintenancePurgeMedia::KIND,
        payload: serde_json::json!({ "grace_s": grace_s }),
    }]
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
