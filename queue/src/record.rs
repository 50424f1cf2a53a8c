//! The packed forms of a job in Redis and of its run; their layouts stand in `scripts/prelude.lua`.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use uuid::Uuid;

use crate::event::EventKind;
use crate::job::{Backoff, NewJob};
use crate::name::{Priority, Timestamp};
use crate::report;
use crate::state::EntryView;

/// Lua's numbers are doubles: integers are exact below 2^53, some 285 years of microseconds.
pub(crate) const MAX_VERSION: u64 = (1 << 53) - 1;

const UNIQUE: u8 = 1;
const EXPIRES: u8 = 2;

/// A record from its priority on; the script puts the form, the tag and the due time in front.
pub(crate) fn pack_head(job: &NewJob) -> Vec<u8> {
    let mut head = Vec::with_capacity(64 + job.kind.len() + job.payload.len());
    head.put_u8(job.priority.level());
    head.put_u32_le(job.generation);
    head.put_u64_le(job.version);
    head.put_u16_le(u16::try_from(job.attempt).unwrap_or(u16::MAX));
    head.put_u8(u8::try_from(job.crashes).unwrap_or(u8::MAX));
    head.put_u8(u8::from(job.unique.is_some()) * UNIQUE + u8::from(job.expires_at.is_some()) * EXPIRES);
    put_short(&mut head, job.kind.as_bytes());
    if let Some(expires_at) = job.expires_at {
        head.put_uint_le(expires_at.0, 6);
    }
    if let Some(unique) = &job.unique {
        put_short(&mut head, unique.key.as_bytes());
    }
    head.put_u16_le(u16::try_from(job.max_attempts).unwrap_or(u16::MAX));
    for duration in [job.timeout, job.backoff.base, job.backoff.cap] {
        head.put_u32_le(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX));
    }
    put_short(&mut head, job.trace.as_deref().unwrap_or_default().as_bytes());
    head.put_slice(&job.payload);
    head
}

fn put_short(to: &mut Vec<u8>, bytes: &[u8]) {
    to.put_u8(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    to.put_slice(&bytes[..bytes.len().min(255)]);
}

/// A record as a worker gets it.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) generation: u32,
    pub(crate) attempt: u32,
    pub(crate) crashes: u32,
    /// Whether the job holds something beside its entry, which its end must let go.
    pub(crate) extras: bool,
    pub(crate) kind: String,
    pub(crate) max_attempts: u32,
    pub(crate) timeout: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) trace: Option<String>,
    pub(crate) payload: Bytes,
    /// Length of the whole record.
    pub(crate) size: usize,
}

/// Reads a waiting record; `None` if its bytes cannot be one.
pub(crate) fn unpack(value: Bytes) -> Option<Record> {
    let size = value.len();
    let mut at = value;
    if at.try_get_u8().ok()? != b'W' || at.len() < 28 {
        return None;
    }
    at.advance(11);
    let generation = at.get_u32_le();
    at.advance(8);
    let attempt = u32::from(at.get_u16_le());
    let crashes = u32::from(at.get_u8());
    let flags = at.get_u8();
    let kind = String::from_utf8(take_short(&mut at)?.into()).ok()?;
    if flags & EXPIRES != 0 {
        at.try_get_uint_le(6).ok()?;
    }
    if flags & UNIQUE != 0 {
        take_short(&mut at)?;
    }
    let max_attempts = u32::from(at.try_get_u16_le().ok()?);
    let mut millis = || at.try_get_u32_le().ok().map(|ms| Duration::from_millis(ms.into()));
    let (timeout, base, cap) = (millis()?, millis()?, millis()?);
    let trace = String::from_utf8(take_short(&mut at)?.into()).ok()?;
    let trace = (!trace.is_empty()).then_some(trace);
    if generation == 0 || kind.is_empty() || flags > UNIQUE + EXPIRES || max_attempts == 0 {
        return None;
    }
    let backoff = Backoff { base, cap };
    let extras = flags != 0;
    Some(Record {
        generation,
        attempt,
        crashes,
        extras,
        kind,
        max_attempts,
        timeout,
        backoff,
        trace,
        payload: at,
        size,
    })
}

/// The generation that the bytes name, if they are a record as far as that.
pub(crate) fn generation(value: &[u8]) -> Option<u32> {
    let mut at = value.strip_prefix(b"W")?.get(11..15)?;
    Some(at.get_u32_le()).filter(|generation| *generation > 0)
}

fn take_short(at: &mut Bytes) -> Option<Bytes> {
    let len = usize::from(at.try_get_u8().ok()?);
    (at.len() >= len).then(|| at.split_to(len))
}

/// The state that a script writes for a run: fixed length, see `scripts/prelude.lua`.
const RUN_LEN: usize = 65;

