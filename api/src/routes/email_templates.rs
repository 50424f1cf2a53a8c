//! `/email-templates`: the templates that e-mails can be made of.
#![expect(clippy::unused_async, reason = "the framework awaits every operation")]

use super::{
    Reading, Tag,
    emails::{
        EmailPreview,
        request::{fault, refused, render},
    },
};
use crate::{
    AppState,
    auth::Reader,
    json::JsonBody,
    problem::{Declares, Problem, Refused},
};
use gotong_shared::mail::template::{self, Locale, TemplateError, Variables};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A template.
#[derive(Clone, Debug, Object)]
pub struct EmailTemplate {
    /// Its name.
    pub name: String,
    /// The languages that it is there in.
    pub locales: Vec<Locale>,
    /// The variables that it needs. Those whose names end in `_url` are `http://` or `https://` addresses.
    pub variables: Vec<String>,
    /// Values to look at it with, by the language's code.
    pub samples: BTreeMap<String, Variables>,
}

/// All templates.
#[derive(Clone, Debug, Object)]
pub struct EmailTemplateList {
    /// In the order of their names.
    pub data: Vec<EmailTemplate>,
}

/// What a template is to be looked at with.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct EmailTemplatePreview {
    /// The language.
    #[serde(default)]
    #[oai(default)]
    pub locale: Locale,
    /// Its variables: texts, numbers and truth values.
    #[serde(default)]
    #[oai(default)]
    pub variables: Variables,
}

/// Problems of a preview.
pub struct Previewing;

impl Declares for Previewing {
    const STATUSES: &'static [u16] = &[400, 401, 404, 413, 415, 422, 500, 503];
}

/// The operations on templates.
pub struct EmailTemplatesApi;

#[OpenApi(prefix_path = "/email-templates", tag = "Tag::Emails")]
impl EmailTemplatesApi {
    /// List templates.
    #[oai(path = "/", method = "get", operation_id = "list_email_templates")]
    async fn list(
        &self,
        Data(_app): Data<&AppState>,
        _caller: Reader,
    ) -> Result<Json<EmailTemplateList>, Refused<Reading>> {
        let describe = |name: &str| {
            Ok::<_, TemplateError>(EmailTemplate {
                name: name.to_owned(),
                locales: Locale::ALL.to_vec(),
                variables: template::variables(name)?,
                samples: Locale::ALL.map(|locale| (locale.as_str().to_owned(), template::sample(name, locale))).into(),
            })
        };
        let data: Result<Vec<_>, _> = template::NAMES.into_iter().map(describe).collect();
        Ok(Json(EmailTemplateList { data: data.map_err(Problem::internal)? }))
    }

    /// Preview a template.
    ///
    /// As an e-mail with these variables would be sent. Nothing is kept.
    #[oai(path = "/:name/preview", method = "post", operation_id = "preview_email_template")]
    async fn preview(
        &self,
        Data(_app): Data<&AppState>,
        _caller: Reader,
        name: Path<String>,
        body: JsonBody<EmailTemplatePreview>,
    ) -> Result<Json<EmailPreview>, Refused<Previewing>> {
        let rendered = render(&name.0, body.0.locale, &body.0.variables).map_err(|error| match error {
            TemplateError::Unknown { .. } => Problem::not_found("template"),
            error => refused("The template cannot be rendered with these variables.", vec![fault("/variables", error)]),
        })?;
        Ok(Json(EmailPreview { subject: rendered.subject, text: Some(rendered.text), html: Some(rendered.html) }))
    }
}
