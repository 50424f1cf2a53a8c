//! Reading what scripts answer.

use redis::Value;

use crate::error::{Error, Result};

/// The parts of an array, one after the other.
pub(crate) struct Parts(std::vec::IntoIter<Value>);

impl Parts {
    pub(crate) fn of(value: Value) -> Result<Self> {
        match value {
            Value::Array(parts) => Ok(Self(parts.into_iter())),
            _ => Err(Error::Corrupt("a script's answer is no array")),
        }
    }

    /// The next part; `None` at the end.
    pub(crate) fn next_bytes(&mut self) -> Result<Option<Vec<u8>>> {
        self.0.next().map(bytes).transpose()
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        self.next_bytes()?.ok_or(Error::Corrupt("a script's answer is too short"))
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| Error::Corrupt("text that is not UTF-8"))
    }

    pub(crate) fn number(&mut self) -> Result<u64> {
        number(&self.value()?)
    }

    pub(crate) fn value(&mut self) -> Result<Value> {
        self.0.next().ok_or(Error::Corrupt("a script's answer is too short"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A string of any kind as bytes.
pub(crate) fn bytes(value: Value) -> Result<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        Value::Int(number) => Ok(number.to_string().into_bytes()),
        Value::Okay => Ok(b"OK".to_vec()),
        _ => Err(Error::Corrupt("a script's answer is no string")),
    }
}

/// A number, or the digits of one (a score may have a fraction of zero).
pub(crate) fn number(value: &Value) -> Result<u64> {
    let parsed = match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        Value::BulkString(digits) => digits_of(digits),
        Value::SimpleString(digits) => digits_of(digits.as_bytes()),
        _ => None,
    };
    parsed.ok_or(Error::Corrupt("a script's answer is no number"))
}

/// Digits, as Redis prints a double that is whole; an empty string is 0.
pub(crate) fn digits_of(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    let text = std::str::from_utf8(digits).ok()?;
    text.parse().ok().or_else(|| {
        let double: f64 = text.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to fit")]
        (0.0..9e15).contains(&double).then_some(double as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_several_shapes() {
        assert_eq!(number(&Value::Int(7)).unwrap(), 7);
        assert_eq!(number(&Value::BulkString(b"1700000000000".to_vec())).unwrap(), 1_700_000_000_000);
        assert_eq!(digits_of(b"1.7000000000000000e+12"), Some(1_700_000_000_000));
        assert!(number(&Value::Int(-1)).is_err());
        assert_eq!(digits_of(b"x"), None);
    }
}
