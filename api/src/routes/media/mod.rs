//! `/media`: uploaded files and their thumbnails.

mod query;
mod resource;

pub use query::find;
pub use resource::{MediaList, MediaResource, MediaState};

use super::{Changing, Downloading, Listing, Reading, Tag, Uploading};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    file::{File, FileAnswer, INERT},
    idempotency::{self, IdempotencyKey},
    page::{self, Cursor, Page},
    problem::{Code, Problem, Refused},
    upload::{
        UploadForm,
        accept::{Acceptance, Accepted},
        receive::receive,
    },
};
use gotong_shared::media::{VARIANTS, original_key};
use poem::{Request, web::Data};
use poem_openapi::{
    ApiResponse, Enum, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use tracing::Instrument;
use uuid::Uuid;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum MediaCategory {
    /// A picture; thumbnails are made of it.
    Image,
    /// Sound.
    Audio,
}

/// How an upload is answered.
#[derive(ApiResponse)]
enum UploadAnswer {
    /// The audio file is stored; there is nothing more to do.
    #[oai(status = 201)]
    Created(
        Json<MediaResource>,
        /// The media resource.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
    /// The image is stored and its thumbnails are accepted as a job.
    #[oai(status = 202)]
    Accepted(
        Json<MediaResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// How a deletion is answered.
#[derive(ApiResponse)]
enum Deleted {
    /// It is deleted. It can be restored until its objects are removed.
    #[oai(status = 204)]
    Gone,
}

/// The operations on media.
pub struct MediaApi;

#[OpenApi(prefix_path = "/media", tag = "Tag::Media")]
impl MediaApi {
    /// Upload a file.
    ///
    /// Takes one image (JPEG, PNG, GIF, WebP) or one audio file (MP3, WAV, Ogg); what it is, is told by its bytes. An
    /// image is answered 202 with its media resource, and `Location` names the job that makes its thumbnails.
    #[oai(path = "/", method = "post", operation_id = "create_media")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and file within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        form: UploadForm,
    ) -> Result<UploadAnswer, Refused<Uploading>> {
        let Some(place) = app.upload_place() else {
            return Err(
                Problem::new(Code::TooManyUploads, "As many uploads are under way as this server takes.").into()
            );
        };
        let key = IdempotencyKey::read(caller.workspace_id, "create_media", idempotency_key.0)?;
        let is_repeated = match &key {
            Some(key) => idempotency::is_taken(app, key).await?,
            None => false,
        };
        let media_id = Uuid::now_v7();
        let object = original_key(media_id);
        // Boxed like the acceptance below: both hold the S3 client's large futures.
        let received = Box::pin(receive(app, form, (!is_repeated).then_some(object.as_str()))).await?;
        let acceptance = Acceptance { media_id, actor: (*caller).clone(), received, key, trace: context.trace };
        // The file has arrived whole. From here on it is accepted or refused, whether or not the client waits.
        let state = app.clone();
        let accepting = async move {
            let accepted = Box::pin(acceptance.accept(&state)).await;
            drop(place);
            accepted
        };
        let accepted = app.tasks.spawn(accepting.in_current_span()).await.map_err(Problem::internal)?;
        Ok(answer(accepted?)?)
    }

    /// List files.
    ///
    /// Newest first. Deleted files are not listed.
    #[oai(path = "/", method = "get", operation_id = "list_media")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// Only files of this category.
        category: Query<Option<MediaCategory>>,
        /// Only files in this state.
        state: Query<Option<MediaState>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<MediaList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let filter = query::Filter { category: category.0, state: state.0 };
        let rows = query::list(app, &caller, &filter, per_page.min(page::LONGEST), cursor).await?;
        let page = Page::of(rows, per_page.0, cursor, "/api/v1/media", &filter.parameters(), |row| row.media.id);
        Ok(Json(MediaList::of(page)))
    }

    /// Get a file's description.
    #[oai(path = "/:id", method = "get", operation_id = "get_media")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<Json<MediaResource>, Refused<Reading>> {
        Ok(Json(find(app, &caller, id.0).await?))
    }

    /// Download a file.
    ///
    /// Understands `Range`, `If-Range` and `If-None-Match`.
    #[oai(path = "/:id/content", method = "get", operation_id = "get_media_content")]
    async fn content(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        request: &Request,
    ) -> Result<FileAnswer, Refused<Downloading>> {
        let media = query::find_row(app, &caller, id.0).await?;
        let file = File {
            object_key: &media.object_key,
            content_type: &media.content_type,
            size: u64::try_from(media.byte_size).unwrap_or_default(),
            sha256: &media.sha256,
            filename: &media.filename,
            cache_control: "private, max-age=3600",
            policy: INERT,
        };
        Ok(file.answer(app, request).await?)
    }

    /// Download a thumbnail.
    ///
    /// A JPEG that fits in the variant's box, such as `300x300`. Until it is made, the answer is 404 with the code
    /// `thumbnail_pending`.
    #[oai(path = "/:id/thumbnails/:variant", method = "get", operation_id = "get_media_thumbnail")]
    async fn thumbnail(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// The variant's name, such as `300x300`.
        variant: Path<String>,
        request: &Request,
    ) -> Result<FileAnswer, Refused<Downloading>> {
        let media = query::find_row(app, &caller, id.0).await?;
        let Some(thumbnail) = query::find_thumbnail(app, media.id, &variant).await? else {
            return Err(no_thumbnail(&media.state, &variant).into());
        };
        let file = File {
            object_key: &thumbnail.object_key,
            content_type: "image/jpeg",
            size: u64::try_from(thumbnail.byte_size).unwrap_or_default(),
            sha256: &thumbnail.sha256,
            filename: &format!("{}-{}.jpg", media.id, thumbnail.variant),
            cache_control: "private, max-age=3600",
            policy: INERT,
        };
        Ok(file.answer(app, request).await?)
    }

    /// Delete a file.
    ///
    /// It disappears at once and can be restored until its objects are removed, usually a week later.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_media")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<Deleted, Refused<Changing>> {
        query::delete(app, &caller, id.0).await?;
        Ok(Deleted::Gone)
    }

    /// Restore a deleted file.
    ///
    /// A file that is not deleted stays as it is.
    #[oai(path = "/:id/restore", method = "post", operation_id = "restore_media")]
    async fn restore(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<Json<MediaResource>, Refused<Changing>> {
        query::restore(app, &caller, id.0).await?;
        Ok(Json(find(app, &caller, id.0).await?))
    }
}

fn answer(accepted: Accepted) -> Result<UploadAnswer, Problem> {
    match accepted {
        Accepted::Now(resource) => {
            let (status, location) = (resource.accepted_status(), resource.location());
            Ok(UploadAnswer::of(status, *resource, location, None))
        }
        Accepted::Before(stored) => {
            let (status, location) = (stored.status, stored.location.clone());
            let resource: MediaResource = stored.read()?;
            let location = location.unwrap_or_else(|| resource.location());
            Ok(UploadAnswer::of(status, resource, location, Some(true)))
        }
    }
}

impl UploadAnswer {
    fn of(status: u16, resource: MediaResource, location: String, replayed: Option<bool>) -> Self {
        match status {
            201 => Self::Created(Json(resource), location, replayed),
            _ => Self::Accepted(Json(resource), location, replayed),
        }
    }
}

fn no_thumbnail(state: &str, variant: &str) -> Problem {
    let is_known = VARIANTS.iter().any(|known| known.name == variant);
    if is_known && state == "processing" {
        return Problem::new(Code::ThumbnailPending, "The thumbnail is still being made.").retry_after(1);
    }
    Problem::not_found("thumbnail")
}