/// Reads what `entries.lua` says of one job.
pub(crate) fn view(entry: Bytes, run: &[u8], lease_until: u64, progress: &[u8]) -> Option<EntryView> {
    match entry.first() {
        None => Some(EntryView::Unknown),
        Some(b'T') => tombstone(entry),
        Some(b'W') if !run.is_empty() => running(&entry, run, lease_until, progress),
        Some(b'W') => waiting(&entry, None),
        Some(b'P') if entry.len() >= 17 => {
            let parking = Uuid::from_slice(&entry[1..17]).ok()?;
            waiting(&entry[17..], Some(parking))
        }
        Some(_) => None,
    }
}

/// The fixed part of a record: due, priority, generation, version, attempts, crashes.
fn fixed(entry: &[u8]) -> Option<(u64, Priority, u32, u64, u32, u32)> {
    let mut at = entry.get(5..27)?;
    let due = at.get_uint_le(6);
    let priority = Priority::new(at.get_u8())?;
    Some((due, priority, at.get_u32_le(), at.get_u64_le(), at.get_u16_le().into(), at.get_u8().into()))
}

fn waiting(entry: &[u8], parked: Option<Uuid>) -> Option<EntryView> {
    let (due, priority, generation, version, attempt, crashes) = fixed(entry)?;
    Some(EntryView::Waiting { generation, version, attempt, crashes, priority, run_at: Timestamp(due), parked })
}

fn running(entry: &[u8], run: &[u8], lease_until: u64, progress: &[u8]) -> Option<EntryView> {
    let (_, _, generation, _, attempt, crashes) = fixed(entry)?;
    if run.len() != RUN_LEN {
        return None;
    }
    let worker = Uuid::from_slice(&run[16..32]).ok()?;
    let mut at = &run[32..];
    let version = at.get_u64_le();
    let started_at = Timestamp(at.get_uint_le(6));
    Some(EntryView::Running {
        generation,
        version,
        attempt: attempt + 1,
        crashes,
        worker,
        started_at,
        lease_until: Timestamp(lease_until),
        cancel_requested: at.get_u8() == b'1',
        progress: report::unpack_tail(&mut Bytes::copy_from_slice(progress)).and_then(|(progress, _)| progress),
    })
}

fn tombstone(mut entry: Bytes) -> Option<EntryView> {
    if entry.len() < 14 {
        return None;
    }
    entry.advance(1);
    let version = entry.get_u64_le();
    let generation = entry.get_u32_le();
    let ended = EventKind::from_letter(entry.get_u8());
    let result = (ended == Some(EventKind::Completed) && !entry.is_empty()).then_some(entry);
    Some(EntryView::Tombstone { generation, version, ended, result })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{OnConflict, Unique};
    use bytes::BytesMut;
    use proptest::prelude::*;

    fn stored(job: &NewJob) -> Bytes {
        let mut value = BytesMut::from(&b"Wtag_"[..]);
        value.put_uint_le(77, 6);
        value.put_slice(&pack_head(job));
        value.freeze()
    }

    fn job() -> NewJob {
        NewJob {
            generation: 7,
            version: MAX_VERSION,
            attempt: 3,
            crashes: 2,
            expires_at: Some(Timestamp(99)),
            trace: Some("00-abc-def-01".into()),
            unique: Some(Unique { key: "k".into(), on_conflict: OnConflict::Reject }),
            ..NewJob::new(Uuid::from_u128(1), "mail.send", "{\"to\":1}")
        }
    }

    #[test]
    fn a_record_survives_packing() {
        let job = job();
        let value = stored(&job);
        let record = unpack(value.clone()).unwrap();
        assert_eq!(record.generation, 7);
        assert_eq!((record.attempt, record.crashes, record.extras), (3, 2, true));
        assert_eq!(record.kind, "mail.send");
        assert_eq!(record.max_attempts, 25);
        assert_eq!(record.timeout, job.timeout);
        assert_eq!(record.backoff, job.backoff);
        assert_eq!(record.trace, job.trace);
        assert_eq!(record.payload, job.payload);
        assert_eq!(record.size, value.len());
        assert_eq!(generation(&value[..20]), Some(7));
        assert_eq!(generation(b"garbage"), None);
        let view = view(value, b"", 0, b"").unwrap();
        assert_eq!(view.order(), (7, MAX_VERSION));
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), form in 0usize..4) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = b"WPTx"[form];
            }
            let _ = unpack(Bytes::from(bytes.clone()));
            let _ = view(Bytes::from(bytes.clone()), &[], 0, &bytes);
            let _ = view(Bytes::from(bytes.clone()), &bytes, 0, &bytes);
        }

        #[test]
        fn a_cut_record_is_refused_or_only_shorter(cut in 0usize..110) {
            let whole = stored(&job());
            let cut = cut.min(whole.len());
            if let Some(record) = unpack(whole.slice(..cut)) {
                prop_assert!(whole.len() - cut <= 8, "only the payload may be cut unseen: {:?}", record);
            }
        }
    }
}
