//! What a server's answers mean.

use gotong_shared::mail::EnhancedStatus;
use lettre::transport::smtp::{Error, response::Response};
use std::error::Error as _;

/// The longest text that is kept, in characters.
const TEXT: usize = 500;

/// A server's answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its code, of three digits.
    pub code: u16,
    /// Its text, on one line, without control characters.
    pub text: String,
}

/// What an answer means for a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It was accepted.
    Accepted,
    /// Not now (4xx).
    Deferred {
        /// The server asks us to slow down.
        slow_down: bool,
    },
    /// Never (5xx).
    Refused {
        /// It is the address that will never do, and not this message, its sender or a full mailbox.
        address: bool,
    },
}

impl Reply {
    /// An answer of our own making.
    #[must_use]
    pub fn new(code: u16, text: &str) -> Self {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT).collect();
        Self { code, text: line.trim().to_owned() }
    }

    /// The answer, if lettre's error is one.
    #[must_use]
    pub fn of_error(error: &Error) -> Option<Self> {
        let code = error.status()?.into();
        Some(Self::new(code, &error.source().map(ToString::to_string).unwrap_or_default()))
    }

    /// The code and text of a positive answer.
    #[must_use]
    pub fn of_response(response: &Response) -> Self {
        Self::new(response.code().into(), &response.message().collect::<Vec<_>>().join(" "))
    }

    /// What it means.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.code {
            200..=299 => Class::Accepted,
            500.. => Class::Refused { address: self.is_about_the_address() },
            // Too many connections or messages (421), mailbox busy or greylisted (450), temporary failure (454).
            code => Class::Deferred { slow_down: matches!(code, 421 | 450 | 454) },
        }
    }

    /// By the enhanced status code where there is one. Without one the server says 5xx of the address.
    fn is_about_the_address(&self) -> bool {
        EnhancedStatus::parse(&self.text).is_none_or(EnhancedStatus::is_about_the_address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_becomes_of_a_recipient() {
        let class = |code, text| Reply::new(code, text).class();
        assert_eq!(class(250, "2.1.5 Ok"), Class::Accepted);
        for code in [421, 450, 454] {
            assert_eq!(class(code, "later"), Class::Deferred { slow_down: true });
        }
        assert_eq!(class(451, "4.3.0 error"), Class::Deferred { slow_down: false });
        assert_eq!(class(452, "4.2.2 full"), Class::Deferred { slow_down: false });
    }

    #[test]
    fn only_what_is_about_the_address_speaks_against_it() {
        for text in ["no such user", "5.1.1 unknown", "5.1.10 null MX", "5.2.1 disabled", "5.0.0 no"] {
            assert_eq!(Reply::new(550, text).class(), Class::Refused { address: true }, "{text}");
        }
        for text in ["5.7.1 policy", "5.2.2 full", "5.3.4 too big", "5.6.0 content", "5.1.8 bad sender"] {
            assert_eq!(Reply::new(550, text).class(), Class::Refused { address: false }, "{text}");
        }
    }

    #[test]
    fn a_text_is_kept_on_one_line_and_within_bounds() {
        let reply = Reply::new(550, &format!("a\r\nb\0{}", "x".repeat(2_000)));
        assert!(reply.text.starts_with("a  b x") && reply.text.chars().count() <= TEXT);
    }
}
