import type { ReactNode } from "react";

import { useSpeech } from "../i18n";
import { Reason } from "./Trouble";

interface Props {
  /** What was done. */
  message?: ReactNode;
  /** Or why it was not. */
  error?: unknown;
  children?: ReactNode;
  onDismiss: () => void;
}

/** Says what came of the last action, until the reader puts it away. */
export function Notice({ message, error, children, onDismiss }: Props) {
  const { t } = useSpeech();
  const isShown = Boolean(message) || Boolean(error);
  return (
    <div role="status">
      {isShown && (
        <div className={`notice ${error ? "bad" : ""}`}>
          <span>{error ? <Reason error={error} /> : message}</span>
          <span className="notice-actions">
            {children}
            <button type="button" className="plain" onClick={onDismiss}>
              {t.media.dismiss}
            </button>
          </span>
        </div>
      )}
    </div>
  );
}
