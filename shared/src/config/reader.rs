//! Reads, parses and bounds single variables, and collects every mistake so that one start shows them all.

use std::{collections::HashMap, fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

/// Every variable that was missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:\n  {}", .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);

/// The variables of one process.
#[derive(Debug, Default)]
pub struct Reader {
    values: HashMap<String, String>,
    mistakes: Vec<String>,
}

impl Reader {
    /// The process's environment, then `.env.$GOTONG_ENV`, then `.env`; the first that names a variable wins.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut reader = Self { values: std::env::vars().collect(), mistakes: Vec::new() };
        let environment = reader.values.get("GOTONG_ENV").cloned().unwrap_or_else(|| "development".into());
        for file in [format!(".env.{environment}"), ".env".into()] {
            reader.add_file(&file);
        }
        reader
    }

    /// Exactly these variables: for tests and for tools that assemble a configuration themselves.
    #[must_use]
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let values = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { values, mistakes: Vec::new() }
    }

    fn add_file(&mut self, file: &str) {
        match dotenvy::from_path_iter(file) {
            Ok(lines) => {
                for line in lines {
                    // The parser's error quotes the line, which may hold a secret.
                    let Ok((key, value)) = line else {
                        self.mistakes.push(format!("{file}: a line is not of the form NAME=value"));
                        break;
                    };
                    self.values.entry(key).or_insert(value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(_) => self.mistakes.push(format!("{file}: cannot be read")),
        }
    }

    /// The value, if it is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Notes a mistake that the caller found in a variable.
    pub fn mistake(&mut self, name: &str, why: impl Display) {
        self.mistakes.push(format!("{name}: {why}"));
    }

    /// A value that must be there. Its text is never repeated in an error: it may hold a password.
    pub fn required<T: FromStr + Default>(&mut self, name: &str, what: &str) -> T {
        match self.get(name).map(str::parse) {
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.mistake(name, format!("is not {what}"));
                T::default()
            }
            None => {
                self.mistake(name, format!("is missing; it must be {what}"));
                T::default()
            }
        }
    }

    /// A value with a default.
    pub fn optional<T: FromStr>(&mut self, name: &str, what: &str, default: T) -> T {
        match self.get(name).map(str::parse) {
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.mistake(name, format!("is not {what}"));
                default
            }
            None => default,
        }
    }

    /// A number within bounds, or its default.
    pub fn number<T: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        name: &str,
        bounds: RangeInclusive<T>,
        default: T,
    ) -> T {
        let what = format!("a number from {} to {}", bounds.start(), bounds.end());
        let value = self.optional(name, &what, default);
        if bounds.contains(&value) {
            return value;
        }
        self.mistake(name, format!("is not {what}"));
        default
    }

    /// Whole seconds within bounds, or the default.
    pub fn seconds(&mut self, name: &str, bounds: RangeInclusive<u64>, default: u64) -> Duration {
        Duration::from_secs(self.number(name, bounds, default))
    }

    /// A size such as `10MB` or `512KiB` within bounds, or the default.
    pub fn size(&mut self, name: &str, bounds: RangeInclusive<ByteSize>, default: ByteSize) -> ByteSize {
        let what = format!("a size from {} to {}, such as 10MB", bounds.start(), bounds.end());
        let value = self.optional(name, &what, default);
        if bounds.contains(&value) {
            return value;
        }
        self.mistake(name, format!("is not {what}"));
        default
    }

    /// `value`, unless a mistake was found.
    ///
    /// # Errors
    /// Every mistake that was collected.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.mistakes.is_empty() { Ok(value) } else { Err(ConfigError(self.mistakes)) }
    }
}

/// A number of bytes. Reads `123`, `10KB`, `10MB`, `1GB` (decimal) and `KiB`, `MiB`, `GiB` (binary).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u64); 6] =
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)];

impl FromStr for ByteSize {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        for (unit, factor) in UNITS {
            if let Some(number) = text.strip_suffix(unit) {
                return Ok(Self(number.trim().parse::<u64>()?.saturating_mul(factor)));
            }
        }
        text.trim_end_matches('B').trim().parse().map(Self)
    }
}

impl Display for ByteSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match UNITS.iter().find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(f, "{} {unit}", self.0 / factor),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_with_its_variable_and_without_its_value() {
        let mut reader = Reader::from_pairs([("GOTONG_A", "hunter2"), ("GOTONG_B", "900")]);
        let _: u16 = reader.required("GOTONG_A", "a port");
        let _ = reader.number("GOTONG_B", 1..=10, 5u32);
        let _: u16 = reader.required("GOTONG_C", "a port");
        let text = reader.finish(()).unwrap_err().to_string();
        for part in ["GOTONG_A: is not a port", "GOTONG_B: is not a number from 1 to 10", "GOTONG_C: is missing"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn sizes_are_read_and_shown_in_their_units() {
        for (text, bytes, shown) in
            [("10MB", 10_000_000, "10 MB"), ("64 KiB", 65_536, "64 KiB"), ("17", 17, "17 bytes")]
        {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, shown));
        }
        assert!("ten".parse::<ByteSize>().is_err());
    }
}
