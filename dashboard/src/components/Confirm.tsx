import { useEffect, useId, useRef, type ReactNode } from "react";

import { useSpeech } from "../i18n";
import { Reason } from "./Trouble";

interface Props {
  title: string;
  children: ReactNode;
  /** What confirming does, in a word; without it there is nothing to confirm. */
  action?: string | undefined;
  isGrave?: boolean;
  isPending?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is done. Escape and the way back change nothing. */
export function Confirm({ title, children, action, isGrave, isPending, error, onConfirm, onClose }: Props) {
  const { t } = useSpeech();
  const name = useId();
  return (
    <Modal labelledBy={name} onClose={onClose}>
      <h2 id={name}>{title}</h2>
      <div className="dialog-body">{children}</div>
      {error !== undefined && error !== null && (
        <p role="alert">
          <Reason error={error} />
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" onClick={onClose}>
          {t.frame.confirmBack}
        </button>
        {action && (
          <button type="button" className={isGrave ? "grave" : "primary"} disabled={isPending} onClick={onConfirm}>
            {action}
          </button>
        )}
      </div>
    </Modal>
  );
}

/** Above the page, with the focus inside until it closes. */
export function Modal(props: { labelledBy: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={props.labelledBy}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) props.onClose();
      }}
    >
      <div className="dialog-inner">{props.children}</div>
    </dialog>
  );
}
