/** Why something could not be done or shown. */

import { Refusal } from "../api/refusal";
import { useSpeech, type Messages } from "../i18n";

/** A short sentence in the reader's language. */
export function headline(error: unknown, t: Messages): string {
  if (!(error instanceof Refusal)) return t.problems.unreachable;
  return t.problems.codes[error.problem.code] ?? error.problem.title;
}

/** The sentence, and what the API adds to it in its own language. */
export function Reason({ error }: { error: unknown }) {
  const { t } = useSpeech();
  const detail = error instanceof Refusal ? error.problem.detail : undefined;
  return (
    <span className="reason">
      {headline(error, t)}
      {detail && (
        <span className="reason-detail" lang="en">
          {detail}
        </span>
      )}
    </span>
  );
}

/** In place of content that could not be had. */
export function Trouble({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useSpeech();
  const problem = error instanceof Refusal ? error.problem : undefined;
  return (
    <div className="empty trouble" role="alert">
      <p className="empty-title">{headline(error, t)}</p>
      <p lang={problem ? "en" : undefined}>{problem ? problem.detail : t.problems.unreachableHint}</p>
      {problem?.request_id && <p className="quiet mono">{t.problems.request(problem.request_id)}</p>}
      <button type="button" onClick={onRetry}>
        {t.app.retry}
      </button>
    </div>
  );
}
