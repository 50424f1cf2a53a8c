//! Claim checks: a payload that is too large for a row waits in S3, and the row holds a claim on it.
//!
//! The object is written before the row commits, so no row ever claims what is not there. It goes when its job is
//! deleted; one whose job never came to be goes with its day.

use super::{LARGEST_PAYLOAD, NewJob, PAYLOAD_LIMIT, is_longer};
use crate::storage::{Storage, StorageError};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a row holds in the place of a payload. Its only field has a name that no kind's payload may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked {
    #[serde(rename = "$claim")]
    claim: Claim,
}

/// Where a large payload is, and how it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its object.
    pub key: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub size: usize,
}

/// Why a payload could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The object store gave no answer, or the object is gone.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The object is not what was written.
    #[error("the payload in the object store is not the one that was accepted")]
    Damaged,
}

impl Claim {
    /// The claim that a row's payload is, if it is one.
    #[must_use]
    pub fn of(payload: &Value) -> Option<Self> {
        payload.get("$claim")?;
        Checked::deserialize(payload).ok().map(|checked| checked.claim)
    }

    /// Reads the payload back.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn redeem(&self, storage: &Storage) -> Result<Bytes, ClaimError> {
        let bytes = storage.get(&self.key, None).await?.collect(LARGEST_PAYLOAD as u64).await?;
        if bytes.len() != self.size || hex(&bytes) != self.sha256 {
            return Err(ClaimError::Damaged);
        }
        Ok(bytes)
    }
}

/// Puts payloads that are too large for a row into the object store, and claims into their places. Answers the objects
/// it wrote, for whoever then fails to accept the jobs.
///
/// # Errors
/// When the store is down or refuses; what was written until then is removed if that can be done.
pub async fn check_in(
    storage: &Storage,
    jobs: impl IntoIterator<Item = &mut NewJob>,
) -> Result<Vec<String>, StorageError> {
    let mut written = Vec::new();
    for job in jobs {
        match check_in_payload(storage, job.id, &job.payload).await {
            Ok(None) => {}
            Ok(Some((claim, payload))) => {
                written.push(claim.key);
                job.payload = payload;
            }
            Err(error) => {
                if !written.is_empty() && storage.delete(&written).await.is_err() {
                    tracing::warn!(objects = written.len(), "payloads without a job remain until their day goes");
                }
                return Err(error);
            }
        }
    }
    Ok(written)
}

/// As [`check_in`], for one payload of a job. `None`: it fits in the row.
///
/// # Errors
/// When the store is down or refuses.
pub async fn check_in_payload(
    storage: &Storage,
    job: Uuid,
    payload: &Value,
) -> Result<Option<(Claim, Value)>, StorageError> {
    if !is_longer(payload, PAYLOAD_LIMIT) {
        return Ok(None);
    }
    let bytes = Bytes::from(payload.to_string());
    let key = format!("{}{job}/{}.json", claims_of_day(day_of(job)), Uuid::new_v4().simple());
    let claim = Claim { key, sha256: hex(&bytes), size: bytes.len() };
    storage.put(&claim.key, "application/json", bytes).await?;
    let checked = serde_json::to_value(Checked { claim: claim.clone() }).unwrap_or_default();
    Ok(Some((claim, checked)))
}

/// The prefix of the objects that the jobs of a day claim.
#[must_use]
pub fn claims_of_day(day: NaiveDate) -> String {
    format!("{CLAIMS}{}/", day.format("%Y%m%d"))
}

/// The prefix of all objects that jobs claim.
pub const CLAIMS: &str = "payloads/";

/// The day, in UTC, whose partition holds the job.
fn day_of(job: Uuid) -> NaiveDate {
    let (seconds, _) = job.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let seconds = i64::try_from(seconds).unwrap_or_default();
    DateTime::from_timestamp(seconds, 0).unwrap_or_else(Utc::now).date_naive()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_is_known_by_its_only_field() {
        let claim = Claim { key: "k".into(), sha256: "00".into(), size: 7 };
        let row = serde_json::to_value(Checked { claim: claim.clone() }).unwrap();
        assert_eq!(Claim::of(&row), Some(claim));
        for other in [json!({}), json!({ "media_id": 1 }), json!({ "$claim": 1 }), json!(["$claim"]), json!(null)] {
            assert_eq!(Claim::of(&other), None, "{other}");
        }
    }

    #[test]
    fn the_day_is_that_of_the_id() {
        let id = "019a0000-0000-7000-8000-000000000000".parse().unwrap();
        assert_eq!(claims_of_day(day_of(id)), "payloads/20251020/");
    }
}
