//! The list of addresses that get nothing.

use super::SuppressionReason;
use crate::db::schema::{email_recipients, emails};
use chrono::Utc;
use diesel::{
    prelude::*,
    sql_types::{Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::{NoContext, Timestamp, Uuid};

/// The longest detail that is kept, in characters.
const DETAIL: usize = 500;

/// An address to be put on the list.
#[derive(Clone, Copy, Debug)]
pub struct NewSuppression<'a> {
    /// Whose list.
    pub workspace_id: Uuid,
    /// In whatever case.
    pub address: &'a str,
    /// Why.
    pub reason: SuppressionReason,
    /// What the server or the person said.
    pub detail: Option<&'a str>,
    /// The e-mail that it came of.
    pub email_id: Option<Uuid>,
    /// Who puts it there.
    pub created_by: Option<Uuid>,
}

const SUPPRESS: &str = "
    insert into suppressions (id, workspace_id, address, reason, detail, email_id, created_by)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (workspace_id, address) do update set
        reason = excluded.reason, detail = excluded.detail, email_id = excluded.email_id,
        created_by = excluded.created_by
    where suppressions.reason = 'unsubscribe' and excluded.reason <> 'unsubscribe'";

/// Puts an address on the list. One that is there stays as it is, except that a reason which holds for all mail takes
/// the place of an unsubscription, which holds for bulk mail alone. Answers whether anything changed.
///
/// # Errors
/// When PostgreSQL does not take it.
pub async fn suppress(connection: &mut AsyncPgConnection, new: NewSuppression<'_>) -> QueryResult<bool> {
    let detail = new.detail.map(|detail| detail.chars().take(DETAIL).collect::<String>());
    let changed = diesel::sql_query(SUPPRESS)
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(new.workspace_id)
        .bind::<Text, _>(new.address.to_ascii_lowercase())
        .bind::<Text, _>(new.reason.as_str())
        .bind::<Nullable<Text>, _>(detail)
        .bind::<Nullable<SqlUuid>, _>(new.email_id)
        .bind::<Nullable<SqlUuid>, _>(new.created_by)
        .execute(connection)
        .await?;
    Ok(changed > 0)
}

/// Removes up to `limit` e-mails older than `days` all of whose recipients have an outcome. Answers how many.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn prune_emails(connection: &mut AsyncPgConnection, days: i64, limit: i64) -> QueryResult<usize> {
    let before = (Utc::now() - chrono::TimeDelta::days(days)).timestamp();
    let before = Timestamp::from_unix(NoContext, u64::try_from(before).unwrap_or_default(), 0);
    let open = email_recipients::table
        .filter(email_recipients::email_id.eq(emails::id))
        .filter(email_recipients::state.eq_any(["queued", "sending", "deferred"]));
    let old: Vec<Uuid> = emails::table
        .filter(emails::id.lt(Uuid::new_v7(before)))
        .filter(diesel::dsl::not(diesel::dsl::exists(open)))
        .order(emails::id)
        .limit(limit)
        .select(emails::id)
        .load(connection)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    diesel::delete(emails::table.filter(emails::id.eq_any(old))).execute(connection).await
}
