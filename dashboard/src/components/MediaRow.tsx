import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Media } from "../api/client";
import { useSpeech } from "../i18n";
import { Ago } from "./Ago";
import { MediaBadge } from "./Badge";
import { Thumbnail } from "./Thumbnail";

/** One file: its picture, what it is, and how it stands in words. */
export function MediaRow({ media, children }: { media: Media; children?: ReactNode }) {
  const { t } = useSpeech();
  return (
    <li className="row">
      <Thumbnail media={media} variant="small" />
      <MediaWords media={media} />
      <div className="row-end">
        <MediaBadge media={media} />
        <div className="row-actions">
          {media.job_id && (
            <Link to="/jobs/$jobId" params={{ jobId: media.job_id }} aria-label={`${t.media.job}: ${media.filename}`}>
              {t.media.job}
            </Link>
          )}
          {children}
        </div>
      </div>
    </li>
  );
}

/** What a file is, and why nothing could be made of it. */
export function MediaWords({ media }: { media: Media }) {
  const { format } = useSpeech();
  return (
    <div className="row-body">
      <p className="row-name">{media.filename}</p>
      <p className="quiet">
        {kind(media.content_type)} · {format.bytes(media.byte_size)} · <Ago at={media.created_at} />
      </p>
      {media.failure && <FailureWords failure={media.failure} />}
    </div>
  );
}

/** `image/jpeg` as people call it. */
function kind(contentType: string): string {
  return contentType.slice(contentType.indexOf("/") + 1).toUpperCase();
}

/** Why something failed: the class in the reader's language, then the worker's own sentence. */
export function FailureWords({ failure }: { failure: { class: string; message: string } }) {
  const { t } = useSpeech();
  return (
    <p className="reason">
      {t.classes[failure.class] ?? failure.class}
      {failure.message && (
        <span className="reason-detail" lang="en">
          {failure.message}
        </span>
      )}
    </p>
  );
}
