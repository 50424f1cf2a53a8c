//! Which backups are kept.

use super::Verification;
use crate::{
    config::BackupRetention,
    db::{models::Backup, schema::backups},
};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_backup::{BackupId, Candidate, Policy, Verdict};

/// The most backups of a target that are looked at.
const MOST: i64 = 5_000;

/// What the retention says of each good backup of a target, the latest first.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn plan(
    connection: &mut AsyncPgConnection,
    keep: BackupRetention,
    target: &str,
) -> QueryResult<Vec<Verdict>> {
    let rows: Vec<Backup> = backups::table
        .filter(backups::target.eq(target).and(backups::state.eq("good")))
        .order(backups::taken_at.desc())
        .limit(MOST)
        .select(Backup::as_select())
        .load(connection)
        .await?;
    let candidates: Vec<Candidate> = rows.iter().filter_map(candidate).collect();
    let policy = Policy { daily: keep.daily, weekly: keep.weekly, monthly: keep.monthly };
    Ok(gotong_backup::plan(&policy, &candidates))
}

fn candidate(row: &Backup) -> Option<Candidate> {
    Some(Candidate {
        id: BackupId::from(row.id),
        taken_at: row.taken_at?,
        is_good: row.verification.as_deref() != Some(Verification::Failed.as_str()),
        verified_at: row.verified_at,
        is_pinned: row.pinned,
    })
}
