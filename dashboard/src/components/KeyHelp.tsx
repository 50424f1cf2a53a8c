import { useId, type ReactNode } from "react";

import { PLACES, type PlaceKey } from "../app/keys";
import { useSpeech, type Messages } from "../i18n";
import { Modal } from "./Confirm";

/** The names of places, by the key that leads there. */
export function placeNames(t: Messages): Record<PlaceKey, string> {
  const { queues, jobs, failures, schedules, workers } = t.frame;
  return { o: t.app.overview, q: queues, j: jobs, f: failures, s: schedules, w: workers, m: t.app.media };
}

export function KeyHelp({ onClose }: { onClose: () => void }) {
  const { t } = useSpeech();
  const name = useId();
  const words = t.frame.keys;
  const places = placeNames(t);
  return (
    <Modal labelledBy={name} onClose={onClose}>
      <h2 id={name}>{words.title}</h2>
      <dl className="keys">
        <Row keys={<kbd>/</kbd>}>{words.find}</Row>
        {(Object.keys(PLACES) as PlaceKey[]).map((key) => (
          <Row
            key={key}
            keys={
              <>
                <kbd>g</kbd> <span className="quiet">{words.then}</span> <kbd>{key}</kbd>
              </>
            }
          >
            {words.go(places[key])}
          </Row>
        ))}
        <Row keys={<kbd>l</kbd>}>{words.live}</Row>
        <Row keys={<kbd>?</kbd>}>{words.help}</Row>
        <Row keys={<kbd>Esc</kbd>}>{words.close}</Row>
      </dl>
      <div className="dialog-actions">
        <button type="button" onClick={onClose}>
          {t.frame.close}
        </button>
      </div>
    </Modal>
  );
}

function Row({ keys, children }: { keys: ReactNode; children: ReactNode }) {
  return (
    <div>
      <dt>{keys}</dt>
      <dd>{children}</dd>
    </div>
  );
}
