import { useState, type DragEvent } from "react";

import type { Upload } from "../app/uploadQueue";
import { useUploads } from "../app/uploads";
import { useSpeech } from "../i18n";
import { UploadIcon } from "./icons";
import { Reason } from "./Trouble";

const ACCEPTED = "image/jpeg,image/png,image/gif,image/webp,audio/mpeg,audio/wav,audio/ogg";

/** Takes files by picker, by keyboard and by dropping, and shows those that are not accepted yet. */
export function Uploader() {
  const { t } = useSpeech();
  const { items, accepted, add } = useUploads();
  const [isOver, setOver] = useState(false);

  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };

  return (
    <section aria-label={t.uploads.title}>
      <label
        className={`drop ${isOver ? "over" : ""}`}
        onDragOver={over}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <input
          type="file"
          multiple
          accept={ACCEPTED}
          className="unseen"
          onChange={(event) => {
            add(event.target.files ?? []);
            // Choosing the same file once more is a change too.
            event.target.value = "";
          }}
        />
        <UploadIcon />
        <span>
          <span className="drop-title">{t.media.drop}</span>
          <span className="quiet">{t.media.types}</span>
        </span>
      </label>
      <p className="unseen" role="status">
        {accepted && t.uploads.accepted(accepted)}
      </p>
      {items.length > 0 && (
        <ul className="uploads">
          {items.map((upload) => (
            <UploadRow key={upload.key} upload={upload} />
          ))}
        </ul>
      )}
    </section>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  const { t, format } = useSpeech();
  const { retry, remove } = useUploads();
  const { key, file, state } = upload;
  return (
    <li className={`upload ${state}`}>
      <div className="row-body">
        <p className="row-name">{file.name}</p>
        <p className="quiet">
          {format.bytes(file.size)} · {t.uploads[state]}
        </p>
        {upload.state === "refused" && (
          <p role="alert">
            <Reason error={upload.reason} />
          </p>
        )}
        {state === "sending" && <span className="sending" aria-hidden="true" />}
      </div>
      {state === "refused" && (
        <div className="row-actions">
          <button type="button" onClick={() => retry(key)}>
            {t.uploads.retry}
          </button>
          <button type="button" className="plain" aria-label={t.uploads.removeOf(file.name)} onClick={() => remove(key)}>
            {t.uploads.remove}
          </button>
        </div>
      )}
    </li>
  );
}
