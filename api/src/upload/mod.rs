//! Receiving a file: from the socket to S3 in bounded memory, judged by its bytes as they come.
//!
//! [`form`] declares the request and hands over its body, [`receive`] reads it, [`format`](mod@format) and
//! [`dimensions`] judge its first bytes, [`accept`] commits what was received.

pub mod accept;
pub mod dimensions;
pub mod form;
pub mod format;
mod head;
mod meter;
pub mod receive;

pub use form::UploadForm;
