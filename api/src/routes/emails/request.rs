//! An e-mail as a client writes it, and everything that is wrong with it.

use crate::problem::{Code, Problem};
use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::mail::{
    ATTACHMENTS, BODY, RECIPIENTS, RecipientAddress, RecipientField, SUBJECT, check_header,
    template::{self, Locale, Rendered, TemplateError, Variables},
};
use poem_openapi::Object;
use serde::Deserialize;
use std::collections::HashSet;
use uuid::Uuid;

/// How far ahead an e-mail may be due.
const FURTHEST: TimeDelta = TimeDelta::days(366);
/// The longest display name, in characters.
const NAME: usize = 200;
/// The most addresses that answers go to.
const REPLY_TO: usize = 10;
/// The most mistakes that are told at once.
const FAULTS: usize = 20;

/// An address, and the name that is shown with it.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct EmailAddress {
    /// Such as `siti@example.org`; 254 bytes at most.
    pub address: String,
    /// In any script; 200 characters at most.
    pub name: Option<String>,
}

/// Which template, in which language, about what.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct EmailTemplateUse {
    /// Its name.
    pub name: String,
    /// The language.
    #[serde(default)]
    #[oai(default)]
    pub locale: Locale,
    /// Its variables: texts, numbers and truth values. One that is missing is a mistake.
    #[serde(default)]
    #[oai(default)]
    pub variables: Variables,
}

/// An e-mail as it is asked for. It has a template, or else a subject and text, HTML or both.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct EmailRequest {
    /// Whom it is to. `to`, `cc` and `bcc` hold 50 addresses at most, each once.
    pub to: Vec<EmailAddress>,
    /// Who gets a copy.
    #[serde(default)]
    #[oai(default)]
    pub cc: Vec<EmailAddress>,
    /// Who gets a copy that nobody else knows of.
    #[serde(default)]
    #[oai(default)]
    pub bcc: Vec<EmailAddress>,
    /// Where answers go, if not to the sender; 10 at most.
    #[serde(default)]
    #[oai(default)]
    pub reply_to: Vec<EmailAddress>,
    /// 1 to 255 characters, without line breaks.
    pub subject: Option<String>,
    /// The message as text, 400,000 bytes at most.
    pub text: Option<String>,
    /// The message as HTML, 400,000 bytes at most.
    pub html: Option<String>,
    /// In place of subject, text and HTML.
    pub template: Option<EmailTemplateUse>,
    /// Uploaded files that go with it, by their ids: 10 at most, 10 MB together.
    #[serde(default)]
    #[oai(default)]
    pub attachments: Vec<Uuid>,
    /// Not before; at most 366 days ahead.
    pub send_at: Option<DateTime<Utc>>,
    /// One of many alike, such as a newsletter. Each recipient in `to` gets a message of their own with a way to
    /// unsubscribe, and none if they have.
    #[serde(default)]
    #[oai(default)]
    pub bulk: bool,
}

/// A recipient who may be written to.
pub struct Addressed {
    /// How they are addressed.
    pub field: RecipientField,
    /// Where.
    pub address: RecipientAddress,
    /// Their name.
    pub name: Option<String>,
}

/// An e-mail that may be accepted, as far as can be told without the ledger.
pub struct Checked {
    /// Everybody, in their order.
    pub recipients: Vec<Addressed>,
    /// Where answers go.
    pub reply_to: Vec<(RecipientAddress, Option<String>)>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: Option<String>,
    /// Its HTML.
    pub html: Option<String>,
}

type Fault = (String, String);

impl EmailRequest {
    /// Checks it, and renders its template.
    ///
    /// # Errors
    /// 422 that names every field at fault, 20 at most.
    pub fn check(&self, now: DateTime<Utc>) -> Result<Checked, Problem> {
        let mut faults = Vec::new();
        let recipients = self.recipients(&mut faults);
        let reply_to = self.replies(&mut faults);
        let (subject, text, html) = self.content(&mut faults);
        if self.attachments.len() > ATTACHMENTS {
            faults.push(("/attachments".into(), format!("holds more than {ATTACHMENTS} files")));
        }
        let mut seen = HashSet::new();
        for (place, id) in self.attachments.iter().enumerate().take(FAULTS) {
            if !seen.insert(id) {
                faults.push((format!("/attachments/{place}"), "is named twice".into()));
            }
        }
        if self.send_at.is_some_and(|time| time > now + FURTHEST) {
            faults.push(("/send_at".into(), "is more than 366 days ahead".into()));
        }
        if faults.is_empty() {
            return Ok(Checked { recipients, reply_to, subject, text, html });
        }
        Err(refused("The e-mail cannot be sent as it is.", faults))
    }

