//! Languages, and the words that a report says by itself.

use std::fmt;
use std::str::FromStr;

/// A language, with its forms of numbers and dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English: 1,234.56; 21 November 2026; 14:05.
    #[default]
    En,
    /// Indonesian: 1.234,56; 21 November 2026; 14.05.
    Id,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Id];

    /// Its ISO 639-1 code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.pick("en", "id")
    }

    /// One of two words.
    pub(crate) fn pick<T>(self, en: T, id: T) -> T {
        match self {
            Self::En => en,
            Self::Id => id,
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A code that names no language of reports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reports do not speak `{0}`: take en or id")]
pub struct UnknownLocale(pub String);

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(code: &str) -> Result<Self, UnknownLocale> {
        Self::ALL.into_iter().find(|locale| locale.as_str() == code).ok_or_else(|| UnknownLocale(code.to_owned()))
    }
}

/// Text in each language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// In English.
    pub en: String,
    /// In Indonesian.
    pub id: String,
}

impl Label {
    /// Text in both languages.
    #[must_use]
    pub fn new(en: impl Into<String>, id: impl Into<String>) -> Self {
        Self { en: en.into(), id: id.into() }
    }

    /// A name that is the same in both.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { en: text.clone(), id: text }
    }

    /// Text in one language.
    #[must_use]
    pub fn get(&self, locale: Locale) -> &str {
        locale.pick(&self.en, &self.id)
    }
}
