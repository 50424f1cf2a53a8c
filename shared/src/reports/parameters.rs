//! Typed parameters: what a source takes, whether a value is one, and how a query reads it.

use crate::jobs::PayloadError;
use chrono::{DateTime, NaiveDate};
use poem_openapi::{Enum, Object, types::Any};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most parameters of a definition.
pub const MOST: usize = 32;
/// The longest text, in bytes.
const LONGEST_TEXT: usize = 2_000;
/// The most texts of a list.
const LONGEST_LIST: usize = 1_000;
/// What every query may read: the range, and the zone in which days begin.
pub const GIVEN: [(&str, ParameterKind); 3] =
    [("from", ParameterKind::Timestamp), ("to", ParameterKind::Timestamp), ("zone", ParameterKind::Text)];

/// What a parameter's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub enum ParameterKind {
    /// A text of at most 2,000 bytes.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number with digits behind the point; as a text, where all of them count.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// Such as `2026-01-31`.
    Date,
    /// A time in RFC 3339.
    Timestamp,
    /// A UUID.
    Uuid,
    /// A list of at most 1,000 texts: `= any (:name)`.
    List,
}

/// A parameter of a data set or definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct Parameter {
    /// How a query names it behind a colon: a lower-case letter, then up to 62 of them, digits and `_`.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: ParameterKind,
    /// Whether a report has to name a value. One that is left out has the default, or else is null.
    #[serde(default)]
    #[oai(default)]
    pub required: bool,
    /// Its value where a report names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Any<Value>>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

impl Parameter {
    /// How a query reads it: the parameters are one JSON object, the query's only bound value.
    #[must_use]
    pub fn expression(&self) -> String {
        expression(&self.name, self.kind)
    }
}

/// See [`Parameter::expression`]. The name must be one, see [`is_name`].
#[must_use]
pub fn expression(name: &str, kind: ParameterKind) -> String {
    let cast = match kind {
        ParameterKind::List => return format!("array(select jsonb_array_elements_text($1::jsonb -> '{name}'))"),
        ParameterKind::Text => "text",
        ParameterKind::Integer => "bigint",
        ParameterKind::Decimal => "numeric",
        ParameterKind::Boolean => "boolean",
        ParameterKind::Date => "date",
        ParameterKind::Timestamp => "timestamptz",
        ParameterKind::Uuid => "uuid",
    };
    format!("($1::jsonb ->> '{name}')::{cast}")
}

/// Whether a parameter may be called so.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.as_bytes()[0].is_ascii_lowercase()
}

/// The value of every parameter; null where there is none.
///
/// # Errors
/// The first value that is missing, unknown or of another type, with its place.
pub fn check(
    declared: &[Parameter],
    values: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, PayloadError> {
    let at = |name: &str, why: String| PayloadError::at(format!("/parameters/{}", escape(name)), why);
    if let Some(unknown) = values.keys().find(|name| declared.iter().all(|each| each.name != **name)) {
        let known: Vec<_> = declared.iter().map(|each| each.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(at(unknown, format!("is no parameter; there are: {known}")));
    }
    let mut all = BTreeMap::new();
    for each in declared {
        let given = values.get(&each.name).filter(|value| !value.is_null());
        let value = match given.or(each.default.as_ref().map(|default| &default.0)) {
            None if each.required => return Err(at(&each.name, "is missing".into())),
            None => Value::Null,
            Some(value) => {
                check_value(each.kind, value).map_err(|why| at(&each.name, why))?;
                value.clone()
            }
        };
        all.insert(each.name.clone(), value);
    }
    Ok(all)
}

/// Whether a value is of that kind.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_value(kind: ParameterKind, value: &Value) -> Result<(), String> {
    let text = value.as_str();
    let (is_one, what) = match kind {
        ParameterKind::Text => (text.is_some_and(|text| text.len() <= LONGEST_TEXT), "a text of at most 2000 bytes"),
        ParameterKind::Integer => (value.is_i64(), "a whole number of 64 bits"),
        ParameterKind::Decimal => (value.is_number() || text.is_some_and(is_decimal), "a number, or one as a text"),
        ParameterKind::Boolean => (value.is_boolean(), "true or false"),
        ParameterKind::Date => (
            text.is_some_and(|text| text.len() == 10 && text.parse::<NaiveDate>().is_ok()),
            "a date such as 2026-01-31",
        ),
        ParameterKind::Timestamp => {
            (text.is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()), "a time such as 2026-01-31T09:00:00Z")
        }
        ParameterKind::Uuid => (text.is_some_and(|text| text.parse::<Uuid>().is_ok()), "a UUID"),
        ParameterKind::List => (is_list(value), "a list of at most 1000 texts"),
    };
    if is_one { Ok(()) } else { Err(format!("is not {what}")) }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    text.len() <= 100 && [whole, rest].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn is_list(value: &Value) -> bool {
    let is_text = |item: &Value| item.as_str().is_some_and(|text| text.len() <= LONGEST_TEXT);
    value.as_array().is_some_and(|items| items.len() <= LONGEST_LIST && items.iter().all(is_text))
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_of_their_kind_or_refused() {
        use ParameterKind::{Boolean, Date, Decimal, Integer, List, Text, Timestamp, Uuid};
        let good = [
            (Text, json!("x'); drop table jobs; --")),
            (Integer, json!(-3)),
            (Decimal, json!("12.50")),
            (Decimal, json!(1.5)),
            (Boolean, json!(false)),
            (Date, json!("2026-02-28")),
            (Timestamp, json!("2026-02-28T00:00:00+07:00")),
            (Uuid, json!("0193b5a0-0000-7000-8000-000000000000")),
            (List, json!(["a", "b"])),
        ];
        for (kind, value) in &good {
            assert_eq!(check_value(*kind, value), Ok(()), "{kind:?} {value}");
        }
        let bad = [
            (Text, json!(1)),
            (Integer, json!(1.5)),
            (Integer, json!("1")),
            (Integer, json!(u64::MAX)),
            (Decimal, json!("1e9")),
            (Decimal, json!("-")),
            (Boolean, json!("true")),
            (Date, json!("2026-02-30")),
            (Timestamp, json!("2026-02-28")),
            (Uuid, json!("7")),
            (List, json!("a")),
            (List, json!([1])),
        ];
        for (kind, value) in &bad {
            assert!(check_value(*kind, value).is_err(), "{kind:?} {value}");
        }
    }

    #[test]
    fn defaults_fill_in_and_what_is_missing_is_named() {
        let parameter = |name: &str, required, default: Option<Value>| Parameter {
            name: name.into(),
            kind: ParameterKind::Integer,
            required,
            default: default.map(Any),
            about: None,
        };
        let declared = [parameter("a", true, None), parameter("b", false, Some(json!(2))), parameter("c", false, None)];
        let values = |value: Value| serde_json::from_value::<BTreeMap<String, Value>>(value).unwrap();
        let checked = check(&declared, &values(json!({ "a": 1 }))).unwrap();
        assert_eq!(serde_json::to_value(checked).unwrap(), json!({ "a": 1, "b": 2, "c": null }));
        for (given, place) in [(json!({}), "/parameters/a"), (json!({ "a": 1, "x/y": 1 }), "/parameters/x~1y")] {
            assert_eq!(check(&declared, &values(given)).unwrap_err().pointer, place);
        }
    }

    #[test]
    fn names_are_plain() {
        assert!(is_name("since_2026"));
        for name in ["", "2x", "A", "a-b", "a'b", "_a", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
