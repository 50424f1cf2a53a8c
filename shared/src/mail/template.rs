//! The templates of e-mails, embedded in the program.
//!
//! A template is one file per language with three blocks: `subject`, `preview` (what an inbox shows behind the subject)
//! and `content`. It is rendered twice, once with the parts of `parts.html` and escaped, once with those of
//! `parts.txt`, and each time put into a layout.

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};
use poem_openapi::Enum;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use url::Url;

/// The most variables of one e-mail.
const VARIABLES: usize = 64;
/// The longest value, in bytes.
const LONGEST: usize = 4_096;
/// What every template is given by us.
const GIVEN: [&str; 1] = ["parts"];

/// The language of a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Indonesian.
    Id,
}

impl Locale {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::Id];

    /// Its code (ISO 639-1).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Id => "id",
        }
    }
}

macro_rules! templates {
    ($($name:literal,)*) => {
        /// The names of all templates, in their order.
        pub const NAMES: [&str; [$($name),*].len()] = [$($name),*];

        const SOURCES: [(&str, Locale, &str); 2 * NAMES.len()] = [$(
            ($name, Locale::En, include_str!(concat!("templates/", $name, ".en.jinja"))),
            ($name, Locale::Id, include_str!(concat!("templates/", $name, ".id.jinja"))),
        )*];
    };
}

templates! {
    "backup_failed",
    "enrolment_confirmation",
    "password_reset",
    "report_delivered",
    "report_ready",
    "verify_email",
    "welcome",
    "workspace_invite",
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|name| {
        let is_html = std::path::Path::new(name).extension().is_some_and(|extension| extension == "html");
        if is_html { AutoEscape::Html } else { AutoEscape::None }
    });
    let fixed = [
        ("layout.html", include_str!("templates/layout.html")),
        ("layout.txt", include_str!("templates/layout.txt")),
        ("parts.html", include_str!("templates/parts.html")),
        ("parts.txt", include_str!("templates/parts.txt")),
    ];
    let named = SOURCES.iter().flat_map(|(name, locale, source)| {
        ["html", "txt"].map(|form| (format!("{name}.{}.{form}", locale.as_str()), *source))
    });
    let fixed = fixed.map(|(name, source)| (name.to_owned(), source));
    for (name, source) in fixed.into_iter().chain(named) {
        environment.add_template_owned(name, source).expect("a test parses every template");
    }
    environment
});

/// A message made of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

/// Why a template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is none of that name.
    #[error("there is no template {name:?}; there are: {}", NAMES.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// A variable is missing, or cannot be used.
    #[error("the variable {name} {why}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Too many variables.
    #[error("more than {VARIABLES} variables")]
    TooMany,
    /// The template itself is wrong.
    #[error("the template cannot be rendered: {0}")]
    Broken(String),
}

/// The variables of a template.
pub type Variables = BTreeMap<String, serde_json::Value>;

/// The variables that a template needs, in the order of their names.
///
/// # Errors
/// [`TemplateError::Unknown`].
pub fn variables(name: &str) -> Result<Vec<String>, TemplateError> {
    let mut names = BTreeSet::new();
    for locale in Locale::ALL {
        names.extend(needed(name, locale)?);
    }
    Ok(names.into_iter().collect())
}

fn needed(name: &str, locale: Locale) -> Result<BTreeSet<String>, TemplateError> {
    let template = ENVIRONMENT.get_template(&format!("{name}.{}.html", locale.as_str()));
    let template = template.map_err(|_| TemplateError::Unknown { name: name.to_owned() })?;
    let names = template.undeclared_variables(false).into_iter();
    // The layout names the product.
    let names = names.chain(["product".to_owned()]);
    Ok(names.filter(|name| !GIVEN.contains(&name.as_str())).collect())
}

/// Renders a template. Variables that it does not name are left aside; those whose names end in `_url` must be
/// `http://` or `https://` addresses.
///
/// # Errors
/// See [`TemplateError`].
pub fn render(name: &str, locale: Locale, variables: &Variables) -> Result<Rendered, TemplateError> {
    if !NAMES.contains(&name) {
        return Err(TemplateError::Unknown { name: name.to_owned() });
    }
    check(name, variables)?;
    let (subject, text) = render_form(name, locale, variables, "txt")?;
    let (_, html) = render_form(name, locale, variables, "html")?;
    Ok(Rendered { subject, text, html })
}

