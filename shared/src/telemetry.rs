//! Logs and traces: pretty in a terminal, JSON otherwise; a request's W3C trace context travels with its job.

use crate::config::{LogFormat, ProcessConfig};
use rand::Rng;
use std::{fmt, io::IsTerminal, str::FromStr};
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan, layer::SubscriberExt, util::SubscriberInitExt};

/// The log filter that was given is not one.
#[derive(Debug, thiserror::Error)]
#[error("GOTONG_LOG is not a log filter: {0}")]
pub struct FilterError(String);

/// Starts the process's log. To be called once, at its start.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(config: &ProcessConfig) -> Result<(), FilterError> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| FilterError(error.to_string()))?;
    let pretty = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let base = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    // A second call, as tests in one process make it, keeps the first subscriber.
    _ = if pretty { base.with(layer).try_init() } else { base.with(layer.json().flatten_event(true)).try_init() };
    Ok(())
}

/// A W3C trace context: <https://www.w3.org/TR/trace-context/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl TraceContext {
    /// The start of a new trace.
    #[must_use]
    pub fn fresh() -> Self {
        let mut random = rand::rng();
        Self { trace: random.random_range(1..=u128::MAX), span: random.random_range(1..=u64::MAX), sampled: true }
    }

    /// A new span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: Self::fresh().span, ..self }
    }

    /// The id that ties request, job and attempt together, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// A header that is no `traceparent`.
#[derive(Debug, thiserror::Error)]
#[error("not a traceparent")]
pub struct NotATraceparent;

impl FromStr for TraceContext {
    type Err = NotATraceparent;

    fn from_str(text: &str) -> Result<Self, NotATraceparent> {
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, span, flags, ..] = parts.as_slice() else { return Err(NotATraceparent) };
        let hex =
            |part: &str, length| part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let shaped = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
        if !shaped || *version == "ff" || (*version == "00" && parts.len() != 4) {
            return Err(NotATraceparent);
        }
        let trace = u128::from_str_radix(trace, 16).map_err(|_| NotATraceparent)?;
        let span = u64::from_str_radix(span, 16).map_err(|_| NotATraceparent)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| NotATraceparent)?;
        if trace == 0 || span == 0 {
            return Err(NotATraceparent);
        }
        Ok(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_survives_the_wire_and_garbage_does_not() {
        let context = TraceContext::fresh();
        assert_eq!(context.to_string().parse::<TraceContext>().unwrap(), context);
        assert_eq!(context.child().trace_id(), context.trace_id());
        for bad in [
            "",
            "00-0-0-0",
            "00-00000000000000000000000000000000-0000000000000001-01",
            "ff-00000000000000000000000000000001-0000000000000001-01",
            "00-0000000000000000000000000000000A-0000000000000001-01",
            "00-00000000000000000000000000000001-0000000000000001-01-x",
        ] {
            assert!(bad.parse::<TraceContext>().is_err(), "{bad}");
        }
    }
}
