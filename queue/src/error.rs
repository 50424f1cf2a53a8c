//! What can go wrong between the caller and Redis. A failure of a job is not an error of this crate: see
//! [`crate::JobError`].

/// The result of a call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, by what the caller may conclude from it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Redis cannot be reached; the command was certainly not carried out.
    #[error("redis is unavailable: {0}")]
    Unavailable(String),
    /// The command was sent and its reply never came: it may or may not have been, or still be, carried out.
    #[error("the result of the command is unknown: {0}")]
    UnknownResult(String),
    /// Redis answered with an error; the command changed nothing.
    #[error("redis refused the command: {0}")]
    Server(String),
    /// The caller's argument breaks a rule; nothing was sent.
    #[error("invalid {what}: {reason}")]
    Invalid {
        /// Which argument.
        what: &'static str,
        /// Which rule.
        reason: String,
    },
    /// Redis answered with something that this crate never writes.
    #[error("unexpected data in redis: {0}")]
    Corrupt(&'static str),
}

impl Error {
    pub(crate) fn invalid(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { what, reason: reason.into() }
    }

    /// Whether trying again later may succeed without any change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::UnknownResult(_))
    }
}