    fn recipients(&self, faults: &mut Vec<Fault>) -> Vec<Addressed> {
        let lists = [(RecipientField::To, &self.to), (RecipientField::Cc, &self.cc), (RecipientField::Bcc, &self.bcc)];
        let count: usize = lists.iter().map(|(_, list)| list.len()).sum();
        if count == 0 {
            faults.push(("/to".into(), "names nobody".into()));
        }
        if count > RECIPIENTS {
            let why = format!("to, cc and bcc hold {RECIPIENTS} recipients at most, and these are {count}");
            faults.push(("/to".into(), why));
            return Vec::new();
        }
        if self.bulk {
            for (field, list) in &lists[1..] {
                if !list.is_empty() {
                    let why = "bulk mail goes to each recipient alone; name them all in to".to_owned();
                    faults.push((format!("/{}", field.as_str()), why));
                }
            }
        }
        let mut known = HashSet::new();
        let mut recipients = Vec::with_capacity(count);
        for (field, list) in lists {
            for (place, wanted) in list.iter().enumerate() {
                let pointer = format!("/{}/{place}", field.as_str());
                let Some(address) = wanted.check(&pointer, faults) else { continue };
                if !known.insert(address.key()) {
                    faults.push((format!("{pointer}/address"), "is named twice".into()));
                }
                recipients.push(Addressed { field, address, name: wanted.shown() });
            }
        }
        recipients
    }

    fn replies(&self, faults: &mut Vec<Fault>) -> Vec<(RecipientAddress, Option<String>)> {
        if self.reply_to.len() > REPLY_TO {
            faults.push(("/reply_to".into(), format!("holds more than {REPLY_TO} addresses")));
            return Vec::new();
        }
        let listed = self.reply_to.iter().enumerate();
        let checked = listed.filter_map(|(place, wanted)| {
            let address = wanted.check(&format!("/reply_to/{place}"), faults)?;
            Some((address, wanted.shown()))
        });
        checked.collect()
    }

    /// Subject, text and HTML, given or rendered.
    fn content(&self, faults: &mut Vec<Fault>) -> (String, Option<String>, Option<String>) {
        let given = [("/subject", &self.subject), ("/text", &self.text), ("/html", &self.html)];
        if let Some(wanted) = &self.template {
            for (pointer, _) in given.iter().filter(|(_, value)| value.is_some()) {
                faults.push(((*pointer).to_owned(), "comes from the template".into()));
            }
            let rendered = wanted.render("/template").map_err(|fault| faults.push(fault)).ok();
            let Some(Rendered { subject, text, html }) = rendered else { return Default::default() };
            check_subject("/template/variables", &subject, faults);
            return (subject, Some(text), Some(html));
        }
        match &self.subject {
            None => faults.push(("/subject".into(), "is missing; or name a template".into())),
            Some(subject) => check_subject("/subject", subject, faults),
        }
        if self.text.is_none() && self.html.is_none() {
            faults.push(("/text".into(), "is missing, and so is html".into()));
        }
        for (pointer, value) in &given[1..] {
            let Some(value) = value else { continue };
            if value.trim().is_empty() {
                faults.push(((*pointer).to_owned(), "is empty".into()));
            }
            if value.len() > BODY {
                faults.push(((*pointer).to_owned(), format!("is longer than {BODY} bytes")));
            }
            if value.contains('\0') {
                faults.push(((*pointer).to_owned(), "holds a character of the value zero".into()));
            }
        }
        (self.subject.clone().unwrap_or_default(), self.text.clone(), self.html.clone())
    }
}

fn check_subject(pointer: &str, subject: &str, faults: &mut Vec<Fault>) {
    let length = subject.trim().chars().count();
    if !(1..=SUBJECT).contains(&length) {
        faults.push((pointer.to_owned(), format!("the subject has {length} characters, and not 1 to {SUBJECT}")));
    }
    if let Err(error) = check_header(subject) {
        faults.push((pointer.to_owned(), format!("the subject {error}")));
    }
}

impl EmailAddress {
    fn check(&self, pointer: &str, faults: &mut Vec<Fault>) -> Option<RecipientAddress> {
        if let Some(name) = &self.name {
            if name.chars().count() > NAME {
                faults.push((format!("{pointer}/name"), format!("is longer than {NAME} characters")));
            }
            if let Err(error) = check_header(name) {
                faults.push((format!("{pointer}/name"), error.to_string()));
            }
        }
        let address = RecipientAddress::parse(&self.address);
        address.map_err(|error| faults.push((format!("{pointer}/address"), error.to_string()))).ok()
    }

