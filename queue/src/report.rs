//! The packed form of a report and of an event; the layouts stand in `scripts/prelude.lua`.

use bytes::{Buf, BufMut, Bytes};
use uuid::Uuid;

use crate::event::{Event, EventKind, Progress};
use crate::name::Timestamp;

/// The most of an error's class, of its message, of a progress message, and of a log line, in bytes; and the most lines.
pub(crate) const CLASS: usize = 64;
pub(crate) const MESSAGE: usize = 4 << 10;
pub(crate) const PROGRESS: usize = 256;
pub(crate) const LINE: usize = 1 << 10;
pub(crate) const LINES: usize = 100;

/// What stands before the token: it tells the script what to do and is no part of the event.
const HEADER: usize = 14;

/// What a worker says at the end of a run.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// A letter, and what it needs; see `scripts/ack.lua`.
    pub(crate) outcome: u8,
    pub(crate) argument: u64,
    /// Length of the record, and whether its end must let go of more than the entry.
    pub(crate) size: usize,
    pub(crate) extras: bool,
    pub(crate) token: Uuid,
    pub(crate) generation: u32,
    pub(crate) attempt: u32,
    pub(crate) used: u32,
    pub(crate) crashes: u32,
    pub(crate) started: u64,
    pub(crate) id: Uuid,
    pub(crate) reported: EventKind,
    pub(crate) worker: Uuid,
    pub(crate) class: &'a str,
    pub(crate) message: &'a str,
    pub(crate) result: &'a [u8],
}

/// Packs a report; `tail` is empty or from [`pack_tail`].
pub(crate) fn pack(report: &Report<'_>, tail: &[u8]) -> Vec<u8> {
    let class = cut(report.class, CLASS);
    let message = cut(report.message, MESSAGE);
    let mut out = Vec::with_capacity(HEADER + 92 + class.len() + message.len() + report.result.len() + tail.len());
    out.put_u8(report.outcome);
    out.put_u8(report.extras.into());
    out.put_u32_le(u32::try_from(report.size).unwrap_or(u32::MAX));
    out.put_u64_le(report.argument);
    out.put_slice(report.token.as_bytes());
    out.put_u32_le(report.generation);
    out.put_u32_le(report.attempt);
    out.put_u32_le(report.used);
    out.put_u32_le(report.crashes);
    out.put_u64_le(report.started);
    out.put_slice(report.id.as_bytes());
    out.put_u8(report.reported.letter());
    out.put_slice(report.worker.as_bytes());
    out.put_u8(u8::try_from(class.len()).unwrap_or(0));
    out.put_slice(class.as_bytes());
    put_text(&mut out, message);
    out.put_u32_le(u32::try_from(report.result.len()).unwrap_or(0));
    out.put_slice(report.result);
    if tail.is_empty() {
        out.put_slice(&[0; 8]);
    } else {
        out.put_slice(tail);
    }
    out
}

/// Packs the progress and the log lines of a run.
pub(crate) fn pack_tail<'a>(progress: Option<&Progress>, lines: impl ExactSizeIterator<Item = &'a str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.put_u8(progress.is_some().into());
    out.put_f32_le(progress.map_or(0.0, |p| p.fraction));
    put_text(&mut out, progress.map_or("", |p| cut(&p.message, PROGRESS)));
    out.put_u8(u8::try_from(lines.len().min(LINES)).unwrap_or(0));
    for line in lines.take(LINES) {
        put_text(&mut out, cut(line, LINE));
    }
    out
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_u16_le(u16::try_from(text.len()).unwrap_or(0));
    out.put_slice(text.as_bytes());
}

/// At most so many bytes, cut at a character's boundary.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn take(at: &mut Bytes, len: usize) -> Option<Bytes> {
    (at.len() >= len).then(|| at.split_to(len))
}

