//! `repairs`: what the doctor found wrong and put right.

use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;

macro_rules! repairs {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $word:literal;)*) => {
        /// A kind of repair.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Repair {
            $($(#[doc = $meaning])+ $variant,)*
        }

        impl Repair {
            /// Every kind of repair.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it in the ledger.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

repairs! {
    /// Redis was new, came back or failed over: everything in it was compared, and a new epoch opened.
    Epoch = "epoch";
    /// Redis had lost a job; the relay pushes it again.
    Refilled = "refilled";
    /// Redis held a job that the ledger has as over.
    Purged = "purged";
    /// An edit had died and left a job parked.
    Unparked = "unparked";
    /// A lease or a running state had no job.
    Lease = "lease";
    /// A unique key had no live owner.
    Lock = "lock";
    /// A running state had no lease, and got one, so that the reaper finds it.
    Adopted = "adopted";
}

/// Repairs of one queue, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs(BTreeMap<Repair, u64>);

impl Repairs {
    /// Counts some.
    pub fn add(&mut self, repair: Repair, count: u64) {
        if count > 0 {
            *self.0.entry(repair).or_default() += count;
        }
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Notes repairs of a queue under the current hour.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn note_repairs(
    connection: &mut AsyncPgConnection,
    queue: &str,
    repairs: &Repairs,
) -> Result<(), diesel::result::Error> {
    if repairs.0.is_empty() {
        return Ok(());
    }
    let counts: Vec<_> = repairs.0.values().map(|count| i64::try_from(*count).unwrap_or(i64::MAX)).collect();
    diesel::sql_query(
        "insert into repairs as old (hour, queue, repair, count)
         select date_trunc('hour', now()), $1, repair, count from unnest($2, $3) as new (repair, count) order by repair
         on conflict (hour, queue, repair) do update set count = old.count + excluded.count, last_at = now()",
    )
    .bind::<Text, _>(queue)
    .bind::<Array<Text>, _>(repairs.0.keys().map(|repair| repair.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(counts)
    .execute(connection)
    .await?;
    Ok(())
}
