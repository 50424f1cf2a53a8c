//! The payload of a schedule's jobs: a template whose strings may hold variables of the tick.
//!
//! | variable | is |
//! |---|---|
//! | `{{tick}}` | the tick in the schedule's zone, RFC 3339 |
//! | `{{tick_utc}}` | the tick in UTC, RFC 3339 |
//! | `{{tick_date}}`, `{{tick_time}}` | the day (`2026-01-31`) and the time (`09:30:00`) in the zone |
//! | `{{tick_unix}}` | seconds since 1970; a string that holds nothing else becomes a number |
//! | `{{previous_tick}}` | the tick that ran before, or when the schedule was made; in the zone, RFC 3339 |
//! | `{{previous_tick_unix}}` | the same in seconds since 1970 |
//! | `{{schedule_id}}`, `{{schedule_name}}` | the schedule |

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Every variable.
pub const VARIABLES: [&str; 9] = [
    "tick",
    "tick_utc",
    "tick_date",
    "tick_time",
    "tick_unix",
    "previous_tick",
    "previous_tick_unix",
    "schedule_id",
    "schedule_name",
];

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Where in the payload: an RFC 6901 pointer.
    pub pointer: String,
    /// What is wrong, in words.
    pub message: String,
}

/// What the variables of one tick stand for.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// The tick.
    pub tick: DateTime<Utc>,
    /// The tick that ran before, or when the schedule was made.
    pub previous: DateTime<Utc>,
    /// The schedule's zone.
    pub zone: Tz,
    /// The schedule.
    pub schedule_id: Uuid,
    /// Its name.
    pub schedule_name: &'a str,
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let local = |time: DateTime<Utc>| time.with_timezone(&self.zone);
        let stamp = |time: DateTime<Utc>| local(time).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Some(match name {
            "tick" => stamp(self.tick).into(),
            "tick_utc" => self.tick.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
            "tick_date" => local(self.tick).format("%Y-%m-%d").to_string().into(),
            "tick_time" => local(self.tick).format("%H:%M:%S").to_string().into(),
            "tick_unix" => self.tick.timestamp().into(),
            "previous_tick" => stamp(self.previous).into(),
            "previous_tick_unix" => self.previous.timestamp().into(),
            "schedule_id" => self.schedule_id.to_string().into(),
            "schedule_name" => self.schedule_name.into(),
            _ => return None,
        })
    }
}

/// The payload of one tick's job.
///
/// # Errors
/// Where a variable is unknown or its braces stay open.
pub fn render(template: &Value, variables: &Variables<'_>) -> Result<Value, TemplateError> {
    render_at(template, variables, &mut String::new())
}

fn render_at(template: &Value, variables: &Variables<'_>, pointer: &mut String) -> Result<Value, TemplateError> {
    let length = pointer.len();
    let rendered = match template {
        Value::String(text) => {
            render_text(text, variables).map_err(|message| TemplateError { pointer: pointer.clone(), message })?
        }
        Value::Array(items) => {
            let mut all = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                all.push(render_at(item, variables, pointer)?);
                pointer.truncate(length);
            }
            Value::Array(all)
        }
        Value::Object(members) => {
            let mut all = Map::with_capacity(members.len());
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                all.insert(name.clone(), render_at(member, variables, pointer)?);
                pointer.truncate(length);
            }
            Value::Object(all)
        }
        other => other.clone(),
    };
    Ok(rendered)
}

fn render_text(text: &str, variables: &Variables<'_>) -> Result<Value, String> {
    let mut rest = text;
    let mut rendered = String::new();
    while let Some((before, inside)) = rest.split_once("{{") {
        let (name, after) = inside.split_once("}}").ok_or("a variable ends in }}")?;
        let name = name.trim();
        let value = variables.get(name);
        let value = value.ok_or_else(|| format!("{name:?} is no variable; there are {}", VARIABLES.join(", ")))?;
        if before.is_empty() && after.is_empty() && rendered.is_empty() {
            return Ok(value);
        }
        rendered.push_str(before);
        rendered.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(template: &Value) -> Result<Value, TemplateError> {
        let variables = Variables {
            tick: "2026-03-29T01:30:00Z".parse().unwrap(),
            previous: "2026-03-28T01:30:00Z".parse().unwrap(),
            zone: "Asia/Jakarta".parse().unwrap(),
            schedule_id: Uuid::nil(),
            schedule_name: "daily {{tick}}",
        };
        render(template, &variables)
    }

    #[test]
    fn variables_are_those_of_the_tick_in_its_zone() {
        let template = json!({
            "from": "{{previous_tick}}", "to": "{{ tick }}", "file": ["report-{{tick_date}}_{{tick_time}}.csv"],
            "since": "{{tick_unix}}", "text": "at {{tick_unix}}", "utc": "{{tick_utc}}", "n": 3, "a}}": "}}",
            "by": "{{schedule_name}}"
        });
        let expected = json!({
            "from": "2026-03-28T08:30:00+07:00", "to": "2026-03-29T08:30:00+07:00",
            "file": ["report-2026-03-29_08:30:00.csv"], "since": 1_774_747_800, "text": "at 1774747800",
            "utc": "2026-03-29T01:30:00Z", "n": 3, "a}}": "}}", "by": "daily {{tick}}"
        });
        assert_eq!(rendered(&template).unwrap(), expected);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (template, pointer) in [
            (json!({"a": [1, {"b/c": "{{now}}"}]}), "/a/1/b~1c"),
            (json!({"a": "{{tick"}), "/a"),
            (json!("{{}}"), ""),
            (json!({"a": "{{tick}} {{Tick}}"}), "/a"),
        ] {
            assert_eq!(rendered(&template).unwrap_err().pointer, pointer, "{template}");
        }
        for name in VARIABLES {
            assert!(rendered(&json!(format!("{{{{{name}}}}}"))).is_ok(), "{name}");
        }
    }
}