    /// The name, if there is something to show.
    fn shown(&self) -> Option<String> {
        self.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
    }
}

impl EmailTemplateUse {
    fn render(&self, pointer: &str) -> Result<Rendered, Fault> {
        render(&self.name, self.locale, &self.variables).map_err(|error| match error {
            TemplateError::Unknown { .. } => (format!("{pointer}/name"), error.to_string()),
            error => fault(&format!("{pointer}/variables"), error),
        })
    }
}

/// Renders a template with the variables of a request.
///
/// # Errors
/// See [`TemplateError`].
pub fn render(name: &str, locale: Locale, variables: &Variables) -> Result<Rendered, TemplateError> {
    template::render(name, locale, variables)
}

/// Where a mistake in the variables is, and what it is.
#[must_use]
pub fn fault(pointer: &str, error: TemplateError) -> Fault {
    match error {
        TemplateError::Variable { name, why } => {
            (format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), why)
        }
        error => (pointer.to_owned(), error.to_string()),
    }
}

/// 422 that names every field at fault.
#[must_use]
pub fn refused(detail: &str, faults: Vec<Fault>) -> Problem {
    let problem = Problem::new(Code::Invalid, detail);
    faults.into_iter().take(FAULTS).fold(problem, |problem, (pointer, why)| problem.at(pointer, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn faults(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut value = json!({ "to": [{ "address": "siti@example.org" }], "subject": "Halo", "text": "Apa kabar?" });
        change(&mut value);
        let request: EmailRequest = serde_json::from_value(value).unwrap();
        request.check(Utc::now()).err().map_or_else(Vec::new, |problem| {
            problem.errors().iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect()
        })
    }

    #[test]
    fn a_good_request_passes() {
        assert_eq!(faults(|_| {}), Vec::<String>::new());
        assert!(faults(|value| value["to"][0]["name"] = json!("\u{633}\u{64a}\u{62a}\u{64a} \u{1f389}")).is_empty());
    }

    #[test]
    fn each_mistake_names_its_field() {
        let many: Vec<_> = (0..10_000).map(|n| json!({ "address": format!("a{n}@example.org") })).collect();
        let cases: Vec<(&str, Value, &str)> = vec![
            ("to", json!([]), "/to: names nobody"),
            ("to", json!([{ "address": "budi" }]), "/to/0/address: has no domain"),
            ("to", json!(many), "/to: to, cc and bcc hold 50 recipients at most, and these are 10000"),
            ("to", json!([{ "address": "a@b.id", "name": "A\r\nBcc: all@b.id" }]), "/to/0/name: has a line break"),
            ("cc", json!([{ "address": "SITI@example.org" }]), "/cc/0/address: is named twice"),
            ("subject", json!("Halo\nBcc: all@example.org"), "/subject: the subject has a line break"),
            ("subject", json!(" "), "/subject: the subject has 0 characters"),
            ("subject", json!(null), "/subject: is missing"),
            ("subject", json!("x".repeat(256)), "/subject: the subject has 256"),
            ("text", json!(null), "/text: is missing"),
            ("text", json!("x".repeat(400_001)), "/text: is longer than 400000 bytes"),
            ("html", json!(""), "/html: is empty"),
            ("reply_to", json!([{ "address": "x" }]), "/reply_to/0/address: has no domain"),
            ("send_at", json!("2999-01-01T00:00:00Z"), "/send_at: is more than 366 days"),
            ("attachments", json!(vec![Uuid::nil(); 2]), "/attachments/1: is named twice"),
            ("template", json!({ "name": "welcome" }), "/subject: comes from the template"),
        ];
        for (field, value, expected) in cases {
            let found = faults(|request| request[field] = value.clone());
            assert!(found.iter().any(|fault| fault.starts_with(expected)), "{expected}: {found:?}");
        }
    }

    #[test]
    fn a_template_is_rendered_before_anything_is_accepted() {
        let with = |name: &str, variables: Value| {
            faults(|value| {
                *value = json!({ "to": [{ "address": "siti@example.org" }],
                    "template": { "name": name, "locale": "id", "variables": variables } });
            })
        };
        let good = json!({ "product": "Sekolah", "name": "Siti", "action_url": "https://example.org" });
        assert!(with("welcome", good.clone()).is_empty());
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove("name");
        assert_eq!(with("welcome", missing), ["/template/variables/name: is missing"]);
        assert!(with("farewell", good.clone())[0].starts_with("/template/name: there is no template \"farewell\""));
        let mut broken = good;
        broken["name"] = json!("Siti\r\nBcc: all@example.org");
        assert_eq!(with("welcome", broken).len(), 1, "a line break cannot get into the subject");
    }
}
