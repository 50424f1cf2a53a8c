//! `webhook.deliver`.

use super::Handler;
use crate::{
    outcome::Failure,
    runner::Resources,
    webhook::{Delivery, DeliveryError},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_queue::Job;
use gotong_shared::{
    db::schema::{jobs, workspaces},
    jobs::WebhookDeliver,
};
use serde_json::{Value, json};

impl Handler for WebhookDeliver {
    /// The receiver may get an event twice, when a worker dies between the delivery and its report: both carry the
    /// same `webhook-id`, the job's.
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let secret: Vec<u8> = {
            let mut connection = resources.database.connection().await?;
            jobs::table
                .inner_join(workspaces::table.on(workspaces::id.eq(jobs::workspace_id)))
                .filter(jobs::id.eq(job.id))
                .select(workspaces::webhook_secret)
                .first(&mut connection)
                .await
                .optional()?
                .ok_or_else(|| Failure::dead("job_missing", "the ledger has no such job any more"))?
        };
        let delivery = Delivery { id: job.id, url: &self.url, event: &self.event, data: &self.data.0 };
        match resources.webhooks.deliver(&delivery, &secret).await {
            Ok(status) => Ok(Some(json!({ "status": status }))),
            Err(DeliveryError::Gone) => Err(Failure::dead("endpoint_gone", DeliveryError::Gone.to_string())),
            Err(error @ DeliveryError::Forbidden) => Err(Failure::dead("address_forbidden", error.to_string())),
            Err(error @ DeliveryError::Refused { after, .. }) => {
                Err(Failure::Retry { class: "endpoint_refused", message: error.to_string(), after })
            }
            Err(error @ DeliveryError::Unreachable(_)) => {
                Err(Failure::retry("endpoint_unreachable", error.to_string()))
            }
        }
    }
}
