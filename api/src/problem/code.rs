//! The closed list of problems: the part of an error that programs may rely on.

use poem::http::StatusCode;

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[doc = $meaning])+ $variant,)*
        }

        impl Code {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The status that goes with it.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// A few words that are the same for every occurrence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What it means, for the reference.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+)),* }
            }
        }
    };
}

codes! {
    /// The request is not well-formed HTTP, JSON or multipart, or an id in the path is none.
    Malformed = "malformed", BAD_REQUEST, "Malformed request";
    /// No key was given, or the key is unknown, revoked or expired.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Authentication required";
    /// The key's role does not allow this.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    /// The link was not made by this installation, or has been changed.
    LinkInvalid = "link_invalid", FORBIDDEN, "The link is not genuine";
    /// There is no such thing, or it belongs to another workspace.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The thumbnail is still being made.
    ThumbnailPending = "thumbnail_pending", NOT_FOUND, "Thumbnail not made yet";
    /// The report is still being made.
    ReportPending = "report_pending", NOT_FOUND, "Report not made yet";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The client stopped sending in the middle of the body.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long";
    /// Another request with the same `Idempotency-Key` is still under way.
    IdempotencyConflict = "idempotency_conflict", CONFLICT, "The first request is still under way";
    /// The job has ended, so that it can be neither edited nor cancelled.
    JobEnded = "job_ended", CONFLICT, "The job has ended";
    /// The job has not ended, so that it can be neither retried nor deleted.
    JobOpen = "job_open", CONFLICT, "The job has not ended";
    /// The job runs, so that it cannot be edited.
    JobRunning = "job_running", CONFLICT, "The job runs";
    /// A live job of the same kind has the unique key, or a job has the id.
    Duplicate = "duplicate", CONFLICT, "There is such a job already";
    /// Another one of the workspace has the name.
    NameTaken = "name_taken", CONFLICT, "The name is taken";
    /// It belongs to the platform, and cannot be deleted.
    BuiltIn = "built_in", CONFLICT, "It belongs to the platform";
    /// The backup has not been made, failed, or was removed.
    NotRestorable = "not_restorable", CONFLICT, "The backup cannot be restored";
    /// A database of that name exists, and its name was not typed again.
    DatabaseExists = "database_exists", CONFLICT, "There is such a database already";
    /// It is the platform's own database, which the platform cannot replace while it stands on it.
    LiveDatabase = "live_database", CONFLICT, "The database is in use by the platform";
    /// The link was valid until a time that is over.
    LinkExpired = "link_expired", GONE, "The link has expired";
    /// The resource is no longer as `If-Match` says.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "Changed meanwhile";
    /// The file or the body is larger than what is accepted.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "Too large";
    /// The body, or the file in it, is of a type that is not accepted.
    UnsupportedType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The requested range lies outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "Range not satisfiable";
    /// A value is well-formed but not acceptable; `errors` says which.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "Invalid request";
    /// The file has no bytes.
    EmptyFile = "empty_file", UNPROCESSABLE_ENTITY, "Empty file";
    /// The image's header is damaged.
    InvalidImage = "invalid_image", UNPROCESSABLE_ENTITY, "Invalid image";
    /// The image has more pixels than what is accepted.
    TooManyPixels = "too_many_pixels", UNPROCESSABLE_ENTITY, "Too many pixels";
    /// The `Idempotency-Key` was used before, for another request.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY, "Idempotency key used for another request";
    /// A change names the state it starts from: send `If-Match` with the resource's `ETag`.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED, "If-Match is required";
    /// Too many wrong passwords for one address.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many attempts";
    /// A defect on our side.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// The database does not answer.
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "Database unavailable";
    /// The object store does not answer.
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, "Object store unavailable";
    /// Redis does not answer.
    QueueUnavailable = "queue_unavailable", SERVICE_UNAVAILABLE, "Queue unavailable";
    /// No mail server is configured, so that no e-mail could be sent.
    MailNotConfigured = "mail_not_configured", SERVICE_UNAVAILABLE, "Mail not configured";
    /// No backups are configured: nobody could read one.
    BackupsNotConfigured = "backups_not_configured", SERVICE_UNAVAILABLE, "Backups not configured";
    /// As many event streams are open as this process holds.
    TooManyStreams = "too_many_streams", SERVICE_UNAVAILABLE, "Too many event streams";
    /// As many uploads are under way as this process accepts.
    TooManyUploads = "too_many_uploads", SERVICE_UNAVAILABLE, "Too many uploads";
}

impl Code {
    /// The most general code of a status.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let exact = Self::ALL.iter().copied().find(|code| code.status() == status);
        exact.unwrap_or(if status.is_client_error() { Self::Malformed } else { Self::Internal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_in_the_order_of_their_status() {
        assert!(Code::ALL.is_sorted_by_key(|code| code.status().as_u16()));
        let mut words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