fn check(name: &str, variables: &Variables) -> Result<(), TemplateError> {
    if variables.len() > VARIABLES {
        return Err(TemplateError::TooMany);
    }
    let wrong = |name: &str, why: String| Err(TemplateError::Variable { name: name.to_owned(), why });
    for needed in self::variables(name)? {
        match variables.get(&needed) {
            None | Some(serde_json::Value::Null) => return wrong(&needed, "is missing".into()),
            Some(serde_json::Value::String(text)) if text.trim().is_empty() => {
                return wrong(&needed, "is empty".into());
            }
            Some(_) => {}
        }
    }
    for (name, value) in variables {
        match value {
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                return wrong(name, "is neither text, number nor truth value".into());
            }
            serde_json::Value::String(text) if text.len() > LONGEST => {
                return wrong(name, format!("is longer than {LONGEST} bytes"));
            }
            serde_json::Value::String(text) if name.ends_with("_url") && !is_web(text) => {
                return wrong(name, "is no http:// or https:// address".into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Another scheme in a link, such as `javascript:`, would run what it says.
fn is_web(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

/// The subject, which is never escaped, and the whole body.
fn render_form(
    name: &str,
    locale: Locale,
    variables: &Variables,
    form: &str,
) -> Result<(String, String), TemplateError> {
    let given = context! { parts => format!("parts.{form}"), ..Value::from_serialize(variables) };
    let template = ENVIRONMENT.get_template(&format!("{name}.{}.{form}", locale.as_str())).map_err(broken)?;
    let mut captured = template.render_captured(&given).map_err(broken)?;
    let mut block = |block: &str| captured.with_state_mut(|state| state.render_block(block)).map_err(broken);
    let (subject, preview, content) = (block("subject")?, block("preview")?, block("content")?);
    let subject = subject.trim().to_owned();
    let safe = |text: String| if form == "html" { Value::from_safe_string(text) } else { Value::from(text) };
    let parts = context! {
        language => locale.as_str(),
        subject => safe(subject.clone()),
        preview => safe(preview.trim().to_owned()),
        content => safe(content),
        product => variables.get("product"),
    };
    let body = ENVIRONMENT.get_template(&format!("layout.{form}")).and_then(|layout| layout.render(parts));
    Ok((subject, body.map_err(broken)?))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: minijinja::Error) -> TemplateError {
    match error.kind() {
        ErrorKind::TemplateNotFound => TemplateError::Unknown { name: error.name().unwrap_or_default().to_owned() },
        _ => TemplateError::Broken(error.to_string()),
    }
}

/// Values with which each template can be looked at.
#[must_use]
pub fn sample(name: &str, locale: Locale) -> Variables {
    let pick = |en: &'static str, id: &'static str| if locale == Locale::En { en } else { id };
    let all = [
        ("product", "Sekolah Merah Putih".into()),
        ("name", "Siti Rahma".into()),
        ("inviter", "Budi Santoso".into()),
        ("workspace", pick("Third grade", "Kelas tiga").into()),
        ("code", "482 915".into()),
        ("expires_minutes", 30.into()),
        ("expires_days", 7.into()),
        ("course", pick("Mathematics for beginners", "Matematika untuk pemula").into()),
        ("starts_on", pick("Monday, 11 January 2027", "Senin, 11 Januari 2027").into()),
        ("report", pick("Attendance", "Kehadiran").into()),
        ("period", pick("October 2026", "Oktober 2026").into()),
        ("rows", 412.into()),
        (
            "remark",
            pick("It is complete: no row was left out.", "Laporan ini lengkap: tidak ada baris yang dihilangkan.")
                .into(),
        ),
        ("enclosure", pick("The file is attached.", "Berkasnya terlampir.").into()),
        ("backup", pick("Nightly backup of the school's records", "Cadangan malam data sekolah").into()),
        ("failed_at", "2026-10-31 02:14 WIB".into()),
        ("error", "pg_dump: error: connection to server failed".into()),
        ("action_url", "https://sekolah.example/go/9f2c41".into()),
    ];
    let needed = variables(name).unwrap_or_default();
    let named = all.into_iter().filter(|(name, _): &(&str, serde_json::Value)| needed.iter().any(|each| each == name));
    named.map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_renders_in_both_languages_and_forms() {
        for name in NAMES {
            for locale in Locale::ALL {
                let rendered = render(name, locale, &sample(name, locale)).unwrap();
                assert!((1..=255).contains(&rendered.subject.chars().count()), "{name}: {}", rendered.subject);
                assert!(rendered.text.contains("Sekolah Merah Putih") && rendered.text.contains("https://"), "{name}");
                assert!(!rendered.text.contains('<') && !rendered.text.contains("&amp;"), "{name}: {}", rendered.text);
                assert!(rendered.html.contains(&format!("lang=\"{}\"", locale.as_str())), "{name}");
                assert!(rendered.html.contains("prefers-color-scheme: dark"), "{name}");
                assert!(!rendered.html.contains("{{") && !rendered.text.contains("{{"), "{name}");
            }
            assert_eq!(needed(name, Locale::En), needed(name, Locale::Id), "{name} needs the same in both languages");
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        for name in NAMES {
            for missing in variables(name).unwrap() {
                let mut variables = sample(name, Locale::En);
                variables.remove(&missing);
                let why = "is missing".to_owned();
                assert_eq!(
                    render(name, Locale::En, &variables),
                    Err(TemplateError::Variable { name: missing, why }),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let mut variables = sample("welcome", Locale::En);
        variables.insert("name".into(), "<b>Siti</b> & 'co'".into());
        let rendered = render("welcome", Locale::En, &variables).unwrap();
        assert!(rendered.text.contains("<b>Siti</b> & 'co'"), "{}", rendered.text);
        assert!(rendered.html.contains("&lt;b&gt;Siti&lt;") && !rendered.html.contains("<b>Siti"), "{}", rendered.html);
        assert!(!rendered.html.contains("&amp;lt;"), "escaped once: {}", rendered.html);
    }

    #[test]
    fn a_link_leads_to_the_web() {
        for address in ["javascript:alert(1)", "data:text/html,x", "//example.org", "mailto:a@example.org", "https://"]
        {
            let mut variables = sample("welcome", Locale::Id);
            variables.insert("action_url".into(), address.into());
            let refused = render("welcome", Locale::Id, &variables).unwrap_err();
            assert!(matches!(refused, TemplateError::Variable { name, .. } if name == "action_url"), "{address}");
        }
        assert!(matches!(render("layout", Locale::En, &Variables::new()), Err(TemplateError::Unknown { .. })));
    }
}
