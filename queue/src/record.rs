//! The packed form of a job in Redis.

/// Lua's numbers are doubles: integers are exact below 2^53, some 285 years of microseconds.
pub(crate) const MAX_VERSION: u64 = (1 << 53) - 1;
