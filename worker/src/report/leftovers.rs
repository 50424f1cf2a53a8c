//! What attempts of one report have left in the object store: an upload that was never finished, an object that no row
//! came to name. The keys of an attempt are its own, so whatever is not the row's can go.

use crate::{outcome::Failure, runner::Resources};
use gotong_shared::reports::object_prefix;
use uuid::Uuid;

/// Removes them, but for the object that is kept.
///
/// # Errors
/// When the object store does not answer.
pub async fn clear(resources: &Resources, report: Uuid, keep: Option<&str>) -> Result<(), Failure> {
    let prefix = object_prefix(report);
    let mut objects = resources.storage.list(&prefix).await?;
    objects.retain(|key| Some(key.as_str()) != keep);
    resources.storage.delete(&objects).await?;
    for upload in resources.storage.unfinished_under(&prefix).await? {
        resources.storage.abort(&upload).await?;
    }
    Ok(())
}

/// Removes the object of an attempt whose report another one has made.
///
/// # Errors
/// When the object store does not answer.
pub async fn remove(resources: &Resources, key: Option<String>) -> Result<(), Failure> {
    let keys: Vec<String> = key.into_iter().collect();
    Ok(resources.storage.delete(&keys).await?)
}
