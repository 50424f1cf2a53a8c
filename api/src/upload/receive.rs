//! Reads an upload's body: judges its first bytes, then passes each chunk on to S3 while hashing it.

use super::{
    UploadForm,
    form::FIELD,
    format::{Category, Format},
    head::judge,
};
use crate::{
    AppState,
    attended::attended,
    problem::{Code, Problem},
};
use bytes::{Bytes, BytesMut};
use gotong_shared::{
    config::{ByteSize, UploadLimits},
    storage::Upload,
};
use multer::Field;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::timeout;

/// How long a client may send nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a multipart body may be longer than the file in it: boundaries and headers.
const ENVELOPE: u64 = 16 * 1024;

/// The longest name of a file that is kept, in characters.
const LONGEST_NAME: usize = 255;

/// A file that was read to its end.
pub struct Received {
    /// What it is.
    pub format: Format,
    /// The name the client gave it.
    pub filename: String,
    /// Its size in bytes, not zero.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// The upload to be finished, if there was to be one.
    pub upload: Option<Upload>,
}

/// Reads the file of `form`. Its bytes go to the object `key`, or nowhere if there is none; nothing is visible there
/// before the upload is finished, and nothing remains if this fails or is dropped.
///
/// # Errors
/// Whatever is wrong with the file, as soon as it shows.
pub async fn receive(state: &AppState, mut form: UploadForm, key: Option<&str>) -> Result<Received, Problem> {
    let limits = &state.uploads;
    let largest = limits.image.max(limits.audio);
    if form.content_length.is_some_and(|length| length > largest.0 + ENVELOPE) {
        return Err(too_large("file", largest));
    }
    let mut field = file_field(&mut form).await?;
    form.meter.allow(largest.0);
    let filename = field.file_name().map(str::to_owned);
    let (head, format) = read_head(&mut field, limits).await?;
    let limit = limit_of(format, limits);
    if form.content_length.is_some_and(|length| length > limit.0 + ENVELOPE) {
        return Err(too_large(format.category().as_str(), limit));
    }
    let mut copy = Copy {
        state,
        limit,
        format,
        size: 0,
        hash: Sha256::new(),
        upload: key.map(|key| state.storage.start_upload(key, format.content_type())),
    };
    copy.take(head).await?;
    while let Some(chunk) = next_chunk(&mut field).await? {
        copy.take(chunk).await?;
        // Hashing is work for the CPU: without a pause a fast upload would hold the thread until its socket runs dry.
        tokio::task::yield_now().await;
    }
    drop(field);
    form.meter.allow(0);
    nothing_follows(&mut form).await?;
    let Copy { size, hash, upload, .. } = copy;
    Ok(Received { format, filename: name(filename.as_deref(), format), size, sha256: hash.finalize().into(), upload })
}

struct Copy<'a> {
    state: &'a AppState,
    limit: ByteSize,
    format: Format,
    size: u64,
    hash: Sha256,
    upload: Option<Upload>,
}

impl Copy<'_> {
    async fn take(&mut self, chunk: Bytes) -> Result<(), Problem> {
        self.size += chunk.len() as u64;
        if self.size > self.limit.0 {
            return Err(too_large(self.format.category().as_str(), self.limit));
        }
        self.hash.update(&chunk);
        if let Some(upload) = &mut self.upload {
            attended(&self.state.storage, Box::pin(upload.write(chunk))).await?;
        }
        Ok(())
    }
}

async fn file_field(form: &mut UploadForm) -> Result<Field<'static>, Problem> {
    let field = within_patience(form.parts.next_field()).await?;
    let missing = || Problem::new(Code::Invalid, "The form has no field `file`.").at("/file", "is missing");
    let field = field.ok_or_else(missing)?;
    if field.name() == Some(FIELD) { Ok(field) } else { Err(unknown_field(&field)) }
}

async fn nothing_follows(form: &mut UploadForm) -> Result<(), Problem> {
    match within_patience(form.parts.next_field()).await? {
        None => Ok(()),
        Some(field) if field.name() == Some(FIELD) => {
            Err(Problem::new(Code::Invalid, "Send one file at a time.").at("/file", "is there twice"))
        }
        Some(field) => Err(unknown_field(&field)),
    }
}

fn unknown_field(field: &Field<'_>) -> Problem {
    let name: String = field.name().unwrap_or_default().chars().take(100).collect();
    let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    Problem::new(Code::Invalid, "The form has the field `file` and no other.").at(pointer, "is not known")
}

async fn read_head(field: &mut Field<'_>, limits: &UploadLimits) -> Result<(Bytes, Format), Problem> {
    let mut head = BytesMut::new();
    loop {
        let chunk = next_chunk(field).await?;
        let is_whole = chunk.is_none();
        head.extend_from_slice(&chunk.unwrap_or_default());
        if let Some(format) = judge(&head, is_whole, limits)? {
            return Ok((head.freeze(), format));
        }
    }
}

async fn next_chunk(field: &mut Field<'_>) -> Result<Option<Bytes>, Problem> {
    within_patience(field.chunk()).await
}

async fn within_patience<T>(read: impl Future<Output = multer::Result<T>>) -> Result<T, Problem> {
    match timeout(PATIENCE, read).await {
        Ok(answer) => answer.map_err(|error| broken_body(&error)),
        Err(_) => {
            Err(Problem::new(Code::RequestTimeout, "The body broke off: nothing came for 30 seconds.").about("/file"))
        }
    }
}

fn broken_body(error: &multer::Error) -> Problem {
    let detail = match error {
        multer::Error::StreamReadFailed(cause) => format!("The body could not be read to its end: {cause}."),
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => {
            "The body ends before its last boundary: the file is not whole.".into()
        }
        _ => format!("The body is not multipart/form-data: {error}."),
    };
    Problem::new(Code::Malformed, detail).about("/file")
}

fn limit_of(format: Format, limits: &UploadLimits) -> ByteSize {
    match format.category() {
        Category::Image => limits.image,
        Category::Audio => limits.audio,
    }
}

fn too_large(what: &str, limit: ByteSize) -> Problem {
    let what = if what == "audio" { "audio file" } else { what };
    Problem::new(Code::TooLarge, format!("The {what} is larger than {limit}.")).about("/file")
}

/// The name without folders and without what terminals and headers would trip over.
fn name(given: Option<&str>, format: Format) -> String {
    let last = given.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    let name = name.trim();
    if matches!(name, "" | "." | "..") { format!("file.{}", format.extension()) } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders_and_control_characters() {
        for (given, kept) in [
            (Some("photo.jpg"), "photo.jpg"),
            (Some("../../etc/passwd"), "passwd"),
            (Some("C:\\Users\\me\\Foto \u{1b}[31m.png"), "Foto [31m.png"),
            (Some(".."), "file.jpg"),
            (Some("  "), "file.jpg"),
            (None, "file.jpg"),
        ] {
            assert_eq!(name(given, Format::Jpeg), kept);
        }
        assert_eq!(name(Some(&"ä".repeat(300)), Format::Png).chars().count(), LONGEST_NAME);
    }
}
