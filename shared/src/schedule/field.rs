//! One field of an expression: what it may hold, and which values it means.

use std::collections::BTreeSet;

/// What a field may hold.
pub(super) struct Range {
    /// For messages.
    pub name: &'static str,
    pub first: u32,
    pub last: u32,
    /// Words for values, the first of them for `first_word`.
    words: &'static [&'static str],
    first_word: u32,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
pub(super) const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fn range(name: &'static str, first: u32, last: u32) -> Range {
    Range { name, first, last, words: &[], first_word: 0 }
}

pub(super) const SECOND: Range = range("second", 0, 59);
pub(super) const MINUTE: Range = range("minute", 0, 59);
pub(super) const HOUR: Range = range("hour", 0, 23);
pub(super) const DAY: Range = range("day of month", 1, 31);
pub(super) const MONTH: Range = Range { words: &MONTHS, first_word: 1, ..range("month", 1, 12) };
/// 0 and 7 are Sunday.
pub(super) const WEEKDAY: Range = Range { words: &WEEKDAYS, first_word: 0, ..range("weekday", 0, 7) };
pub(super) const YEAR: Range = range("year", 1970, 2100);

/// A field as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Every value that it means.
    pub values: BTreeSet<u32>,
    /// Whether it was written as a wildcard, so that it restricts nothing.
    pub is_wildcard: bool,
    /// Whether it was written with a wildcard or a step, so that it means an interval rather than times of the clock.
    pub is_interval: bool,
}

/// What is wrong with a field: where in it, and in words.
pub(super) type FieldError = (usize, String);

impl Range {
    pub(super) fn parse(&self, text: &str) -> Result<Field, FieldError> {
        let mut field = Field {
            values: BTreeSet::new(),
            is_wildcard: matches!(text, "*" | "?"),
            is_interval: text.contains(['*', '/']),
        };
        let mut at = 0;
        for part in text.split(',') {
            let values = self.part(part).map_err(|(offset, why)| (at + offset, why))?;
            field.values.extend(values);
            at += part.len() + 1;
        }
        Ok(field)
    }

    /// `*`, `*/n`, `a`, `a-b`, `a-b/n` or `a/n`, which means from a to the end.
    fn part(&self, part: &str) -> Result<Vec<u32>, FieldError> {
        let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
        let (first, last) = match span.split_once('-') {
            _ if matches!(span, "*" | "?") => (self.first, self.highest()),
            Some((first, last)) => {
                let (low, high) = (self.value(first, 0)?, self.value(last, first.len() + 1)?);
                if high < low {
                    return Err((0, format!("the {} {span} ends before it begins", self.name)));
                }
                (low, high)
            }
            None => {
                let value = self.value(span, 0)?;
                (value, if step.is_some() { self.highest().max(value) } else { value })
            }
        };
        let step = step.map_or(Ok(1), |step| self.step(step, span.len() + 1))?;
        Ok((first..=last).step_by(step).map(|value| self.canonical(value)).collect())
    }

    /// The last value of a wildcard: a week has its Sunday once.
    fn highest(&self) -> u32 {
        if self.words.len() == 7 { 6 } else { self.last }
    }

    fn canonical(&self, value: u32) -> u32 {
        if self.words.len() == 7 { value % 7 } else { value }
    }

    fn step(&self, text: &str, at: usize) -> Result<usize, FieldError> {
        let step = text.parse().ok().filter(|step| (1..=self.last as usize).contains(step) && is_number(text));
        step.ok_or_else(|| (at, format!("the step {text:?} of the {} is not from 1 to {}", self.name, self.last)))
    }

    fn value(&self, text: &str, at: usize) -> Result<u32, FieldError> {
        let word = self.words.iter().zip(self.first_word..).find(|(word, _)| text.eq_ignore_ascii_case(word));
        let value = word.map(|(_, value)| value).or_else(|| text.parse().ok().filter(|_| is_number(text)));
        value.filter(|value| (self.first..=self.last).contains(value)).ok_or_else(|| {
            let words = self.words.first().zip(self.words.last());
            let words = words.map(|(first, last)| format!(", nor one of {first} to {last}")).unwrap_or_default();
            (at, format!("{text:?} is not a {} from {} to {}{words}", self.name, self.first, self.last))
        })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}
