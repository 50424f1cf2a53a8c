import type { JobFilter } from "../../api/jobFilter";
import { useSpeech } from "../../i18n";

/** From when to when, on the reader's clock. */
export function Moments({ filter, onChange }: { filter: JobFilter; onChange: (part: JobFilter) => void }) {
  const { t } = useSpeech();
  return (
    <span className="moments">
      {(["from", "before"] as const).map((name) => (
        <label key={name}>
          {t.jobs[name]}{" "}
          <input
            type="datetime-local"
            value={local(filter[name])}
            onChange={({ target }) => onChange({ [name]: target.value ? new Date(target.value).toISOString() : undefined })}
          />
        </label>
      ))}
    </span>
  );
}

/** A moment as such a field wants it: on the reader's clock, without a zone. */
function local(iso: string | undefined): string {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
