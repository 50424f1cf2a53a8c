//! The small value types that carry a unit or a rule: queue names, priorities and points in time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Error;

/// The name of a queue: `[a-z0-9][a-z0-9_-]{0,62}`. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(Arc<str>);

impl QueueName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 63;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueueName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let good = bytes.len() <= Self::MAX_LEN
            && bytes.first().is_some_and(|b| plain(*b))
            && bytes.iter().all(|b| plain(*b) || matches!(b, b'_' | b'-'));
        if good {
            Ok(Self(text.into()))
        } else {
            Err(Error::invalid("queue name", "it must match [a-z0-9][a-z0-9_-]{0,62}"))
        }
    }
}

impl AsRef<str> for QueueName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueName({})", self.0)
    }
}

/// How urgent a job is: 0 is the least urgent, 4 the most, 2 is [`Priority::NORMAL`].
///
/// Workers take the highest first. So that a steady stream of urgent work cannot starve the rest for ever, one fetch in
/// eight visits the priorities from the lowest up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// 0, the least urgent.
    pub const LOWEST: Self = Self(0);
    /// 2, the default.
    pub const NORMAL: Self = Self(2);
    /// 4, the most urgent.
    pub const HIGHEST: Self = Self(4);
    /// How many priorities there are.
    pub const COUNT: usize = 5;

    /// A priority from 0 to 4; `None` for anything else.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level <= Self::HIGHEST.0 { Some(Self(level)) } else { None }
    }

    /// The level, 0 to 4.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// A point in Redis `TIME`, in microseconds since the Unix epoch. Versions are on the same scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// This much later; saturating.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)))
    }

    /// The same instant in milliseconds.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp(self.0 / 1_000)
    }
}

/// A point in time in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Now by this machine's clock. Redis judges by its own, so use this for far times only, or [`crate::Client::time`].
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// This much later; saturating.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_name_is_checked() {
        for good in ["a", "images", "0-mail_2", &"x".repeat(63)] {
            assert_eq!(good.parse::<QueueName>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "_a", "Images", "a b", "a}", "é", &"x".repeat(64)] {
            assert!(bad.parse::<QueueName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_priority_has_five_levels() {
        assert_eq!(Priority::new(4), Some(Priority::HIGHEST));
        assert_eq!(Priority::new(5), None);
    }

    #[test]
    fn times_add_up_and_saturate() {
        assert_eq!(Micros(5).after(Duration::from_millis(1)), Micros(1_005));
        assert_eq!(Micros(1_999).timestamp(), Timestamp(1));
        assert_eq!(Timestamp(u64::MAX).after(Duration::from_secs(1)), Timestamp(u64::MAX));
    }
}
