//! A report behind a signed link: for whoever has it, until it expires, without a key.

use crate::{
    AppState,
    file::FileAnswer,
    problem::{Code, Problem},
    routes::reports::{serve, store},
};
use chrono::{SecondsFormat, Utc};
use gotong_shared::reports::link::Claim;
use poem::{
    Request, handler,
    web::{Data, Path},
};

/// Serves the report.
#[handler]
pub async fn download(
    Data(state): Data<&AppState>,
    Path(token): Path<String>,
    request: &Request,
) -> Result<FileAnswer, Problem> {
    let not_genuine = || Problem::new(Code::LinkInvalid, "The link is not genuine, or was not copied whole.");
    let claim = Claim::read(&token).ok_or_else(not_genuine)?;
    // Whether there is such a report is told to nobody whose link is not genuine.
    let report = store::find_any(state, claim.report).await?;
    let report = report.filter(|report| claim.is_signed_by(&report.link_secret)).ok_or_else(not_genuine)?;
    if claim.until <= Utc::now() {
        let until = claim.until.to_rfc3339_opts(SecondsFormat::Secs, true);
        let detail = format!("The link was valid until {until}; ask whoever sent it for another one.");
        return Err(Problem::new(Code::LinkExpired, detail));
    }
    serve(state, &report, request).await
}
