//! RFC 6901 pointers to what is wrong in JSON.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use std::fmt::Write as _;

/// Reads a value; what does not fit is named by pointer and message.
///
/// # Errors
/// Where the value does not fit, and why.
pub fn parse<T: DeserializeOwned>(value: Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = error.inner().to_string();
        let place = format!("{}{}", pointer(error.path()), named_field(&message));
        (place, message)
    })
}

/// Where a text or a name in the value holds the character NUL, which PostgreSQL can keep nowhere.
#[must_use]
pub fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| Some(format!("/{index}{}", find_nul(item)?)))
        }
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            let place = if key.contains('\0') { String::new() } else { find_nul(member)? };
            Some(format!("/{}{place}", escape(key)))
        }),
        _ => None,
    }
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", escape(key)),
            Segment::Enum { variant } => write!(pointer, "/{}", escape(variant)),
            Segment::Unknown => Ok(()),
        };
        pointer
    })
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A field that is missing has no place of its own: it is named in the message.
fn named_field(message: &str) -> String {
    let name = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    name.map_or_else(String::new, |name| format!("/{}", escape(name)))
}