fn take_text(at: &mut Bytes, len: usize) -> Option<String> {
    take(at, len).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn take_uuid(at: &mut Bytes) -> Option<Uuid> {
    Uuid::from_slice(&take(at, 16)?).ok()
}

/// Reads progress and log lines.
pub(crate) fn unpack_tail(at: &mut Bytes) -> Option<(Option<Progress>, Vec<String>)> {
    let there = at.try_get_u8().ok()? == 1;
    let fraction = at.try_get_f32_le().ok()?;
    let len = at.try_get_u16_le().ok()?.into();
    let message = take_text(at, len)?;
    let mut lines = Vec::new();
    for _ in 0..at.try_get_u8().ok()? {
        let len = at.try_get_u16_le().ok()?.into();
        lines.push(take_text(at, len)?);
    }
    Some((there.then_some(Progress { fraction, message }), lines))
}

/// Reads an event; `None` if its bytes cannot be one.
pub(crate) fn unpack_event(bytes: Bytes) -> Option<Event> {
    let mut at = bytes;
    let version = at.try_get_u64_le().ok()?;
    let ended_at = Timestamp(at.try_get_u64_le().ok()?);
    let run_at = some(at.try_get_u64_le().ok()?);
    let kind = EventKind::from_letter(at.try_get_u8().ok()?)?;
    take(&mut at, HEADER)?;
    let token = take_uuid(&mut at)?;
    let generation = at.try_get_u32_le().ok()?;
    let attempt = at.try_get_u32_le().ok()?;
    let attempts_used = at.try_get_u32_le().ok()?;
    let crashes = at.try_get_u32_le().ok()?;
    let started_at = some(at.try_get_u64_le().ok()?);
    let job_id = take_uuid(&mut at)?;
    let reported = EventKind::from_letter(at.try_get_u8().ok()?)?;
    let worker = take_uuid(&mut at)?;
    let len = at.try_get_u8().ok()?.into();
    let class = take_text(&mut at, len)?;
    let len = at.try_get_u16_le().ok()?.into();
    let message = take_text(&mut at, len)?;
    let len = usize::try_from(at.try_get_u32_le().ok()?).ok()?;
    let result = take(&mut at, len)?;
    let (progress, log) = unpack_tail(&mut at)?;
    Some(Event {
        stream_id: version.to_string(),
        job_id,
        generation,
        version,
        attempt,
        attempts_used,
        crashes,
        kind,
        reported,
        worker: (!worker.is_nil()).then_some(worker),
        token: (!token.is_nil()).then_some(token),
        started_at,
        ended_at,
        run_at,
        error_class: (!class.is_empty()).then_some(class),
        error_message: (!message.is_empty()).then_some(message),
        result: (!result.is_empty()).then_some(result),
        progress,
        log,
    })
}

fn some(ms: u64) -> Option<Timestamp> {
    (ms != 0).then_some(Timestamp(ms))
}

impl EventKind {
    /// The letter that stands for it in Redis.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Self::Completed => b'C',
            Self::Retried => b'R',
            Self::Crashed => b'L',
            Self::Dead => b'D',
            Self::Cancelled => b'K',
            Self::Snoozed => b'S',
            Self::Quarantined => b'Q',
            Self::Expired => b'E',
            Self::StaleReport => b'X',
        }
    }

    pub(crate) fn from_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'C' => Self::Completed,
            b'R' => Self::Retried,
            b'L' => Self::Crashed,
            b'D' => Self::Dead,
            b'K' => Self::Cancelled,
            b'S' => Self::Snoozed,
            b'Q' => Self::Quarantined,
            b'E' => Self::Expired,
            b'X' => Self::StaleReport,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_event_survives_packing() {
        let progress = Progress { fraction: 0.5, message: "half".into() };
        let long = "é".repeat(3_000);
        let report = Report {
            outcome: b'R',
            argument: 0,
            size: 0,
            extras: false,
            token: Uuid::from_u128(1),
            generation: 2,
            attempt: 3,
            used: 3,
            crashes: 1,
            started: 1_000,
            id: Uuid::from_u128(4),
            reported: EventKind::Retried,
            worker: Uuid::from_u128(5),
            class: "timeout",
            message: &long,
            result: b"{}",
        };
        let lines = ["one".to_owned(), long.clone()];
        let tail = pack_tail(Some(&progress), lines.iter().map(String::as_str));
        let mut bytes = Vec::new();
        bytes.put_u64_le(77);
        bytes.put_u64_le(2_000);
        bytes.put_u64_le(0);
        bytes.put_u8(b'R');
        bytes.put_slice(&pack(&report, &tail));
        let event = unpack_event(bytes.into()).unwrap();
        assert_eq!((event.version, event.stream_id.as_str()), (77, "77"));
        assert_eq!((event.generation, event.attempt, event.crashes), (2, 3, 1));
        assert_eq!((event.job_id, event.worker), (report.id, Some(report.worker)));
        assert_eq!((event.started_at, event.run_at), (Some(Timestamp(1_000)), None));
        assert_eq!(event.error_class.as_deref(), Some("timeout"));
        assert_eq!(event.error_message.unwrap().len(), MESSAGE);
        assert_eq!(event.result.as_deref(), Some(&b"{}"[..]));
        assert_eq!(event.progress, Some(progress));
        assert_eq!(event.log[0], "one");
        assert_eq!(event.log[1].len(), LINE);
    }

    #[test]
    fn every_kind_has_its_letter() {
        for letter in 0..=255 {
            if let Some(kind) = EventKind::from_letter(letter) {
                assert_eq!(kind.letter(), letter);
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack_event(bytes.into());
        }
    }
}
